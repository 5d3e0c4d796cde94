// SPDX-License-Identifier: Apache-2.0
//
// conv_s8, the executable specification: the loop nest of the header's
// equation. Bound: |acc| <= |bias| + sum |w| * 255, proved by the converter to
// fit in s32 per output channel; unsigned arithmetic keeps a broken model
// defined (it wraps, as the vector kernels do).
#include "kernels/conv_s8.h"

#include "kernels/reference/conv_accumulate.h"
#include "kernels/requantize.h"

namespace octet::kernels {
namespace {

bool supports(const ConvS8&) { return true; }
size_t no_bytes(const ConvS8&) { return 0; }
void pack(const ConvS8&, void*) {}
size_t items(const ConvS8& c) { return c.batch * c.output_height; }  // rows of output

void run(const ConvS8& c, const void*, const int8_t* input, void* output, size_t first_item, size_t last_item,
         void*) {
  const ConvS8OutputStrides strides = conv_s8_output_strides(c);
  for (size_t row = first_item; row < last_item; ++row) {
    const size_t n = row / c.output_height, y = row % c.output_height;
    for (size_t x = 0; x < c.output_width; ++x) {
      for (size_t o = 0; o < c.output_channels; ++o) {
        const int32_t acc = accumulate(c, input, n, y, x, o);
        const size_t to = n * strides.batch + y * strides.row + x * strides.pixel + o;
        if (c.accumulator_scale) {
          static_cast<float*>(output)[to] = static_cast<float>(acc) * c.accumulator_scale[o];
          continue;
        }
        const int8_t q = requantize(acc, c.multiplier[o], c.right_shift[o], c.output_zero_point, c.output_min,
                                    c.output_max);
        static_cast<int8_t*>(output)[to] = c.output_table ? c.output_table[q + 128] : q;
      }
    }
  }
}

}  // namespace

void conv_s8_reference(const ConvS8& conv, const int8_t* input, void* output) {
  run(conv, nullptr, input, output, 0, items(conv), nullptr);
}

extern const ConvS8Kernel conv_s8_reference_kernel;
const ConvS8Kernel conv_s8_reference_kernel = {
    "conv_s8_reference", kPortable, supports, no_bytes, pack, no_bytes, items, run};

}  // namespace octet::kernels
