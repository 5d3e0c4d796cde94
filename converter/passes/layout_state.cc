// SPDX-License-Identifier: Apache-2.0
//
// Keeps track of stored orders and moves bytes where there is no way round it.
#include "converter/passes/layout_state.h"

#include <algorithm>
#include <numeric>

#include "converter/dequantized_constant.h"

namespace octet::converter {

namespace {

constexpr int kFarthest = 1000;  // how many readers of readers are asked

}  // namespace

LayoutState::LayoutState(Graph* graph) : graph_(graph) { grow(); }

// New values of the graph are stored as they are meant.
void LayoutState::grow() {
  for (size_t i = original_.size(); i < graph_->values.size(); ++i) {
    original_.push_back(graph_->values[i].shape);
    stored_.push_back(natural(original_.back().size()));
    physical_.push_back(static_cast<ValueId>(i));
  }
}

Permutation LayoutState::natural(size_t rank) {
  Permutation permutation(rank);
  std::iota(permutation.begin(), permutation.end(), 0);
  return permutation;
}

Permutation LayoutState::channels_last(size_t rank) {
  Permutation permutation = natural(rank);
  if (rank > 2) std::rotate(permutation.begin() + 1, permutation.begin() + 2, permutation.end());
  return permutation;
}

int64_t LayoutState::position(ValueId id, int64_t axis) const {
  const Permutation& order = stored(id);
  return std::find(order.begin(), order.end(), static_cast<int>(axis)) - order.begin();
}

void LayoutState::store(ValueId id, const Permutation& permutation) {
  stored_[static_cast<size_t>(id)] = permutation;
  graph_->value(id).shape = permute(original(id), permutation);
}

void LayoutState::alias(ValueId id, ValueId source, const Permutation& permutation) {
  store(id, permutation);
  physical_[static_cast<size_t>(id)] = physical(source);
}

size_t LayoutState::current_index() const {
  size_t index = 0;
  while (graph_->nodes[index].get() != current_) ++index;
  return index;
}

ValueId LayoutState::insert_move(ValueId from, const char* op, const Permutation& relative, Dims shape) {
  const ValueId to =
      graph_->add_value(graph_->value(from).name + "/" + op, graph_->value(from).type, std::move(shape));
  graph_->value(to).quantization = graph_->value(from).quantization;
  grow();
  Node& node =
      graph_->insert_node(current_index(), op, graph_->value(from).name + "/" + op + std::to_string(to));
  node.source = "layout";
  node.inputs = {from};
  node.outputs = {to};
  if (!relative.empty()) node.attributes["perm"] = std::vector<int64_t>(relative.begin(), relative.end());
  return to;
}

ValueId LayoutState::materialize(ValueId id, const Permutation& wanted) {
  if (stored(id) == wanted) return physical(id);
  const auto made = moved_.find({id, wanted});
  if (made != moved_.end()) return made->second;
  // Axis i of the result is original axis wanted[i], which lies at inverse(stored)[wanted[i]] now.
  const Permutation where = inverse(stored(id));
  Permutation relative(wanted.size());
  for (size_t i = 0; i < wanted.size(); ++i) relative[i] = where[static_cast<size_t>(wanted[i])];
  const ValueId from = physical(id);
  const Dims original_shape = original(id);
  ValueId to;
  if (is_weight(*graph_, from)) {
    to = transpose_weight(graph_, from, relative);
  } else {
    const Dims shape = permute(graph_->value(from).shape, relative);
    const bool still = keeps_bytes(graph_->value(from).shape, relative);
    to = insert_move(from, still ? "Reshape" : "Transpose", still ? Permutation{} : relative, shape);
  }
  grow();
  original_[static_cast<size_t>(to)] = original_shape;
  stored_[static_cast<size_t>(to)] = wanted;
  return moved_[{id, wanted}] = to;
}

ValueId LayoutState::materialize_operand(ValueId id, const Permutation& wanted) {
  const size_t rank = original(id).size();
  if (rank == wanted.size()) return materialize(id, wanted);
  if (element_count(original(id)) == 1 && rank <= 1) return physical(id);  // a scalar fits any order
  // Axes of size 1 in front, as broadcasting has them, stored in front too.
  const size_t lead = wanted.size() - rank;
  Dims extended(lead, 1);
  extended.insert(extended.end(), original(id).begin(), original(id).end());
  Permutation order = natural(lead);
  for (int axis : stored(id)) order.push_back(axis + static_cast<int>(lead));
  const ValueId from = physical(id);
  const Dims shape = permute(extended, order);
  DequantizedConstant weight;
  ValueId wide = kNoValue;
  if (graph_->value(from).is_constant()) {
    wide = graph_->add_constant(graph_->value(from).name, reshape(*graph_->value(from).constant, shape));
    Quantization& pin = graph_->value(wide).quantization;
    pin = graph_->value(from).quantization;
    if (pin.channel_axis >= 0) pin.channel_axis += static_cast<int>(lead);
  } else if (find_dequantized_constant(*graph_, from, &weight)) {
    wide = reshape_dequantized(graph_, weight, shape);
  }
  if (wide == kNoValue) wide = insert_move(from, "Reshape", {}, shape);
  grow();
  original_[static_cast<size_t>(wide)] = extended;
  stored_[static_cast<size_t>(wide)] = order;
  return materialize(wide, wanted);
}

const LayoutState::Scramble* LayoutState::scramble(ValueId id) const {
  const auto found = scrambles_.find(id);
  return found == scrambles_.end() ? nullptr : &found->second;
}

bool LayoutState::takes_scramble(ValueId id, int depth) const {
  if (depth > kFarthest) return false;
  if (graph_->is_graph_output(id)) return false;
  const std::vector<Node*> readers = graph_->consumers(id);
  for (const Node* reader : readers) {
    if (reader->op == "FullyConnected" && reader->inputs[0] == id && is_weight(*graph_, reader->inputs[1]))
      continue;
    const bool per_tensor = reader->op != "QuantizeLinear" && reader->op != "DequantizeLinear"
                                ? reader->inputs.size() == 1
                                : graph_->value(reader->inputs[1]).constant->elements() == 1;
    if (!is_elementwise(*reader) || !per_tensor || !takes_scramble(reader->outputs[0], depth + 1))
      return false;
  }
  return !readers.empty();
}

std::optional<Permutation> LayoutState::wanted(ValueId id, int depth) {
  if (depth > kFarthest) return std::nullopt;
  const auto known = wanted_.find(id);
  if (known != wanted_.end()) return known->second;
  wanted_[id] = std::nullopt;
  for (const Node* reader : graph_->consumers(id))
    if (const auto order = wanted_by(*reader, id, depth + 1)) return wanted_[id] = order;
  return std::nullopt;
}

std::optional<Permutation> LayoutState::wanted_by(const Node& reader, ValueId id, int depth) {
  const Dims& shape = original(id);
  const ValueId output = reader.outputs[0];
  if (is_channels_last(reader))
    return reader.inputs[0] == id && shape.size() > 2
               ? std::optional<Permutation>(channels_last(shape.size()))
               : std::nullopt;
  if (reader.op == "Reshape") {
    const auto behind = wanted(output, depth);
    return behind ? through_reshape(original(output), shape, *behind) : std::nullopt;
  }
  if (reader.op == "Transpose") {
    const auto behind = wanted(output, depth);
    if (!behind) return std::nullopt;
    const auto perm = reader.integers("perm");
    Permutation order;
    for (int axis : *behind) order.push_back(static_cast<int>(perm[static_cast<size_t>(axis)]));
    return order;
  }
  const bool follows = is_elementwise(reader) || reader.op == "Concat" || reader.op == "Slice" ||
                       reader.op == "Pad" || reader.op == "Tile" || reader.op == "Softmax";
  return follows && original(output).size() == shape.size() ? wanted(output, depth) : std::nullopt;
}

}  // namespace octet::converter
