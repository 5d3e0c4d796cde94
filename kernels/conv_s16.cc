// SPDX-License-Identifier: Apache-2.0
//
// Selection among the rows of conv_s16.inc.
#include "kernels/conv_s16.h"

namespace octet::kernels {

#define OCTET_CONV_S16_KERNEL(name) extern const ConvS16Kernel name##_kernel;
#include "kernels/conv_s16.inc"
#undef OCTET_CONV_S16_KERNEL

namespace {

#define OCTET_CONV_S16_KERNEL(name) &name##_kernel,
constexpr const ConvS16Kernel* kRows[] = {
#include "kernels/conv_s16.inc"
};
#undef OCTET_CONV_S16_KERNEL

constexpr size_t kRowCount = sizeof(kRows) / sizeof(kRows[0]);

}  // namespace

const ConvS16Kernel& select_conv_s16(const ConvS16& conv, CpuFeatures cpu) {
  for (const ConvS16Kernel* row : kRows)
    if (cpu.has(row->feature) && row->supports(conv)) return *row;
  return *kRows[kRowCount - 1];  // the reference, which supports everything
}

const ConvS16Kernel* const* conv_s16_kernels(size_t* count) {
  *count = kRowCount;
  return kRows;
}

}  // namespace octet::kernels
