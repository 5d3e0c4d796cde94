// SPDX-License-Identifier: Apache-2.0
//
// The rows of max_pool_s8.inc as a table.
#include "kernels/max_pool_s8.h"

namespace octet::kernels {
namespace {

constexpr KernelRow<MaxPoolS8Function> kRows[] = {
#define OCTET_KERNEL(name, feature) {#name, feature, name},
#include "kernels/max_pool_s8.inc"
#undef OCTET_KERNEL
};

}  // namespace

KernelRows<MaxPoolS8Function> max_pool_s8_kernels() { return {kRows, sizeof kRows / sizeof kRows[0]}; }

}  // namespace octet::kernels
