// SPDX-License-Identifier: Apache-2.0
//
// The rows of resize_bilinear_s8.inc as a table.
#include "kernels/resize_bilinear_s8.h"

namespace octet::kernels {
namespace {

constexpr KernelRow<ResizeBilinearS8Function> kRows[] = {
#define OCTET_KERNEL(name, feature) {#name, feature, name},
#include "kernels/resize_bilinear_s8.inc"
#undef OCTET_KERNEL
};

}  // namespace

KernelRows<ResizeBilinearS8Function> resize_bilinear_s8_kernels() {
  return {kRows, sizeof kRows / sizeof kRows[0]};
}

}  // namespace octet::kernels
