// SPDX-License-Identifier: Apache-2.0
//
// The layout that asks for no cleverness, as a reference for move_to_nhwc: every node keeps
// its NCHW order, and each convolution-like node stands between two Transposes.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "converter/constant_math.h"
#include "converter/graph.h"
#include "converter/passes/layout_state.h"

namespace octet::testing {

// Weights by plain loops: [O, I, h, w] -> [O, h, w, I]; transposed: [I, O / g, h, w] -> [O, h, w, I / g].
inline converter::Constant naive_weights(const converter::Constant& weights, bool transposed,
                                         int64_t groups) {
  const converter::Dims& s = weights.shape;
  const std::vector<float> from = converter::to_floats(weights);
  const int64_t outputs = transposed ? s[1] * groups : s[0], inputs = transposed ? s[0] / groups : s[1];
  std::vector<float> to;
  for (int64_t o = 0; o < outputs; ++o)
    for (int64_t y = 0; y < s[2]; ++y)
      for (int64_t x = 0; x < s[3]; ++x)
        for (int64_t i = 0; i < inputs; ++i) {
          const int64_t row = transposed ? o / s[1] * inputs + i : o, column = transposed ? o % s[1] : i;
          to.push_back(from[static_cast<size_t>(((row * s[1] + column) * s[2] + y) * s[3] + x)]);
        }
  return converter::make_f32({outputs, s[2], s[3], inputs}, to);
}

// A copy of an NCHW graph that runs in NHWC.
inline converter::Graph scatter_transposes(const converter::Graph& nchw) {
  using namespace converter;
  Graph graph = nchw.clone();
  for (size_t index = 0; index < graph.nodes.size(); ++index) {
    Node* node = graph.nodes[index].get();
    if (!is_channels_last(*node)) continue;
    const size_t rank = graph.value(node->inputs[0]).shape.size();
    const Permutation ahead = LayoutState::channels_last(rank), back = inverse(ahead);
    const auto transpose_node = [&](size_t at, ValueId from, ValueId to, const Permutation& perm) {
      Node& added = graph.insert_node(at, "Transpose", "t" + std::to_string(to));
      added.inputs = {from};
      added.outputs = {to};
      added.attributes["perm"] = std::vector<int64_t>(perm.begin(), perm.end());
    };
    if (node->op == "Conv" || node->op == "ConvTranspose") {
      const Value weights = graph.value(node->inputs[1]);
      node->inputs[1] = graph.add_constant(
          weights.name,
          naive_weights(*weights.constant, node->op == "ConvTranspose", node->integer("group", 1)));
    }
    const ValueId x = node->inputs[0], y = node->outputs[0];
    const Value in = graph.value(x), out = graph.value(y);
    const ValueId moved = graph.add_value(in.name + "/nhwc", in.type, permute(in.shape, ahead));
    const ValueId written = graph.add_value(out.name + "/nhwc", out.type, permute(out.shape, ahead));
    node->inputs[0] = moved;
    node->outputs[0] = written;
    transpose_node(index, x, moved, ahead);
    transpose_node(index + 2, written, y, back);
    index += 2;
  }
  graph.layout = Layout::kNhwc;
  return graph;
}

}  // namespace octet::testing
