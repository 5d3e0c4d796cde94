// SPDX-License-Identifier: Apache-2.0
//
// The output table of the conv_s8 GEMM kernels in vectors. Anonymous: each ISA file has its own copy.
#pragma once

#include "kernels/conv_s8_strip.h"
#include "kernels/x86/table_avx2.h"

namespace octet::kernels {
namespace {

inline void look_up_area(const int8_t* table, const TableArea& a) {
  TableParts parts;
  make_table_parts(table, &parts);
  const bool dense = a.row_stride == a.pixels * a.pixel_stride;  // then all rows are one
  const size_t rows = dense ? 1 : a.rows, pixels = dense ? a.rows * a.pixels : a.pixels;
  for (size_t y = 0; y < rows; ++y)
    apply_table_to_pixels(parts, a.first + y * a.row_stride, pixels, a.pixel_stride, a.channels);
}

}  // namespace
}  // namespace octet::kernels
