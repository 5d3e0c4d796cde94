// SPDX-License-Identifier: Apache-2.0
//
// Operators that treat every element alike, fused activations, and roundings.
#include <cmath>

#include "converter/export_qdq/writers.h"
#include "converter/quantize/tables.h"

namespace octet::converter {
namespace {

constexpr float kInfinity = INFINITY;

// [.., C] of fewer axes than the image that it broadcasts to, in the image's form.
std::string read_operand(OnnxWriter& out, ValueId id, AxisOrder form) {
  const Value& value = out.graph().value(id);
  if (form == AxisOrder::kNative || value.shape.size() == 4 || element_count(value.shape) == 1)
    return out.read(id, form);
  Dims shape = value.shape;
  shape.insert(shape.begin(), 4 - shape.size(), 1);
  const Constant moved = transpose(reshape(*value.constant, shape), to_channels_first());
  if (!value.quantization.quantized()) return out.initializer(value.name, moved);
  return out.dequantized_constant(value.name, moved, {value.quantization.scale},
                                  value.quantization.zero_point, -1);
}

std::string clip(OnnxWriter& out, const std::string& wanted, const std::string& x, float low, float high) {
  const std::string least = low > -kInfinity ? out.scalar(wanted + "/min", low) : "";
  std::vector<std::string> inputs = {x, least};
  if (high < kInfinity) inputs.push_back(out.scalar(wanted + "/max", high));
  if (inputs.size() == 2 && least.empty()) inputs.pop_back();
  return out.emit("Clip", wanted, inputs);
}

double step_of(double real, const Quantization& quantization) {
  return std::nearbyint(real / quantization.scale) + quantization.zero_point;
}

// A clamp from 0 is written as Relu where the rounding behind it sets the upper bound anyway, and a clamp
// that the rounding makes is left out: Clip in front of QuantizeLinear has led onnxruntime's optimizer
// astray.
std::string write_clamp(OnnxWriter& out, const Value& value, const std::string& x, float low, float high) {
  const Quantization& quantization = value.quantization;
  const bool s8 = value.type == schema::TensorType_S8 && quantization.scale != 0;
  const bool below = low > -kInfinity && !(s8 && step_of(low, quantization) <= -128);
  const bool above = high < kInfinity && !(s8 && step_of(high, quantization) >= 127);
  if (above) return clip(out, x + "/clip", x, low, high);
  if (low == 0) return out.emit("Relu", x + "/relu", {x});
  return below ? clip(out, x + "/clip", x, low, kInfinity) : x;
}

}  // namespace

std::string write_activation(OnnxWriter& out, const Node& node, std::string name) {
  Value value = out.graph().value(node.outputs[0]);
  if (node.has("table")) {
    value.quantization = Quantization();
    value.quantization.scale = node.number("table_scale");
    value.quantization.zero_point = static_cast<int32_t>(node.integer("table_zero_point"));
  }
  name = write_clamp(out, value, name, node.number("activation_min", -kInfinity),
                     node.number("activation_max", kInfinity));
  std::string function = node.text("table_activation");
  if (node.has("table")) {
    name = out.rounded(name, value.type, value.quantization);
    function = node.text("table_function");
  }
  return function.empty() ? name : write_function(out, function, node, name, name + "/" + function);
}

std::string write_function(OnnxWriter& out, const std::string& op, const Node& parameters,
                           const std::string& x, const std::string& wanted) {
  const auto next = [&](const char* name, const std::vector<std::string>& inputs) {
    return out.emit(name, wanted + "/" + name, inputs);
  };
  const auto number = [&](float value) { return out.scalar(wanted + "/constant", value); };
  if (op == "Clip")
    return clip(out, wanted, x, static_cast<float>(attribute_number(parameters, "min", -INFINITY)),
                static_cast<float>(attribute_number(parameters, "max", INFINITY)));
  if (op == "Silu") return out.emit("Mul", wanted, {x, next("Sigmoid", {x})});
  if (op == "Mish") return out.emit("Mul", wanted, {x, next("Tanh", {next("Softplus", {x})})});
  if (op == "Gelu") {
    const std::string erf = next("Erf", {next("Mul", {x, number(0.70710678f)})});
    return out.emit("Mul", wanted, {next("Mul", {x, number(0.5f)}), next("Add", {erf, number(1)})});
  }
  if (op == "GeluTanh") {
    const std::string cube = next("Mul", {next("Mul", {x, x}), x});
    const std::string inner = next("Add", {x, next("Mul", {cube, number(0.044715f)})});
    const std::string tanh = next("Tanh", {next("Mul", {inner, number(0.79788456f)})});
    return out.emit("Mul", wanted, {next("Mul", {x, number(0.5f)}), next("Add", {tanh, number(1)})});
  }
  const std::string y = out.emit(op, wanted, {x});
  const UnaryFunction* row = find_unary(op);
  for (const char* key : {row->alpha_attribute, row->beta_attribute})
    if (key != nullptr && parameters.has(key))
      out.set(key, static_cast<float>(attribute_number(parameters, key, 0)));
  return y;
}

Status write_elementwise(OnnxWriter& out, const Node& node) {
  const AxisOrder form = out.common_form(node);
  std::vector<std::string> inputs;
  for (ValueId id : node.inputs) inputs.push_back(read_operand(out, id, form));
  const std::string y = out.emit(node.op, node.name, inputs);
  if (node.op == "Mod") out.set("fmod", node.integer("fmod"));
  out.define(node.outputs[0], form, write_activation(out, node, y));
  return Status();
}

Status write_unary(OnnxWriter& out, const Node& node) {
  const AxisOrder form = out.common_form(node);
  const std::string x = out.read(node.inputs[0], form);
  out.define(node.outputs[0], form, write_function(out, node.op, node, x, node.name));
  return Status();
}

Status write_cast(OnnxWriter& out, const Node& node) {
  const AxisOrder form = out.common_form(node);
  const std::string y = out.emit("Cast", node.name, {out.read(node.inputs[0], form)});
  out.set("to", static_cast<int64_t>(onnx_type_of(static_cast<TensorType>(node.integer("to")))));
  out.define(node.outputs[0], form, y);
  return Status();
}

Status write_rounding(OnnxWriter& out, const Node& node) {
  const AxisOrder form = out.common_form(node);
  const std::string x = out.read(node.inputs[0], form);
  if (node.op == "Dequantize" || node.op == "Identity")
    out.alias(node.outputs[0], form, x);
  else
    out.define(node.outputs[0], form, x);
  return Status();
}

}  // namespace octet::converter
