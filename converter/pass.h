// SPDX-License-Identifier: Apache-2.0
//
// A pass rewrites the graph, keeps its nodes in topological order and its
// shapes true, and says in its header comment: Before / After / Applies when /
// Formula. One file per pass, one row in pass_list.cc.
#pragma once

#include <vector>

#include "converter/diagnostics.h"
#include "converter/graph.h"

namespace octet::converter {

struct PassRow {
  const char* name;   // = file = function
  // Sets *changed if it rewrote anything.
  Status (*run)(Graph* graph, Diagnostics* diagnostics, bool* changed);
};

// The float optimization pipeline in order; rows in a group repeat until
// nothing changes. After it the graph is NHWC and ready to calibrate or lower.
Status run_passes(Graph* graph, Diagnostics* diagnostics);

const std::vector<PassRow>& pass_list();

}  // namespace octet::converter
