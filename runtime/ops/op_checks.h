// SPDX-License-Identifier: Apache-2.0
//
// What validators check alike on untrusted bytes, with messages that name the
// operator: "Concat 'concat_3': axis 5; must be in [0, 4)".
#pragma once

#include <cstddef>
#include <string>

#include "model_generated.h"
#include "runtime/op.h"
#include "runtime/status.h"
#include "runtime/tensor.h"

namespace octet {

// kInvalidModel with "<Type> '<name>': " in front of the message.
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
Status invalid(const OpView& view, const char* format, ...);

std::string shape_text(const Shape& shape);  // "[1, 224, 224, 3]"
inline const char* type_text(const Tensor& tensor) { return schema::EnumNameTensorType(tensor.type); }

// Between `least` and `most` inputs, the first `least` present; exactly one output.
Status check_operands(const OpView& view, size_t least, size_t most);

// As check_operands, and all inputs present.
Status check_all_operands(const OpView& view, size_t least, size_t most);

Status check_type(const OpView& view, const Tensor& tensor, const char* what, TensorType type);
Status check_shape(const OpView& view, const Tensor& tensor, const char* what, const Shape& expected);
Status check_rank(const OpView& view, const Tensor& tensor, const char* what, int rank);
Status check_axis(const OpView& view, int axis, int rank);

// Same type and, for s8 and s16, same scale and zero point: the bytes mean the same.
Status check_same_meaning(const OpView& view, const Tensor& from, const Tensor& to);

// Indices of any value are allowed, only the type is checked: s32 or s64.
Status check_index_type(const OpView& view, const Tensor& indices);

// `entries` multipliers and right shifts are there; validate_operators has checked their ranges.
Status check_requantization_entries(const OpView& view, const schema::Requantization* requantization,
                                    size_t entries);

// The clamp of an optional requantization to s8 or s16.
struct OutputRange {
  int32_t min = -128, max = 127;
};
OutputRange output_range(const schema::Requantization* requantization,
                         TensorType output = schema::TensorType_S8);

// The length of a vector of the file, 0 when it is absent.
template <class T>
size_t vector_length(const flatbuffers::Vector<T>* vector) {
  return vector ? vector->size() : 0;
}

// For parallel_for: the fewest items worth a thread, where one item touches `item_bytes` bytes. Vector
// kernels touch 64 KiB in some microseconds, about what it takes to wake a thread.
constexpr size_t minimum_items(size_t item_bytes) {
  constexpr size_t kBytesPerThread = 65536;
  return item_bytes == 0 ? kBytesPerThread : (kBytesPerThread + item_bytes - 1) / item_bytes;
}

}  // namespace octet
