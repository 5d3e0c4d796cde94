// SPDX-License-Identifier: Apache-2.0
//
// copy_strided and pad: against naive loops over indices, for every element size, with inputs
// against guard pages, poisoned borders and any partition of the work.
#include <algorithm>
#include <numeric>

#include "kernels/copy_strided.h"
#include "kernels/pad.h"
#include "tests/kernels/s8_case.h"

namespace octet::kernels {
namespace {

using testing::Random;

constexpr size_t kElementBytes[] = {1, 2, 4, 8};

size_t pick(Random* random, int64_t low, int64_t high) {
  return static_cast<size_t>(random->in_range(low, high));
}

// Runs the plan in random portions and compares with the reference.
void check_copy(const StridedCopy& copy, ptrdiff_t input_offset, size_t input_elements,
                size_t output_elements, Random* random) {
  const std::vector<int8_t> input = random_s8(random, input_elements * copy.element_bytes);
  Guarded<int8_t> guarded(input);
  const int8_t* from = guarded.data() + input_offset * static_cast<ptrdiff_t>(copy.element_bytes);
  Poisoned<int8_t> expected(output_elements * copy.element_bytes),
      output(output_elements * copy.element_bytes);
  copy_strided_reference(copy, from, expected.data());
  const CopyPlan plan = plan_copy(copy);
  for (size_t first = 0; first < plan.items;) {
    const size_t last = first + pick(random, 1, static_cast<int64_t>(plan.items - first));
    copy_strided(plan, from, output.data(), first, last);
    first = last;
  }
  ASSERT_TRUE(output == expected) << "rank " << copy.rank << ", element of " << copy.element_bytes;
}

// Every permutation of a shape.
void check_permutations(std::vector<size_t> shape, size_t element_bytes, Random* random) {
  std::vector<size_t> permutation(shape.size());
  std::iota(permutation.begin(), permutation.end(), size_t{0});
  do {
    StridedCopy copy;
    copy.rank = static_cast<int>(shape.size());
    copy.element_bytes = element_bytes;
    ptrdiff_t stride = 1;
    for (size_t d = shape.size(); d-- > 0;) {
      copy.dims[d] = shape[permutation[d]];
      copy.output_strides[d] = stride;
      stride *= static_cast<ptrdiff_t>(copy.dims[d]);
      copy.input_strides[d] = 1;
      for (size_t k = permutation[d] + 1; k < shape.size(); ++k)
        copy.input_strides[d] *= static_cast<ptrdiff_t>(shape[k]);
    }
    const auto elements = static_cast<size_t>(stride);
    check_copy(copy, 0, elements, elements, random);
  } while (std::next_permutation(permutation.begin(), permutation.end()));
}

TEST(CopyStrided, EveryPermutation) {
  Random random = seeded(50);
  for (const size_t bytes : kElementBytes) {
    check_permutations({7}, bytes, &random);
    check_permutations({17, 33}, bytes, &random);
    check_permutations({2, 16, 40}, bytes, &random);
    check_permutations({2, 5, 19, 3}, bytes, &random);
    for (const size_t narrow : {2, 3, 4, 5}) check_permutations({3, narrow, 70}, bytes, &random);
    check_permutations({3, 5000}, bytes, &random);
    check_permutations({1, 50, 1, 18}, bytes, &random);
    check_permutations({2, 3, 4, 5, 2}, bytes, &random);
  }
}

// Slices with steps of both signs, repeated (stride 0) axes, gaps in the output.
TEST(CopyStrided, RandomBoxes) {
  Random random = seeded(51);
  for (int trial = 0; trial < 3000; ++trial) {
    StridedCopy copy;
    copy.rank = static_cast<int>(random.in_range(0, 5));
    copy.element_bytes = kElementBytes[random.next() % 4];
    ptrdiff_t input_extent = 1, output_extent = 1, input_offset = 0;
    for (int d = copy.rank - 1; d >= 0; --d) {
      const auto length = static_cast<ptrdiff_t>(random.one_in(40) ? 0 : pick(&random, 1, 6));
      const ptrdiff_t in_step = random.in_range(-2, 2), out_step = random.in_range(1, 2);
      copy.dims[d] = static_cast<size_t>(length);
      copy.input_strides[d] = in_step * input_extent;
      copy.output_strides[d] = out_step * output_extent;
      const ptrdiff_t span = std::max<ptrdiff_t>(length - 1, 0);
      if (in_step < 0) input_offset += span * -copy.input_strides[d];
      input_extent *= span * std::abs(in_step) + 1;
      output_extent *= span * out_step + 1;
    }
    check_copy(copy, input_offset, static_cast<size_t>(input_extent), static_cast<size_t>(output_extent),
               &random);
  }
}

TEST(CopyStrided, BlocksOfEverySize) {
  Random random = seeded(52);
  for (size_t block = 1; block < 300; ++block) {
    StridedCopy copy;
    copy.rank = 2;
    copy.dims[0] = 3;
    copy.dims[1] = block;
    copy.input_strides[0] = static_cast<ptrdiff_t>(block + 5);
    copy.output_strides[0] = static_cast<ptrdiff_t>(block + 9);
    copy.input_strides[1] = copy.output_strides[1] = 1;
    check_copy(copy, 0, 2 * (block + 5) + block, 2 * (block + 9) + block, &random);
  }
}

// The definition of each mode by walking one step at a time.
int64_t walked_source(PadModeKind mode, int64_t i, int64_t length) {
  if (i >= 0 && i < length) return i;
  if (mode == PadModeKind::kConstant) return -1;
  if (mode == PadModeKind::kEdge) return i < 0 ? 0 : length - 1;
  if (mode == PadModeKind::kWrap) {
    while (i < 0) i += length;
    while (i >= length) i -= length;
    return i;
  }
  while (length > 1 && (i < 0 || i >= length)) i = i < 0 ? -i : 2 * (length - 1) - i;
  return length == 1 ? 0 : i;
}

TEST(Pad, SourceEqualsDefinition) {
  for (const PadModeKind mode :
       {PadModeKind::kConstant, PadModeKind::kReflect, PadModeKind::kEdge, PadModeKind::kWrap})
    for (int64_t length = 1; length < 6; ++length)
      for (int64_t begin = -3; begin < 20; ++begin)
        for (int64_t o = 0; o < 40; ++o)
          ASSERT_EQ(pad_source(mode, o, begin, length), walked_source(mode, o - begin, length))
              << static_cast<int>(mode) << ": " << o << " - " << begin << " of " << length;
  EXPECT_EQ(pad_source(PadModeKind::kEdge, 0, 1, 0), -1);
}

// A random pad with a map for every axis, and the same as the operator passes it: without the maps of axes
// that stay.
struct PadCase {
  PadBlocks pad, known;
  std::vector<int32_t> maps[4];
  size_t blocks = 1, outputs = 1;  // of the input, of the output
};

void make_pad(Random* random, PadModeKind mode, PadCase* test) {
  PadBlocks& pad = test->pad;
  pad.rank = static_cast<int>(random->in_range(1, 4));
  pad.element_bytes = kElementBytes[random->next() % 4];
  pad.block_bytes = pad.element_bytes * pick(random, 1, 5);
  for (uint8_t& byte : pad.fill) byte = static_cast<uint8_t>(random->next());
  bool stays[4] = {};
  for (int d = pad.rank - 1; d >= 0; --d) {
    stays[d] = random->one_in(3);
    const int64_t length = random->in_range(1, 5);
    const int64_t begin = stays[d] ? 0 : random->in_range(-1, 4), end = stays[d] ? 0 : random->in_range(0, 4);
    for (int64_t o = 0; o < length + begin + end; ++o)
      test->maps[d].push_back(static_cast<int32_t>(walked_source(mode, o - begin, length)));
    pad.maps[d] = test->maps[d].data();
    pad.output_dims[d] = test->maps[d].size();
    pad.input_strides[d] = test->blocks;
    test->blocks *= static_cast<size_t>(length);
    test->outputs *= pad.output_dims[d];
  }
  find_pad_run(&pad);
  test->known = pad;
  for (int d = 0; d + 1 < pad.rank; ++d)
    if (stays[d]) test->known.maps[d] = nullptr;
}

// Block by block through the maps.
void pad_naively(const PadCase& test, const std::vector<int8_t>& input, int8_t* output) {
  const PadBlocks& pad = test.pad;
  for (size_t o = 0; o < test.outputs; ++o) {
    size_t rest = o, from = 0;
    bool inside = true;
    for (int d = pad.rank - 1; d >= 0; --d) {
      const int32_t index = pad.maps[d][rest % pad.output_dims[d]];
      rest /= pad.output_dims[d];
      inside = inside && index >= 0;
      from += static_cast<size_t>(std::max(index, 0)) * pad.input_strides[d];
    }
    for (size_t b = 0; b < pad.block_bytes; ++b)
      output[o * pad.block_bytes + b] =
          inside ? input[from * pad.block_bytes + b] : static_cast<int8_t>(pad.fill[b % pad.element_bytes]);
  }
}

TEST(Pad, RandomArrays) {
  Random random = seeded(53);
  for (int trial = 0; trial < 2000; ++trial) {
    const auto mode = static_cast<PadModeKind>(random.next() % 4);
    PadCase test;
    make_pad(&random, mode, &test);
    const size_t bytes = test.outputs * test.pad.block_bytes;
    const std::vector<int8_t> input = random_s8(&random, test.blocks * test.pad.block_bytes);
    Poisoned<int8_t> expected(bytes), output(bytes);
    pad_naively(test, input, expected.data());
    const size_t length = test.pad.output_dims[test.pad.rank - 1], rows = length == 0 ? 0 : test.outputs / length;
    Guarded<int8_t> guarded(input);
    const size_t middle = rows == 0 ? 0 : random.next() % rows;
    pad_blocks(test.known, guarded.data(), output.data(), 0, middle);
    pad_blocks(test.known, guarded.data(), output.data(), middle, rows);
    ASSERT_TRUE(output == expected) << "mode " << static_cast<int>(mode);
  }
}

}  // namespace
}  // namespace octet::kernels
