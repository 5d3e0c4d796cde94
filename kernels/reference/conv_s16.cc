// SPDX-License-Identifier: Apache-2.0
//
// conv_s16, the executable specification: the loop nest of conv_s8.h's equation. Bound: |acc| <= |bias| +
// sum |w| * 16384, proved by the converter to fit in s32 per output channel; unsigned arithmetic keeps a
// broken model defined.
#include "kernels/conv_s16.h"

#include "kernels/conv_s16_output.h"
#include "kernels/reference/conv_accumulate.h"

namespace octet::kernels {
namespace {

bool supports(const ConvS16&) { return true; }
size_t no_bytes(const ConvS16&) { return 0; }
void pack(const ConvS16&, void*) {}
size_t items(const ConvS16& c) { return c.batch * c.output_height; }  // rows of output

void run(const ConvS16& c, const void*, const void* input, void* output, size_t first_item, size_t last_item,
         void*) {
  for (size_t row = first_item; row < last_item; ++row) {
    const size_t n = row / c.output_height, y = row % c.output_height;
    for (size_t x = 0; x < c.output_width; ++x) {
      for (size_t o = 0; o < c.output_channels; ++o) {
        const int32_t acc = c.input_s16 ? accumulate(c, static_cast<const int16_t*>(input), n, y, x, o)
                                        : accumulate(c, static_cast<const int8_t*>(input), n, y, x, o);
        store_conv_s16(c, o, acc, output, (row * c.output_width + x) * c.output_channels + o);
      }
    }
  }
}

}  // namespace

extern const ConvS16Kernel conv_s16_reference_kernel;
const ConvS16Kernel conv_s16_reference_kernel = {
    "conv_s16_reference", kPortable, supports, no_bytes, pack, no_bytes, items, run};

}  // namespace octet::kernels
