// SPDX-License-Identifier: Apache-2.0
#include "converter/quantize/precision.h"

#include <algorithm>

#include "converter/quantize/s8_rules.h"

namespace octet::converter {
namespace {

class Chooser {
 public:
  Chooser(const Graph& graph, const Ranges& ranges, const S8Nodes& demoted, S8Nodes* s8)
      : graph_(graph), ranges_(ranges), demoted_(demoted), uses_(graph), s8_(*s8) {}

  void run() {
    s8_.clear();
    for (const auto& node : graph_.nodes) admit(node.get());
    for (bool changed = true; changed;) {
      changed = demote_stranded_movement();
      if (ranges_.empty()) continue;
      changed |= demote_costly_groups();
      changed |= demote_costly_nodes();
    }
    release_answers();
    release_trailing_reshapes();
  }

 private:
  bool in_s8(const Node* node) const { return node != nullptr && s8_.count(node) != 0; }

  bool has_range(ValueId id) const {
    return ranges_.count(id) != 0 || graph_.value(id).quantization.scale != 0;
  }

  void to_float(Node* node, const std::string& reason) {
    s8_.erase(node);
    node->float_reason = reason;
  }

  // Step 1.
  void admit(Node* node) {
    const std::vector<ValueId> inputs = f32_inputs(graph_, *node), outputs = f32_outputs(graph_, *node);
    if (demoted_.count(node) != 0) return;
    node->float_reason.clear();
    if (inputs.empty() && outputs.empty()) return;  // integers: shapes, indices
    std::string reason = refuse_s8(graph_, *node);
    if (reason.empty() && inputs.empty()) reason = "its input is not f32";
    for (ValueId id : inputs)
      if (reason.empty() && !has_range(id) && node->op != "Requantize") reason = no_range(id);
    for (ValueId id : outputs)
      if (reason.empty() && !has_range(id) && !may_write_f32(*node)) reason = no_range(id);
    if (reason.empty())
      s8_.insert(node);
    else
      node->float_reason = reason;
  }

  std::string no_range(ValueId id) const {
    return (ranges_.empty() ? "the quantized network gives no scale for '" : "no range was observed for '") +
           graph_.value(id).name + "'";
  }

  // Without a scale, such an output may still be f32.
  static bool may_write_f32(const Node& node) {
    return (node.op == "Conv" || node.op == "FullyConnected" || node.op == "Softmax") &&
           !has_fused_activation(node);
  }

  S8Class kind(const Node* node) const { return find_s8_rule(*node)->kind; }

  // Step 3.
  bool demote_stranded_movement() {
    bool changed = false;
    for (const auto& node : graph_.nodes) {
      if (!in_s8(node.get()) || kind(node.get()) != S8Class::kMovement) continue;
      size_t from_s8 = 0, from_input = 0;
      const std::vector<ValueId> inputs = f32_inputs(graph_, *node);
      for (ValueId id : inputs) {
        from_s8 += in_s8(uses_.writer(id));
        from_input += uses_.input(id);
      }
      if (2 * (from_s8 + from_input) >= inputs.size() && from_s8 > 0) continue;
      if (from_input == inputs.size() && leads_to_s8(*node)) continue;
      to_float(node.get(), "moves float data");
      changed = true;
    }
    return changed;
  }

  bool leads_to_s8(const Node& node) const {
    for (ValueId id : node.outputs) {
      if (id == kNoValue) continue;
      for (const Node* reader : uses_.readers(id))
        if (!in_s8(reader)) return false;
    }
    return true;
  }

  // Values that cross the border if exactly the nodes of `s8` run in s8, counted around `group`.
  size_t crossings(const std::vector<Node*>& group, const S8Nodes& s8) const {
    std::set<ValueId> touched;
    for (const Node* node : group) {
      for (ValueId id : f32_inputs(graph_, *node)) touched.insert(id);
      for (ValueId id : f32_outputs(graph_, *node)) touched.insert(id);
    }
    size_t count = 0;
    for (ValueId id : touched) count += crosses(id, s8);
    return count;
  }

  bool crosses(ValueId id, const S8Nodes& s8) const {
    bool float_reader = false, s8_reader = false;
    for (const Node* reader : uses_.readers(id)) (s8.count(reader) != 0 ? s8_reader : float_reader) = true;
    const Node* writer = uses_.writer(id);
    if (writer == nullptr) return float_reader && s8_reader;
    if (s8.count(writer) == 0) return s8_reader;
    return float_reader && (s8_reader || !gives_f32(*writer));
  }

  // A Conv or FullyConnected that only float nodes read writes f32 from its accumulator: nothing is
  // converted.
  bool gives_f32(const Node& writer) const {
    return kind(&writer) == S8Class::kHeavy && may_write_f32(writer) &&
           graph_.value(writer.outputs[0]).quantization.scale == 0;
  }

  bool cheaper_in_float(const std::vector<Node*>& group) const {
    for (const Node* node : group)  // what a quantized network rounds stays as it says
      for (ValueId id : f32_outputs(graph_, *node))
        if (graph_.value(id).quantization.scale != 0) return false;
    S8Nodes without = s8_;
    for (const Node* node : group) without.erase(node);
    return crossings(group, s8_) > crossings(group, without);
  }

  // Step 4: groups of light nodes that touch.
  bool demote_costly_groups() {
    bool changed = false;
    std::unordered_set<const Node*> seen;
    for (const auto& node : graph_.nodes) {
      std::vector<Node*> group;
      collect(node.get(), &seen, &group);
      if (group.size() < 2 || !cheaper_in_float(group)) continue;
      for (Node* member : group)
        to_float(member, "among float operators; in INT8 more values would be converted");
      changed = true;
    }
    return changed;
  }

  void collect(Node* start, std::unordered_set<const Node*>* seen, std::vector<Node*>* group) const {
    std::vector<Node*> open = {start};
    while (!open.empty()) {
      Node* node = open.back();
      open.pop_back();
      if (node == nullptr || !in_s8(node) || kind(node) == S8Class::kHeavy || !seen->insert(node).second)
        continue;
      group->push_back(node);
      for (ValueId id : f32_inputs(graph_, *node)) open.push_back(uses_.writer(id));
      for (ValueId id : f32_outputs(graph_, *node))
        for (Node* reader : uses_.readers(id)) open.push_back(reader);
    }
  }

  bool demote_costly_nodes() {
    bool changed = false;
    for (const auto& node : graph_.nodes) {
      if (!in_s8(node.get()) || kind(node.get()) == S8Class::kHeavy) continue;
      if (!cheaper_in_float({node.get()})) continue;
      to_float(node.get(), "among float operators; in INT8 more values would be converted");
      changed = true;
    }
    return changed;
  }

  // Step 5: Concats that collect what layers write for outputs of the network.
  void release_answers() {
    for (const auto& node : graph_.nodes) {
      if (!in_s8(node.get()) || node->op != "Concat" || !only_output(node->outputs[0])) continue;
      const std::vector<ValueId> inputs = f32_inputs(graph_, *node);
      const bool all = inputs.size() == node->inputs.size() &&
                       std::all_of(inputs.begin(), inputs.end(), [&](ValueId id) { return from_layer(id); });
      if (all) to_float(node.get(), "collects the f32 outputs of its layers");
    }
  }

  bool only_output(ValueId id) const {
    return uses_.output(id) && uses_.readers(id).empty() && graph_.value(id).quantization.scale == 0;
  }

  // Written, maybe through Reshapes, by a layer that nobody else reads.
  bool from_layer(ValueId id) const {
    while (!uses_.output(id) && uses_.readers(id).size() == 1 && graph_.value(id).quantization.scale == 0) {
      const Node* writer = uses_.writer(id);
      if (writer == nullptr || !in_s8(writer)) return false;
      if (writer->op != "Reshape") return writer->op != "Softmax" && may_write_f32(*writer);
      id = writer->inputs[0];
    }
    return false;
  }

  // Step 6.
  void release_trailing_reshapes() {
    for (const auto& node : graph_.nodes) {
      if (!in_s8(node.get()) || node->op == "Softmax" || !may_write_f32(*node)) continue;
      std::vector<Node*> reshapes;
      ValueId id = node->outputs[0];
      while (!uses_.output(id) && uses_.readers(id).size() == 1 && uses_.readers(id)[0]->op == "Reshape" &&
             in_s8(uses_.readers(id)[0]) && graph_.value(id).quantization.scale == 0) {
        reshapes.push_back(uses_.readers(id)[0]);
        id = reshapes.back()->outputs[0];
      }
      bool read_in_s8 = graph_.value(id).quantization.scale != 0;
      for (const Node* reader : uses_.readers(id)) read_in_s8 |= in_s8(reader);
      if (read_in_s8) continue;
      for (Node* reshape : reshapes) to_float(reshape, "passes on the f32 output of " + describe(*node));
    }
  }

  const Graph& graph_;
  const Ranges& ranges_;
  const S8Nodes& demoted_;
  Uses uses_;
  S8Nodes& s8_;
};

}  // namespace

void choose_precision(const Graph& graph, const Ranges& ranges, const S8Nodes& demoted, S8Nodes* s8) {
  Chooser(graph, ranges, demoted, s8).run();
}

bool reads_f32(const Graph& graph, const S8Nodes& s8, const Node& reader, ValueId id) {
  if (s8.count(&reader) == 0) return true;
  return reader.op == "Requantize" && graph.value(id).quantization.scale == 0;
}

bool writes_f32(const Graph& graph, const Uses& uses, const S8Nodes& s8, const Node& node) {
  if (node.op != "Conv" && node.op != "FullyConnected" && node.op != "Softmax") return false;
  if (has_fused_activation(node) || graph.value(node.outputs[0]).quantization.scale != 0) return false;
  for (const Node* reader : uses.readers(node.outputs[0]))
    if (!reads_f32(graph, s8, *reader, node.outputs[0])) return false;
  return true;
}

}  // namespace octet::converter
