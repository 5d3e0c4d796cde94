// SPDX-License-Identifier: Apache-2.0
//
// Dynamic quantization: DynamicQuantizeLinear finds a scale from the numbers at run time. Here its output is
// the real numbers themselves, with scale 1 and zero point 0, so that MatMulInteger and ConvInteger become
// the float operators on weights that keep their integers, and the s32 result is a real number too:
//
//   Before: x -> DynamicQuantizeLinear (q, s, z) -> MatMulInteger q W z wz -> Cast -> Mul (s * sw) -> y
//   After:  x -> FullyConnected (W - wz) -> Mul (1 * sw) -> y, which then folds into the weights' scales
//
// What the activations' scales are is then calibration's business, as in any float network.
#include "converter/onnx_import/handlers.h"

namespace octet::converter {
namespace {

void note_dynamic(OnnxOp& op) {
  static const char* const kText =
      "dynamic quantization: weights keep their integers; activations are real numbers, which INT8 gives "
      "fixed "
      "scales by calibration";
  for (const Diagnostic& item : op.diagnostics().items())
    if (item.message == kText) return;
  op.diagnostics().warning("import", op.name(), kText);
}

bool is_real(OnnxOp& op, ValueId id) { return op.value(id).type == schema::TensorType_F32; }

// Integers less their zero point. *unit: the scale of bytes that a QuantizeLinear made, whose result then
// comes in units of 1 / *unit.
ValueId real_operand(OnnxOp& op, ValueId x, ValueId zero_point, int64_t axis, float* unit) {
  *unit = 1;
  if (is_real(op, x)) return x;
  const Node* quantize = op.graph().producer(x);
  if (quantize != nullptr && quantize->op == "QuantizeLinear") {
    const std::vector<ValueId> inputs = quantize->inputs;
    *unit = to_floats(*op.value(inputs[1]).constant)[0];
    return emit_dequantize(op, x, inputs[1], inputs.size() > 2 ? inputs[2] : kNoValue, 0);
  }
  const int64_t count = zero_point == kNoValue ? 1 : element_count(op.value(zero_point).shape);
  const Dims shape = count == 1 ? Dims{} : Dims{count};
  if (zero_point != kNoValue) zero_point = op.emit_reshape(zero_point, shape);
  const ValueId one = op.emit_constant(make_f32(shape, std::vector<float>(static_cast<size_t>(count), 1.0f)));
  return emit_dequantize(op, x, one, zero_point, axis);
}

ValueId times(OnnxOp& op, ValueId x, float factor) {
  return factor == 1 ? x : op.emit("Mul", {x, op.emit_scalar(factor)});
}

}  // namespace

// x -> y, y_scale, y_zero_point
void import_dynamic_quantize_linear(OnnxOp& op) {
  note_dynamic(op);
  op.output(0, op.input(0));
  op.output(1, op.emit_scalar(1));
  op.output(2, op.emit_constant(from_integers(schema::TensorType_U8, {}, {0})));
}

// A, B, [a_zero_point, b_zero_point]
void import_mat_mul_integer(OnnxOp& op) {
  float unit_a = 1, unit_b = 1;
  const ValueId a = real_operand(op, op.input(0), op.optional_input(2), 0, &unit_a);
  const ValueId b = real_operand(op, op.input(1), op.optional_input(3), op.rank(1) - 1, &unit_b);
  op.output(0, times(op, emit_mat_mul(op, a, b), 1 / (unit_a * unit_b)));
}

// x, w, [x_zero_point, w_zero_point]
void import_conv_integer(OnnxOp& op) {
  float unit_x = 1, unit_w = 1;
  const ValueId x = real_operand(op, op.input(0), op.optional_input(2), 0, &unit_x);
  const ValueId w = real_operand(op, op.input(1), op.optional_input(3), 0, &unit_w);
  op.output(0, times(op, emit_conv(op, x, w, kNoValue), 1 / (unit_x * unit_w)));
}

// com.microsoft: A, B, a_scale, b_scale, [a_zero_point, b_zero_point, bias]
void import_mat_mul_integer_to_float(OnnxOp& op) {
  const ValueId bias = op.optional_input(6), b_scale = op.input(3);
  ValueId a = op.input(0);
  const bool real = is_real(op, a);
  if (!real) a = emit_dequantize(op, a, op.input(2), op.optional_input(4), 0);
  const ValueId b = emit_dequantize(op, op.input(1), b_scale, op.optional_input(5), op.rank(1) - 1);
  ValueId y = emit_mat_mul(op, a, b);
  if (real) y = op.emit("Mul", {y, op.input(2)});
  op.output(0, bias == kNoValue ? y : op.emit("Add", {y, bias}));
}

// com.microsoft: A, B, b_scale, [b_zero_point, bias]
void import_dynamic_quantize_mat_mul(OnnxOp& op) {
  note_dynamic(op);
  const ValueId bias = op.optional_input(4);
  const ValueId b = emit_dequantize(op, op.input(1), op.input(2), op.optional_input(3), op.rank(1) - 1);
  const ValueId y = emit_mat_mul(op, op.input(0), b);
  op.output(0, bias == kNoValue ? y : op.emit("Add", {y, bias}));
}

}  // namespace octet::converter
