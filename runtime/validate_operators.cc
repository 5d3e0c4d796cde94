// SPDX-License-Identifier: Apache-2.0
//
// The operators of an untrusted model file: indices, order of execution, the
// vectors that every requantization shares, and each operator's own row.
#include <string>

#include "kernels/requantize.h"
#include "runtime/model.h"
#include "runtime/validate.h"

namespace octet {
namespace {

using Indices = flatbuffers::Vector<int32_t>;

std::string operator_text(size_t index, const schema::Operator& op, const OpRow& row) {
  return std::string(row.name) + " '" + (op.name() ? op.name()->c_str() : "") + "' (operator " +
         std::to_string(index) + ")";
}

// At most kMaxOperatorTensors indices, each -1 (left out) or a tensor.
Status check_indices(const Indices* indices, size_t tensors, const char* side, const char* what) {
  if (length(indices) > kMaxOperatorTensors)
    return error(StatusCode::kInvalidModel, "%s: %zu %ss; must be at most %zu", what, length(indices), side,
                 kMaxOperatorTensors);
  for (size_t i = 0; i < length(indices); ++i) {
    const int32_t index = indices->Get(static_cast<flatbuffers::uoffset_t>(i));
    if (index < -1 || (index >= 0 && static_cast<size_t>(index) >= tensors))
      return error(StatusCode::kInvalidModel, "%s: %s %zu is tensor %d; the model has %zu", what, side, i,
                   index, tensors);
  }
  return Status();
}

// The vectors have the same length, right_shift in [-16, 31], multiplier in [2^14, 2^15) or 0,
// output_min <= output_max, and those for s16 too, within its 15 bits.
Status check_requantization(const schema::Requantization* r, const char* what) {
  if (r == nullptr) return Status();
  if (length(r->multiplier()) != length(r->right_shift()))
    return error(StatusCode::kInvalidModel, "%s: %zu multipliers and %zu right shifts; must be as many", what,
                 length(r->multiplier()), length(r->right_shift()));
  for (size_t i = 0; i < length(r->multiplier()); ++i) {
    const int m = r->multiplier()->Get(static_cast<flatbuffers::uoffset_t>(i));
    const int p = r->right_shift()->Get(static_cast<flatbuffers::uoffset_t>(i));
    if (m != 0 && m < (1 << 14))
      return error(StatusCode::kInvalidModel, "%s: multiplier %d at %zu; must be 0 or in [16384, 32767]",
                   what, m, i);
    if (p < -16 || p > 31)
      return error(StatusCode::kInvalidModel, "%s: right shift %d at %zu; must be in [-16, 31]", what, p, i);
  }
  if (r->output_min() > r->output_max())
    return error(StatusCode::kInvalidModel, "%s: output_min %d > output_max %d", what, r->output_min(),
                 r->output_max());
  if (r->output_min_s16() < kernels::kS16Min || r->output_max_s16() > kernels::kS16Max ||
      r->output_min_s16() > r->output_max_s16())
    return error(StatusCode::kInvalidModel,
                 "%s: output_min_s16 %d, output_max_s16 %d; must be ordered and in [%d, %d]", what,
                 r->output_min_s16(), r->output_max_s16(), kernels::kS16Min, kernels::kS16Max);
  return Status();
}

const schema::Requantization* requantization_of(const schema::Operator& op) {
  if (const auto* o = op.options_as_Conv2DOptions()) return o->requantization();
  if (const auto* o = op.options_as_FullyConnectedOptions()) return o->requantization();
  if (const auto* o = op.options_as_BinaryOptions()) return o->requantization();
  if (const auto* o = op.options_as_Pool2DOptions()) return o->requantization();
  if (const auto* o = op.options_as_ReduceOptions()) return o->requantization();
  if (const auto* o = op.options_as_RequantizeOptions()) return o->requantization();
  return nullptr;
}

// Which tensors hold a value at this point of the execution.
class WrittenTensors {
 public:
  explicit WrittenTensors(const Model& model) : written_(model.tensors().size()) {
    for (size_t i = 0; i < written_.size(); ++i) written_[i] = model.tensors()[i].is_constant();
    if (model.root().inputs() == nullptr) return;
    for (const schema::Input* input : *model.root().inputs())
      if (input->tensor() < written_.size())
        written_[input->tensor()] = true;  // checked by validate_bindings
  }

  // Every input was written before; every output is an activation that nothing wrote.
  Status run(const schema::Operator& op, const std::vector<Tensor>& tensors, const char* what) {
    for (size_t i = 0; i < length(op.inputs()); ++i) {
      const int32_t index = op.inputs()->Get(static_cast<flatbuffers::uoffset_t>(i));
      if (index >= 0 && !written_[static_cast<size_t>(index)])
        return error(StatusCode::kInvalidModel, "%s reads tensor %d '%s' before anything wrote it", what,
                     index, tensors[static_cast<size_t>(index)].name);
    }
    for (size_t i = 0; i < length(op.outputs()); ++i) {
      const int32_t index = op.outputs()->Get(static_cast<flatbuffers::uoffset_t>(i));
      if (index < 0) continue;
      if (written_[static_cast<size_t>(index)])
        return error(StatusCode::kInvalidModel,
                     "%s writes tensor %d '%s', which is a constant, a graph input or already written", what,
                     index, tensors[static_cast<size_t>(index)].name);
      written_[static_cast<size_t>(index)] = true;
    }
    return Status();
  }

  Status check_outputs(const schema::Model& root) const {
    if (root.outputs() == nullptr) return Status();
    for (const schema::Output* output : *root.outputs())
      if (output->tensor() < written_.size() && !written_[output->tensor()])
        return error(StatusCode::kInvalidModel, "output '%s': nothing writes its tensor %u",
                     output->name() ? output->name()->c_str() : "", output->tensor());
    return Status();
  }

 private:
  std::vector<bool> written_;
};

// The operator's type has a row, its tensor indices exist, the inputs hold values, and the
// requantization is well formed.
Status check_operator(size_t index, const schema::Operator& op, const Model& model, WrittenTensors* written) {
  const OpRow* row = find_op(op.type());
  if (row == nullptr && op.type() <= schema::OperatorType_MAX)
    return error(StatusCode::kUnsupported,
                 "operator %zu '%s': %s is not in this build (CMake option OCTET_OPERATORS)", index,
                 op.name() ? op.name()->c_str() : "", schema::EnumNameOperatorType(op.type()));
  if (row == nullptr)
    return error(StatusCode::kUnsupported, "operator %zu '%s': type %d is unknown to this build", index,
                 op.name() ? op.name()->c_str() : "", static_cast<int>(op.type()));
  const std::string what = operator_text(index, op, *row);
  OCTET_RETURN_IF_ERROR(check_indices(op.inputs(), model.tensors().size(), "input", what.c_str()));
  OCTET_RETURN_IF_ERROR(check_indices(op.outputs(), model.tensors().size(), "output", what.c_str()));
  OCTET_RETURN_IF_ERROR(written->run(op, model.tensors(), what.c_str()));
  return check_requantization(requantization_of(op), what.c_str());
}

}  // namespace

// Checks: the number of operators; check_operator for each; that every graph output is written;
// then each operator's own validate.
Status validate_operators(const Model& model) {
  const size_t count = model.root().operators() ? model.root().operators()->size() : 0;
  if (count > kMaxOperators)
    return error(StatusCode::kInvalidModel, "%zu operators; must be at most %zu", count, kMaxOperators);
  WrittenTensors written(model);
  for (size_t i = 0; i < count; ++i)
    OCTET_RETURN_IF_ERROR(check_operator(
        i, *model.root().operators()->Get(static_cast<flatbuffers::uoffset_t>(i)), model, &written));
  OCTET_RETURN_IF_ERROR(written.check_outputs(model.root()));
  std::vector<Tensor> tensors = model.tensors();
  for (const OpView& view : model.resolve_operators(&tensors))
    OCTET_RETURN_IF_ERROR(find_op(view.definition->type())->validate(view));
  return Status();
}

}  // namespace octet
