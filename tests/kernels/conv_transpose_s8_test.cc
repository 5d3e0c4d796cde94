// SPDX-License-Identifier: Apache-2.0
//
// The phases of conv_transpose_s8, on every conv_s8 kernel this CPU has, equal
// the scattering reference, and together write every output once.
#include "kernels/conv_transpose_s8.h"

#include <gtest/gtest.h>

#include <cstring>

#include "tests/kernels/conv_s8_case.h"

namespace octet::kernels {
namespace {

using testing::Random;

template <class T>
T* align(std::vector<uint8_t>* bytes) {
  return reinterpret_cast<T*>((reinterpret_cast<uintptr_t>(bytes->data()) + 63) & ~uintptr_t{63});
}

void run_phase(const ConvS8Kernel& kernel, const ConvS8& conv, const int8_t* input, void* output) {
  std::vector<uint8_t> packed(kernel.packed_bytes(conv) + 192), scratch(kernel.scratch_bytes(conv) + 192);
  kernel.pack(conv, align<void>(&packed));
  kernel.run(conv, align<void>(&packed), input, output, 0, kernel.items(conv), align<void>(&scratch));
}

void check(const ConvShape& shape, ConvOutput output, uint64_t seed) {
  const ConvCase test(shape, ConvData::kRandom, output, seed, true);
  const ConvS8& t = test.conv;
  const size_t bytes = test.output_span() * test.element_bytes();
  std::vector<uint8_t> expected(bytes);
  conv_transpose_s8_reference(t, test.input.data(), expected.data());
  size_t count = 0;
  const ConvS8Kernel* const* rows = conv_s8_kernels(&count);
  for (size_t row = 0; row < count; ++row) {
    if (!detect_cpu_features().can_run(rows[row]->feature)) continue;
    std::vector<uint8_t> got(bytes, 0xa5);
    size_t outputs = 0;
    for (size_t i = 0; i < conv_transpose_s8_phase_count(t); ++i) {
      ConvTransposeS8Phase phase = conv_transpose_s8_phase(t, i);
      std::vector<int8_t> weights(phase.weights_bytes);
      conv_transpose_s8_phase_weights(t, i, weights.data());
      phase.conv.weights = weights.data();
      const ConvS8Kernel& kernel = rows[row]->supports(phase.conv) ? *rows[row] : *rows[count - 1];
      run_phase(kernel, phase.conv, test.input.data(),
                got.data() + phase.output_offset * test.element_bytes());
      outputs +=
          phase.conv.batch * phase.conv.output_height * phase.conv.output_width * phase.conv.output_channels;
    }
    ASSERT_EQ(outputs * test.element_bytes(), bytes);
    ASSERT_EQ(std::memcmp(got.data(), expected.data(), bytes), 0)
        << rows[row]->name << ": " << test.text() << "; seed " << seed;
  }
}

TEST(ConvTransposeS8, CommonShapes) {
  for (const ConvShape& shape :
       {square(5, 6, 8, 12, 2, 2, 0), square(5, 6, 8, 12, 4, 2, 1), square(4, 5, 3, 17, 3, 2, 1),
        square(4, 4, 16, 16, 3, 1, 1), square(3, 3, 24, 24, 4, 2, 1, 24), square(3, 4, 6, 9, 3, 3, 0, 3),
        square(1, 1, 10, 7, 5, 4, 2)}) {
    check(shape, ConvOutput::kS8, 11);
    check(shape, ConvOutput::kTable, 12);
    check(shape, ConvOutput::kF32, 13);
    if (::testing::Test::HasFatalFailure()) return;
  }
}

TEST(ConvTransposeS8, RandomGeometry) {
  for (int i = 0; i < 300; ++i) {
    const uint64_t seed = testing::test_seed(5000 + static_cast<uint64_t>(i));
    Random r(seed);
    const auto pick = [&r](size_t low, size_t high) {
      return static_cast<size_t>(r.in_range(static_cast<int64_t>(low), static_cast<int64_t>(high)));
    };
    ConvShape s = {};
    s.batch = pick(1, 2);
    s.groups = r.one_in(3) ? pick(1, 4) : 1;
    s.channels = s.groups * pick(1, 9);
    s.outputs = s.groups * pick(1, 9);
    s.height = pick(1, 6);
    s.width = pick(1, 6);
    s.kernel_height = pick(1, 5);
    s.kernel_width = pick(1, 5);
    s.stride_height = pick(1, 4);
    s.stride_width = pick(1, 4);
    s.dilation_height = pick(1, 3);
    s.dilation_width = pick(1, 3);
    // Pads up to the window, as long as an output remains.
    const size_t window_height = s.dilation_height * (s.kernel_height - 1) + 1;
    const size_t window_width = s.dilation_width * (s.kernel_width - 1) + 1;
    const size_t height = (s.height - 1) * s.stride_height + window_height;
    const size_t width = (s.width - 1) * s.stride_width + window_width;
    s.pad_top = pick(0, std::min(window_height, height - 1));
    s.pad_left = pick(0, std::min(window_width, width - 1));
    s.pad_bottom = pick(0, height - 1 - s.pad_top);
    s.pad_right = pick(0, width - 1 - s.pad_left);
    check(s, static_cast<ConvOutput>(i % 3), seed);
    if (::testing::Test::HasFatalFailure()) return;
  }
}

// Rows and columns that an output padding adds behind the last window hold only the bias.
TEST(ConvTransposeS8, OutputPadding) {
  ConvCase test(square(3, 4, 8, 8, 2, 3, 0), ConvData::kRandom, ConvOutput::kS8, 21, true);
  test.conv.output_height += 2;
  test.conv.output_width += 1;
  const size_t bytes = test.output_span();
  std::vector<uint8_t> expected(bytes), got(bytes, 0xa5);
  conv_transpose_s8_reference(test.conv, test.input.data(), expected.data());
  for (size_t i = 0; i < conv_transpose_s8_phase_count(test.conv); ++i) {
    ConvTransposeS8Phase phase = conv_transpose_s8_phase(test.conv, i);
    std::vector<int8_t> weights(phase.weights_bytes);
    conv_transpose_s8_phase_weights(test.conv, i, weights.data());
    phase.conv.weights = weights.data();
    run_phase(select_conv_s8(phase.conv, detect_cpu_features()), phase.conv, test.input.data(),
              got.data() + phase.output_offset);
  }
  EXPECT_EQ(got, expected);
}

}  // namespace
}  // namespace octet::kernels
