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

const ConvS8Kernel& select_conv_s8(const ConvS8& conv, CpuFeatures cpu, const ConvS8Kernel** passed_over) {
  const ConvS8Kernel* unpaid = nullptr;
  const ConvS8Kernel* chosen = kRows[kRowCount - 1];  // the reference, which supports everything
  for (const ConvS8Kernel* row : kRows) {
    if (!cpu.has(row->feature) || !row->supports(conv)) continue;
    if (!row->pays || row->pays(conv)) {
      chosen = row;
      break;
    }
    if (!unpaid) unpaid = row;
  }
  if (passed_over) *passed_over = unpaid;
  return *chosen;
}

const ConvS8Kernel* const* conv_s8_kernels(size_t* count) {
  *count = kRowCount;
  return kRows;
}

}  // namespace octet::kernels
