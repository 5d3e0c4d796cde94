// SPDX-License-Identifier: Apache-2.0
//
// recognize_channel_shuffle
//   Before        [N, C, H, W] -> Reshape [N, g, C/g, H, W] -> Transpose 0, 2, 1, 3, 4 -> Reshape [N, C, H,
//   W];
//                 H and W may be one axis in between
//   After         ChannelShuffle[group = g]
//   Applies when  the layout is NCHW, and the values in between are not pinned, or pinned as the input is
//   Formula       y[n, j * g + i] = x[n, i * (C / g) + j], i < g, j < C / g
#include "converter/constant_math.h"
#include "converter/passes/passes.h"
#include "converter/passes/rewrite.h"

namespace octet::converter {

namespace {

constexpr char kStage[] = "recognize_channel_shuffle";

// g if `split` is [N, g, C/g, ...] of `shape` = [N, C, ...], else 0.
int64_t groups_of(const Dims& shape, const Dims& split) {
  if (shape.size() != 4 || split.size() < 4 || split[0] != shape[0] || split[1] * split[2] != shape[1])
    return 0;
  const bool image_stays = split.size() == 5 && split[3] == shape[2] && split[4] == shape[3];
  const bool image_flat = split.size() == 4 && split[3] == shape[2] * shape[3];
  return image_stays || image_flat ? split[1] : 0;
}

bool swaps_groups(const Node& transpose, size_t rank) {
  const std::vector<int64_t> perm = transpose.integers("perm");
  return perm == (rank == 5 ? std::vector<int64_t>{0, 2, 1, 3, 4} : std::vector<int64_t>{0, 2, 1, 3});
}

bool rewrite(Graph* graph, Node* back, Diagnostics* diagnostics) {
  const Node* transpose = plain_writer(*graph, back->inputs[0], "Transpose");
  const Node* reshape =
      transpose == nullptr ? nullptr : plain_writer(*graph, transpose->inputs[0], "Reshape");
  if (reshape == nullptr) return false;
  const Value &x = graph->value(reshape->inputs[0]), &split = graph->value(reshape->outputs[0]);
  const int64_t groups = groups_of(x.shape, split.shape);
  if (groups < 2 || !swaps_groups(*transpose, split.shape.size())) return false;
  if (graph->value(back->outputs[0]).shape != x.shape) return false;
  for (ValueId inner : {reshape->outputs[0], transpose->outputs[0]}) {
    const Quantization& pin = graph->value(inner).quantization;
    if (!pin.quantized() || same_pin(pin, x.quantization)) continue;
    note_pinned(*graph, inner, *back, kStage, diagnostics);
    return false;
  }
  back->op = "ChannelShuffle";
  back->inputs = {reshape->inputs[0]};
  back->attributes = {{"group", groups}};
  diagnostics->detail(kStage, back->name, "becomes ChannelShuffle of " + std::to_string(groups) + " groups");
  return true;
}

}  // namespace

Status recognize_channel_shuffle(Graph* graph, Diagnostics* diagnostics, bool* changed) {
  if (graph->layout != Layout::kNchw) return Status();
  bool any = false;
  for (const auto& node : graph->nodes)
    if (is_plain(*node, "Reshape")) any |= rewrite(graph, node.get(), diagnostics);
  if (!any) return Status();
  graph->remove_dead_nodes();
  *changed = true;
  return Status();
}

}  // namespace octet::converter
