// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <string>

#include "converter/data_free/study.h"
#include "converter/lower/linear.h"
#include "converter/repair/correct_bias.h"

namespace octet::converter {
namespace {

const Node* float_node(const Graph& reference, const Node& node) {
  for (const auto& candidate : reference.nodes)
    if (candidate->name == node.name && candidate->op == node.op) return candidate.get();
  return nullptr;
}

// By how much the mean of each output channel is off, before the activation.
std::vector<double> shifts(const Value& rounded, const Constant& weights, size_t group_outputs,
                           const std::vector<double>& means) {
  const size_t outputs = static_cast<size_t>(weights.shape[0]), count = weights.elements() / outputs;
  const auto inputs = static_cast<size_t>(weights.shape.back());  // of a group
  std::vector<double> result(outputs, 0);
  for (size_t i = 0; i < weights.elements(); ++i) {
    const size_t o = i / count;
    const double error = static_cast<double>(rounded.constant->as<int8_t>()[i]) *
                             static_cast<double>(rounded.quantization.channel_scales[o]) -
                         static_cast<double>(weights.as<float>()[i]);
    result[o] += error * means[o / group_outputs * inputs + i % inputs];
  }
  return result;
}

}  // namespace

Status correct_means(const Graph& reference, const Study& study, Graph* graph, Diagnostics* diagnostics) {
  size_t corrected = 0;
  for (const auto& node : graph->nodes) {
    if (!is_s8_linear(*graph, *node)) continue;
    const Node* original = float_node(reference, *node);
    const auto means = original == nullptr ? study.means.end() : study.means.find(original->inputs[0]);
    const Value& rounded = graph->value(node->inputs[1]);
    const bool fits = means != study.means.end() && node->op != "ConvTranspose" &&
                      reference.value(original->inputs[1]).shape == rounded.shape &&
                      !rounded.quantization.channel_scales.empty();
    if (!fits) {
      diagnostics->detail("data-free", node->name,
                          node->op == "ConvTranspose"
                              ? "its bias stays: not every tap falls on an input"
                              : "its bias stays: nothing is known of its inputs' means");
      continue;
    }
    const size_t outputs = static_cast<size_t>(rounded.shape[0]);
    const size_t group_outputs =
        outputs / static_cast<size_t>(std::max<int64_t>(node->integer("group", 1), 1));
    std::vector<double> by =
        shifts(rounded, *reference.value(original->inputs[1]).constant, group_outputs, means->second);
    for (double& shift : by) shift = -shift;
    const ValueId before = node->input(2);
    shift_bias(by, node.get(), graph);
    if (!prove_accumulator(*graph, *node).ok()) {
      node->inputs[2] = before;
      if (before == kNoValue) node->inputs.pop_back();
      diagnostics->detail("data-free", node->name, "a correction of its bias would not fit the accumulator");
      continue;
    }
    ++corrected;
  }
  diagnostics->note(
      "data-free", "",
      "biases of " + std::to_string(corrected) + " layers corrected for the means of their inputs");
  return Status();
}

}  // namespace octet::converter
