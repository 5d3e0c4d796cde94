// SPDX-License-Identifier: Apache-2.0
//
// Gemm and MatMul -> FullyConnected where one side is a static matrix, MatMul elsewhere.
#include <numeric>

#include "converter/dequantized_constant.h"
#include "converter/onnx_import/handlers.h"

namespace octet::converter {

namespace {

// factor * weights: on the numbers, or on the scales of dequantized weights.
ValueId scaled_weight(OnnxOp& op, ValueId weights, float factor) {
  if (factor == 1.0f) return weights;
  const auto multiply = [factor](const Constant& constant) {
    std::vector<float> data = to_floats(constant);
    for (float& value : data) value *= factor;
    return make_f32(constant.shape, data);
  };
  DequantizedConstant found;
  if (!find_dequantized_constant(op.graph(), weights, &found))
    return op.emit_constant(multiply(*op.value(weights).constant));
  return replace_dequantized(&op.graph(), found, *found.data, multiply(*found.scale), found.zero_point,
                             found.axis);
}

ValueId times(OnnxOp& op, ValueId x, float factor) {
  return factor == 1.0f ? x : op.emit("Mul", {x, op.emit_scalar(factor)});
}

// bias as a vector [O] that can be the node's own; kNoValue if it has another shape or is no constant.
ValueId vector_bias(OnnxOp& op, ValueId bias, int64_t outputs) {
  if (!is_weight(op.graph(), bias)) return kNoValue;
  const Dims shape = op.value(bias).shape;
  if (shape == Dims{outputs}) return bias;
  if (element_count(shape) == outputs && (shape.empty() || shape.back() == outputs))
    return op.emit_reshape(bias, {outputs});
  if (element_count(shape) == 1 && op.value(bias).is_constant())
    return op.emit_constant(broadcast_to(reshape(*op.value(bias).constant, {}), {outputs}));
  return kNoValue;
}

}  // namespace

ValueId emit_fully_connected(OnnxOp& op, ValueId x, ValueId weights, ValueId bias) {
  std::vector<ValueId> inputs = {x, weights};
  const ValueId own = bias == kNoValue ? kNoValue : vector_bias(op, bias, op.value(weights).shape[0]);
  if (own != kNoValue) inputs.push_back(own);
  const ValueId y = op.emit("FullyConnected", inputs);
  return bias != kNoValue && own == kNoValue ? op.emit("Add", {y, bias}) : y;
}

void import_gemm(OnnxOp& op) {
  const bool transpose_a = op.integer("transA", 0) != 0, transpose_b = op.integer("transB", 0) != 0;
  const float alpha = op.number("alpha", 1), beta = op.number("beta", 1);
  ValueId a = op.input(0), b = op.input(1), c = op.optional_input(2);
  if (op.rank(0) != 2 || op.rank(1) != 2)
    op.fail("A " + shape_text(op.shape(0)) + " and B " + shape_text(op.shape(1)) + " must be matrices");
  if (transpose_a) a = op.emit_transpose(a, {1, 0});
  if (c != kNoValue) c = op.value(c).is_constant() ? scaled_weight(op, c, beta) : times(op, c, beta);
  if (is_weight(op.graph(), b)) {
    if (!transpose_b) b = op.emit_transpose(b, {1, 0});
    return op.output(0, emit_fully_connected(op, a, scaled_weight(op, b, alpha), c));
  }
  if (transpose_b) b = op.emit_transpose(b, {1, 0});
  const ValueId y = times(op, op.emit("MatMul", {a, b}), alpha);
  op.output(0, c == kNoValue ? y : op.emit("Add", {y, c}));
}

ValueId emit_mat_mul(OnnxOp& op, ValueId a, ValueId b) {
  Dims left = op.value(a).shape, right = op.value(b).shape;
  const bool vector_a = left.size() == 1, vector_b = right.size() == 1;
  if (left.empty() || right.empty()) op.fail("a scalar input");
  if (vector_a) a = op.emit_reshape(a, left = {1, left[0]});
  if (vector_b) b = op.emit_reshape(b, right = {right[0], 1});
  // A stack of one matrix is that matrix, as long as the other side has the stack's rank.
  const bool matrix = element_count(Dims(right.begin(), right.end() - 2)) == 1 &&
                      right.size() <= std::max<size_t>(2, left.size());
  ValueId y;
  if (is_weight(op.graph(), b) && matrix) {
    b = op.emit_reshape(b, {right[right.size() - 2], right.back()});
    y = emit_fully_connected(op, a, op.emit_transpose(b, {1, 0}), kNoValue);
  } else {
    y = op.emit("MatMul", {a, b});
  }
  Dims shape = op.value(y).shape;
  if (vector_b) shape.pop_back();
  if (vector_a) shape.erase(shape.end() - (vector_b ? 1 : 2));
  return op.emit_reshape(y, shape);
}

void import_mat_mul(OnnxOp& op) { op.output(0, emit_mat_mul(op, op.input(0), op.input(1))); }

}  // namespace octet::converter
