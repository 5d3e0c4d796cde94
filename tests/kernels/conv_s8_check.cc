// SPDX-License-Identifier: Apache-2.0
#include "tests/kernels/conv_s8_check.h"

#include <cstring>
#include <new>
#include <vector>

#include "tests/testing/guard_page.h"

namespace octet::kernels {
namespace {

using testing::GuardedBuffer;
using testing::Random;

constexpr uint8_t kPoison = 0xa5;
constexpr size_t kGap = 160;  // bytes in front of and behind the output

// 64-byte aligned memory without slack behind it beyond what the contract grants (64 bytes).
struct Memory {
  explicit Memory(size_t bytes, uint8_t fill)
      : bytes(bytes + 64), data(::operator new (this->bytes, std::align_val_t{64})) {
    std::memset(data, fill, this->bytes);
  }
  ~Memory() { ::operator delete (data, std::align_val_t{64}); }
  Memory(const Memory&) = delete;
  size_t bytes;
  void* data;
};

std::vector<uint8_t> reference_output(const ConvCase& test) {
  std::vector<uint8_t> output(test.output_span() * test.element_bytes() + 2 * kGap, kPoison);
  conv_s8_reference(test.conv, test.input.data(), output.data() + kGap);
  return output;
}

// Runs the items in random portions, each with fresh scratch.
std::vector<uint8_t> kernel_output(const ConvS8Kernel& kernel, const ConvCase& test, GuardedBuffer::Side side,
                                   Random* random) {
  GuardedBuffer input(test.input.size(), side);
  std::memcpy(input.as(), test.input.data(), test.input.size());
  Memory packed(kernel.packed_bytes(test.conv), 0x5a);
  kernel.pack(test.conv, packed.data);
  std::vector<uint8_t> output(test.output_span() * test.element_bytes() + 2 * kGap, kPoison);
  const size_t items = kernel.items(test.conv);
  for (size_t first = 0; first < items;) {
    const size_t last = first + static_cast<size_t>(random->in_range(1, static_cast<int64_t>(items - first)));
    Memory scratch(kernel.scratch_bytes(test.conv), 0x77);
    kernel.run(test.conv, packed.data, input.as<int8_t>(), output.data() + kGap, first, last, scratch.data);
    first = last;
  }
  return output;
}

}  // namespace

std::string difference_from_reference(const ConvS8Kernel& kernel, const ConvCase& test, uint64_t seed) {
  Random random(seed);
  const std::vector<uint8_t> expected = reference_output(test);
  for (const auto side : {GuardedBuffer::kGuardBehind, GuardedBuffer::kGuardBefore}) {
    const std::vector<uint8_t> got = kernel_output(kernel, test, side, &random);
    if (got == expected) continue;
    size_t at = 0;
    while (got[at] == expected[at]) ++at;
    return std::string(kernel.name) + " differs at output byte " +
           std::to_string(static_cast<ptrdiff_t>(at - kGap)) + " of " +
           std::to_string(expected.size() - 2 * kGap) + ": " + std::to_string(got[at]) + ", must be " +
           std::to_string(expected[at]) + "; " + test.text() + "; seed " + std::to_string(seed);
  }
  return "";
}

}  // namespace octet::kernels
