// SPDX-License-Identifier: Apache-2.0
//
// table_s8 on AVX2: table_avx2.h says how.
#include "kernels/table_s8.h"
#include "kernels/x86/table_avx2.h"

namespace octet::kernels {

void table_s8_avx2(const int8_t* table, const int8_t* input, int8_t* output, size_t count) {
  TableParts parts;
  make_table_parts(table, &parts);
  apply_table(parts, input, output, count);
}

}  // namespace octet::kernels
