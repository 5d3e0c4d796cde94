// SPDX-License-Identifier: Apache-2.0
//
// table_s8: a function of one s8 value, looked up:
//
//   output[i] = table[input[i] + 128]        i in [0, count)
//
// table has 256 entries. output may be input itself; otherwise they do not overlap.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/kernel_row.h"

namespace octet::kernels {

using TableS8Function = void(const int8_t* table, const int8_t* input, int8_t* output, size_t count);

#define OCTET_KERNEL(name, feature) TableS8Function name;
#include "kernels/table_s8.inc"
#undef OCTET_KERNEL

KernelRows<TableS8Function> table_s8_kernels();

}  // namespace octet::kernels
