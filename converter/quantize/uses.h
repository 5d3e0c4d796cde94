// SPDX-License-Identifier: Apache-2.0
//
// Who writes and who reads each value, gathered once for the analyses of
// quantize (Graph's own look-ups scan all nodes). Stale after a rewrite.
#pragma once

#include <vector>

#include "converter/graph.h"

namespace octet::converter {

struct Uses {
  explicit Uses(const Graph& graph);

  std::vector<Node*> producer;                // null: graph input or constant
  std::vector<std::vector<Node*>> consumers;  // each node once
  std::vector<bool> is_output;                // of the graph
  std::vector<bool> is_input;

  Node* writer(ValueId id) const { return producer[static_cast<size_t>(id)]; }
  const std::vector<Node*>& readers(ValueId id) const { return consumers[static_cast<size_t>(id)]; }
  bool output(ValueId id) const { return is_output[static_cast<size_t>(id)]; }
  bool input(ValueId id) const { return is_input[static_cast<size_t>(id)]; }
};

// An f32 value that is computed or fed, not constant: what s8 may replace.
bool is_f32_activation(const Graph& graph, ValueId id);

// Its f32 activation inputs, each once, and outputs.
std::vector<ValueId> f32_inputs(const Graph& graph, const Node& node);
std::vector<ValueId> f32_outputs(const Graph& graph, const Node& node);

// Messages: "Conv 'conv3'".
std::string describe(const Node& node);

}  // namespace octet::converter
