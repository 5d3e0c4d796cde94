// SPDX-License-Identifier: Apache-2.0
//
// The rows of average_pool_s8.inc as a table.
#include "kernels/average_pool_s8.h"

namespace octet::kernels {
namespace {

constexpr KernelRow<AveragePoolS8Function> kRows[] = {
#define OCTET_KERNEL(name, feature) {#name, feature, name},
#include "kernels/average_pool_s8.inc"
#undef OCTET_KERNEL
};

}  // namespace

KernelRows<AveragePoolS8Function> average_pool_s8_kernels() {
  return {kRows, sizeof kRows / sizeof kRows[0]};
}

}  // namespace octet::kernels
