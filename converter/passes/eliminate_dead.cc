// SPDX-License-Identifier: Apache-2.0
//
// Before   nodes whose outputs nobody reads
// After    none of them
// Applies  always
#include "converter/passes/passes.h"

namespace octet::converter {

Status eliminate_dead(Graph* graph, Diagnostics* diagnostics, bool* changed) {
  const size_t removed = graph->remove_dead_nodes();
  if (removed == 0) return {};
  diagnostics->detail("eliminate_dead", "", std::to_string(removed) + " nodes removed");
  *changed = true;
  return {};
}

}  // namespace octet::converter
