// SPDX-License-Identifier: Apache-2.0
//
// Folds data movement over constants of any element type: each output element is
// one input element, found by its index.
#include <cstring>
#include <functional>

#include "converter/constant_math.h"
#include "converter/fold_node.h"

namespace octet::converter::folding {

namespace {

const Constant& in(const Graph& graph, const Node& node, size_t i) {
  return *graph.value(node.inputs[i]).constant;
}

// Calls visit(linear index, index per axis) for every element of `shape` in order.
void for_each_index(const Dims& shape, const std::function<void(size_t, const Dims&)>& visit) {
  const int64_t total = element_count(shape);
  Dims index(shape.size(), 0);
  for (int64_t i = 0; i < total; ++i) {
    visit(static_cast<size_t>(i), index);
    for (size_t axis = shape.size(); axis-- > 0;) {
      if (++index[axis] < shape[axis]) break;
      index[axis] = 0;
    }
  }
}

// out[index] = from[source(index)], a linear position.
Constant pick(const Constant& from, const Dims& shape, const std::function<int64_t(const Dims&)>& source) {
  Constant out;
  out.type = from.type;
  out.shape = shape;
  const size_t width = element_bytes(from.type);
  out.bytes.resize(static_cast<size_t>(element_count(shape)) * width);
  for_each_index(shape, [&](size_t i, const Dims& index) {
    std::memcpy(out.bytes.data() + i * width, from.bytes.data() + static_cast<size_t>(source(index)) * width,
                width);
  });
  return out;
}

Constant slice(const Constant& from, const Node& node, const Dims& shape) {
  const auto starts = node.integers("starts"), steps = node.integers("steps");
  const Dims strides = row_major_strides(from.shape);
  return pick(from, shape, [&](const Dims& index) {
    int64_t at = 0;
    for (size_t i = 0; i < index.size(); ++i) at += (starts[i] + index[i] * steps[i]) * strides[i];
    return at;
  });
}

Constant tile(const Constant& from, const Dims& shape) {
  const Dims strides = row_major_strides(from.shape);
  return pick(from, shape, [&](const Dims& index) {
    int64_t at = 0;
    for (size_t i = 0; i < index.size(); ++i) at += index[i] % from.shape[i] * strides[i];
    return at;
  });
}

Status gather(const Graph& graph, const Node& node, const Dims& shape, Constant* output) {
  const Constant& from = in(graph, node, 0);
  const std::vector<int64_t> indices = to_integers(in(graph, node, 1));
  const Dims& index_shape = in(graph, node, 1).shape;
  const int64_t rank = static_cast<int64_t>(from.shape.size());
  const size_t axis = static_cast<size_t>((node.integer("axis") + rank) % rank);
  for (int64_t index : indices)
    if (index < -from.shape[axis] || index >= from.shape[axis])
      return Status(StatusCode::kInvalidModel, node.op + " '" + node.name + "': index " +
                                                   std::to_string(index) + " of " +
                                                   std::to_string(from.shape[axis]));
  const Dims strides = row_major_strides(from.shape), index_strides = row_major_strides(index_shape);
  *output = pick(from, shape, [&](const Dims& at) {
    int64_t source = 0, chosen = 0;
    for (size_t i = 0; i < axis; ++i) source += at[i] * strides[i];
    for (size_t i = 0; i < index_shape.size(); ++i) chosen += at[axis + i] * index_strides[i];
    const int64_t index = indices[static_cast<size_t>(chosen)];
    source += (index < 0 ? index + from.shape[axis] : index) * strides[axis];
    for (size_t i = axis + 1; i < from.shape.size(); ++i)
      source += at[i - 1 + index_shape.size()] * strides[i];
    return source;
  });
  return {};
}

Constant concat(const Graph& graph, const Node& node, const Dims& shape) {
  Constant out;
  out.type = in(graph, node, 0).type;
  out.shape = shape;
  const int64_t rank = static_cast<int64_t>(shape.size());
  const size_t axis = static_cast<size_t>((node.integer("axis") + rank) % rank);
  size_t outer = 1;
  for (size_t i = 0; i < axis; ++i) outer *= static_cast<size_t>(shape[i]);
  for (size_t row = 0; row < outer; ++row)
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const std::vector<uint8_t>& bytes = in(graph, node, i).bytes;
      const size_t run = bytes.size() / outer;
      const auto begin = bytes.begin() + static_cast<std::ptrdiff_t>(row * run);
      out.bytes.insert(out.bytes.end(), begin, begin + static_cast<std::ptrdiff_t>(run));
    }
  return out;
}

Constant where(const Graph& graph, const Node& node, const Dims& shape) {
  const Constant condition = broadcast_to(in(graph, node, 0), shape);
  Constant out = broadcast_to(in(graph, node, 2), shape);
  const Constant chosen = broadcast_to(in(graph, node, 1), shape);
  const size_t width = element_bytes(out.type);
  for (size_t i = 0; i < condition.bytes.size(); ++i)
    if (condition.bytes[i] != 0)
      std::memcpy(out.bytes.data() + i * width, chosen.bytes.data() + i * width, width);
  return out;
}

}  // namespace

Status move_data(const Graph& graph, const Node& node, bool* known, Constant* output) {
  const Dims& shape = graph.value(node.outputs[0]).shape;
  if (node.op == "Identity") {
    *output = in(graph, node, 0);
  } else if (node.op == "Reshape") {
    *output = reshape(in(graph, node, 0), shape);
  } else if (node.op == "Transpose") {
    const auto perm = node.integers("perm");
    *output = transpose(in(graph, node, 0), Permutation(perm.begin(), perm.end()));
  } else if (node.op == "Slice") {
    *output = slice(in(graph, node, 0), node, shape);
  } else if (node.op == "Expand") {
    *output = broadcast_to(in(graph, node, 0), shape);
  } else if (node.op == "Tile") {
    *output = tile(in(graph, node, 0), shape);
  } else if (node.op == "Gather") {
    return gather(graph, node, shape, output);
  } else if (node.op == "Concat") {
    *output = concat(graph, node, shape);
  } else if (node.op == "Where") {
    *output = where(graph, node, shape);
  } else {
    *known = false;
  }
  return {};
}

}  // namespace octet::converter::folding
