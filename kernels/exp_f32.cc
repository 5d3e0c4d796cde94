// SPDX-License-Identifier: Apache-2.0
//
// The rows of exp_f32.inc as a table.
#include "kernels/exp_f32.h"

namespace octet::kernels {
namespace {

constexpr KernelRow<ExpF32Function> kRows[] = {
#define OCTET_KERNEL(name, feature) {#name, feature, name},
#include "kernels/exp_f32.inc"
#undef OCTET_KERNEL
};

}  // namespace

KernelRows<ExpF32Function> exp_f32_kernels() { return {kRows, sizeof kRows / sizeof kRows[0]}; }

}  // namespace octet::kernels
