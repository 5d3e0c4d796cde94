// SPDX-License-Identifier: Apache-2.0
//
// FullyConnected X[..., K] * W[O, K]^T + B, in f32, s8, and s8 with f32 output; and MatMul of two
// activations, f32 only.
#include "converter/lower/linear.h"

namespace octet::converter {

Status lower_fully_connected(const Node& node, ModelBuilder* model) {
  const Dims& weights = model->value(node.input(1)).shape;
  if (weights.size() != 2)
    return node_error(StatusCode::kInternal, node, "weights " + shape_text(weights) + "; must be [O, K]");
  LinearParts parts;
  OCTET_RETURN_IF_ERROR(begin_linear(node, model, &parts));
  auto& fbb = model->fbb();
  const auto requantization = parts.has_requantization ? model->create(parts.requantization) : 0;
  const auto scale = parts.accumulator_scale.empty() ? 0 : fbb.CreateVector(parts.accumulator_scale);
  const auto table = parts.table.empty() ? 0 : fbb.CreateVector(parts.table);
  OperatorParts op;
  op.type = schema::OperatorType_FullyConnected;
  op.inputs = model->tensors(node.inputs);
  op.outputs = {parts.output};
  op.macs = static_cast<uint64_t>(element_count(model->value(node.outputs[0]).shape) * weights[1]);
  model->add_operator(
      node, op,
      schema::CreateFullyConnectedOptions(fbb, parts.activation.min, parts.activation.max, requantization,
                                          scale, table, parts.table_zero_point));
  return finish_linear(node, parts, model);
}

Status lower_mat_mul(const Node& node, ModelBuilder* model) {
  OCTET_RETURN_IF_ERROR(require_float(node, *model));
  OperatorParts parts = plain_parts(schema::OperatorType_MatMul, node, model);
  const Dims& a = model->value(node.input(0)).shape;
  const int64_t depth = a.empty() ? 1 : a.back();
  parts.macs = static_cast<uint64_t>(element_count(model->value(node.outputs[0]).shape) * depth);
  model->add_operator(node, parts);
  return Status();
}

}  // namespace octet::converter
