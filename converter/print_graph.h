// SPDX-License-Identifier: Apache-2.0
//
// The graph as text, one node a line, for --verbose and for debugging passes.
#pragma once

#include <string>

#include "converter/graph.h"

namespace octet::converter {

// Conv 'conv1': x f32[1, 3, 32, 32], w f32[16, 3, 3, 3] -> y f32[1, 16, 32, 32]  {group=1, ...}
std::string print_node(const Graph& graph, const Node& node);
std::string print_graph(const Graph& graph);

}  // namespace octet::converter
