// SPDX-License-Identifier: Apache-2.0
//
// Recurrent: RNN, GRU and LSTM as in ONNX, f32. Inputs X, W, R, B, sequence_lens, initial_h, initial_c, P;
// outputs Y, Y_h, Y_c. Everything behind R and all outputs but one may be left out.
#include "kernels/portable/recurrent_f32.h"
#include "runtime/ops/float_checks.h"
#include "runtime/ops/kernel_types.h"
#include "runtime/ops/make_op.h"
#include "runtime/ops/ops.h"
#include "runtime/parallel.h"

namespace octet {
namespace {

static_assert(static_cast<int>(kernels::RecurrentKind::kLstm) == schema::RecurrentKind_Lstm &&
              static_cast<int>(kernels::RecurrentKind::kGru) == schema::RecurrentKind_Gru);

enum Input { kX, kW, kR, kB, kLengths, kInitialH, kInitialC, kPeepholes };
enum Output { kY, kYh, kYc };

int64_t gate_count(schema::RecurrentKind kind) {
  return kind == schema::RecurrentKind_Rnn ? 1 : kind == schema::RecurrentKind_Gru ? 3 : 4;
}

int64_t activation_count(schema::RecurrentKind kind) {
  return kind == schema::RecurrentKind_Rnn ? 1 : kind == schema::RecurrentKind_Gru ? 2 : 3;
}

struct Sizes {
  int64_t steps, batch, inputs, hidden, directions, gates;
  bool batch_first;
};

Sizes sizes_of(const OpView& view) {
  const auto& o = *view.options<schema::RecurrentOptions>();
  const Shape& x = view.input(kX)->shape;
  return {x[o.batch_first() ? 1 : 0],
          x[o.batch_first() ? 0 : 1],
          x[2],
          o.hidden_size(),
          o.direction() == schema::Direction_Bidirectional ? 2 : 1,
          gate_count(o.kind()),
          o.batch_first()};
}

Status check_state(const OpView& view, const Tensor* tensor, const char* what, const Sizes& s) {
  if (!tensor) return Status();
  OCTET_RETURN_IF_ERROR(check_type(view, *tensor, what, {schema::TensorType_F32}));
  if (s.batch_first) return check_dims(view, *tensor, what, {s.batch, s.directions, s.hidden});
  return check_dims(view, *tensor, what, {s.directions, s.batch, s.hidden});
}

Status check_constant(const OpView& view, Input which, const char* what,
                      std::initializer_list<int64_t> dims) {
  const Tensor* tensor = view.input(which);
  if (!tensor) return Status();
  OCTET_RETURN_IF_ERROR(check_type(view, *tensor, what, {schema::TensorType_F32}));
  if (!tensor->is_constant()) return invalid_op(view, "%s must be constant", what);
  return check_dims(view, *tensor, what, dims);
}

Status check_activations(const OpView& view, const schema::RecurrentOptions& o, const Sizes& s) {
  const auto *kinds = o.activations(), *none = static_cast<const flatbuffers::Vector<uint8_t>*>(nullptr);
  if (kinds == none || kinds->size() == 0) return Status();
  const size_t count = static_cast<size_t>(activation_count(o.kind()) * s.directions);
  if (kinds->size() != count)
    return invalid_op(view, "%zu activations; must be %zu", static_cast<size_t>(kinds->size()), count);
  for (const uint8_t kind : *kinds) {
    const bool to_bool = kind == schema::UnaryKind_IsNaN || kind == schema::UnaryKind_IsInf;
    if (to_bool || !kernels::select_unary(static_cast<kernels::UnaryKind>(kind), kernels::Element::kF32))
      return invalid_op(view, "activation %d is not a function of f32", kind);
  }
  for (const auto* parameters : {o.activation_alpha(), o.activation_beta()})
    if (parameters && parameters->size() != 0 && parameters->size() != count)
      return invalid_op(view, "%zu activation parameters; must be 0 or %zu",
                        static_cast<size_t>(parameters->size()), count);
  return Status();
}

Status check_operand_shapes(const OpView& view, const Sizes& s) {
  const int64_t rows = s.gates * s.hidden;
  OCTET_RETURN_IF_ERROR(check_constant(view, kW, "W", {s.directions, rows, s.inputs}));
  OCTET_RETURN_IF_ERROR(check_constant(view, kR, "R", {s.directions, rows, s.hidden}));
  OCTET_RETURN_IF_ERROR(check_constant(view, kB, "B", {s.directions, 2 * rows}));
  OCTET_RETURN_IF_ERROR(check_constant(view, kPeepholes, "P", {s.directions, 3 * s.hidden}));
  OCTET_RETURN_IF_ERROR(check_state(view, view.input(kInitialH), "initial_h", s));
  OCTET_RETURN_IF_ERROR(check_state(view, view.input(kInitialC), "initial_c", s));
  OCTET_RETURN_IF_ERROR(check_state(view, view.output(kYh), "Y_h", s));
  OCTET_RETURN_IF_ERROR(check_state(view, view.output(kYc), "Y_c", s));
  if (const Tensor* lengths = view.input(kLengths)) {
    OCTET_RETURN_IF_ERROR(check_type(view, *lengths, "sequence_lens", {schema::TensorType_S32}));
    OCTET_RETURN_IF_ERROR(check_dims(view, *lengths, "sequence_lens", {s.batch}));
  }
  const Tensor* y = view.output(kY);
  if (!y) return Status();
  OCTET_RETURN_IF_ERROR(check_type(view, *y, "Y", {schema::TensorType_F32}));
  if (s.batch_first) return check_dims(view, *y, "Y", {s.batch, s.steps, s.directions, s.hidden});
  return check_dims(view, *y, "Y", {s.steps, s.directions, s.batch, s.hidden});
}

kernels::RecurrentActivation activation_of(const schema::RecurrentOptions& o, size_t direction,
                                           size_t which) {
  const size_t per_direction = static_cast<size_t>(activation_count(o.kind()));
  const auto at = static_cast<flatbuffers::uoffset_t>(direction * per_direction + which);
  kernels::UnaryKind kind = kernels::UnaryKind::kTanh;
  if (which == 0 && o.kind() != schema::RecurrentKind_Rnn) kind = kernels::UnaryKind::kSigmoid;
  kernels::Unary parameters = {0, 0};
  if (o.activations() && o.activations()->size() != 0) {
    kind = static_cast<kernels::UnaryKind>(o.activations()->Get(at));
    if (o.activation_alpha() && o.activation_alpha()->size() != 0)
      parameters.alpha = o.activation_alpha()->Get(at);
    if (o.activation_beta() && o.activation_beta()->size() != 0)
      parameters.beta = o.activation_beta()->Get(at);
  }
  return {kernels::select_unary(kind, kernels::Element::kF32), parameters};
}

kernels::RecurrentF32 layer_of(const OpView& view) {
  const auto& o = *view.options<schema::RecurrentOptions>();
  const Sizes s = sizes_of(view);
  kernels::RecurrentF32 layer = {};
  layer.kind = static_cast<kernels::RecurrentKind>(o.kind());
  layer.steps = static_cast<size_t>(s.steps);
  layer.batch = static_cast<size_t>(s.batch);
  layer.inputs = static_cast<size_t>(s.inputs);
  layer.hidden = static_cast<size_t>(s.hidden);
  layer.directions = static_cast<size_t>(s.directions);
  layer.first_reverse = o.direction() == schema::Direction_Reverse;
  layer.batch_first = s.batch_first;
  layer.linear_before_reset = o.linear_before_reset();
  layer.clip = o.clip();
  for (size_t d = 0; d < layer.directions; ++d)
    for (size_t k = 0; k < static_cast<size_t>(activation_count(o.kind())); ++k)
      layer.activations[d][k] = activation_of(o, d, k);
  return layer;
}

template <class T>
const T* data_of(const Tensor* tensor) {
  return tensor ? tensor->as<T>() : nullptr;
}
float* output_of(Tensor* tensor) { return tensor ? tensor->as<float>() : nullptr; }

}  // namespace

// Checks: 3 to 8 inputs, the first three present; 1 to 3 outputs, one of them present; options
// present, kind, direction and activations known; X f32 of rank 3, with at least one step, sequence and
// feature; hidden_size at least 1; W, R, B, P constant; every shape; peepholes and c only for LSTM.
Status validate_recurrent(const OpView& view) {
  OCTET_RETURN_IF_ERROR(check_counts(view, {3, 8, 0, 3}));
  const auto* o = view.options<schema::RecurrentOptions>();
  if (!o) return invalid_op(view, "no RecurrentOptions");
  OCTET_RETURN_IF_ERROR(check_value(view, "kind", o->kind(), 0, schema::RecurrentKind_MAX));
  OCTET_RETURN_IF_ERROR(check_value(view, "direction", o->direction(), 0, schema::Direction_MAX));
  OCTET_RETURN_IF_ERROR(check_value(view, "hidden_size", o->hidden_size(), 1, 1 << 24));
  if (!(o->clip() >= 0)) return invalid_op(view, "clip %g; must be at least 0", o->clip());
  OCTET_RETURN_IF_ERROR(check_type(view, *view.input(kX), "X", {schema::TensorType_F32}));
  OCTET_RETURN_IF_ERROR(check_rank(view, *view.input(kX), "X", 3, 3));
  if (view.input(kX)->bytes == 0) return invalid_op(view, "X is empty");
  if (!view.output(kY) && !view.output(kYh) && !view.output(kYc)) return invalid_op(view, "no output");
  const bool lstm = o->kind() == schema::RecurrentKind_Lstm;
  if (!lstm && (view.input(kInitialC) || view.input(kPeepholes) || view.output(kYc)))
    return invalid_op(view, "initial_c, P and Y_c are for LSTM only");
  const Sizes s = sizes_of(view);
  OCTET_RETURN_IF_ERROR(check_activations(view, *o, s));
  return check_operand_shapes(view, s);
}

Status prepare_recurrent(const OpView& view, PrepareContext* context, OpPointer* op) {
  const kernels::RecurrentF32 layer = layer_of(view);
  const size_t bytes = kernels::recurrent_f32_packed_bytes(layer);
  void* packed = context->memory->allocate(bytes);
  if (!packed)
    return error(StatusCode::kOutOfMemory, "Recurrent '%s': no memory for %zu bytes of packed weights",
                 view.name(), bytes);
  const Tensor* b = view.input(kB);
  kernels::recurrent_f32_pack(layer,
                              {static_cast<const float*>(view.input(kW)->constant),
                               static_cast<const float*>(view.input(kR)->constant),
                               b ? static_cast<const float*>(b->constant) : nullptr},
                              packed);
  context->scratch_bytes = kernels::recurrent_f32_scratch_bytes(layer);
  const size_t items = kernels::recurrent_f32_items(layer);
  const OpView tensors = view;
  return make_op(
      "recurrent_f32_portable",
      [=](const RunContext& run) {
        const kernels::RecurrentOperands at = {packed,
                                               data_of<float>(tensors.input(kPeepholes)),
                                               data_of<float>(tensors.input(kX)),
                                               data_of<int32_t>(tensors.input(kLengths)),
                                               data_of<float>(tensors.input(kInitialH)),
                                               data_of<float>(tensors.input(kInitialC)),
                                               output_of(tensors.output(kY)),
                                               output_of(tensors.output(kYh)),
                                               output_of(tensors.output(kYc))};
        parallel_for(run, items, 1, [&](size_t first, size_t last, size_t thread) {
          kernels::recurrent_f32(layer, at, first, last, run.scratch + thread * run.scratch_stride);
        });
      },
      op);
}

}  // namespace octet
