// SPDX-License-Identifier: Apache-2.0
#include "converter/quantize/s8_rules.h"

#include <cmath>
#include <cstring>

#include "converter/quantize/tables.h"
#include "converter/quantize/uses.h"

namespace octet::converter {
namespace {

bool is_constant(const Graph& graph, ValueId id) { return id != kNoValue && graph.value(id).is_constant(); }

bool is_f32_constant(const Graph& graph, ValueId id) {
  return is_constant(graph, id) && graph.value(id).type == schema::TensorType_F32;
}

size_t constant_elements(const Graph& graph, ValueId id) { return graph.value(id).constant->elements(); }

std::string accept(const Graph&, const Node&) { return ""; }

std::string refuse_linear(const Graph& graph, const Node& node) {
  if (!is_f32_constant(graph, node.input(1))) return "the weights are not constant";
  if (node.input(2) != kNoValue && !is_f32_constant(graph, node.input(2))) return "the bias is not constant";
  return "";
}

std::string refuse_binary(const Graph& graph, const Node& node) {
  const bool constant_a = is_constant(graph, node.input(0)), constant_b = is_constant(graph, node.input(1));
  if (constant_a && constant_b) return "both inputs are constant";
  return "";
}

std::string refuse_div(const Graph& graph, const Node& node) {
  if (!is_f32_constant(graph, node.input(1)) || !has_scalar_operand(graph, node))
    return "INT8 divides by one constant number only";
  return "";
}

std::string refuse_p_relu(const Graph& graph, const Node& node) {
  const ValueId slope = node.input(1);
  if (!is_f32_constant(graph, slope)) return "the slope is not constant";
  const Dims& shape = graph.value(slope).shape;
  for (size_t i = 0; i + 1 < shape.size(); ++i)
    if (shape[i] != 1) return "the slope varies along other axes than the channels";
  return "";
}

std::string refuse_max_pool(const Graph&, const Node& node) {
  return node.outputs.size() > 1 && node.outputs[1] != kNoValue ? "its indices are used" : "";
}

std::string refuse_reduce(const Graph&, const Node& node) {
  const std::string kind = node.text("kind");
  if (kind == "Mean" || kind == "Sum" || kind == "Max" || kind == "Min") return "";
  return "Reduce " + kind + " has no INT8 form";
}

std::string refuse_softmax(const Graph& graph, const Node& node) {
  const int64_t rank = static_cast<int64_t>(graph.value(node.input(0)).shape.size());
  int64_t axis = node.integer("axis", -1);
  if (axis < 0) axis += rank;
  if (axis != rank - 1)
    return "INT8 Softmax runs along the last axis; this one along axis " + std::to_string(axis) + " of " +
           std::to_string(rank);
  return "";
}

std::string refuse_pad(const Graph&, const Node& node) {
  const float value = node.number("value", 0);
  if (!std::isfinite(value) || std::fabs(value) > 1e6f) return "the pad value has no place in an INT8 range";
  return "";
}

std::string refuse_gather(const Graph& graph, const Node& node) {
  if (!is_constant(graph, node.input(1))) return "the indices are not constant";
  return "";
}

const S8Rule kRules[] = {
    {"Conv", S8Class::kHeavy, false, refuse_linear},
    {"ConvTranspose", S8Class::kHeavy, false, refuse_linear},
    {"FullyConnected", S8Class::kHeavy, false, refuse_linear},
    {"Add", S8Class::kLight, false, refuse_binary},
    {"Sub", S8Class::kLight, false, refuse_binary},
    {"Mul", S8Class::kLight, false, refuse_binary},
    {"Div", S8Class::kLight, false, refuse_div},
    {"PRelu", S8Class::kLight, false, refuse_p_relu},
    {"AveragePool", S8Class::kLight, false, accept},
    {"Reduce", S8Class::kLight, false, refuse_reduce},
    {"Softmax", S8Class::kLight, false, refuse_softmax},
    {"MaxPool", S8Class::kMovement, true, refuse_max_pool},
    {"ArgMax", S8Class::kMovement, true, accept},
    {"ArgMin", S8Class::kMovement, true, accept},
    {"Reshape", S8Class::kMovement, true, accept},
    {"Transpose", S8Class::kMovement, true, accept},
    {"Concat", S8Class::kMovement, true, accept},
    {"Slice", S8Class::kMovement, true, accept},
    {"Pad", S8Class::kMovement, true, refuse_pad},
    {"Expand", S8Class::kMovement, true, accept},
    {"Tile", S8Class::kMovement, true, accept},
    {"Resize", S8Class::kMovement, true, accept},
    {"DepthToSpace", S8Class::kMovement, true, accept},
    {"SpaceToDepth", S8Class::kMovement, true, accept},
    {"ChannelShuffle", S8Class::kMovement, true, accept},
    {"Gather", S8Class::kMovement, true, refuse_gather},
    {"Identity", S8Class::kMovement, true, accept},
    {"Requantize", S8Class::kLight, false, accept},
};

// Max and Min select an element; Mean and Sum compute.
const S8Rule kSelectingReduce = {"Reduce", S8Class::kMovement, true, refuse_reduce};
const S8Rule kTable = {"table", S8Class::kLight, false, accept};

// Functions of one variable that 256 steps over the observed range render poorly, or that leave
// the real numbers when the range ends a little outside their domain.
const char* const kPoorTables[] = {"Exp",  "Log",   "Reciprocal", "Tan", "Asin",  "Acos", "Sinh",
                                   "Cosh", "Acosh", "Atanh",      "Not", "IsNaN", "IsInf"};

}  // namespace

const S8Rule* find_s8_rule(const Node& node) {
  if (node.op == "Reduce" && (node.text("kind") == "Max" || node.text("kind") == "Min"))
    return &kSelectingReduce;
  for (const S8Rule& rule : kRules)
    if (node.op == rule.op) return &rule;
  if (find_unary(node.op) == nullptr) return nullptr;
  for (const char* poor : kPoorTables)
    if (node.op == poor) return nullptr;
  return &kTable;
}

std::string refuse_s8(const Graph& graph, const Node& node) {
  if (node.op == "MatMul")
    return is_constant(graph, node.input(0)) || is_constant(graph, node.input(1))
               ? "the constant operand of MatMul is not one matrix on the right"
               : "both MatMul inputs are activations";
  const S8Rule* rule = find_s8_rule(node);
  if (rule == nullptr) {
    const bool table = find_unary(node.op) != nullptr;
    return "operator " + node.op + (table ? " loses too much in 256 steps" : " has no INT8 form");
  }
  for (ValueId id : node.inputs)
    if (is_constant(graph, id) && find_unary(node.op) != nullptr) return "its input is constant";
  return rule->refuse(graph, node);
}

bool takes_s16(const Graph& graph, const Node& node) {
  for (const char* op :
       {"ConvTranspose", "Div", "PRelu", "Softmax", "ArgMax", "ArgMin", "Resize", "Requantize"})
    if (node.op == op) return false;
  if (find_unary(node.op) != nullptr && node.op != "Identity") return false;  // a table
  if (node.op == "Reduce") {
    constexpr double kMostSummed = 1 << 16;  // times 2^14, beside the rounding term
    double count = 1;
    const Dims& shape = graph.value(node.inputs[0]).shape;
    for (int64_t axis : node.integers("axes"))
      if (axis >= 0 && axis < static_cast<int64_t>(shape.size()))
        count *= static_cast<double>(shape[static_cast<size_t>(axis)]);
    return count <= kMostSummed;
  }
  return !has_scalar_operand(graph, node);
}

bool writes_s16(const Graph& graph, const Node& node) {
  return takes_s16(graph, node) && !node.has("table_activation") && !node.has("table");
}

bool has_scalar_operand(const Graph& graph, const Node& node) {
  if (node.inputs.size() != 2) return false;
  const bool a = is_constant(graph, node.inputs[0]), b = is_constant(graph, node.inputs[1]);
  if (a == b) return false;
  const ValueId scalar = node.inputs[a ? 0 : 1], other = node.inputs[a ? 1 : 0];
  return constant_elements(graph, scalar) == 1 &&
         graph.value(scalar).shape.size() <= graph.value(other).shape.size();
}

bool has_fused_activation(const Node& node) {
  return std::isfinite(node.number("activation_min", -INFINITY)) ||
         std::isfinite(node.number("activation_max", INFINITY)) || node.has("table") ||
         node.has("table_activation");
}

}  // namespace octet::converter
