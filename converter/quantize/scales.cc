// SPDX-License-Identifier: Apache-2.0
#include "converter/quantize/scales.h"

#include <algorithm>
#include <cmath>

#include "converter/quantize/s8_rules.h"

namespace octet::converter {
namespace {

// How much wider a Concat input's range may become for free.
constexpr double kFreeWidening = 1.1;

// What is known of a node's output without observing it.
Range known_range(const Node& node, Range observed) {
  if (node.op == "Sigmoid" || node.op == "Softmax") return {0, 255.0f / 256};
  if (node.op == "Tanh") return {-1, 127.0f / 128};
  if (node.op == "HardSigmoid") return {0, 1};
  float low = node.number("activation_min", -INFINITY), high = node.number("activation_max", INFINITY);
  if (node.op == "Relu") low = 0;
  if (node.op == "Clip") {
    low = node.number("min", -INFINITY);
    high = node.number("max", INFINITY);
  }
  return {std::clamp(observed.min, low, std::max(low, high)),
          std::clamp(observed.max, low, std::max(low, high))};
}

double width(Range range) { return std::max<double>(range.max, 0) - std::min<double>(range.min, 0); }

class Scales {
 public:
  Scales(const ScaleInputs& inputs, Diagnostics* diagnostics, S8Nodes* demoted)
      : graph_(inputs.graph),
        ranges_(inputs.ranges),
        s8_(inputs.s8),
        form_(inputs.form),
        wide_(inputs.wide),
        narrow_(inputs.narrow),
        diagnostics_(diagnostics),
        demoted_(demoted),
        uses_(graph_),
        groups_(graph_.values.size(), form_) {}

  std::vector<Quantization> run() {
    for (size_t id = 0; id < graph_.values.size(); ++id)
      if (touched(static_cast<ValueId>(id))) start(static_cast<ValueId>(id));
    for (size_t id = 0; id < wide_.size(); ++id)
      if (wide_[id]) groups_.make_wide(static_cast<ValueId>(id));
    for (const auto& node : graph_.nodes)
      if (in_s8(*node) && node->op != "Concat") join_same_scale(*node);
    for (const auto& node : graph_.nodes)
      if (in_s8(*node) && node->op == "Concat") join_concat(*node);
    for (int round = 0; round < 8 && raise_fine_scales(); ++round) {
    }
    std::vector<Quantization> result(graph_.values.size());
    for (size_t id = 0; id < result.size(); ++id)
      if (touched(static_cast<ValueId>(id))) result[id] = groups_.quantization(static_cast<ValueId>(id));
    if (narrow_ != nullptr) fill_narrow();
    return result;
  }

 private:
  bool in_s8(const Node& node) const { return s8_.count(&node) != 0; }
  bool wide(ValueId id) const { return !wide_.empty() && wide_[static_cast<size_t>(id)]; }

  void fill_narrow() {
    narrow_->assign(graph_.values.size(), Quantization());
    for (size_t id = 0; id < wide_.size(); ++id)
      if (wide_[id]) (*narrow_)[id] = range_to_quantization(groups_.range(static_cast<ValueId>(id)), form_);
  }

  bool touched(ValueId id) const {
    if (!is_f32_activation(graph_, id)) return false;
    if (ranges_.count(id) == 0 && graph_.value(id).quantization.scale == 0) return false;
    if (uses_.writer(id) != nullptr && in_s8(*uses_.writer(id))) return true;
    for (const Node* reader : uses_.readers(id))
      if (in_s8(*reader)) return true;
    return false;
  }

  void start(ValueId id) {
    if (graph_.value(id).quantization.scale != 0) {
      groups_.pin(id, graph_.value(id).quantization);
      return;
    }
    const Range observed = ranges_.at(id);
    const Node* writer = uses_.writer(id);
    groups_.add_range(id, writer != nullptr ? known_range(*writer, observed) : observed);
  }

  void join_same_scale(const Node& node) {
    if (!find_s8_rule(node)->same_scale || f32_outputs(graph_, node).empty()) return;
    for (ValueId id : f32_inputs(graph_, node))
      if (wide(id) == wide(node.outputs[0])) groups_.join(id, node.outputs[0]);
    if (node.op == "Pad" && !groups_.pinned(node.outputs[0])) {
      const float value = node.number("value", 0);
      groups_.add_range(node.outputs[0], {value, value});
    }
  }

  void join_concat(const Node& node) {
    const ValueId output = node.outputs[0];
    for (ValueId id : f32_inputs(graph_, node)) {
      if (groups_.find(id) == groups_.find(output) || wide(id) != wide(output)) continue;
      const bool alike = !groups_.pinned(id) && !groups_.pinned(output) &&
                         width(groups_.range(output)) <= kFreeWidening * width(groups_.range(id)) &&
                         width(groups_.range(id)) <= kFreeWidening * width(groups_.range(output));
      if (alike || read_only_by(id, node)) groups_.join(id, output);
    }
  }

  // Nobody outside the group of `id` but `node` reads it.
  bool read_only_by(ValueId id, const Node& node) {
    for (ValueId member : groups_.members(id)) {
      if (uses_.output(member)) return false;
      for (const Node* reader : uses_.readers(member)) {
        if (reader == &node) continue;
        if (!in_s8(*reader) || !find_s8_rule(*reader)->same_scale || f32_outputs(graph_, *reader).empty() ||
            groups_.find(reader->outputs[0]) != groups_.find(id))
          return false;
      }
    }
    return true;
  }

  double scale(ValueId id) { return groups_.quantization(id).scale; }

  // The least output scale that the fixed-point form of `node` can write, from its input scales.
  double least_output_scale(const Node& node) {
    if (node.op == "Conv" || node.op == "ConvTranspose" || node.op == "FullyConnected")
      return least_linear(node);
    if (node.op == "Add" || node.op == "Sub") {
      if (has_scalar_operand(graph_, node)) return 0;
      return std::max(least_beside(node.inputs[0]), least_beside(node.inputs[1]));
    }
    if (node.op == "Mul" && !has_scalar_operand(graph_, node))
      return operand_scale(node.inputs[0]) * operand_scale(node.inputs[1]) / (any_wide(node) ? 4 : 1000);
    if (node.op == "AveragePool" || node.op == "Reduce") return scale(node.inputs[0]) / 1000;
    if (node.op == "PRelu") return least_p_relu(node);
    return 0;
  }

  bool any_wide(const Node& node) const {
    return wide(node.inputs[0]) || wide(node.inputs[1]) || wide(node.outputs[0]);
  }

  // The least output scale of a sum beside this operand: its multiplier has 15 bits.
  double least_beside(ValueId id) { return operand_scale(id) / (wide(id) ? 1.999 : 127); }

  double operand_scale(ValueId id) {
    const Value& value = graph_.value(id);
    if (!value.is_constant()) return scale(id);
    if (value.quantization.scale != 0) return value.quantization.scale;
    Range range;
    const float* data = value.constant->as<float>();
    for (size_t i = 0; i < value.constant->elements(); ++i)
      range = {std::min(range.min, data[i]), std::max(range.max, data[i])};
    return range_to_quantization(range, {false, form_.power_of_two, false}).scale;
  }

  double least_p_relu(const Node& node) {
    double steepest = 1;
    const Constant& slope = *graph_.value(node.inputs[1]).constant;
    for (size_t i = 0; i < slope.elements(); ++i)
      steepest = std::max<double>(steepest, std::fabs(slope.as<float>()[i]));
    return steepest * scale(node.inputs[0]) / 127;
  }

  // The largest accumulator stays below 2^24 output steps (2^30 of 16 bits), so that left shifts are safe.
  double least_linear(const Node& node) {
    const Constant& weights = *graph_.value(node.inputs[1]).constant;
    const size_t channels = weights.shape.empty() ? 0 : static_cast<size_t>(weights.shape[0]);
    if (channels == 0) return 0;
    const size_t per_channel = weights.elements() / channels;
    const float* bias =
        node.input(2) != kNoValue ? graph_.value(node.input(2)).constant->as<float>() : nullptr;
    double largest = 0;
    for (size_t c = 0; c < channels; ++c) {
      double sum = 0;
      for (size_t i = 0; i < per_channel; ++i) sum += std::fabs(weights.as<float>()[c * per_channel + i]);
      const int largest_input = wide(node.inputs[0]) ? 16384 : 255;
      const double real =
          sum * largest_input * scale(node.inputs[0]) + (bias != nullptr ? std::fabs(bias[c]) : 0);
      largest = std::max(largest, real);
    }
    return std::ldexp(largest, wide(node.outputs[0]) ? -30 : -24);
  }

  bool raise_fine_scales() {
    bool raised = false;
    for (const auto& node : graph_.nodes) {
      if (!in_s8(*node) || demoted_->count(node.get()) != 0 || f32_outputs(graph_, *node).empty()) continue;
      const ValueId output = node->outputs[0];
      if (!groups_.has_range(output) && !groups_.pinned(output)) continue;
      const double least = least_output_scale(*node);
      if (scale(output) >= least * (1 - 1e-6)) continue;
      if (groups_.pinned(output)) {
        demoted_->insert(node.get());
        node->float_reason = "its output scale is too fine beside its input scales for the fixed-point form";
        continue;
      }
      diagnostics_->detail(
          "quantize", node->name,
          "the output scale was raised to " + std::to_string(least) + ", the least beside its input scales");
      groups_.raise_scale(output, least);
      raised = true;
    }
    return raised;
  }

  const Graph& graph_;
  const Ranges& ranges_;
  const S8Nodes& s8_;
  const ScaleForm form_;
  const WideValues wide_;
  std::vector<Quantization>* narrow_;
  Diagnostics* diagnostics_;
  S8Nodes* demoted_;
  Uses uses_;
  ScaleGroups groups_;
};

}  // namespace

std::vector<Quantization> ranges_to_scales(const ScaleInputs& inputs, Diagnostics* diagnostics,
                                           S8Nodes* demoted) {
  return Scales(inputs, diagnostics, demoted).run();
}

}  // namespace octet::converter
