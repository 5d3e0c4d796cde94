// SPDX-License-Identifier: Apache-2.0
//
// recognize_gelu
//   Before        0.5 * x * (1 + Erf(x / sqrt(2))), or with Tanh(sqrt(2 / pi) * (x + 0.044715 * x^3)); Div or
//   Mul,
//                 Pow or products, factors and summands in any order
//   After         x -> Gelu, or x -> GeluTanh
//   Applies when  constants agree to four digits; no value in between is pinned
//   Formula       gelu(x) = x / 2 * (1 + erf(x / sqrt(2)))
//                 gelu_tanh(x) = x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3)))
#include <cmath>

#include "converter/passes/composite.h"
#include "converter/passes/passes.h"

namespace octet::converter {

Status recognize_gelu(Graph* graph, Diagnostics* diagnostics, bool* changed) {
  const double inner = std::sqrt(2 / std::acos(-1.0));
  const Polynomial half_x_and_xt = {{{1, 0}, 0.5}, {{1, 1}, 0.5}};
  const std::vector<Composite> rows = {
      {"Gelu", {}, "Erf", {}, {{{1, 0}, std::sqrt(0.5)}}, half_x_and_xt},
      {"GeluTanh", {}, "Tanh", {}, {{{1, 0}, inner}, {{3, 0}, inner * 0.044715}}, half_x_and_xt},
  };
  if (replace_composites(rows, "recognize_gelu", graph, diagnostics)) *changed = true;
  return Status();
}

}  // namespace octet::converter
