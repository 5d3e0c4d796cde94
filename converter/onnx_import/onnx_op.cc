// SPDX-License-Identifier: Apache-2.0
//
// OnnxOp: reads one ONNX node, emits canonical nodes, folds what is constant.
#include <algorithm>

#include "converter/dequantized_constant.h"
#include "converter/fold_node.h"
#include "converter/infer_shapes.h"
#include "converter/onnx_import/importer.h"
#include "converter/quantize/qdq_weights.h"

namespace octet::converter {

OnnxOp::OnnxOp(Importer* importer, Scope* scope, const onnx::NodeProto& node, std::string name, int opset)
    : importer_(importer), scope_(scope), node_(node), name_(std::move(name)), opset_(opset) {}

Graph& OnnxOp::graph() { return importer_->graph(); }
Diagnostics& OnnxOp::diagnostics() { return importer_->diagnostics(); }
const Value& OnnxOp::value(ValueId id) { return graph().value(id); }

void OnnxOp::fail(const std::string& rule, StatusCode code) const {
  throw_error(code, "node '" + name_ + "': " + type() + " (opset " + std::to_string(opset_) + "): " + rule);
}

bool OnnxOp::has_input(size_t i) const {
  return i < input_count() && !node_.input(static_cast<int>(i)).empty();
}

ValueId OnnxOp::input(size_t i) {
  if (!has_input(i)) fail("input " + std::to_string(i) + " is missing");
  const std::string& wanted = node_.input(static_cast<int>(i));
  const ValueId found = scope_->find(wanted);
  if (found == kNoValue) fail("input '" + wanted + "' is written by no node before it");
  return found;
}

ValueId OnnxOp::optional_input(size_t i) { return has_input(i) ? input(i) : kNoValue; }

std::vector<ValueId> OnnxOp::inputs() {
  std::vector<ValueId> all;
  for (size_t i = 0; i < input_count(); ++i) all.push_back(input(i));
  return all;
}

const onnx::AttributeProto* OnnxOp::attribute(const std::string& key) const {
  read_.insert(key);
  for (const auto& attribute : node_.attribute()) {
    if (attribute.name() != key) continue;
    if (attribute.ref_attr_name().empty()) return &attribute;
    const auto bound = scope_->attributes.find(attribute.ref_attr_name());
    return bound == scope_->attributes.end() ? nullptr : bound->second;
  }
  return nullptr;
}

void OnnxOp::check_all_read() const {
  // Without effect on inference, or on what is supported.
  static const std::set<std::string> kHarmless = {"consumed_inputs",
                                                  "cubic_coeff_a",
                                                  "else_branch",
                                                  "exclude_outside",
                                                  "extrapolation_value",
                                                  "keep_aspect_ratio_policy",
                                                  "momentum",
                                                  "noop_with_empty_axes",
                                                  "ratio",
                                                  "saturate",
                                                  "seed",
                                                  "stash_type",
                                                  "storage_order",
                                                  "then_branch"};
  for (const auto& attribute : node_.attribute())
    if (read_.count(attribute.name()) == 0 && kHarmless.count(attribute.name()) == 0)
      unsupported("attribute '" + attribute.name() + "' is not known in this opset");
}

int64_t OnnxOp::integer(const char* key, int64_t fallback) const {
  const auto* found = attribute(key);
  return found == nullptr ? fallback : found->i();
}

float OnnxOp::number(const char* key, float fallback) const {
  const auto* found = attribute(key);
  return found == nullptr ? fallback : found->f();
}

std::string OnnxOp::text(const char* key, const std::string& fallback) const {
  const auto* found = attribute(key);
  return found == nullptr ? fallback : found->s();
}

std::vector<int64_t> OnnxOp::integers(const char* key) const {
  const auto* found = attribute(key);
  if (found == nullptr) return {};
  return std::vector<int64_t>(found->ints().begin(), found->ints().end());
}

std::vector<float> OnnxOp::numbers(const char* key) const {
  const auto* found = attribute(key);
  if (found == nullptr) return {};
  return std::vector<float>(found->floats().begin(), found->floats().end());
}

std::vector<std::string> OnnxOp::texts(const char* key) const {
  const auto* found = attribute(key);
  if (found == nullptr) return {};
  return std::vector<std::string>(found->strings().begin(), found->strings().end());
}

const onnx::TensorProto* OnnxOp::tensor(const char* key) const {
  const auto* found = attribute(key);
  return found == nullptr || !found->has_t() ? nullptr : &found->t();
}

const onnx::GraphProto* OnnxOp::subgraph(const char* key) const {
  const auto* found = attribute(key);
  return found == nullptr || !found->has_g() ? nullptr : &found->g();
}

int64_t OnnxOp::axis(int64_t axis, int64_t rank) const {
  if (axis < -rank || axis >= rank)
    fail("axis " + std::to_string(axis) + " of a tensor of rank " + std::to_string(rank));
  return axis < 0 ? axis + rank : axis;
}

namespace {

Constant dequantized(const Graph& graph, const DequantizedConstant& quantized) {
  QdqParameters parameters;
  throw_if_error(
      read_qdq_parameters(graph, *quantized.node, quantized.data->shape, quantized.data->type, &parameters));
  return dequantize_constant(*quantized.data, parameters);
}

}  // namespace

const Constant& OnnxOp::constant(size_t i, const char* what) {
  DequantizedConstant quantized;  // such as a pad value that a quantizer rounded: its real number
  if (find_dequantized_constant(graph(), input(i), &quantized)) {
    const ValueId real = graph().add_constant(name_ + "/dequantized", dequantized(graph(), quantized));
    return *value(real).constant;
  }
  const Value& found = value(input(i));
  if (!found.is_constant())
    unsupported(std::string(what) + " ('" + node_.input(static_cast<int>(i)) +
                "') is computed from the network's input; it must be constant");
  return *found.constant;
}

std::vector<int64_t> OnnxOp::static_integers(size_t i, const char* what) {
  return to_integers(constant(i, what));
}

int64_t OnnxOp::static_integer(size_t i, const char* what) {
  const auto all = static_integers(i, what);
  if (all.size() != 1)
    fail(std::string(what) + " holds " + std::to_string(all.size()) + " elements; must hold 1");
  return all[0];
}

float OnnxOp::static_number(size_t i, const char* what) {
  const auto all = to_floats(constant(i, what));
  if (all.size() != 1)
    fail(std::string(what) + " holds " + std::to_string(all.size()) + " elements; must hold 1");
  return all[0];
}

ValueId OnnxOp::emit_constant(Constant constant) {
  const ValueId id = graph().add_constant(name_ + "/constant", std::move(constant));
  emitted_.insert(id);
  return id;
}

std::vector<ValueId> OnnxOp::finish(Node* node) {
  std::vector<TypedShape> inferred;
  throw_if_error(infer_node(graph(), *node, &inferred));
  for (size_t i = 0; i < node->outputs.size(); ++i) {
    graph().value(node->outputs[i]).type = inferred[i].type;
    graph().value(node->outputs[i]).shape = inferred[i].shape;
    emitted_.insert(node->outputs[i]);
  }
  const std::vector<ValueId> outputs = node->outputs;
  const FoldResult folded = fold_last_node(&graph());
  if (!folded.status.ok()) throw ImportError{folded.status};
  return outputs;
}

ValueId OnnxOp::emit(const std::string& op, std::vector<ValueId> inputs, Attributes attributes) {
  return emit_many(op, std::move(inputs), std::move(attributes), 1)[0];
}

std::vector<ValueId> OnnxOp::emit_many(const std::string& op, std::vector<ValueId> inputs,
                                       Attributes attributes, size_t outputs) {
  std::vector<ValueId> ids;
  for (size_t i = 0; i < outputs; ++i)
    ids.push_back(graph().add_value(name_ + "/" + op, schema::TensorType_F32, {}));
  const std::string unique = emitted_.empty() ? name_ : importer_->unique_node_name(name_ + "/" + op);
  Node& node = graph().insert_node(graph().nodes.size(), op, unique);
  node.source = type() + " (opset " + std::to_string(opset_) + ")";
  node.inputs = std::move(inputs);
  node.outputs = ids;
  node.attributes = std::move(attributes);
  return finish(&node);
}

ValueId OnnxOp::emit_stated(const std::string& op, std::vector<ValueId> inputs, Attributes attributes,
                            TensorType type, Dims shape) {
  const ValueId id = graph().add_value(name_ + "/" + op, type, std::move(shape));
  const std::string unique = emitted_.empty() ? name_ : importer_->unique_node_name(name_ + "/" + op);
  Node& node = graph().insert_node(graph().nodes.size(), op, unique);
  node.source = this->type() + " (opset " + std::to_string(opset_) + ")";
  node.inputs = std::move(inputs);
  node.outputs = {id};
  node.attributes = std::move(attributes);
  return finish(&node)[0];
}

ValueId OnnxOp::remember(ValueId value) {
  emitted_.insert(value);
  return value;
}

ValueId OnnxOp::emit_reshape(ValueId source, Dims shape) {
  if (value(source).shape == shape) return source;
  DequantizedConstant weight;
  if (find_dequantized_constant(graph(), source, &weight)) {
    const ValueId moved = reshape_dequantized(&graph(), weight, shape);
    if (moved != kNoValue) return remember(moved);
  }
  return emit_stated("Reshape", {source}, {}, value(source).type, std::move(shape));
}

ValueId OnnxOp::emit_transpose(ValueId source, const Permutation& permutation) {
  if (is_identity(permutation)) return source;
  DequantizedConstant weight;
  if (find_dequantized_constant(graph(), source, &weight))
    return remember(transpose_dequantized(&graph(), weight, permutation));
  return emit("Transpose", {source},
              {{"perm", std::vector<int64_t>(permutation.begin(), permutation.end())}});
}

void OnnxOp::output(size_t i, ValueId id) {
  if (!wants_output(i)) return;
  const std::string& bound = node_.output(static_cast<int>(i));
  if (scope_->values.count(bound) != 0) fail("output '" + bound + "' is written twice");
  if (emitted_.count(id) != 0) graph().value(id).name = bound;
  scope_->values[bound] = id;
}

}  // namespace octet::converter
