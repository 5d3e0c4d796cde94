// SPDX-License-Identifier: Apache-2.0
//
// Operators of two inputs, and PRelu.
//
// s8 and s16: Add and Sub by 16-bit multipliers (schema BinaryOptions), Mul by requantize; s8: any function
// with a scalar constant by a table. Min, Max, comparisons and the like have no other s8 form.
#include <cmath>
#include <cstring>
#include <optional>

#include "converter/lower/lower.h"
#include "converter/quantize/tables.h"

namespace octet::converter {

namespace {

struct KindRow {
  const char* op;
  schema::BinaryKind kind;
};

const KindRow kKinds[] = {
    {"Add", schema::BinaryKind_Add},         {"Sub", schema::BinaryKind_Sub},
    {"Mul", schema::BinaryKind_Mul},         {"Div", schema::BinaryKind_Div},
    {"Min", schema::BinaryKind_Min},         {"Max", schema::BinaryKind_Max},
    {"Pow", schema::BinaryKind_Pow},         {"Mod", schema::BinaryKind_Mod},
    {"Equal", schema::BinaryKind_Equal},     {"Less", schema::BinaryKind_Less},
    {"Greater", schema::BinaryKind_Greater}, {"LessOrEqual", schema::BinaryKind_LessOrEqual},
    {"And", schema::BinaryKind_And},         {"GreaterOrEqual", schema::BinaryKind_GreaterOrEqual},
    {"Or", schema::BinaryKind_Or},           {"Xor", schema::BinaryKind_Xor},
};

schema::BinaryKind binary_kind(const Node& node) {
  if (node.op == "Mod" && node.integer("fmod") != 0) return schema::BinaryKind_FMod;
  for (const KindRow& row : kKinds)
    if (node.op == row.op) return row.kind;
  return schema::BinaryKind_Add;  // the rows of lower_table.cc name no other operator
}

bool has_s8(const Node& node, const ModelBuilder& model) {
  for (const auto& ids : {node.inputs, node.outputs})
    for (ValueId id : ids)
      if (is_quantized(model.value(id))) return true;
  return false;
}

// The real number that a constant of one element holds (f32, or quantized s8).
std::optional<double> scalar_constant(const Value& value) {
  if (!value.is_constant() || value.constant->elements() != 1) return std::nullopt;
  if (value.type == schema::TensorType_F32) return value.constant->as<float>()[0];
  if (value.type != schema::TensorType_S8 || value.quantization.scale == 0) return std::nullopt;
  return static_cast<double>(value.quantization.scale) *
         (value.constant->as<int8_t>()[0] - value.quantization.zero_point);
}

// x in the output's shape: the scalar may have more axes than x.
int reshaped_input(const Node& node, ValueId x, ModelBuilder* model) {
  const Value& input = model->value(x);
  const Value& output = model->value(node.outputs[0]);
  if (input.shape == output.shape) return model->tensor(x);
  OperatorParts parts;
  parts.type = schema::OperatorType_Reshape;
  parts.name_suffix = "/reshape";
  parts.inputs = {model->tensor(x)};
  parts.outputs = {
      model->add_activation(input.name + "/reshaped", input.type, output.shape, input.quantization)};
  model->add_operator(node, parts);
  return parts.outputs[0];
}

// x op c, or c op x: a table.
Status lower_with_scalar(const Node& node, size_t scalar_index, double scalar, ModelBuilder* model) {
  const ValueId x = node.inputs[1 - scalar_index];
  OCTET_RETURN_IF_ERROR(require_s8(node, *model, x));
  OCTET_RETURN_IF_ERROR(require_s8(node, *model, node.outputs[0]));
  const Value& output = model->value(node.outputs[0]);
  const int input = reshaped_input(node, x, model);
  const Activation activation = activation_of(node);
  const auto function = [&](double v) {
    const double y =
        scalar_index == 0 ? evaluate_binary(node.op, scalar, v) : evaluate_binary(node.op, v, scalar);
    return std::isnan(y) ? y : std::fmin(std::fmax(y, activation.min), activation.max);
  };
  OperatorParts parts;
  parts.type = schema::OperatorType_Table;
  parts.inputs = {input};
  parts.outputs = {model->tensor(node.outputs[0])};
  const std::vector<uint8_t> table = build_table(function, model->value(x).quantization, output.quantization);
  model->add_operator(node, parts, schema::CreateTableOptionsDirect(model->fbb(), &table));
  return Status();
}

Status lower_s8_sum(const Node& node, ModelBuilder* model) {
  const Quantization& out = model->value(node.outputs[0]).quantization;
  // s8 operands enter times 2^7 and s16 ones times 2, which makes their multipliers 64 times larger.
  const auto effective_scale = [&](const Value& operand) {
    const int entering = operand.type == schema::TensorType_S16 ? 64 : 1;
    return static_cast<double>(operand.quantization.scale) / out.scale * entering;
  };
  const double ka = effective_scale(model->value(node.inputs[0]));
  const double kb = effective_scale(model->value(node.inputs[1])) * (node.op == "Sub" ? -1 : 1);
  const int most_bits = model->value(node.outputs[0]).type == schema::TensorType_S16 ? 0 : 6;
  std::vector<int16_t> multipliers;
  int8_t fractional_bits = 0;
  if (!encode_sum({ka, kb}, &multipliers, &fractional_bits, most_bits))
    return node_error(StatusCode::kUnsupported, node,
                      "input scales " + std::to_string(ka) + " and " + std::to_string(kb) +
                          " times the output's; must be below 128");
  RequantizationData clamp;
  clamp_output(activation_of(node), out, model->value(node.outputs[0]).type, &clamp);
  const auto requantization = model->create(clamp);
  const OperatorParts parts = plain_parts(schema::OperatorType_Binary, node, model);
  model->add_operator(
      node, parts,
      schema::CreateBinaryOptions(model->fbb(), binary_kind(node), -INFINITY, INFINITY, multipliers[0],
                                  multipliers[1], fractional_bits, requantization));
  return Status();
}

Status lower_s8_mul(const Node& node, ModelBuilder* model) {
  const Value &x = model->value(node.inputs[0]), &y = model->value(node.inputs[1]);
  const Quantization &a = x.quantization, &b = y.quantization;
  const Quantization& out = model->value(node.outputs[0]).quantization;
  FixedPoint pair;
  OCTET_RETURN_IF_ERROR(at_node(node, encode_fixed_point(static_cast<double>(a.scale) * b.scale / out.scale,
                                                         model->value(node.outputs[0]).type, &pair)));
  const double bound = static_cast<double>(largest_difference(x.type, a.zero_point)) *
                       largest_difference(y.type, b.zero_point);
  if (!accumulator_fits(bound, pair))
    return node_error(StatusCode::kUnsupported, node, "products do not fit in s32 after the left shift");
  model->note_headroom(node, headroom_bits(bound, pair));
  RequantizationData data;
  data.add(pair);
  clamp_output(activation_of(node), out, model->value(node.outputs[0]).type, &data);
  const auto requantization = model->create(data);
  const OperatorParts parts = plain_parts(schema::OperatorType_Binary, node, model);
  model->add_operator(node, parts,
                      schema::CreateBinaryOptions(model->fbb(), schema::BinaryKind_Mul, -INFINITY, INFINITY,
                                                  0, 0, 0, requantization));
  return Status();
}

Status lower_s8(const Node& node, ModelBuilder* model) {
  for (size_t i : {size_t{1}, size_t{0}}) {
    const std::optional<double> scalar = scalar_constant(model->value(node.inputs[i]));
    if (scalar && !std::isnan(evaluate_binary(node.op, 1, 1)))
      return lower_with_scalar(node, i, *scalar, model);
  }
  if (node.op != "Add" && node.op != "Sub" && node.op != "Mul")
    return node_error(StatusCode::kInternal, node, "has no s8 form");
  for (ValueId id : {node.inputs[0], node.inputs[1], node.outputs[0]})
    OCTET_RETURN_IF_ERROR(require_quantized(node, *model, id));
  return node.op == "Mul" ? lower_s8_mul(node, model) : lower_s8_sum(node, model);
}

// k = slope * input_scale / output_scale for every slope; entry 0 is the positive side's.
Status encode_slopes(const Node& node, const Value& slope, const ModelBuilder& model,
                     std::vector<int16_t>* multipliers, int8_t* fractional_bits) {
  if (!slope.is_constant() || slope.type != schema::TensorType_F32)
    return node_error(StatusCode::kInternal, node,
                      "slope '" + slope.name + "' must be constant f32 in the s8 form");
  const double k = static_cast<double>(model.value(node.inputs[0]).quantization.scale) /
                   model.value(node.outputs[0]).quantization.scale;
  std::vector<double> scales = {k};
  for (size_t i = 0; i < slope.constant->elements(); ++i)
    scales.push_back(k * slope.constant->as<float>()[i]);
  if (!encode_sum(scales, multipliers, fractional_bits))
    return node_error(StatusCode::kUnsupported, node, "slope times scale is 128 or more");
  return Status();
}

Status lower_s8_p_relu(const Node& node, ModelBuilder* model) {
  OCTET_RETURN_IF_ERROR(require_s8(node, *model, node.inputs[0]));
  OCTET_RETURN_IF_ERROR(require_s8(node, *model, node.outputs[0]));
  const Value& input = model->value(node.inputs[0]);
  const Value& slope = model->value(node.inputs[1]);
  const int64_t slopes = element_count(slope.shape);
  const bool per_channel = !input.shape.empty() && !slope.shape.empty() && slope.shape.back() == slopes &&
                           slopes == input.shape.back();
  if (slopes != 1 && !per_channel)
    return node_error(StatusCode::kUnsupported, node,
                      "slope " + shape_text(slope.shape) + "; the s8 form takes one, or one per channel");
  std::vector<int16_t> multipliers;
  int8_t fractional_bits = 0;
  OCTET_RETURN_IF_ERROR(encode_slopes(node, slope, *model, &multipliers, &fractional_bits));
  const int16_t positive = multipliers.front();
  multipliers.erase(multipliers.begin());
  OperatorParts parts = plain_parts(schema::OperatorType_PRelu, node, model);
  parts.inputs.resize(1);  // the slopes are in the options
  model->add_operator(
      node, parts, schema::CreatePReluOptionsDirect(model->fbb(), positive, &multipliers, fractional_bits));
  return Status();
}

}  // namespace

Status lower_binary(const Node& node, ModelBuilder* model) {
  if (node.inputs.size() != 2) return node_error(StatusCode::kInternal, node, "must have two inputs");
  if (has_s8(node, *model)) return lower_s8(node, model);
  const Activation activation = activation_of(node);
  const OperatorParts parts = plain_parts(schema::OperatorType_Binary, node, model);
  model->add_operator(
      node, parts,
      schema::CreateBinaryOptions(model->fbb(), binary_kind(node), activation.min, activation.max));
  return Status();
}

Status lower_p_relu(const Node& node, ModelBuilder* model) {
  const Form form = node_form(node, *model);
  if (form == Form::kS8) return lower_s8_p_relu(node, model);
  OCTET_RETURN_IF_ERROR(require_float(node, *model));
  const OperatorParts parts = plain_parts(schema::OperatorType_PRelu, node, model);
  model->add_operator(node, parts, schema::CreatePReluOptions(model->fbb()));
  return Status();
}

}  // namespace octet::converter
