// SPDX-License-Identifier: Apache-2.0
//
// The rows of quantize_f32_s8.inc as a table.
#include "kernels/quantize_f32_s8.h"

namespace octet::kernels {
namespace {

constexpr KernelRow<QuantizeF32S8Function> kRows[] = {
#define OCTET_KERNEL(name, feature) {#name, feature, name},
#include "kernels/quantize_f32_s8.inc"
#undef OCTET_KERNEL
};

}  // namespace

KernelRows<QuantizeF32S8Function> quantize_f32_s8_kernels() {
  return {kRows, sizeof kRows / sizeof kRows[0]};
}

}  // namespace octet::kernels
