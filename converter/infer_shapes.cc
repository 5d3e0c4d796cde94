// SPDX-License-Identifier: Apache-2.0
//
// Shapes of elementwise operators, reductions and data movement, and the table
// of all canonical operators. Convolution-like ones are in infer_shapes_spatial.cc.
#include "converter/infer_shapes.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <map>

#include "converter/constant_math.h"

namespace octet::converter {

namespace shapes {

std::string label(const Node& node) { return node.op + " '" + node.name + "'"; }

namespace {

using Out = std::vector<TypedShape>*;

const Value& in(const Graph& graph, const Node& node, size_t i) { return graph.value(node.inputs[i]); }

Status bad(const Node& node, const std::string& rule) {
  return Status(StatusCode::kInvalidModel, label(node) + ": " + rule);
}

Status axis_of(const Node& node, int64_t rank, int64_t* axis) {
  *axis = node.integer("axis", -1);
  if (*axis < 0) *axis += rank;
  if (*axis < 0 || *axis >= rank)
    return bad(node, "axis " + std::to_string(node.integer("axis", -1)) + " of a tensor of rank " +
                         std::to_string(rank));
  return {};
}

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
      return bad(node, "parameter " + std::to_string(i) + " has shape " + shape_text(in(graph, node, i).shape) +
                           "; the input has " + std::to_string(channels) + " channels");
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
      return bad(node, "axis " + std::to_string(axis) + " of a tensor of rank " + std::to_string(shape.size()));
  out->push_back({in(graph, node, 0).type, reduced(shape, node.integers("axes"), node.integer("keepdims", 1))});
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

// Reshape, Expand, Slice: the output's own shape, checked against the input.
Status stated(const Graph& graph, const Node& node, Out out) {
  const Value &from = in(graph, node, 0), &to = graph.value(node.outputs[0]);
  Dims shape;
  if (node.op == "Reshape" && element_count(from.shape) != element_count(to.shape))
    return bad(node, shape_text(from.shape) + " cannot become " + shape_text(to.shape));
  if (node.op == "Expand" && (!broadcast_shapes(from.shape, to.shape, &shape) || shape != to.shape))
    return bad(node, shape_text(from.shape) + " does not broadcast to " + shape_text(to.shape));
  if (node.op == "Slice") {
    const auto starts = node.integers("starts"), steps = node.integers("steps");
    if (starts.size() != from.shape.size() || steps.size() != from.shape.size() ||
        to.shape.size() != from.shape.size())
      return bad(node, "needs one start and step per axis");
    for (size_t i = 0; i < from.shape.size(); ++i) {
      const int64_t last = starts[i] + (to.shape[i] - 1) * steps[i];
      if (to.shape[i] > 0 && (std::min(starts[i], last) < 0 || std::max(starts[i], last) >= from.shape[i]))
        return bad(node, "axis " + std::to_string(i) + " reads behind " + shape_text(from.shape));
    }
  }
  out->push_back({from.type, to.shape});
  return {};
}

Status transpose_shape(const Graph& graph, const Node& node, Out out) {
  const Dims& shape = in(graph, node, 0).shape;
  const std::vector<int64_t> perm = node.integers("perm");
  std::vector<char> seen(shape.size(), 0);
  for (int64_t axis : perm)
    if (axis >= 0 && axis < static_cast<int64_t>(shape.size())) seen[static_cast<size_t>(axis)] = 1;
  if (perm.size() != shape.size() || std::count(seen.begin(), seen.end(), 0) != 0)
    return bad(node, "perm " + shape_text(perm) + " is no permutation of " + std::to_string(shape.size()) + " axes");
  out->push_back({in(graph, node, 0).type, permute(shape, Permutation(perm.begin(), perm.end()))});
  return {};
}

Status concat(const Graph& graph, const Node& node, Out out) {
  Dims shape = in(graph, node, 0).shape;
  int64_t axis;
  OCTET_RETURN_IF_ERROR(axis_of(node, static_cast<int64_t>(shape.size()), &axis));
  const size_t at = static_cast<size_t>(axis);
  for (size_t i = 1; i < node.inputs.size(); ++i) {
    Dims next = in(graph, node, i).shape;
    const int64_t length = next.size() == shape.size() ? next[at] : -1;
    if (length >= 0) next[at] = shape[at];
    if (next != shape || in(graph, node, i).type != in(graph, node, 0).type)
      return bad(node, "input " + std::to_string(i) + " of shape " + shape_text(in(graph, node, i).shape) +
                           " does not fit " + shape_text(shape) + " but for axis " + std::to_string(axis));
    shape[at] += length;
  }
  out->push_back({in(graph, node, 0).type, shape});
  return {};
}

Status pad(const Graph& graph, const Node& node, Out out) {
  Dims shape = in(graph, node, 0).shape;
  const auto pads = node.integers("pads");
  if (pads.size() != 2 * shape.size()) return bad(node, "needs two pads per axis");
  for (size_t i = 0; i < shape.size(); ++i) {
    const int64_t limit = node.text("mode", "constant") == "reflect" ? shape[i] - 1 : std::numeric_limits<int32_t>::max();
    if (std::max(pads[i], pads[i + shape.size()]) > limit)
      return bad(node, "reflect pads of axis " + std::to_string(i) + " reach behind its length");
    shape[i] += pads[i] + pads[i + shape.size()];
  }
  out->push_back({in(graph, node, 0).type, shape});
  return {};
}

Status tile(const Graph& graph, const Node& node, Out out) {
  Dims shape = in(graph, node, 0).shape;
  const auto repeats = node.integers("repeats");
  if (repeats.size() != shape.size()) return bad(node, "needs one repeat per axis");
  for (size_t i = 0; i < shape.size(); ++i) shape[i] *= repeats[i];
  out->push_back({in(graph, node, 0).type, shape});
  return {};
}

Status gather(const Graph& graph, const Node& node, Out out) {
  const Dims &data = in(graph, node, 0).shape, &indices = in(graph, node, 1).shape;
  int64_t axis;
  OCTET_RETURN_IF_ERROR(axis_of(node, static_cast<int64_t>(data.size()), &axis));
  Dims shape(data.begin(), data.begin() + axis);
  shape.insert(shape.end(), indices.begin(), indices.end());
  shape.insert(shape.end(), data.begin() + axis + 1, data.end());
  out->push_back({in(graph, node, 0).type, shape});
  return {};
}

Status gather_elements(const Graph& graph, const Node& node, Out out) {
  out->push_back({in(graph, node, 0).type, in(graph, node, 1).shape});
  return {};
}

Status gather_nd(const Graph& graph, const Node& node, Out out) {
  const Dims &data = in(graph, node, 0).shape, &indices = in(graph, node, 1).shape;
  const int64_t batch = node.integer("batch_dims");
  if (indices.empty() || batch < 0 || batch >= static_cast<int64_t>(indices.size()) ||
      batch + indices.back() > static_cast<int64_t>(data.size()))
    return bad(node, "indices " + shape_text(indices) + " are too deep for " + shape_text(data));
  Dims shape(indices.begin(), indices.end() - 1);
  shape.insert(shape.end(), data.begin() + batch + indices.back(), data.end());
  out->push_back({in(graph, node, 0).type, shape});
  return {};
}

Status one_hot(const Graph& graph, const Node& node, Out out) {
  Dims shape = in(graph, node, 0).shape;
  int64_t axis = node.integer("axis", -1);
  if (axis < 0) axis += static_cast<int64_t>(shape.size()) + 1;
  if (axis < 0 || axis > static_cast<int64_t>(shape.size())) return bad(node, "axis out of range");
  shape.insert(shape.begin() + axis, node.integer("depth"));
  out->push_back({in(graph, node, 2).type, shape});
  return {};
}

Status top_k(const Graph& graph, const Node& node, Out out) {
  Dims shape = in(graph, node, 0).shape;
  int64_t axis;
  OCTET_RETURN_IF_ERROR(axis_of(node, static_cast<int64_t>(shape.size()), &axis));
  const int64_t k = node.integer("k");
  if (k < 0 || k > shape[static_cast<size_t>(axis)])
    return bad(node, "k = " + std::to_string(k) + " of " + std::to_string(shape[static_cast<size_t>(axis)]));
  shape[static_cast<size_t>(axis)] = k;
  out->push_back({in(graph, node, 0).type, shape});
  out->push_back({schema::TensorType_S64, shape});
  return {};
}

// [batches * classes * min(max_output_boxes_per_class, boxes), 3]; rows that are not selected hold -1.
Status non_max_suppression(const Graph& graph, const Node& node, Out out) {
  const Dims &boxes = in(graph, node, 0).shape, &scores = in(graph, node, 1).shape;
  if (boxes.size() != 3 || scores.size() != 3 || boxes[2] != 4 || boxes[0] != scores[0] || boxes[1] != scores[2])
    return bad(node, "boxes " + shape_text(boxes) + " and scores " + shape_text(scores));
  const int64_t kept = std::min(node.integer("max_output_boxes_per_class"), boxes[1]);
  out->push_back({schema::TensorType_S64, {scores[0] * scores[1] * kept, 3}});
  return {};
}

using Rule = Status (*)(const Graph&, const Node&, Out);

const std::map<std::string, Rule>& table() {
  static const std::map<std::string, Rule> rules = [] {
    std::map<std::string, Rule> t;
    for (const char* op :
         {"Relu", "Clip", "LeakyRelu", "Elu", "Selu", "Celu", "Sigmoid", "Tanh", "HardSigmoid", "HardSwish",
          "Silu", "Gelu", "GeluTanh", "Softplus", "Softsign", "ThresholdedRelu", "Mish", "Exp", "Log", "Sqrt",
          "Reciprocal", "Abs", "Neg", "Floor", "Ceil", "Round", "Sign", "Erf", "Sin", "Cos", "Tan", "Asin",
          "Acos", "Atan", "Sinh", "Cosh", "Asinh", "Acosh", "Atanh", "Not", "Shrink", "Identity", "ChannelShuffle",
          "ScatterND", "ScatterElements", "InstanceNormalization", "GroupNormalization", "LRN", "Trilu",
          "Requantize"})
      t[op] = same;
    for (const char* op : {"IsNaN", "IsInf"}) t[op] = same_as_bool;
    for (const char* op : {"Add", "Sub", "Mul", "Div", "Min", "Max", "Mod", "And", "Or", "Xor"}) t[op] = binary;
    for (const char* op : {"Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual"}) t[op] = comparison;
    for (const char* op : {"Softmax", "LogSoftmax", "CumSum", "LayerNormalization", "LpNormalization"})
      t[op] = along_axis;
    for (const char* op : {"ArgMax", "ArgMin"}) t[op] = arg_reduce;
    for (const char* op : {"Reshape", "Expand", "Slice"}) t[op] = stated;
    for (const char* op : {"AveragePool", "MaxPool"}) t[op] = pool;
    for (const char* op : {"DepthToSpace", "SpaceToDepth"}) t[op] = depth_space;
    for (const char* op : {"LSTM", "GRU", "RNN"}) t[op] = recurrent;
    t["Pow"] = power;
    t["Where"] = where;
    t["PRelu"] = prelu;
    t["Cast"] = cast;
    t["QuantizeLinear"] = quantize_linear;
    t["DequantizeLinear"] = dequantize_linear;
    t["Dequantize"] = dequantize_linear;
    t["BatchNormalization"] = batch_normalization;
    t["Reduce"] = reduce;
    t["Transpose"] = transpose_shape;
    t["Concat"] = concat;
    t["Pad"] = pad;
    t["Tile"] = tile;
    t["Gather"] = gather;
    t["GatherElements"] = gather_elements;
    t["GatherND"] = gather_nd;
    t["OneHot"] = one_hot;
    t["TopK"] = top_k;
    t["NonMaxSuppression"] = non_max_suppression;
    t["Conv"] = conv;
    t["ConvTranspose"] = conv_transpose;
    t["FullyConnected"] = fully_connected;
    t["MatMul"] = mat_mul;
    t["Resize"] = stated_resize;
    return t;
  }();
  return rules;
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
  const auto& rules = shapes::table();
  const auto rule = rules.find(node.op);
  if (rule == rules.end())
    return Status(StatusCode::kInternal, shapes::label(node) + ": no shape rule for this operator");
  outputs->clear();
  OCTET_RETURN_IF_ERROR(rule->second(graph, node, outputs));
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
        return Status(StatusCode::kInternal, shapes::label(*node) + ": output " + value.name + " has shape " +
                                                 shape_text(value.shape) + ", expected " +
                                                 (i < expected.size() ? shape_text(expected[i].shape) : "none"));
    }
  }
  return {};
}

}  // namespace octet::converter
