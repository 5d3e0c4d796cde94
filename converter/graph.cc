// SPDX-License-Identifier: Apache-2.0
//
// The converter's graph: look-ups, rewiring, order. Plain scans over the nodes:
// graphs have hundreds of nodes, and a scan cannot go stale.
#include "converter/graph.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <unordered_map>

namespace octet::converter {

namespace {

template <class T>
T attribute_or(const std::map<std::string, Attribute>& attributes, const std::string& key, T fallback) {
  const auto found = attributes.find(key);
  if (found == attributes.end()) return fallback;
  const T* held = std::get_if<T>(&found->second);
  assert(held != nullptr && "attribute of another kind");
  return held != nullptr ? *held : fallback;
}

template <class T>
Constant make_constant(TensorType type, Dims shape, const std::vector<T>& data) {
  Constant constant;
  constant.type = type;
  constant.shape = std::move(shape);
  constant.bytes.resize(data.size() * sizeof(T));
  if (!data.empty()) std::memcpy(constant.bytes.data(), data.data(), constant.bytes.size());
  assert(constant.elements() == data.size());
  return constant;
}

}  // namespace

size_t Constant::elements() const {
  size_t product = 1;
  for (int64_t dim : shape) product *= static_cast<size_t>(dim);
  return product;
}

int64_t Node::integer(const std::string& key, int64_t fallback) const {
  return attribute_or<int64_t>(attributes, key, fallback);
}

float Node::number(const std::string& key, float fallback) const {
  return attribute_or<float>(attributes, key, fallback);
}

std::string Node::text(const std::string& key, const std::string& fallback) const {
  return attribute_or<std::string>(attributes, key, fallback);
}

std::vector<int64_t> Node::integers(const std::string& key) const {
  return attribute_or<std::vector<int64_t>>(attributes, key, {});
}

std::vector<float> Node::numbers(const std::string& key) const {
  return attribute_or<std::vector<float>>(attributes, key, {});
}

ValueId Graph::add_value(std::string name, TensorType type, Dims shape) {
  Value value;
  value.name = std::move(name);
  value.type = type;
  value.shape = std::move(shape);
  values.push_back(std::move(value));
  return static_cast<ValueId>(values.size() - 1);
}

ValueId Graph::add_constant(std::string name, Constant constant) {
  const ValueId id = add_value(std::move(name), constant.type, constant.shape);
  value(id).constant = std::make_shared<const Constant>(std::move(constant));
  return id;
}

Node& Graph::insert_node(size_t index, std::string op, std::string name) {
  auto node = std::make_unique<Node>();
  node->op = std::move(op);
  node->name = std::move(name);
  const auto place = nodes.begin() + static_cast<std::ptrdiff_t>(std::min(index, nodes.size()));
  return **nodes.insert(place, std::move(node));
}

Node* Graph::producer(ValueId value) const {
  if (value == kNoValue) return nullptr;
  for (const auto& node : nodes)
    for (ValueId output : node->outputs)
      if (output == value) return node.get();
  return nullptr;
}

std::vector<Node*> Graph::consumers(ValueId value) const {
  std::vector<Node*> readers;
  if (value == kNoValue) return readers;
  for (const auto& node : nodes)
    if (std::find(node->inputs.begin(), node->inputs.end(), value) != node->inputs.end())
      readers.push_back(node.get());
  return readers;
}

bool Graph::is_graph_output(ValueId value) const {
  return std::any_of(outputs.begin(), outputs.end(),
                     [value](const GraphPort& port) { return port.value == value; });
}

void Graph::replace_uses(ValueId from, ValueId to) {
  for (const auto& node : nodes)
    for (ValueId& input : node->inputs)
      if (input == from) input = to;
  for (GraphPort& port : outputs)
    if (port.value == from) port.value = to;
}

size_t Graph::remove_dead_nodes() {
  std::vector<char> live(values.size(), 0);
  for (const GraphPort& port : outputs) live[static_cast<size_t>(port.value)] = 1;
  const size_t before = nodes.size();
  std::vector<char> keep(nodes.size(), 0);
  for (size_t i = nodes.size(); i-- > 0;) {
    const Node& node = *nodes[i];
    for (ValueId output : node.outputs)
      if (output != kNoValue && live[static_cast<size_t>(output)]) keep[i] = 1;
    if (!keep[i]) continue;
    for (ValueId input : node.inputs)
      if (input != kNoValue) live[static_cast<size_t>(input)] = 1;
  }
  size_t next = 0;
  for (size_t i = 0; i < before; ++i)
    if (keep[i]) {
      if (next != i) nodes[next] = std::move(nodes[i]);
      ++next;
    }
  nodes.resize(next);
  return before - next;
}

bool Graph::sort() {
  // Depth first from each node in the present order, so that an order that is right stays.
  std::unordered_map<ValueId, size_t> writer;
  for (size_t i = 0; i < nodes.size(); ++i)
    for (ValueId output : nodes[i]->outputs)
      if (output != kNoValue) writer[output] = i;
  enum : char { kNew, kOpen, kDone };
  std::vector<char> state(nodes.size(), kNew);
  std::vector<size_t> order;
  for (size_t root = 0; root < nodes.size(); ++root) {
    std::vector<std::pair<size_t, size_t>> stack;  // node, next input to look at
    if (state[root] == kNew) {
      state[root] = kOpen;
      stack.push_back({root, 0});
    }
    while (!stack.empty()) {
      auto& [index, input] = stack.back();
      if (input == nodes[index]->inputs.size()) {
        state[index] = kDone;
        order.push_back(index);
        stack.pop_back();
        continue;
      }
      const auto found = writer.find(nodes[index]->inputs[input++]);
      if (found == writer.end() || state[found->second] == kDone) continue;
      if (state[found->second] == kOpen) return false;
      state[found->second] = kOpen;
      stack.push_back({found->second, 0});
    }
  }
  std::vector<std::unique_ptr<Node>> sorted;
  for (size_t index : order) sorted.push_back(std::move(nodes[index]));
  nodes = std::move(sorted);
  return true;
}

Graph Graph::clone() const {
  Graph copy;
  copy.values = values;
  copy.inputs = inputs;
  copy.outputs = outputs;
  copy.layout = layout;
  for (const auto& node : nodes) copy.nodes.push_back(std::make_unique<Node>(*node));
  return copy;
}

Constant make_f32(Dims shape, const std::vector<float>& data) {
  return make_constant(schema::TensorType_F32, std::move(shape), data);
}

Constant make_s64(Dims shape, const std::vector<int64_t>& data) {
  return make_constant(schema::TensorType_S64, std::move(shape), data);
}

}  // namespace octet::converter
