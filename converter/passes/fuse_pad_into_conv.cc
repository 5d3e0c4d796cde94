// SPDX-License-Identifier: Apache-2.0
//
// fuse_pad_into_conv
//   Before        x -> Pad (constant, height and width only) -> Conv, AveragePool or MaxPool
//   After         x -> Conv, AveragePool or MaxPool with larger pads
//   Applies when  Conv         the pad value is 0
//                 AveragePool  the pad value is 0 and padding counts in the mean: the pool has
//                 count_include_pad, or
//                              has no pads of its own and gets count_include_pad
//                 MaxPool      the pad value can never win: -inf, or at most what x can be (0 behind a Relu
//                 or
//                              with zero point -128)
//                 pools        no window lies in the padding alone
//                 Rounding in between: the padded value is pinned as x is, or x takes the pin (0 is exact in
//                 any).
//   Formula       pads += those of Pad
#include <algorithm>
#include <limits>

#include "converter/infer_shapes.h"
#include "converter/passes/passes.h"
#include "converter/passes/rewrite.h"

namespace octet::converter {

namespace {

constexpr char kStage[] = "fuse_pad_into_conv";

// top, left, bottom, right of a Pad of height and width by a constant. False for any other Pad.
bool spatial_pads(const Graph& graph, const Node& pad, std::vector<int64_t>* pads) {
  const std::vector<int64_t> all = pad.integers("pads");
  if (pad.text("mode", "constant") != "constant" || all.size() != 8) return false;
  const size_t h = graph.layout == Layout::kNchw ? 2 : 1;
  *pads = {all[h], all[h + 1], all[h + 4], all[h + 5]};
  int64_t total = 0, spatial = 0;
  for (int64_t entry : all) {
    if (entry < 0) return false;
    total += entry;
  }
  for (int64_t entry : *pads) spatial += entry;
  return total == spatial;
}

// What the writer of `value`, or its rounding, says about its smallest element.
double lower_bound(const Graph& graph, ValueId value) {
  const double unknown = -std::numeric_limits<double>::infinity();
  const Node* writer = graph.producer(value);
  const Quantization& pin = graph.value(value).quantization;
  if (pin.scale != 0)
    return static_cast<double>(pin.scale) * (-128 - pin.zero_point);  // Relu as zero point -128
  if (writer == nullptr) return unknown;
  const std::string& op = writer->op;
  if (op == "Relu" || op == "Sigmoid" || op == "HardSigmoid" || op == "Softmax" || op == "Softplus" ||
      op == "Abs")
    return 0;
  if (op == "Clip")
    return static_cast<double>(writer->number("min", -std::numeric_limits<float>::infinity()));
  if (writer->has("activation_min")) return static_cast<double>(writer->number("activation_min"));
  return unknown;
}

// Each window of `node` with these pads holds a pixel of the input.
bool windows_hold_pixels(const Node& node, const std::vector<int64_t>& pads) {
  for (int axis = 0; axis < 2; ++axis) {
    const Window window = window_of(node, axis);
    const size_t i = static_cast<size_t>(axis);
    const bool padded = pads[i] + pads[i + 2] > 0;
    if (padded && window.dilation != 1) return false;  // its taps could step over a small input
    if (pads[i] >= window.extent() || pads[i + 2] >= window.extent()) return false;
  }
  return true;
}

bool has_pads(const Node& node) {
  const std::vector<int64_t> pads = node.integers("pads");
  return std::any_of(pads.begin(), pads.end(), [](int64_t pad) { return pad != 0; });
}

bool accepts(const Graph& graph, const Node& node, const Node& pad, const std::vector<int64_t>& merged) {
  const double value = static_cast<double>(pad.number("value", 0));
  if (node.op == "Conv") return value == 0;
  if (!windows_hold_pixels(node, merged)) return false;
  if (node.op == "AveragePool")
    return value == 0 && (node.integer("count_include_pad") != 0 || !has_pads(node));
  return value <= static_cast<double>(std::numeric_limits<float>::lowest()) ||
         value <= lower_bound(graph, pad.inputs[0]);
}

// The value behind the Pad may disappear: x is rounded the same way, or nothing is.
bool settle_pin(Graph* graph, const Node& pad, const Node& node, Diagnostics* diagnostics) {
  Quantization& before = graph->value(pad.inputs[0]).quantization;
  const ValueId padded = pad.outputs[0];
  const Quantization& behind = graph->value(padded).quantization;
  if (!behind.quantized() || same_pin(before, behind)) return true;
  const bool free = has_one_reader(*graph, pad.inputs[0]) && has_one_reader(*graph, padded);
  if (before.quantized() || !free || pad.number("value", 0) != 0) {
    note_pinned(*graph, padded, node, kStage, diagnostics);
    return false;
  }
  before = behind;
  return true;
}

bool fuse(Graph* graph, Node* node, Diagnostics* diagnostics) {
  const Node* pad = plain_writer(*graph, node->inputs[0], "Pad");
  std::vector<int64_t> merged, own = node->integers("pads");
  if (pad == nullptr || !spatial_pads(*graph, *pad, &merged)) return false;
  if (own.empty()) own.assign(4, 0);
  for (size_t i = 0; i < 4; ++i) merged[i] += own[i];
  if (!accepts(*graph, *node, *pad, merged) || !settle_pin(graph, *pad, *node, diagnostics)) return false;
  if (node->op == "AveragePool") node->attributes["count_include_pad"] = int64_t{1};
  node->attributes["pads"] = merged;
  node->inputs[0] = pad->inputs[0];
  diagnostics->detail(kStage, node->name, "takes Pad '" + pad->name + "'");
  return true;
}

}  // namespace

Status fuse_pad_into_conv(Graph* graph, Diagnostics* diagnostics, bool* changed) {
  bool any = false;
  for (const auto& node : graph->nodes)
    if (node->op == "Conv" || node->op == "AveragePool" || node->op == "MaxPool")
      any |= fuse(graph, node.get(), diagnostics);
  if (!any) return Status();
  graph->remove_dead_nodes();
  *changed = true;
  return Status();
}

}  // namespace octet::converter
