// SPDX-License-Identifier: Apache-2.0
//
// eliminate_identity
//   Before        nodes that change nothing: Identity, Dropout, Cast to the same type; Reshape, Expand to the
//   same
//                 shape; Transpose 0, 1, 2, ...; a whole Slice; Pad by nothing; Concat of one; Tile by 1;
//                 Resize by 1; x + 0, x - 0, x * 1, x / 1. Reshape behind Reshape, Transpose behind
//                 Transpose.
//   After         their readers read their input; one Reshape, one Transpose
//   Applies when  no value that disappears is rounded where the one that stays is not. A rounding of the
//   output alone
//                 moves to the input if nobody else reads that. A graph output keeps its name; one that would
//                 be a graph input, a constant or another graph output keeps its node.
//   Formula       y = x; Transpose p behind q: axis i of the result is axis q[p[i]]
#include <algorithm>

#include "converter/passes/passes.h"
#include "converter/passes/rewrite.h"

namespace octet::converter {

namespace {

constexpr char kStage[] = "eliminate_identity";

bool all_equal(const std::vector<int64_t>& list, int64_t value) {
  return std::all_of(list.begin(), list.end(), [value](int64_t entry) { return entry == value; });
}

bool is_identity_perm(const std::vector<int64_t>& perm) {
  for (size_t i = 0; i < perm.size(); ++i)
    if (perm[i] != static_cast<int64_t>(i)) return false;
  return !perm.empty();
}

// Every pixel is read where it is. tf_half_pixel_for_nn is half a pixel off, so nearest may pick a neighbour.
bool is_resize_by_one(const Node& node) {
  const float height = node.number("scales_height", 1), width = node.number("scales_width", 1);
  const auto is_one = [](float scale) { return scale == 1 || scale <= 0; };  // 0 = from the sizes
  return is_one(height) && is_one(width) && node.text("coordinate_mode") != "tf_half_pixel_for_nn";
}

// The operand that comes through x + 0, x - 0, x * 1 or x / 1, else kNoValue.
ValueId behind_neutral_element(const Graph& graph, const Node& node) {
  const bool sum = node.op == "Add" || node.op == "Sub";
  if (!sum && node.op != "Mul" && node.op != "Div") return kNoValue;
  const bool commutes = node.op == "Add" || node.op == "Mul";
  for (size_t i = commutes ? 0 : 1; i < 2; ++i) {
    double number;
    if (constant_number(graph, node.inputs[i], &number) && number == (sum ? 0 : 1)) return node.inputs[1 - i];
  }
  return kNoValue;
}

// The input that equals the output in type, shape and every element, else kNoValue.
ValueId unchanged_input(const Graph& graph, const Node& node) {
  if (has_activation(node) || node.inputs.empty() || node.outputs.size() != 1) return kNoValue;
  const ValueId neutral = behind_neutral_element(graph, node);
  const ValueId x = neutral != kNoValue ? neutral : node.inputs[0];
  if (graph.value(x).type != graph.value(node.outputs[0]).type) return kNoValue;
  if (graph.value(x).shape != graph.value(node.outputs[0]).shape) return kNoValue;
  if (neutral != kNoValue) return x;
  const std::string& op = node.op;
  if (op == "Identity" || op == "Dropout" || op == "Cast" || op == "Reshape" || op == "Expand") return x;
  if (op == "Transpose") return is_identity_perm(node.integers("perm")) ? x : kNoValue;
  if (op == "Slice") return all_equal(node.integers("steps"), 1) ? x : kNoValue;
  if (op == "Pad") return all_equal(node.integers("pads"), 0) ? x : kNoValue;
  if (op == "Concat") return node.inputs.size() == 1 ? x : kNoValue;
  if (op == "Tile") return all_equal(node.integers("repeats"), 1) ? x : kNoValue;
  if (op == "Resize") return is_resize_by_one(node) ? x : kNoValue;
  return kNoValue;
}

// x is rounded as y is, if that changes no other reader.
void move_pin_up(Graph* graph, ValueId x, ValueId y) {
  Quantization& before = graph->value(x).quantization;
  const Quantization& behind = graph->value(y).quantization;
  const bool free = !graph->value(x).is_constant() && has_one_reader(*graph, x);
  if (behind.quantized() && !before.quantized() && free) before = behind;
}

bool bypass(Graph* graph, Node* node, Diagnostics* diagnostics) {
  const ValueId x = unchanged_input(*graph, *node);
  if (x == kNoValue) return false;
  const ValueId y = node->outputs[0];
  const bool read = graph->is_graph_output(y) || !graph->consumers(y).empty();
  if (!read) return false;  // dead already
  move_pin_up(graph, x, y);
  if (!can_redirect(*graph, y, x)) {
    if (graph->value(y).quantization.quantized()) note_pinned(*graph, y, *node, kStage, diagnostics);
    return false;
  }
  redirect(graph, y, x);
  diagnostics->detail(kStage, node->name, node->op + " changes nothing");
  retire(node);
  return true;
}

std::vector<int64_t> composed(const std::vector<int64_t>& first, const std::vector<int64_t>& second) {
  std::vector<int64_t> perm;
  for (int64_t axis : second) perm.push_back(first[static_cast<size_t>(axis)]);
  return perm;
}

bool join_chain(Graph* graph, Node* second, Diagnostics* diagnostics) {
  if (!is_plain(*second, "Reshape") && !is_plain(*second, "Transpose")) return false;
  const ValueId between = second->inputs[0];
  const Node* first = plain_writer(*graph, between, second->op.c_str());
  if (first == nullptr) return false;
  const Quantization& pin = graph->value(between).quantization;
  if (pin.quantized() && !same_pin(pin, graph->value(first->inputs[0]).quantization)) {
    note_pinned(*graph, between, *second, kStage, diagnostics);
    return false;
  }
  if (second->op == "Transpose")
    second->attributes["perm"] = composed(first->integers("perm"), second->integers("perm"));
  second->inputs[0] = first->inputs[0];
  diagnostics->detail(kStage, second->name, "takes " + first->op + " '" + first->name + "'");
  return true;
}

}  // namespace

Status eliminate_identity(Graph* graph, Diagnostics* diagnostics, bool* changed) {
  bool any = false;
  for (const auto& node : graph->nodes) {
    any |= join_chain(graph, node.get(), diagnostics);
    any |= bypass(graph, node.get(), diagnostics);
  }
  if (!any) return Status();
  graph->remove_dead_nodes();
  *changed = true;
  return Status();
}

}  // namespace octet::converter
