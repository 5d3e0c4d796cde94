// SPDX-License-Identifier: Apache-2.0
//
// What many validate_<op> check alike on untrusted bytes. Every message names
// the operator's type and node.
#pragma once

#include <cstdio>
#include <initializer_list>

#include "model_generated.h"
#include "runtime/op.h"
#include "runtime/status.h"

namespace octet {

// "<Type> '<node>': <message>", an invalid model.
Status invalid_op(const OpView& view, const char* format, ...) __attribute__((format(printf, 2, 3)));

// Between min_inputs and max_inputs inputs, the first min_inputs of them present (later ones may be
// left out); between min_outputs and max_outputs outputs, likewise.
struct OpCounts {
  size_t min_inputs, max_inputs, min_outputs, max_outputs;
};
Status check_counts(const OpView& view, OpCounts counts);

// `tensor` has one of `types`. `what` names it in the message: "input", "scale".
Status check_type(const OpView& view, const Tensor& tensor, const char* what,
                  std::initializer_list<TensorType> types);

Status check_rank(const OpView& view, const Tensor& tensor, const char* what, int min_rank, int max_rank);

Status check_same_shape(const OpView& view, const Tensor& tensor, const char* what, const Tensor& other);

// A tensor of exactly these dimensions.
Status check_dims(const OpView& view, const Tensor& tensor, const char* what,
                  std::initializer_list<int64_t> dims);

// low <= value <= high.
Status check_value(const OpView& view, const char* what, int64_t value, int64_t low, int64_t high);

// `output` is the numpy broadcast of `inputs`: each broadcasts to it, and every dimension of it comes
// from one of them.
Status check_broadcast(const OpView& view, std::initializer_list<const Tensor*> inputs, const Tensor& output);

}  // namespace octet
