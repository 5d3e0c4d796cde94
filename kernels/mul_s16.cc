// SPDX-License-Identifier: Apache-2.0
//
// The rows of mul_s16.inc as a table.
#include "kernels/mul_s16.h"

namespace octet::kernels {
namespace {

constexpr KernelRow<MulS16Function> kRows[] = {
#define OCTET_KERNEL(name, feature) {#name, feature, name},
#include "kernels/mul_s16.inc"
#undef OCTET_KERNEL
};

}  // namespace

KernelRows<MulS16Function> mul_s16_kernels() { return {kRows, sizeof kRows / sizeof kRows[0]}; }

}  // namespace octet::kernels
