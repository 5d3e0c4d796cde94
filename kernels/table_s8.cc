// SPDX-License-Identifier: Apache-2.0
//
// The rows of table_s8.inc as a table.
#include "kernels/table_s8.h"

namespace octet::kernels {
namespace {

constexpr KernelRow<TableS8Function> kRows[] = {
#define OCTET_KERNEL(name, feature) {#name, feature, name},
#include "kernels/table_s8.inc"
#undef OCTET_KERNEL
};

}  // namespace

KernelRows<TableS8Function> table_s8_kernels() { return {kRows, sizeof kRows / sizeof kRows[0]}; }

}  // namespace octet::kernels
