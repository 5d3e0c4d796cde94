// SPDX-License-Identifier: Apache-2.0
#include "converter/quantize/wide_values.h"

#include "converter/quantize/s8_rules.h"

namespace octet::converter {
namespace {

class Spread {
 public:
  Spread(const Graph& graph, const S8Nodes& s8, Diagnostics* diagnostics)
      : graph_(graph), s8_(s8), diagnostics_(diagnostics), uses_(graph), wide_(graph.values.size(), false) {}

  WideValues run(const WideValues& wanted) {
    for (size_t i = 0; i < wanted.size(); ++i) {
      const auto id = static_cast<ValueId>(i);
      if (!wanted[i]) continue;
      const std::string reason = refuse(id);
      if (reason.empty())
        wide_[i] = true;
      else
        diagnostics_->warning("quantize", graph_.value(id).name, "stays as it is, not in 16 bits: " + reason);
    }
    for (bool changed = true; changed;) {
      changed = false;
      for (const auto& node : graph_.nodes) changed |= spread(*node);
    }
    return wide_;
  }

 private:
  bool in_s8(const Node* node) const { return node != nullptr && s8_.count(node) != 0; }
  bool wide(ValueId id) const { return wide_[static_cast<size_t>(id)]; }

  // Why `id` cannot have 16 bits, or "".
  std::string refuse(ValueId id) const {
    if (graph_.value(id).quantization.scale != 0) return "the quantized network gives its 8-bit scale";
    const Node* writer = uses_.writer(id);
    if (in_s8(writer)) {
      if (!writes_s16(graph_, *writer)) return describe(*writer) + " has no 16-bit form";
      if (writes_f32(graph_, uses_, s8_, *writer)) return describe(*writer) + " writes f32";
      return "";
    }
    for (const GraphPort& port : graph_.inputs)
      if (port.value == id && port.type != schema::TensorType_F32) return "the input is declared in 8 bits";
    for (const Node* reader : uses_.readers(id))
      if (in_s8(reader)) return "";
    return "only operators in f32 touch it";
  }

  bool may_be_wide(ValueId id) const { return !wide(id) && refuse(id).empty(); }

  // Across a node that keeps the scale. True if there is a new one.
  bool spread(const Node& node) {
    if (!in_s8(&node) || !find_s8_rule(node)->same_scale || !takes_s16(graph_, node)) return false;
    const std::vector<ValueId> inputs = f32_inputs(graph_, node), outputs = f32_outputs(graph_, node);
    if (outputs.size() != 1) return false;
    bool changed = false;
    for (ValueId id : inputs)
      if (wide(id) && may_be_wide(outputs[0])) changed = wide_[static_cast<size_t>(outputs[0])] = true;
    for (ValueId id : inputs)
      if (node.op != "Concat" && wide(outputs[0]) && may_be_wide(id))
        changed = wide_[static_cast<size_t>(id)] = true;
    return changed;
  }

  const Graph& graph_;
  const S8Nodes& s8_;
  Diagnostics* diagnostics_;
  const Uses uses_;
  WideValues wide_;
};

}  // namespace

Status find_wide_values(const Graph& graph, const std::vector<std::string>& names, WideValues* wanted) {
  wanted->assign(graph.values.size(), false);
  const auto take = [&](ValueId id) {
    if (is_f32_activation(graph, id)) (*wanted)[static_cast<size_t>(id)] = true;
  };
  for (const std::string& name : names) {
    bool found = false;
    for (const auto& node : graph.nodes) {
      const bool whole = node->name == name;
      found |= whole;
      for (ValueId id : node->outputs) {
        if (id == kNoValue || !(whole || graph.value(id).name == name)) continue;
        found = true;
        take(id);
      }
    }
    for (const GraphPort& port : graph.inputs) {
      if (port.name != name && graph.value(port.value).name != name) continue;
      found = true;
      take(port.value);
    }
    if (!found)
      return error(
          StatusCode::kInvalidArgument,
          "'%s' in 16 bits: no operator or tensor has this name after fusing; octet inspect lists them",
          name.c_str());
  }
  return Status();
}

WideValues spread_wide_values(const Graph& graph, const S8Nodes& s8, const WideValues& wanted,
                              Diagnostics* diagnostics) {
  return Spread(graph, s8, diagnostics).run(wanted);
}

}  // namespace octet::converter
