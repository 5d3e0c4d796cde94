// SPDX-License-Identifier: Apache-2.0
//
// The rows of dequantize_s8_f32.inc as a table.
#include "kernels/dequantize_s8_f32.h"

namespace octet::kernels {
namespace {

constexpr KernelRow<DequantizeS8F32Function> kRows[] = {
#define OCTET_KERNEL(name, feature) {#name, feature, name},
#include "kernels/dequantize_s8_f32.inc"
#undef OCTET_KERNEL
};

}  // namespace

KernelRows<DequantizeS8F32Function> dequantize_s8_f32_kernels() {
  return {kRows, sizeof kRows / sizeof kRows[0]};
}

}  // namespace octet::kernels
