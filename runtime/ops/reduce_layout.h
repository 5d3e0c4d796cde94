// SPDX-License-Identifier: Apache-2.0
//
// What Reduce on s8 and on s16 share. Where the reduced axes are neighbours (global average pooling, a
// reduction of the last axis) the input is [outer][reduced][inner] as it lies. Otherwise it is first copied
// into scratch with the reduced axes last.
#pragma once

#include "kernels/copy_strided.h"
#include "kernels/reduce_s8.h"
#include "model_generated.h"
#include "runtime/op.h"
#include "runtime/tensor.h"

namespace octet {

// The input's axes as the kernel sees them.
struct ReduceLayout {
  size_t reduced = 1, inner = 1;  // [outer][reduced][inner]
  bool copied = false;            // by `copy`, into scratch; inner is 1 then
  kernels::StridedCopy copy;
};

ReduceLayout reduce_layout(const Shape& shape, const flatbuffers::Vector<int32_t>* axes,
                           size_t element_bytes);

// The kernel's parameters for a valid Reduce of s8 or s16.
kernels::ReduceS8 reduce_parameters(const OpView& view, const ReduceLayout& layout);

}  // namespace octet
