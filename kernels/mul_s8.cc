// SPDX-License-Identifier: Apache-2.0
//
// The rows of mul_s8.inc as a table.
#include "kernels/mul_s8.h"

namespace octet::kernels {
namespace {

constexpr KernelRow<MulS8Function> kRows[] = {
#define OCTET_KERNEL(name, feature) {#name, feature, name},
#include "kernels/mul_s8.inc"
#undef OCTET_KERNEL
};

}  // namespace

KernelRows<MulS8Function> mul_s8_kernels() { return {kRows, sizeof kRows / sizeof kRows[0]}; }

}  // namespace octet::kernels
