// SPDX-License-Identifier: Apache-2.0
//
// conv_s8 with few input channels on 256-bit VNNI: 6 output pixels by 16 output
// channels (8 by 8 at the end). conv_s8_first.h cuts the work, conv_s8_first_256.h
// describes the packed panels.
//
// Exact: vpdpbusd adds four u8 * s8 products to an s32 without saturation. Rows
// hold inputs as q + 128 (the sign bit flipped), and the bias takes
// (input_zero_point + 128) * sum of weights back, modulo 2^32.
#include "kernels/x86/conv_s8_first_256.h"
#include "kernels/x86/vnni_256.h"

namespace octet::kernels {
namespace {

struct FirstVnni : First256, FlippedInputs {
  using Weight = int8_t;

  static void blend(const Blend<FirstVnni>& b, uint8_t* to) { blend_first_256(b, to); }
  static void pack_panel(const ConvS8& c, const FirstPlan& plan, const Panel& panel, uint8_t* to) {
    pack_first_256<FirstVnni>(c, plan, panel, c.input_zero_point + 128, to);
  }
  // The empty assembly keeps the accumulators in place: gcc would otherwise copy them.
  static void multiply_add(__m256i a, __m256i b, __m256i* acc) {
    *acc = dot_u8s8(*acc, a, b);
    asm("" : "+x"(*acc));
  }
  static void run_tiles(const MicroTile<FirstVnni>& t, size_t first, size_t tiles, const Epilogue& e) {
    run_first_256(t, first, tiles, e);
  }
};

}  // namespace

extern const ConvS8Kernel OCTET_AVXVNNI_SYMBOL(conv_s8_first);
const ConvS8Kernel OCTET_AVXVNNI_SYMBOL(conv_s8_first) = {OCTET_AVXVNNI_NAME("conv_s8_first"),
                                                          kVnni256,
                                                          supports_first<FirstVnni>,
                                                          first_packed_bytes<FirstVnni>,
                                                          pack_first<FirstVnni>,
                                                          first_scratch_bytes<FirstVnni>,
                                                          first_items,
                                                          run_first<FirstVnni>};

}  // namespace octet::kernels
