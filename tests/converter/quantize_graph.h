// SPDX-License-Identifier: Apache-2.0
//
// Small graphs for the tests of quantize, built by hand.
#pragma once

#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "converter/stages.h"

namespace octet::converter {

struct QuantizeGraph {
  Graph graph;
  Ranges ranges;

  QuantizeGraph() { graph.layout = Layout::kNhwc; }

  ValueId input(const std::string& name, Dims shape, Range range) {
    const ValueId id = graph.add_value(name, schema::TensorType_F32, shape);
    GraphPort port;
    port.name = name;
    port.value = id;
    port.shape = std::move(shape);
    graph.inputs.push_back(port);
    ranges[id] = range;
    return id;
  }

  ValueId constant(const std::string& name, Dims shape, const std::vector<float>& data) {
    return graph.add_constant(name, make_f32(std::move(shape), data));
  }

  template <class T>
  ValueId integers(const std::string& name, TensorType type, Dims shape, const std::vector<T>& data) {
    Constant constant;
    constant.type = type;
    constant.shape = std::move(shape);
    constant.bytes.resize(data.size() * sizeof(T));
    std::memcpy(constant.bytes.data(), data.data(), constant.bytes.size());
    return graph.add_constant(name, std::move(constant));
  }

  // One node with one output of `shape`; its name is the output's.
  ValueId node(const std::string& op, const std::string& name, std::vector<ValueId> inputs, Dims shape,
               Range range, std::map<std::string, Attribute> attributes = {},
               TensorType type = schema::TensorType_F32) {
    const ValueId output = graph.add_value(name, type, std::move(shape));
    Node& made = graph.insert_node(graph.nodes.size(), op, name);
    made.inputs = std::move(inputs);
    made.outputs = {output};
    made.attributes = std::move(attributes);
    if (type == schema::TensorType_F32) ranges[output] = range;
    return output;
  }

  // 1x1 Conv of `channels` to `channels` with weights 0.5.
  ValueId conv(const std::string& name, ValueId x, int64_t channels, Range range,
               std::map<std::string, Attribute> attributes = {}) {
    const std::vector<float> weights(static_cast<size_t>(channels * channels), 0.5f);
    Dims shape = graph.value(x).shape;
    shape.back() = channels;
    attributes["kernel_shape"] = std::vector<int64_t>{1, 1};
    return node("Conv", name, {x, constant(name + "/w", {channels, 1, 1, channels}, weights)}, shape, range,
                attributes);
  }

  void output(ValueId id) {
    GraphPort port;
    port.name = graph.value(id).name;
    port.value = id;
    port.shape = graph.value(id).shape;
    graph.outputs.push_back(port);
  }

  Status quantize_all() { return quantize(&graph, ranges, ConvertOptions(), &diagnostics); }

  Node* find(const std::string& name) {
    for (const auto& node : graph.nodes)
      if (node->name == name) return node.get();
    return nullptr;
  }
  size_t count(const std::string& op) const {
    size_t total = 0;
    for (const auto& node : graph.nodes) total += node->op == op;
    return total;
  }
  TensorType type(ValueId id) const { return graph.value(id).type; }
  const Quantization& quantization(ValueId id) const { return graph.value(id).quantization; }

  Diagnostics diagnostics;
};

}  // namespace octet::converter
