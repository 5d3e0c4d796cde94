// SPDX-License-Identifier: Apache-2.0
#include "converter/budget/promotions.h"

#include <algorithm>
#include <set>

#include "converter/quantize/s8_rules.h"

namespace octet::converter {
namespace {

// Time per multiplication in units of an 8-bit one, where a promotion's worth is weighed
// (docs/quantization.md).
constexpr double kTimeOfInt16 = 2.5, kTimeOfFloat = 4;

class List {
 public:
  List(const Graph& graph, const PrecisionOptions& options) : graph_(graph) {
    for (const auto* names : {&options.int8, &options.int16, &options.keep_float})
      decided_.insert(names->begin(), names->end());
    stay_.insert(options.int8.begin(), options.int8.end());
    for (const auto& node : graph.nodes) total_macs_ += count_macs(graph, *node);
  }

  void add_activation(const Sensitivity& item, size_t index) {
    Promotion promotion;
    promotion.item = index;
    promotion.noise = item.noise;
    const std::set<ValueId> values(item.values.begin(), item.values.end());
    for (const auto& node : graph_.nodes) {
      const bool writes = touches(node->outputs, values);
      if (writes && decided_.count(node->name) != 0) return;
      if (writes || touches(node->inputs, values)) promotion.macs += count_macs(graph_, *node);
    }
    for (const ValueId id : item.values) {
      if (decided_.count(graph_.value(id).name) != 0) return;
      promotion.names.push_back(graph_.value(id).name);
    }
    steps_.push_back(std::move(promotion));
  }

  void add_layer(const Sensitivity& item, size_t index) {
    if (is_decided(*item.node)) return;
    steps_.push_back({true, {item.node->name}, index, item.noise, count_macs(graph_, *item.node)});
    with_weights_.insert(item.node);
  }

  void add_other_operators() {
    for (const auto& node : graph_.nodes)
      if (with_weights_.count(node.get()) == 0 && !is_decided(*node) && computes_in_s8(*node))
        steps_.push_back({true, {node->name}, kNoItem, 0, count_macs(graph_, *node)});
  }

  std::vector<Promotion> sorted() {
    std::stable_sort(steps_.begin(), steps_.end(), [this](const Promotion& a, const Promotion& b) {
      return a.to_float != b.to_float ? b.to_float : worth(a) > worth(b);
    });
    const auto first_float =
        std::find_if(steps_.begin(), steps_.end(), [](const auto& s) { return s.to_float; });
    double left = 0;  // what the activations that are still to come take away together
    for (auto step = steps_.begin(); step != first_float; ++step) left += step->noise;
    std::vector<Promotion> merged;
    auto layer = first_float;
    for (auto activation = steps_.begin(); activation != first_float; ++activation) {
      while (layer != steps_.end() && layer->noise > left) merged.push_back(*layer++);
      left -= activation->noise;
      merged.push_back(*activation);
    }
    merged.insert(merged.end(), layer, steps_.end());
    return merged;
  }

 private:
  static bool touches(const std::vector<ValueId>& ids, const std::set<ValueId>& values) {
    return std::any_of(ids.begin(), ids.end(), [&](ValueId id) { return values.count(id) != 0; });
  }

  // By the name of the node, or because what it writes stays in 8 bits.
  bool is_decided(const Node& node) const {
    return decided_.count(node.name) != 0 ||
           std::any_of(node.outputs.begin(), node.outputs.end(), [this](ValueId id) {
             return id != kNoValue && stay_.count(graph_.value(id).name) != 0;
           });
  }

  bool computes_in_s8(const Node& node) const {
    if (node.op == "Quantize" || node.op == "Dequantize" || node.op == "Requantize") return false;
    if (find_s8_rule(node) == nullptr || node.inputs.empty()) return false;
    return std::any_of(node.inputs.begin(), node.inputs.end(), [this](ValueId id) {
      return id != kNoValue && graph_.value(id).type == schema::TensorType_S8;
    });
  }

  double worth(const Promotion& step) const {
    const double factor = (step.to_float ? kTimeOfFloat : kTimeOfInt16) - 1;
    const double share =
        total_macs_ > 0 ? static_cast<double>(step.macs) / static_cast<double>(total_macs_) : 0;
    return step.noise / (1 + factor * share);
  }

  const Graph& graph_;
  std::set<std::string> decided_, stay_;
  std::set<const Node*> with_weights_;
  std::vector<Promotion> steps_;
  uint64_t total_macs_ = 0;
};

}  // namespace

std::vector<Promotion> promotions_of(const Graph& quantized, const std::vector<Sensitivity>& items,
                                     const PrecisionOptions& options) {
  List list(quantized, options);
  for (size_t i = 0; i < items.size(); ++i)
    items[i].node == nullptr ? list.add_activation(items[i], i) : list.add_layer(items[i], i);
  list.add_other_operators();
  return list.sorted();
}

}  // namespace octet::converter
