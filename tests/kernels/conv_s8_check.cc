// SPDX-License-Identifier: Apache-2.0
#include "tests/kernels/conv_s8_check.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "tests/testing/guard_page.h"

namespace octet::kernels {
namespace {

using testing::GuardedBuffer;
using testing::Random;

constexpr uint8_t kPoison = 0xa5;
constexpr size_t kGap = 160;  // bytes in front of and behind the output

// Memory as SessionMemory gives it: 64-byte aligned, and the 64 bytes behind may be read, never written.
// Beyond those, or right in front, is a guard page.
class Memory {
 public:
  Memory(size_t bytes, uint8_t fill, GuardedBuffer::Side side)
      : bytes_(bytes), fill_(fill), buffer_((bytes + 63) / 64 * 64 + kSlack, side) {
    refill();
  }
  void refill() { std::memset(buffer_.as(), fill_, bytes_ + kSlack); }
  void* data() { return buffer_.as(); }
  bool slack_is_untouched() {
    const uint8_t* slack = buffer_.as() + bytes_;
    return std::all_of(slack, slack + kSlack, [this](uint8_t byte) { return byte == fill_; });
  }

 private:
  static constexpr size_t kSlack = 64;
  size_t bytes_;
  uint8_t fill_;
  GuardedBuffer buffer_;
};

std::vector<uint8_t> reference_output(const ConvCase& test) {
  std::vector<uint8_t> output(test.output_span() * test.element_bytes() + 2 * kGap, kPoison);
  conv_s8_reference(test.conv, test.input.data(), output.data() + kGap);
  return output;
}

struct KernelOutput {
  std::vector<uint8_t> bytes;
  bool slack_is_untouched;  // of packed memory and scratch
};

// Runs the items in random portions, each with fresh scratch.
KernelOutput kernel_output(const ConvS8Kernel& kernel, const ConvCase& test, GuardedBuffer::Side side,
                           Random* random) {
  GuardedBuffer input(test.input.size(), side);
  std::memcpy(input.as(), test.input.data(), test.input.size());
  Memory packed(kernel.packed_bytes(test.conv), 0x5a, side);
  Memory scratch(kernel.scratch_bytes(test.conv), 0x77, side);
  kernel.pack(test.conv, packed.data());
  std::vector<uint8_t> output(test.output_span() * test.element_bytes() + 2 * kGap, kPoison);
  const size_t items = kernel.items(test.conv);
  for (size_t first = 0; first < items;) {
    const size_t last = first + static_cast<size_t>(random->in_range(1, static_cast<int64_t>(items - first)));
    kernel.run(test.conv, packed.data(), input.as<int8_t>(), output.data() + kGap, first, last,
               scratch.data());
    if (!scratch.slack_is_untouched()) break;
    scratch.refill();
    first = last;
  }
  return {output, packed.slack_is_untouched() && scratch.slack_is_untouched()};
}

}  // namespace

std::string difference_from_reference(const ConvS8Kernel& kernel, const ConvCase& test, uint64_t seed) {
  Random random(seed);
  const std::vector<uint8_t> expected = reference_output(test);
  for (const auto side : {GuardedBuffer::kGuardBehind, GuardedBuffer::kGuardBefore}) {
    const KernelOutput output = kernel_output(kernel, test, side, &random);
    if (!output.slack_is_untouched)
      return std::string(kernel.name) + " wrote behind its packed weights or its scratch; " + test.text() +
             "; seed " + std::to_string(seed);
    const std::vector<uint8_t>& got = output.bytes;
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
