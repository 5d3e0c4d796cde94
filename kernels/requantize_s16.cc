// SPDX-License-Identifier: Apache-2.0
//
// The rows of requantize_s16.inc as a table.
#include "kernels/requantize_s16.h"

namespace octet::kernels {
namespace {

constexpr KernelRow<RequantizeS16Function> kRows[] = {
#define OCTET_KERNEL(name, feature) {#name, feature, name},
#include "kernels/requantize_s16.inc"
#undef OCTET_KERNEL
};

}  // namespace

KernelRows<RequantizeS16Function> requantize_s16_kernels() { return {kRows, sizeof kRows / sizeof kRows[0]}; }

}  // namespace octet::kernels
