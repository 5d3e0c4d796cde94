// SPDX-License-Identifier: Apache-2.0
//
// conv_s8 as Winograd F(4x4, 3x3) on 256-bit VNNI (conv_s8_winograd_plan.h): micro-tiles of 6 tiles by 16
// output channels in vpdpwssd, which adds two s16 x s16 products to an s32 modulo 2^32.
#include "kernels/x86/conv_s8_winograd_256.h"
#include "kernels/x86/vnni_256.h"

namespace octet::kernels {
namespace {

struct WinogradAvxVnni : Winograd256, WinogradPairs<WinogradAvxVnni> {
  static constexpr double kProductMacs = 30.5, kDirectMacs = 61;
  static constexpr double kInputCycles = 110, kOutputCycles = 225, kWeightCycles = 120;

  static void multiply_add(Vec a, Vec b, Vec* acc) { *acc = dot_s16(*acc, a, b); }
};

}  // namespace

extern const ConvS8Kernel OCTET_AVXVNNI_SYMBOL(conv_s8_winograd);
const ConvS8Kernel OCTET_AVXVNNI_SYMBOL(conv_s8_winograd) = {OCTET_AVXVNNI_NAME("conv_s8_winograd"),
                                                             kVnni256,
                                                             supports,
                                                             packed_bytes<WinogradAvxVnni>,
                                                             pack<WinogradAvxVnni>,
                                                             scratch_bytes<WinogradAvxVnni>,
                                                             items<WinogradAvxVnni>,
                                                             run<WinogradAvxVnni>,
                                                             pays<WinogradAvxVnni>};

}  // namespace octet::kernels
