// SPDX-License-Identifier: Apache-2.0
//
// conv_s16: the convolution of conv_s8.h with activations of 16 bits on one side or on both:
//
//   acc = as in conv_s8.h, of s8 or s16 inputs and s8 weights
//   output = requantize(acc, ...) as s8, through output_table if given; requantize_s16(acc, ...); or, with
//            accumulator_scale, f32 = float(acc) * accumulator_scale[o]
//
// s16 has zero point 0. The converter has proved that acc and its rounding term fit in s32 for activations in
// [-16384, 16383]; with any others the sums wrap.
#pragma once

#include "kernels/conv_s8.h"

namespace octet::kernels {

// The fields of ConvS8 mean the same; the output is dense.
struct ConvS16 : ConvS8 {
  bool input_s16;   // else s8
  bool output_s16;  // else s8, or f32 with accumulator_scale
};

// Bytes of an input, and of an output.
static inline constexpr size_t conv_s16_input_bytes(const ConvS16& c) { return c.input_s16 ? 2 : 1; }
static inline constexpr size_t conv_s16_output_bytes(const ConvS16& c) {
  return c.accumulator_scale ? sizeof(float) : c.output_s16 ? 2 : 1;
}

// As ConvS8Kernel. input: int8_t* or int16_t*; output: int8_t*, int16_t* or float*.
struct ConvS16Kernel {
  const char* name;  // = file = function = test name
  CpuFeature feature;
  bool (*supports)(const ConvS16& conv);
  size_t (*packed_bytes)(const ConvS16& conv);
  void (*pack)(const ConvS16& conv, void* packed);  // 64-byte aligned
  size_t (*scratch_bytes)(const ConvS16& conv);     // per thread
  size_t (*items)(const ConvS16& conv);
  void (*run)(const ConvS16& conv, const void* packed, const void* input, void* output, size_t first_item,
              size_t last_item, void* scratch);
};

// The first row that `cpu` can run and that supports `conv`; the reference row at least.
const ConvS16Kernel& select_conv_s16(const ConvS16& conv, CpuFeatures cpu);

// All rows, best first, for tests and benchmarks.
const ConvS16Kernel* const* conv_s16_kernels(size_t* count);

}  // namespace octet::kernels
