// SPDX-License-Identifier: Apache-2.0
//
// table_s8 on NEON: table_neon.h says how.
#include "kernels/arm/table_neon.h"
#include "kernels/table_s8.h"

namespace octet::kernels {

void table_s8_neon(const int8_t* table, const int8_t* input, int8_t* output, size_t count) {
  apply_table(TableParts(table), input, output, count);
}

}  // namespace octet::kernels
