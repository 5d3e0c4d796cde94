// SPDX-License-Identifier: Apache-2.0
//
// A convolution of ConvCase with 16 bits on one side or both, and one run of it, for the tests of conv_s16.
#pragma once

#include <algorithm>
#include <cstring>
#include <vector>

#include "kernels/conv_s16.h"
#include "kernels/requantize.h"
#include "tests/kernels/conv_s8_case.h"
#include "tests/testing/guard_page.h"

namespace octet::kernels {

enum class WideOutput { kS8, kTable, kS16, kF32 };

struct WideCase {
  ConvCase base;
  ConvS16 conv;
  std::vector<int16_t> input_s16;
  std::vector<int8_t> right_shift;

  WideCase(const ConvShape& shape, ConvData data, bool wide_input, WideOutput output, uint64_t seed)
      : base(shape, data,
             output == WideOutput::kF32     ? ConvOutput::kF32
             : output == WideOutput::kTable ? ConvOutput::kTable
                                            : ConvOutput::kS8,
             seed) {
    static_cast<ConvS8&>(conv) = base.conv;
    conv.input_s16 = wide_input;
    conv.output_s16 = output == WideOutput::kS16;
    testing::Random random(seed + 1);
    right_shift = base.right_shift;
    if (wide_input) {  // six bits more come in
      for (int8_t& p : right_shift) p = static_cast<int8_t>(std::min(31, p + 6));
      conv.input_zero_point = 0;
      for (size_t i = 0; i < base.input.size(); ++i)
        input_s16.push_back(data == ConvData::kExtremes
                                ? static_cast<int16_t>(i % 3 == 0   ? -32768
                                                       : i % 3 == 1 ? 32767
                                                                    : 16383)
                                : static_cast<int16_t>(random.in_range(kS16Min, kS16Max)));
    }
    if (conv.output_s16) {  // and go out
      for (int8_t& p : right_shift) p = static_cast<int8_t>(std::max(-16, p - 6));
      conv.output_zero_point = 0;
      conv.output_min = static_cast<int32_t>(random.in_range(kS16Min, -1));
      conv.output_max = static_cast<int32_t>(random.in_range(0, kS16Max));
    }
    if (!conv.accumulator_scale) conv.right_shift = right_shift.data();
  }

  size_t input_bytes() const { return base.input.size() * conv_s16_input_bytes(conv); }
  const void* input() const {
    return conv.input_s16 ? static_cast<const void*>(input_s16.data()) : base.input.data();
  }
  size_t output_bytes() const {
    return conv.batch * conv.output_height * conv.output_width * conv.output_channels *
           conv_s16_output_bytes(conv);
  }
};

// Runs a row in three portions of its items, everything at guard pages.
inline std::vector<uint8_t> run_row(const ConvS16Kernel& row, const WideCase& c,
                                    testing::GuardedBuffer::Side side) {
  testing::GuardedBuffer input(c.input_bytes(), side), output(c.output_bytes(), side);
  std::memcpy(input.as(), c.input(), c.input_bytes());
  std::memset(output.as(), 0xa5, c.output_bytes());
  const auto rounded = [](size_t bytes) { return (bytes + 63) / 64 * 64; };
  testing::GuardedBuffer packed(rounded(row.packed_bytes(c.conv)));
  row.pack(c.conv, packed.as());
  testing::GuardedBuffer scratch(rounded(row.scratch_bytes(c.conv)));
  const size_t items = row.items(c.conv);
  for (size_t part = 0; part < 3; ++part)
    row.run(c.conv, packed.as(), input.as(), output.as(), items * part / 3, items * (part + 1) / 3,
            scratch.as());
  return {output.as(), output.as() + c.output_bytes()};
}

}  // namespace octet::kernels
