// SPDX-License-Identifier: Apache-2.0
//
// The rows of prelu_s8.inc as a table.
#include "kernels/prelu_s8.h"

namespace octet::kernels {
namespace {

constexpr KernelRow<PReluS8Function> kRows[] = {
#define OCTET_KERNEL(name, feature) {#name, feature, name},
#include "kernels/prelu_s8.inc"
#undef OCTET_KERNEL
};

}  // namespace

KernelRows<PReluS8Function> prelu_s8_kernels() { return {kRows, sizeof kRows / sizeof kRows[0]}; }

}  // namespace octet::kernels
