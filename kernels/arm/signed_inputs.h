// SPDX-License-Identifier: Apache-2.0
//
// How the conv_s8 GEMM kernels of ARM hold inputs between reading and multiplying: as they are, s8. An Isa
// struct derives from this. Anonymous: each ISA file has its own copy.
#pragma once

#include "kernels/arm/table_neon.h"
#include "kernels/conv_s8_strip.h"

namespace octet::kernels {
namespace {

// One input channel makes an output: of a panel's channels, most would be multiplied in vain.
inline bool is_depthwise(const ConvS8& c) { return c.groups > 1 && c.groups == c.input_channels; }

struct SignedInputs {
  using Element = int8_t;
  static constexpr bool kWindows = true;

  static int8_t pad_element(int32_t input_zero_point) { return static_cast<int8_t>(input_zero_point); }
  static void fill(int8_t* to, size_t count, int8_t value) { std::memset(to, value, count); }
  static void convert(const int8_t* from, size_t count, int8_t* to) { std::memcpy(to, from, count); }

  // The output table, in vectors.
  static void look_up_outputs(const int8_t* table, const TableArea& a) {
    const TableParts parts(table);
    const bool dense = a.channels == a.pixel_stride;  // then the pixels of a row are one
    for (size_t y = 0; y < a.rows; ++y)
      for (size_t x = 0; x < (dense ? 1 : a.pixels); ++x) {
        int8_t* q = a.first + y * a.row_stride + x * a.pixel_stride;
        apply_table(parts, q, q, dense ? a.pixels * a.channels : a.channels);
      }
  }
};

// The parameters of a panel's channels, in their stored form; zeros for columns that do not exist.
template <class Header>
Header make_panel_header(const ConvS8& c, const Panel& panel) {
  Header header = {};
  for (size_t i = 0; i < panel.columns; ++i) {
    const size_t o = panel.first + i;
    uint32_t bias = folded_bias(c, o, c.input_zero_point);
    if (c.accumulator_scale) {
      std::memcpy(header.shift + i, c.accumulator_scale + o, sizeof(float));
    } else {
      bias += rounding_term(c.right_shift[o]);
      header.shift[i] = stored_shift(c.right_shift[o]);
      header.multiplier[i] = c.multiplier[o];
    }
    header.bias[i] = static_cast<int32_t>(bias);
  }
  return header;
}

}  // namespace
}  // namespace octet::kernels
