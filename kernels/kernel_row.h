// SPDX-License-Identifier: Apache-2.0
//
// How a family of kernels is listed: one row per kernel in <family>.inc, best
// first and a portable one last. The same rows give the declarations
// (<family>.h), the selection (<family>.cc), the tests and the benchmarks.
#pragma once

#include <cstddef>

#include "kernels/cpu_features.h"

#if defined(__x86_64__) || defined(__i386__)
#define OCTET_X86 1
#else
#define OCTET_X86 0
#endif

namespace octet::kernels {

template <class Function>
struct KernelRow {
  const char* name;    // = file = function = test name
  CpuFeature feature;  // what the kernel needs
  Function* run;
};

template <class Function>
struct KernelRows {
  const KernelRow<Function>* rows;
  size_t count;

  const KernelRow<Function>* begin() const { return rows; }
  const KernelRow<Function>* end() const { return rows + count; }

  // The first row that `cpu` can run; the last row at least.
  const KernelRow<Function>& best(CpuFeatures cpu) const {
    for (const KernelRow<Function>& row : *this)
      if (cpu.has(row.feature)) return row;
    return rows[count - 1];
  }
};

}  // namespace octet::kernels
