// SPDX-License-Identifier: Apache-2.0
//
// Reduce in f32; in s8 Mean and Sum by requantize, Max and Min with one quantization. ArgMax and
// ArgMin of any type.
#include <cmath>

#include "converter/lower/lower.h"

namespace octet::converter {

namespace {

struct KindRow {
  const char* name;
  schema::ReduceKind kind = schema::ReduceKind_Mean;
};

const KindRow kKinds[] = {
    {"Mean", schema::ReduceKind_Mean},
    {"Sum", schema::ReduceKind_Sum},
    {"Max", schema::ReduceKind_Max},
    {"Min", schema::ReduceKind_Min},
    {"Prod", schema::ReduceKind_Prod},
    {"L1", schema::ReduceKind_L1},
    {"L2", schema::ReduceKind_L2},
    {"LogSum", schema::ReduceKind_LogSum},
    {"LogSumExp", schema::ReduceKind_LogSumExp},
    {"SumSquare", schema::ReduceKind_SumSquare},
};

Status read_kind(const Node& node, schema::ReduceKind* kind) {
  const std::string name = node.text("kind", "Mean");
  for (const KindRow& row : kKinds)
    if (name == row.name) {
      *kind = row.kind;
      return Status();
    }
  return node_error(StatusCode::kUnsupported, node, "kind '" + name + "' is not known");
}

// acc = sum(q - zero_point) over `count` elements; Mean divides by count.
Status sum_requantization(const Node& node, schema::ReduceKind kind, double count, ModelBuilder* model,
                          RequantizationData* data) {
  const Quantization& in = model->value(node.inputs[0]).quantization;
  const Quantization& out = model->value(node.outputs[0]).quantization;
  FixedPoint pair;
  const double k = static_cast<double>(in.scale) / out.scale / (kind == schema::ReduceKind_Mean ? count : 1);
  OCTET_RETURN_IF_ERROR(at_node(node, encode_fixed_point(k, model->value(node.outputs[0]).type, &pair)));
  const double bound = count * largest_difference(model->value(node.inputs[0]).type, in.zero_point);
  if (!accumulator_fits(bound, pair))
    return node_error(StatusCode::kUnsupported, node,
                      "a sum of " + std::to_string(static_cast<int64_t>(count)) +
                          " elements does not fit in an s32 accumulator");
  model->note_headroom(node, headroom_bits(bound, pair));
  data->add(pair);
  return Status();
}

Status reduce_requantization(const Node& node, schema::ReduceKind kind, double count, ModelBuilder* model,
                             flatbuffers::Offset<schema::Requantization>* out) {
  OCTET_RETURN_IF_ERROR(require_quantized(node, *model, node.inputs[0]));
  OCTET_RETURN_IF_ERROR(require_quantized(node, *model, node.outputs[0]));
  if (kind == schema::ReduceKind_Max || kind == schema::ReduceKind_Min) {
    const Quantization& from = model->value(node.inputs[0]).quantization;
    const Quantization& to = model->value(node.outputs[0]).quantization;
    if (from.scale == to.scale && from.zero_point == to.zero_point) return Status();
    return node_error(StatusCode::kInternal, node,
                      "input and output must have the same quantization in the s8 form");
  }
  if (kind != schema::ReduceKind_Mean && kind != schema::ReduceKind_Sum)
    return node_error(StatusCode::kInternal, node, "kind " + node.text("kind") + " has no s8 form");
  RequantizationData data;
  OCTET_RETURN_IF_ERROR(sum_requantization(node, kind, count, model, &data));
  const Value& output = model->value(node.outputs[0]);
  clamp_output(activation_of(node), output.quantization, output.type, &data);
  *out = model->create(data);
  return Status();
}

}  // namespace

Status lower_reduce(const Node& node, ModelBuilder* model) {
  schema::ReduceKind kind = schema::ReduceKind_Mean;
  OCTET_RETURN_IF_ERROR(read_kind(node, &kind));
  const Dims& shape = model->value(node.inputs[0]).shape;
  std::vector<int64_t> axes = node.integers("axes");
  double count = 1;
  for (int64_t axis : axes) {
    if (axis < 0 || axis >= static_cast<int64_t>(shape.size()))
      return node_error(StatusCode::kInternal, node,
                        "axis " + std::to_string(axis) + " of input " + shape_text(shape));
    count *= static_cast<double>(shape[static_cast<size_t>(axis)]);
  }
  flatbuffers::Offset<schema::Requantization> requantization;
  if (node_form(node, *model) == Form::kS8) {
    OCTET_RETURN_IF_ERROR(reduce_requantization(node, kind, count, model, &requantization));
  } else {
    OCTET_RETURN_IF_ERROR(require_float(node, *model));
  }
  OperatorParts parts = plain_parts(schema::OperatorType_Reduce, node, model);
  parts.inputs.resize(1);
  const auto axis_vector = model->fbb().CreateVector(to_s32(axes));
  model->add_operator(node, parts,
                      schema::CreateReduceOptions(model->fbb(), kind, axis_vector,
                                                  node.integer("keepdims", 1) != 0, requantization));
  return Status();
}

Status lower_arg_reduce(const Node& node, ModelBuilder* model) {
  const OperatorParts parts = plain_parts(schema::OperatorType_ArgReduce, node, model);
  model->add_operator(
      node, parts,
      schema::CreateArgReduceOptions(model->fbb(), static_cast<int32_t>(node.integer("axis")),
                                     node.integer("keepdims", 1) != 0, node.integer("select_last_index") != 0,
                                     node.op == "ArgMin"));
  return Status();
}

}  // namespace octet::converter
