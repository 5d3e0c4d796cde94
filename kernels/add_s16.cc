// SPDX-License-Identifier: Apache-2.0
//
// The rows of add_s16.inc as a table.
#include "kernels/add_s16.h"

namespace octet::kernels {
namespace {

constexpr KernelRow<AddS16Function> kRows[] = {
#define OCTET_KERNEL(name, feature) {#name, feature, name},
#include "kernels/add_s16.inc"
#undef OCTET_KERNEL
};

}  // namespace

KernelRows<AddS16Function> add_s16_kernels() { return {kRows, sizeof kRows / sizeof kRows[0]}; }

}  // namespace octet::kernels
