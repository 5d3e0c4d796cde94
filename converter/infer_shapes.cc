// SPDX-License-Identifier: Apache-2.0
//
// Shapes of elementwise operators and reductions, and the table of all canonical
// operators. Convolution-like ones are in infer_shapes_spatial.cc, data movement in
// infer_shapes_movement.cc.
#include "converter/infer_shapes.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <map>

#include "converter/constant_math.h"
#include "converter/quantize/tables.h"

namespace octet::converter {

namespace shapes {

std::string label(const Node& node) { return node.op + " '" + node.name + "'"; }

Status bad(const Node& node, const std::string& rule) {
  return Status(StatusCode::kInvalidModel, label(node) + ": " + rule);
}

const Value& in(const Graph& graph, const Node& node, size_t i) { return graph.value(node.inputs[i]); }

Status axis_of(const Node& node, int64_t rank, int64_t* axis) {
  *axis = node.integer("axis", -1);
  if (*axis < 0) *axis += rank;
  if (*axis < 0 || *axis >= rank)
    return bad(node, "axis " + std::to_string(node.integer("axis", -1)) + " of a tensor of rank " +
                         std::to_string(rank));
  return {};
}

namespace {

using Out = std::vector<TypedShape>*;

Status same(const Graph& graph, const Node& node, Out out) {
  out->push_back({in(graph, node, 0).type, in(graph, node, 0).shape});
  return {};
}

Status same_as_bool(const Graph& graph, const Node& node, Out out) {
  out->push_back({schema::TensorType_BOOL, in(graph, node, 0).shape});
  return {};
}

Status binary(const Graph& graph, const Node& node, Out out) {
  const Value &a = in(graph, node, 0), &b = in(graph, node, 1);
  Dims shape;
  if (!broadcast_shapes(a.shape, b.shape, &shape))
    return bad(node, "shapes " + shape_text(a.shape) + " and " + shape_text(b.shape) + " do not broadcast");
  if (a.type != b.type)
    return bad(node, "inputs of types " + std::string(schema::EnumNameTensorType(a.type)) + " and " +
                         schema::EnumNameTensorType(b.type));
  out->push_back({a.type, shape});
  return {};
}

Status comparison(const Graph& graph, const Node& node, Out out) {
  OCTET_RETURN_IF_ERROR(binary(graph, node, out));
  out->back().type = schema::TensorType_BOOL;
  return {};
}

Status power(const Graph& graph, const Node& node, Out out) {  // the exponent may have its own type
  const Value &a = in(graph, node, 0), &b = in(graph, node, 1);
  Dims shape;
  if (!broadcast_shapes(a.shape, b.shape, &shape))
    return bad(node, "shapes " + shape_text(a.shape) + " and " + shape_text(b.shape) + " do not broadcast");
  out->push_back({a.type, shape});
  return {};
}

Status where(const Graph& graph, const Node& node, Out out) {
  if (in(graph, node, 0).type != schema::TensorType_BOOL)
    return bad(node, "the condition must be of type BOOL");
  if (in(graph, node, 1).type != in(graph, node, 2).type) return bad(node, "X and Y differ in type");
  Dims shape = in(graph, node, 0).shape;
  for (size_t i = 1; i < 3; ++i)
    if (!broadcast_shapes(shape, in(graph, node, i).shape, &shape))
      return bad(node, "shapes " + shape_text(shape) + " and " + shape_text(in(graph, node, i).shape) +
                           " do not broadcast");
  out->push_back({in(graph, node, 1).type, shape});
  return {};
}

Status prelu(const Graph& graph, const Node& node, Out out) {
  OCTET_RETURN_IF_ERROR(binary(graph, node, out));
  if (out->back().shape != in(graph, node, 0).shape)
    return bad(node, "slope " + shape_text(in(graph, node, 1).shape) + " does not broadcast to " +
                         shape_text(in(graph, node, 0).shape));
  return {};
}

Status cast(const Graph& graph, const Node& node, Out out) {
  out->push_back({static_cast<TensorType>(node.integer("to")), in(graph, node, 0).shape});
  return {};
}

Status quantize_linear(const Graph& graph, const Node& node, Out out) {
  const ValueId zero_point = node.input(2);
  out->push_back({zero_point == kNoValue ? schema::TensorType_U8 : graph.value(zero_point).type,
                  in(graph, node, 0).shape});
  return {};
}

Status dequantize_linear(const Graph& graph, const Node& node, Out out) {
  out->push_back({schema::TensorType_F32, in(graph, node, 0).shape});
  return {};
}

Status batch_normalization(const Graph& graph, const Node& node, Out out) {
  const Dims& shape = in(graph, node, 0).shape;
  const int64_t channels = shape.size() < 2 ? 1 : graph.layout == Layout::kNchw ? shape[1] : shape.back();
  for (size_t i = 1; i < 5; ++i)
    if (in(graph, node, i).shape != Dims{channels})
      return bad(node, "parameter " + std::to_string(i) + " has shape " +
                           shape_text(in(graph, node, i).shape) + "; the input has " +
                           std::to_string(channels) + " channels");
  return same(graph, node, out);
}

Dims reduced(const Dims& shape, const std::vector<int64_t>& axes, bool keep) {
  Dims result;
  for (size_t i = 0; i < shape.size(); ++i) {
    const bool gone = std::find(axes.begin(), axes.end(), static_cast<int64_t>(i)) != axes.end();
    if (!gone) result.push_back(shape[i]);
    if (gone && keep) result.push_back(1);
  }
  return result;
}

Status reduce(const Graph& graph, const Node& node, Out out) {
  const Dims& shape = in(graph, node, 0).shape;
  for (int64_t axis : node.integers("axes"))
    if (axis < 0 || axis >= static_cast<int64_t>(shape.size()))
      return bad(node,
                 "axis " + std::to_string(axis) + " of a tensor of rank " + std::to_string(shape.size()));
  out->push_back(
      {in(graph, node, 0).type, reduced(shape, node.integers("axes"), node.integer("keepdims", 1))});
  return {};
}

Status arg_reduce(const Graph& graph, const Node& node, Out out) {
  const Dims& shape = in(graph, node, 0).shape;
  int64_t axis;
  OCTET_RETURN_IF_ERROR(axis_of(node, static_cast<int64_t>(shape.size()), &axis));
  out->push_back({schema::TensorType_S64, reduced(shape, {axis}, node.integer("keepdims", 1))});
  return {};
}

Status along_axis(const Graph& graph, const Node& node, Out out) {
  int64_t axis;
  OCTET_RETURN_IF_ERROR(axis_of(node, static_cast<int64_t>(in(graph, node, 0).shape.size()), &axis));
  return same(graph, node, out);
}

struct Group {
  Rule rule;
  std::vector<const char*> ops;
};

// Every canonical operator has its place here, but for the functions of one variable (quantize/tables.h), which
// keep the shape.
const std::vector<Group>& groups() {
  static const std::vector<Group> list = {
      {same,
       {"ChannelShuffle",
        "ScatterND",
        "ScatterElements",
        "InstanceNormalization",
        "GroupNormalization",
        "LRN",
        "Trilu",
        "Requantize"}},
      {same_as_bool, {"IsNaN", "IsInf"}},
      {binary, {"Add", "Sub", "Mul", "Div", "Min", "Max", "Mod", "And", "Or", "Xor"}},
      {comparison, {"Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual"}},
      {power, {"Pow"}},
      {where, {"Where"}},
      {prelu, {"PRelu"}},
      {cast, {"Cast"}},
      {quantize_linear, {"QuantizeLinear"}},
      {dequantize_linear, {"DequantizeLinear", "Dequantize"}},
      {batch_normalization, {"BatchNormalization"}},
      {reduce, {"Reduce"}},
      {arg_reduce, {"ArgMax", "ArgMin"}},
      {along_axis, {"Softmax", "LogSoftmax", "CumSum", "LayerNormalization", "LpNormalization"}},
      {conv, {"Conv"}},
      {conv_transpose, {"ConvTranspose"}},
      {fully_connected, {"FullyConnected"}},
      {mat_mul, {"MatMul"}},
      {pool, {"AveragePool", "MaxPool"}},
      {depth_space, {"DepthToSpace", "SpaceToDepth"}},
      {recurrent, {"LSTM", "GRU", "RNN"}},
      {stated_resize, {"Resize"}},
  };
  return list;
}

const std::map<std::string, Rule>& table() {
  static const std::map<std::string, Rule> rules = [] {
    std::map<std::string, Rule> all(movement_rules().begin(), movement_rules().end());
    for (const Group& group : groups())
      for (const char* op : group.ops) all[op] = group.rule;
    return all;
  }();
  return rules;
}

// The rule of a canonical operator, or null.
Rule find_rule(const std::string& op) {
  const auto found = table().find(op);
  if (found != table().end()) return found->second;
  return find_unary(op) != nullptr ? Rule(same) : nullptr;
}

// The runtime's limits: rank <= 8, each dimension in 31 bits, at most 2^40 elements.
Status check_size(const Node& node, const Dims& shape) {
  if (shape.size() > static_cast<size_t>(kMaxRank))
    return bad(node, "rank " + std::to_string(shape.size()) + "; the limit is 8");
  int64_t total = 1;
  for (int64_t dim : shape) {
    if (dim < 0 || dim > std::numeric_limits<int32_t>::max())
      return bad(node, "output shape " + shape_text(shape) + " is out of range");
    total *= std::max<int64_t>(dim, 1);
    if (total > int64_t{1} << 40) return bad(node, "output shape " + shape_text(shape) + " is too large");
  }
  return {};
}

}  // namespace

}  // namespace shapes

Status infer_node(const Graph& graph, const Node& node, std::vector<TypedShape>* outputs) {
  const shapes::Rule rule = shapes::find_rule(node.op);
  if (rule == nullptr)
    return Status(StatusCode::kInternal, shapes::label(node) + ": no shape rule for this operator");
  outputs->clear();
  OCTET_RETURN_IF_ERROR(rule(graph, node, outputs));
  for (const TypedShape& output : *outputs) OCTET_RETURN_IF_ERROR(shapes::check_size(node, output.shape));
  return {};
}

Status check_graph(const Graph& graph) {
  for (const auto& node : graph.nodes) {
    if (node->op == "Quantize") continue;  // s8 from f32: types are quantize's own business
    std::vector<TypedShape> expected;
    OCTET_RETURN_IF_ERROR(infer_node(graph, *node, &expected));
    for (size_t i = 0; i < node->outputs.size(); ++i) {
      if (node->outputs[i] == kNoValue) continue;
      const Value& value = graph.value(node->outputs[i]);
      if (i >= expected.size() || value.shape != expected[i].shape)
        return Status(StatusCode::kInternal,
                      shapes::label(*node) + ": output " + value.name + " has shape " +
                          shape_text(value.shape) + ", expected " +
                          (i < expected.size() ? shape_text(expected[i].shape) : "none"));
    }
  }
  return {};
}

}  // namespace octet::converter
