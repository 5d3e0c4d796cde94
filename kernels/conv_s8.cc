// SPDX-License-Identifier: Apache-2.0
//
// Selection among the rows of conv_s8.inc.
#include "kernels/conv_s8.h"

namespace octet::kernels {

#define OCTET_CONV_S8_KERNEL(name) extern const ConvS8Kernel name##_kernel;
#include "kernels/conv_s8.inc"
#undef OCTET_CONV_S8_KERNEL

namespace {

#define OCTET_CONV_S8_KERNEL(name) &name##_kernel,
constexpr const ConvS8Kernel* kRows[] = {
#include "kernels/conv_s8.inc"
};
#undef OCTET_CONV_S8_KERNEL

constexpr size_t kRowCount = sizeof(kRows) / sizeof(kRows[0]);

}  // namespace

const ConvS8Kernel& select_conv_s8(const ConvS8& conv, CpuFeatures cpu) {
  for (const ConvS8Kernel* row : kRows)
    if (cpu.has(row->feature) && row->supports(conv) && (!row->pays || row->pays(conv))) return *row;
  return *kRows[kRowCount - 1];  // the reference, which supports everything
}

const ConvS8Kernel* const* conv_s8_kernels(size_t* count) {
  *count = kRowCount;
  return kRows;
}

}  // namespace octet::kernels
