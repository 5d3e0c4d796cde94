// SPDX-License-Identifier: Apache-2.0
//
// Executable specification of copy_strided.
#include "kernels/copy_strided.h"

#include <cstring>

namespace octet::kernels {

void copy_strided_reference(const StridedCopy& copy, const void* input, void* output) {
  size_t elements = 1;
  for (int d = 0; d < copy.rank; ++d) elements *= copy.dims[d];
  const ptrdiff_t bytes = static_cast<ptrdiff_t>(copy.element_bytes);
  for (size_t i = 0; i < elements; ++i) {
    size_t rest = i;
    ptrdiff_t from = 0, to = 0;
    for (int d = copy.rank - 1; d >= 0; --d) {
      const ptrdiff_t index = static_cast<ptrdiff_t>(rest % copy.dims[d]);
      rest /= copy.dims[d];
      from += index * copy.input_strides[d];
      to += index * copy.output_strides[d];
    }
    std::memcpy(static_cast<char*>(output) + to * bytes, static_cast<const char*>(input) + from * bytes,
                copy.element_bytes);
  }
}

}  // namespace octet::kernels
