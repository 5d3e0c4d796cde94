// SPDX-License-Identifier: Apache-2.0
//
// Softmax and LogSoftmax. s8 input in softmax_s8.cc, f32 in softmax_f32.cc.
#include "runtime/ops/op_checks.h"
#include "runtime/ops/ops.h"

namespace octet {
namespace {

Status check_s8(const OpView& view, const schema::SoftmaxOptions& options) {
  constexpr uint32_t kOne = 65536;  // exp(0) in the table
  constexpr int32_t kMostColumns = (1 << 23) - 1;
  const Shape& shape = view.input(0)->shape;
  if (options.log()) return invalid(view, "LogSoftmax of S8; it is defined for F32");
  const int last = shape.rank - 1;
  if (last < 0 || options.axis() != last)
    return invalid(view, "axis %d; S8 needs the last, %d", options.axis(), last);
  if (shape[last] > kMostColumns)
    return invalid(view, "%d elements along the axis; must be at most %d", shape[last], kMostColumns);
  if (vector_length(options.exp_table()) != 256)
    return invalid(view, "exp_table of %zu entries; must be 256", vector_length(options.exp_table()));
  for (const uint32_t entry : *options.exp_table())
    if (entry > kOne) return invalid(view, "exp_table entry %u; must be at most %u", entry, kOne);
  if (options.exp_table()->Get(0) == 0) return invalid(view, "exp_table starts with 0; must be at least 1");
  return Status();
}

}  // namespace

// Checks: one input, one output of its shape; f32 -> f32, s8 -> s8 or s8 -> f32; SoftmaxOptions with an
// axis in range; s8: no log, the last axis, 256 table entries in [0, 65536], the first not 0.
Status validate_softmax(const OpView& view) {
  OCTET_RETURN_IF_ERROR(check_operands(view, 1, 1));
  const Tensor &input = *view.input(0), &output = *view.output(0);
  if (!(input.is_f32() && output.is_f32()) && !(input.is_s8() && (output.is_s8() || output.is_f32())))
    return invalid(view, "types %s -> %s; must be F32 -> F32, S8 -> S8 or S8 -> F32", type_text(input),
                   type_text(output));
  OCTET_RETURN_IF_ERROR(check_shape(view, output, "output", input.shape));
  const auto* options = view.options<schema::SoftmaxOptions>();
  if (options == nullptr) return invalid(view, "no SoftmaxOptions");
  OCTET_RETURN_IF_ERROR(check_axis(view, options->axis(), input.shape.rank));
  return input.is_s8() ? check_s8(view, *options) : Status();
}

}  // namespace octet
