// SPDX-License-Identifier: Apache-2.0
//
// recognize_silu
//   Before        x -> Sigmoid -> Mul with x, in any operand order
//   After         x -> Silu
//   Applies when  no value in between is pinned. Other readers of the Sigmoid keep it.
//   Formula       silu(x) = x * sigmoid(x)
#include "converter/passes/composite.h"
#include "converter/passes/passes.h"

namespace octet::converter {

Status recognize_silu(Graph* graph, Diagnostics* diagnostics, bool* changed) {
  static const std::vector<Composite> rows = {
      // becomes   t              argument       result
      {"Silu", {}, "Sigmoid", {}, {{{1, 0}, 1}}, {{{1, 1}, 1}}},
  };
  if (replace_composites(rows, "recognize_silu", graph, diagnostics)) *changed = true;
  return Status();
}

}  // namespace octet::converter
