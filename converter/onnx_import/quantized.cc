// SPDX-License-Identifier: Apache-2.0
//
// Quantized networks. QuantizeLinear and DequantizeLinear stay nodes; each QLinear
// operator becomes DequantizeLinear -> the float operator -> QuantizeLinear, so
// that both kinds of file take one path from here (quantize/import_qdq).
#include <algorithm>

#include "converter/dequantized_constant.h"
#include "converter/onnx_import/handlers.h"

namespace octet::converter {

namespace {

// The scale and zero point have to be known: they become numbers in the model.
void require_constant(OnnxOp& op, ValueId value, const char* what) {
  if (value != kNoValue && !op.value(value).is_constant())
    op.unsupported(std::string(what) + " is computed at run time (dynamic quantization)");
}

// One scale, or one per slice of `axis` of x; as many zero points.
void check_parameters(OnnxOp& op, ValueId x, ValueId scale, ValueId zero_point, int64_t axis) {
  const Dims scales = op.value(scale).shape, shape = op.value(x).shape;
  const int64_t count = element_count(scales);
  if (scales.size() > 1 && count != 1) op.unsupported("scales of shape " + shape_text(scales));
  if (count != 1 && (shape.empty() || shape[static_cast<size_t>(axis)] != count))
    op.fail("scales " + shape_text(scales) + " along axis " + std::to_string(axis) + " of " +
            shape_text(shape));
  if (zero_point != kNoValue && element_count(op.value(zero_point).shape) != count)
    op.fail("zero points of shape " + shape_text(op.value(zero_point).shape) + " for scales " +
            shape_text(scales));
}

ValueId emit_between(OnnxOp& op, const char* type, std::vector<ValueId> inputs, int64_t axis) {
  const ValueId x = inputs[0], scale = inputs[1], zero_point = inputs[2];
  require_constant(op, scale, "a scale");
  require_constant(op, zero_point, "a zero point");
  if (zero_point == kNoValue) inputs.pop_back();
  const bool per_axis = element_count(op.value(scale).shape) != 1;
  if (per_axis) axis = op.axis(axis, static_cast<int64_t>(op.value(x).shape.size()));
  check_parameters(op, x, scale, zero_point, axis);
  return op.emit(type, inputs, {{"axis", per_axis ? axis : int64_t{0}}});
}

// Inputs i, i + 1, i + 2 are x, its scale, its zero point.
ValueId dequantized_input(OnnxOp& op, size_t i, int64_t axis = 0) {
  return emit_dequantize(op, op.input(i), op.input(i + 1), op.optional_input(i + 2), axis);
}

void quantized_output(OnnxOp& op, ValueId y, size_t scale) {
  op.output(0, emit_quantize(op, y, op.input(scale), op.optional_input(scale + 1), 0));
}

// An s32 bias in units of scale_x * scale_w, dequantized. kNoValue if it is left out.
ValueId dequantized_bias(OnnxOp& op, ValueId bias, ValueId x_scale, ValueId w_scale) {
  if (bias == kNoValue) return kNoValue;
  std::vector<float> scales = to_floats(*op.value(w_scale).constant);
  const float factor = to_floats(*op.value(x_scale).constant)[0];
  for (float& scale : scales) scale *= factor;
  const Dims shape = scales.size() == 1 ? Dims{} : Dims{static_cast<int64_t>(scales.size())};
  return emit_dequantize(op, bias, op.emit_constant(make_f32(shape, scales)), kNoValue, 0);
}

}  // namespace

ValueId emit_quantize(OnnxOp& op, ValueId x, ValueId scale, ValueId zero_point, int64_t axis) {
  return emit_between(op, "QuantizeLinear", {x, scale, zero_point}, axis);
}

ValueId emit_dequantize(OnnxOp& op, ValueId x, ValueId scale, ValueId zero_point, int64_t axis) {
  return emit_between(op, "DequantizeLinear", {x, scale, zero_point}, axis);
}

void import_quantize_linear(OnnxOp& op) {
  if (op.integer("block_size", 0) != 0) op.unsupported("block quantization");
  ValueId zero_point = op.optional_input(2);
  const int64_t onnx_type = op.integer("output_dtype", 0);  // opset 21
  if (zero_point == kNoValue && onnx_type == onnx::TensorProto::INT8)
    zero_point = op.emit_constant(
        from_integers(schema::TensorType_S8, op.shape(1),
                      std::vector<int64_t>(static_cast<size_t>(element_count(op.shape(1))), 0)));
  else if (zero_point == kNoValue && onnx_type != 0 && onnx_type != onnx::TensorProto::UINT8)
    op.unsupported("output_dtype " + std::to_string(onnx_type));
  op.output(0, emit_quantize(op, op.input(0), op.input(1), zero_point, op.integer("axis", 1)));
}

void import_dequantize_linear(OnnxOp& op) {
  if (op.integer("block_size", 0) != 0) op.unsupported("block quantization");
  op.output(0, emit_dequantize(op, op.input(0), op.input(1), op.optional_input(2), op.integer("axis", 1)));
}

// x, x_scale, x_zero_point, w, w_scale, w_zero_point, y_scale, y_zero_point, [B]
void import_qlinear_conv(OnnxOp& op) {
  const ValueId x = dequantized_input(op, 0), w = dequantized_input(op, 3, 0);
  const ValueId bias = dequantized_bias(op, op.optional_input(8), op.input(1), op.input(4));
  quantized_output(op, emit_conv(op, x, w, bias), 6);
}

// a, a_scale, a_zero_point, b, b_scale, b_zero_point, y_scale, y_zero_point
void import_qlinear_mat_mul(OnnxOp& op) {
  const ValueId a = dequantized_input(op, 0), b = dequantized_input(op, 3, op.rank(3) - 1);
  quantized_output(op, emit_mat_mul(op, a, b), 6);
}

// com.microsoft: A, a_scale, a_zero_point, B, b_scale, b_zero_point, [C], [y_scale, y_zero_point]
void import_qgemm(OnnxOp& op) {
  if (op.integer("transA", 0) != 0 || op.number("alpha", 1) != 1) op.unsupported("transA or alpha");
  const bool transpose_b = op.integer("transB", 0) != 0;
  const ValueId a = dequantized_input(op, 0);
  ValueId b = dequantized_input(op, 3, transpose_b ? 0 : 1);
  if (!is_weight(op.graph(), b)) op.unsupported("B that is computed from the network's input");
  if (!transpose_b) b = op.emit_transpose(b, {1, 0});
  const ValueId bias = dequantized_bias(op, op.optional_input(6), op.input(1), op.input(4));
  const ValueId y = emit_fully_connected(op, a, b, bias);
  if (op.has_input(7)) return quantized_output(op, y, 7);
  op.output(0, y);
}

// com.microsoft: A, a_scale, a_zero_point, B, b_scale, b_zero_point, c_scale, c_zero_point
void import_qlinear_binary(OnnxOp& op) {
  const std::string type = op.type().substr(std::string("QLinear").size());
  const ValueId y = op.emit(type, {dequantized_input(op, 0), dequantized_input(op, 3)});
  quantized_output(op, y, 6);
}

// com.microsoft: X, x_scale, x_zero_point, y_scale, y_zero_point
void import_qlinear_unary(OnnxOp& op) {
  const std::string type = op.type().substr(std::string("QLinear").size());
  Attributes attributes;
  if (type == "LeakyRelu") attributes["alpha"] = op.number("alpha", 0.01f);
  quantized_output(op, op.emit(type, {dequantized_input(op, 0)}, attributes), 3);
}

void import_qlinear_pool(OnnxOp& op) {
  if (op.integer("channels_last", 0) != 0) op.unsupported("channels_last = 1");
  const ValueId x = dequantized_input(op, 0);
  quantized_output(op,
                   op.type() == "QLinearGlobalAveragePool" ? emit_global_pool(op, "Mean", x)
                                                           : emit_pool(op, "AveragePool", x),
                   3);
}

// com.microsoft: attribute opset = the ai.onnx opset whose Softmax it quantizes
void import_qlinear_softmax(OnnxOp& op) {
  const bool flattens = op.integer("opset", 13) < 13;
  const int64_t axis = op.axis(op.integer("axis", flattens ? 1 : -1), op.rank(0));
  quantized_output(op, emit_softmax(op, "Softmax", dequantized_input(op, 0), axis, flattens), 3);
}

// com.microsoft: y_scale, y_zero_point, then x, scale, zero_point of each input
void import_qlinear_concat(OnnxOp& op) {
  std::vector<ValueId> inputs;
  for (size_t i = 2; i + 1 < op.input_count(); i += 3) inputs.push_back(dequantized_input(op, i));
  if (inputs.empty()) op.fail("needs an input");
  const int64_t axis = op.axis(op.integer("axis", 1), op.rank(2));
  quantized_output(op, op.emit("Concat", inputs, {{"axis", axis}}), 0);
}

// com.microsoft: data, data_scale, data_zero_point, reduced_scale, reduced_zero_point
void import_qlinear_reduce_mean(OnnxOp& op) {
  std::vector<int64_t> axes = op.integers("axes");
  for (int64_t& axis : axes) axis = op.axis(axis, op.rank(0));
  for (int64_t axis = 0; axes.empty() && axis < op.rank(0); ++axis) axes.push_back(axis);
  std::sort(axes.begin(), axes.end());
  const ValueId y =
      op.emit("Reduce", {dequantized_input(op, 0)},
              {{"kind", std::string("Mean")}, {"axes", axes}, {"keepdims", op.integer("keepdims", 1)}});
  quantized_output(op, y, 3);
}

// com.microsoft: condition, X, x_scale, x_zero_point, Y, y_scale, y_zero_point, z_scale, z_zero_point
void import_qlinear_where(OnnxOp& op) {
  quantized_output(op, op.emit("Where", {op.input(0), dequantized_input(op, 1), dequantized_input(op, 4)}),
                   7);
}

}  // namespace octet::converter
