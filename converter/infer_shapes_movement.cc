// SPDX-License-Identifier: Apache-2.0
//
// Shapes of data movement: what is cut, joined, repeated or looked up.
#include <algorithm>
#include <limits>

#include "converter/constant_math.h"
#include "converter/infer_shapes.h"

namespace octet::converter::shapes {

namespace {

using Out = std::vector<TypedShape>*;

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
    return bad(
        node, "perm " + shape_text(perm) + " is no permutation of " + std::to_string(shape.size()) + " axes");
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
    const int64_t limit =
        node.text("mode", "constant") == "reflect" ? shape[i] - 1 : std::numeric_limits<int32_t>::max();
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
  if (boxes.size() != 3 || scores.size() != 3 || boxes[2] != 4 || boxes[0] != scores[0] ||
      boxes[1] != scores[2])
    return bad(node, "boxes " + shape_text(boxes) + " and scores " + shape_text(scores));
  const int64_t kept = std::min(node.integer("max_output_boxes_per_class"), boxes[1]);
  out->push_back({schema::TensorType_S64, {scores[0] * scores[1] * kept, 3}});
  return {};
}

}  // namespace

const std::map<std::string, Rule>& movement_rules() {
  static const std::map<std::string, Rule> rules = {
      {"Reshape", stated},
      {"Expand", stated},
      {"Slice", stated},
      {"Transpose", transpose_shape},
      {"Concat", concat},
      {"Pad", pad},
      {"Tile", tile},
      {"Gather", gather},
      {"GatherElements", gather_elements},
      {"GatherND", gather_nd},
      {"OneHot", one_hot},
      {"TopK", top_k},
      {"NonMaxSuppression", non_max_suppression},
  };
  return rules;
}

}  // namespace octet::converter::shapes
