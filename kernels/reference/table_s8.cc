// SPDX-License-Identifier: Apache-2.0
//
// Executable specification of table_s8.
#include "kernels/table_s8.h"

namespace octet::kernels {

void table_s8_reference(const int8_t* table, const int8_t* input, int8_t* output, size_t count) {
  for (size_t i = 0; i < count; ++i) output[i] = table[input[i] + 128];
}

}  // namespace octet::kernels
