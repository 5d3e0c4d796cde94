// SPDX-License-Identifier: Apache-2.0
//
// recognize_hard_swish
//   Before        x * Clip(x + 3, 0, 6) / 6, with Div by 6 or Mul by 1/6 at any place and in any operand
//   order;
//                 x * Clip(x / 6 + 0.5, 0, 1); x * HardSigmoid(x); and the same without the factor x
//   After         x -> HardSwish; without the factor, x -> HardSigmoid
//   Applies when  constants agree to four digits; no value in between is pinned. Must run before an
//   activation is
//                 fused into the Add, and before x + 3 is folded into a convolution.
//   Formula       hard_sigmoid(x) = min(max(alpha * x + beta, 0), 1), alpha = 1/6 (Keras: 0.2), beta = 0.5
//                 hard_swish(x) = x * hard_sigmoid(x) with alpha = 1/6
#include "converter/passes/composite.h"
#include "converter/passes/passes.h"

namespace octet::converter {

Status recognize_hard_swish(Graph* graph, Diagnostics* diagnostics, bool* changed) {
  const double sixth = 1.0 / 6;
  const Numbers clip6 = {{"min", 0}, {"max", 6}}, clip1 = {{"min", 0}, {"max", 1}};
  const Numbers standard = {{"alpha", sixth}, {"beta", 0.5}}, keras = {{"alpha", 0.2}, {"beta", 0.5}};
  const Polynomial x = {{{1, 0}, 1}}, x_plus_3 = {{{0, 0}, 3}, {{1, 0}, 1}};
  const Polynomial x_by_6 = {{{0, 0}, 0.5}, {{1, 0}, sixth}}, x_by_5 = {{{0, 0}, 0.5}, {{1, 0}, 0.2}};
  const Polynomial t = {{{0, 1}, 1}}, t_by_6 = {{{0, 1}, sixth}};
  const Polynomial xt = {{{1, 1}, 1}}, xt_by_6 = {{{1, 1}, sixth}};
  const std::vector<Composite> swish = {
      {"HardSwish", {}, "Clip", clip6, x_plus_3, xt_by_6},
      {"HardSwish", {}, "Clip", clip1, x_by_6, xt},
      {"HardSwish", {}, "HardSigmoid", standard, x, xt},
  };
  const std::vector<Composite> sigmoid = {
      {"HardSigmoid", standard, "Clip", clip6, x_plus_3, t_by_6},
      {"HardSigmoid", standard, "Clip", clip1, x_by_6, t},
      {"HardSigmoid", keras, "Clip", clip1, x_by_5, t},
  };
  // Two walks: the larger pattern first.
  if (replace_composites(swish, "recognize_hard_swish", graph, diagnostics)) *changed = true;
  if (replace_composites(sigmoid, "recognize_hard_swish", graph, diagnostics)) *changed = true;
  return Status();
}

}  // namespace octet::converter
