// SPDX-License-Identifier: Apache-2.0
//
// fold_mul_add_into_conv
//   Before        Conv, ConvTranspose or FullyConnected -> Mul, Div, Add or Sub with a constant per output
//   channel After         the convolution alone; the arithmetic is in its weights and bias Applies when
//   weights, bias and the operand are finite constants; nobody else reads the convolution, and it has no
//                 activation yet; its output is not pinned, as then the network rounds before the arithmetic
//   Formula       per output channel o, in double and rounded once:
//                   y * c:  W[o] *= c, b[o] *= c          y + c:  b[o] += c
//                   y / c:  W[o] /= c, b[o] /= c          y - c:  b[o] -= c        c - y:  W[o] = -W[o], b[o]
//                   = c - b[o]
//                 Pinned weight scales follow: s[o] *= |c|.
#include <algorithm>
#include <cmath>

#include "converter/constant_math.h"
#include "converter/passes/affine_fold.h"
#include "converter/passes/passes.h"
#include "converter/passes/rewrite.h"

namespace octet::converter {

namespace {

constexpr char kStage[] = "fold_mul_add_into_conv";

bool is_floating_constant(const Graph& graph, ValueId id) {
  return id != kNoValue && graph.value(id).is_constant() && graph.value(id).type == schema::TensorType_F32;
}

// The operand as one number per channel of y. False if it varies along another axis, or is not finite.
bool per_channel(const Graph& graph, const Node& linear, ValueId operand, std::vector<double>* numbers) {
  const Constant& constant = *graph.value(operand).constant;
  const size_t rank = graph.value(linear.outputs[0]).shape.size(), lead = rank - constant.shape.size();
  const size_t axis = channel_axis(graph, linear),
               channels = static_cast<size_t>(output_channels(graph, linear));
  if (constant.shape.size() > rank || element_count(constant.shape) == 0) return false;
  for (size_t i = 0; i < constant.shape.size(); ++i)
    if (constant.shape[i] != 1 && lead + i != axis) return false;
  *numbers = to_doubles(constant);
  for (double number : *numbers)
    if (!std::isfinite(number)) return false;
  if (numbers->size() == 1) numbers->assign(channels, (*numbers)[0]);
  return numbers->size() == channels;
}

// What `node` does with y, operand number `at` of it. False for c / y and y / 0.
bool affine_of(const Node& node, size_t at, const std::vector<double>& c, Affine* affine) {
  affine->factor.assign(c.size(), 1);
  affine->term.assign(c.size(), 0);
  if (node.op == "Mul") {
    affine->factor = c;
  } else if (node.op == "Add") {
    affine->term = c;
  } else if (node.op == "Sub" && at == 0) {
    for (size_t o = 0; o < c.size(); ++o) affine->term[o] = -c[o];
  } else if (node.op == "Sub") {
    affine->factor.assign(c.size(), -1);
    affine->term = c;
  } else {
    if (at != 0 || std::count(c.begin(), c.end(), 0.0) != 0) return false;
    for (size_t o = 0; o < c.size(); ++o) affine->factor[o] = 1 / c[o];
  }
  return true;
}

bool fold(Graph* graph, Node* node, size_t at, Diagnostics* diagnostics) {
  const ValueId y = node->inputs[at], operand = node->inputs[1 - at];
  if (!is_floating_constant(*graph, operand)) return false;
  Node* linear = foldable_linear(*graph, y);
  if (linear == nullptr || graph->value(node->outputs[0]).shape != graph->value(y).shape) return false;
  std::vector<double> numbers;
  Affine affine;
  if (!per_channel(*graph, *linear, operand, &numbers) || !affine_of(*node, at, numbers, &affine))
    return false;
  return fold_affine(affine, kStage, graph, linear, node, diagnostics);
}

}  // namespace

Status fold_mul_add_into_conv(Graph* graph, Diagnostics* diagnostics, bool* changed) {
  bool any = false;
  for (const auto& node : graph->nodes) {
    if (node->op != "Mul" && node->op != "Add" && node->op != "Sub" && node->op != "Div") continue;
    for (size_t at = 0; at < 2 && !node->inputs.empty(); ++at)
      any |= fold(graph, node.get(), at, diagnostics);
  }
  if (!any) return Status();
  graph->remove_dead_nodes();
  *changed = true;
  return Status();
}

}  // namespace octet::converter
