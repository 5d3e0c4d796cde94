// SPDX-License-Identifier: Apache-2.0
//
// The rows of interleave_s8.inc as a table.
#include "kernels/interleave_s8.h"

namespace octet::kernels {
namespace {

constexpr KernelRow<InterleaveS8Function> kRows[] = {
#define OCTET_KERNEL(name, feature) {#name, feature, name},
#include "kernels/interleave_s8.inc"
#undef OCTET_KERNEL
};

}  // namespace

KernelRows<InterleaveS8Function> interleave_s8_kernels() { return {kRows, sizeof kRows / sizeof kRows[0]}; }

}  // namespace octet::kernels
