// SPDX-License-Identifier: Apache-2.0
//
// recognize_layer_norm
//   Before        d = x - Reduce[Mean](x); d / Sqrt(Reduce[Mean](d ^ 2) + epsilon); then perhaps * scale and
//   + bias.
//                 d ^ 2 is Pow or Mul; the quotient is Div, or Mul by Reciprocal.
//   After         LayerNormalization x, scale, [bias] [axis, epsilon]
//   Applies when  the means run over the last axes and keep them; scale and bias are constant and vary along
//   these
//                 axes only; no value in between is pinned. (Means over the channels of NCHW are over the
//                 last axis once the graph is NHWC.)
//   Formula       y = (x - mean) / sqrt(mean((x - mean)^2) + epsilon) * scale + bias
//                 Three steps: the core, with scale 1; a Mul behind it: scale *= m, bias *= m; an Add: bias
//                 += a
#include "converter/constant_math.h"
#include "converter/passes/passes.h"
#include "converter/passes/rewrite.h"

namespace octet::converter {

namespace {

constexpr char kStage[] = "recognize_layer_norm";

struct Core {
  ValueId x = kNoValue;
  int64_t axis = 0;
  double epsilon = 0;
};

// The first of the axes if they are the last ones of x, else -1.
int64_t last_axes(const Graph& graph, const Node& mean) {
  const std::vector<int64_t> axes = mean.integers("axes");
  const int64_t rank = static_cast<int64_t>(graph.value(mean.inputs[0]).shape.size());
  if (mean.text("kind") != "Mean" || mean.integer("keepdims", 1) == 0 || axes.empty()) return -1;
  for (size_t i = 0; i < axes.size(); ++i)
    if (axes[i] != rank - static_cast<int64_t>(axes.size() - i)) return -1;
  return axes[0];
}

// The value behind Sqrt in 1 / sqrt: Div(d, Sqrt(v)) or Mul(d, Reciprocal(Sqrt(v))), with d.
bool match_quotient(const Graph& graph, const Node& node, size_t d_index, ValueId* d, ValueId* under_root) {
  const ValueId other = node.inputs[1 - d_index];
  const Node* root = nullptr;
  if (is_plain(node, "Div") && d_index == 0) root = plain_writer(graph, other, "Sqrt");
  if (is_plain(node, "Mul")) {
    const Node* reciprocal = plain_writer(graph, other, "Reciprocal");
    if (reciprocal != nullptr) root = plain_writer(graph, reciprocal->inputs[0], "Sqrt");
    const Node* quotient = plain_writer(graph, other, "Div");
    double one;
    if (quotient != nullptr && constant_number(graph, quotient->inputs[0], &one) && one == 1)
      root = plain_writer(graph, quotient->inputs[1], "Sqrt");
  }
  if (root == nullptr) return false;
  *d = node.inputs[d_index];
  *under_root = root->inputs[0];
  return true;
}

bool is_square(const Graph& graph, ValueId value, ValueId d) {
  double exponent;
  const Node* mul = plain_writer(graph, value, "Mul");
  if (mul != nullptr) return mul->inputs[0] == d && mul->inputs[1] == d;
  const Node* pow = plain_writer(graph, value, "Pow");
  return pow != nullptr && pow->inputs[0] == d && constant_number(graph, pow->inputs[1], &exponent) &&
         exponent == 2;
}

bool match_core(const Graph& graph, const Node& node, size_t d_index, Core* core) {
  ValueId d, under_root;
  if (!match_quotient(graph, node, d_index, &d, &under_root)) return false;
  const Node* add = plain_writer(graph, under_root, "Add");
  const Node* difference = plain_writer(graph, d, "Sub");
  if (add == nullptr || difference == nullptr) return false;
  const size_t e = graph.value(add->inputs[0]).is_constant() ? 0 : 1;
  if (!constant_number(graph, add->inputs[e], &core->epsilon) || core->epsilon < 0) return false;
  const Node* variance = plain_writer(graph, add->inputs[1 - e], "Reduce");
  const Node* mean = plain_writer(graph, difference->inputs[1], "Reduce");
  if (variance == nullptr || mean == nullptr || mean->inputs[0] != difference->inputs[0]) return false;
  core->x = mean->inputs[0];
  core->axis = last_axes(graph, *mean);
  const Value &x = graph.value(core->x), &y = graph.value(node.outputs[0]);
  return core->axis >= 0 && last_axes(graph, *variance) == core->axis &&
         is_square(graph, variance->inputs[0], d) && x.type == schema::TensorType_F32 && x.shape == y.shape;
}

Dims normalized_shape(const Graph& graph, const Node& norm) {
  const Dims& shape = graph.value(norm.inputs[0]).shape;
  int64_t axis = norm.integer("axis", -1);
  if (axis < 0) axis += static_cast<int64_t>(shape.size());
  return Dims(shape.begin() + axis, shape.end());
}

bool rewrite_core(Graph* graph, Node* node, Diagnostics* diagnostics) {
  Core core;
  if (node->inputs.size() != 2 ||
      !(match_core(*graph, *node, 0, &core) || match_core(*graph, *node, 1, &core)))
    return false;
  Replacement replacement{"LayerNormalization", core.x, {}};
  replacement.attributes["axis"] = core.axis;
  replacement.attributes["epsilon"] = static_cast<float>(core.epsilon);
  if (!replace_pattern(replacement, kStage, graph, node, diagnostics)) return false;
  const Dims shape = normalized_shape(*graph, *node);
  const std::vector<float> ones(static_cast<size_t>(element_count(shape)), 1.0f);
  node->inputs.push_back(graph->add_constant(node->name + "/scale", make_f32(shape, ones)));
  return true;
}

// A constant operand as numbers over the normalized axes. False if it varies elsewhere.
bool along_normalized(const Graph& graph, ValueId operand, const Dims& shape, std::vector<float>* numbers) {
  if (!graph.value(operand).is_constant() || graph.value(operand).type != schema::TensorType_F32)
    return false;
  const Constant& constant = *graph.value(operand).constant;
  Dims own = constant.shape;
  while (own.size() > shape.size() && own[0] == 1) own.erase(own.begin());
  Dims result;
  if (!broadcast_shapes(own, shape, &result) || result != shape) return false;
  *numbers = to_floats(broadcast_to(reshape(constant, own), shape));
  return true;
}

// LayerNormalization -> Mul or Add of a constant: into scale and bias.
bool absorb(Graph* graph, Node* node, Diagnostics* diagnostics) {
  if (node->inputs.size() != 2) return false;
  const size_t c = graph->value(node->inputs[1]).is_constant() ? 1 : 0;
  const ValueId before = node->inputs[1 - c];
  Node* norm = plain_writer(*graph, before, "LayerNormalization");
  if (norm == nullptr || norm->outputs.size() != 1 || !has_one_reader(*graph, before)) return false;
  const Dims shape = normalized_shape(*graph, *norm);
  std::vector<float> operand, scale, bias(static_cast<size_t>(element_count(shape)), 0.0f);
  if (graph->value(node->outputs[0]).shape != graph->value(before).shape) return false;
  if (!along_normalized(*graph, node->inputs[c], shape, &operand)) return false;
  if (!along_normalized(*graph, norm->inputs[1], shape, &scale)) return false;
  const bool has_bias = norm->input(2) != kNoValue;
  if (has_bias && !along_normalized(*graph, norm->inputs[2], shape, &bias)) return false;
  if (graph->value(before).quantization.quantized()) {
    note_pinned(*graph, before, *node, kStage, diagnostics);
    return false;
  }
  const bool multiplies = node->op == "Mul";
  for (size_t i = 0; i < operand.size(); ++i) {
    scale[i] = multiplies ? scale[i] * operand[i] : scale[i];
    bias[i] = multiplies ? bias[i] * operand[i] : bias[i] + operand[i];
  }
  const std::string name = norm->name;
  norm->inputs.resize(2);
  norm->inputs[1] = graph->add_constant(name + "/scale", make_f32(shape, scale));
  if (has_bias || !multiplies)
    norm->inputs.push_back(graph->add_constant(name + "/bias", make_f32(shape, bias)));
  norm->outputs = node->outputs;
  retire(node);
  diagnostics->detail(kStage, name, "takes " + node->op + " '" + node->name + "'");
  return true;
}

}  // namespace

Status recognize_layer_norm(Graph* graph, Diagnostics* diagnostics, bool* changed) {
  bool any = false;
  for (const auto& node : graph->nodes)
    if (is_plain(*node, "Div") || is_plain(*node, "Mul")) any |= rewrite_core(graph, node.get(), diagnostics);
  for (const auto& node : graph->nodes)
    if (is_plain(*node, "Mul") || is_plain(*node, "Add")) any |= absorb(graph, node.get(), diagnostics);
  if (!any) return Status();
  graph->remove_dead_nodes();
  *changed = true;
  return Status();
}

}  // namespace octet::converter
