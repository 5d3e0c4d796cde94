// SPDX-License-Identifier: Apache-2.0
//
// The rows of pixels_u8_s8.inc as a table.
#include "kernels/pixels_u8_s8.h"

namespace octet::kernels {
namespace {

constexpr KernelRow<PixelsU8S8Function> kRows[] = {
#define OCTET_KERNEL(name, feature) {#name, feature, name},
#include "kernels/pixels_u8_s8.inc"
#undef OCTET_KERNEL
};

}  // namespace

KernelRows<PixelsU8S8Function> pixels_u8_s8_kernels() { return {kRows, sizeof kRows / sizeof kRows[0]}; }

}  // namespace octet::kernels
