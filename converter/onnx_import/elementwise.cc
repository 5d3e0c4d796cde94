// SPDX-License-Identifier: Apache-2.0
//
// Elementwise operators.
#include <algorithm>
#include <limits>

#include "converter/onnx_import/handlers.h"
#include "converter/onnx_import/read_tensor.h"

namespace octet::converter {

void import_unary(OnnxOp& op) { op.output(0, op.emit(op.type(), {op.input(0)})); }

void import_unary_alpha(OnnxOp& op) {
  // Defaults of ONNX; an operator reads those that are its own.
  struct Row {
    const char* type;
    const char* attribute;
    float fallback;
  };
  static const Row kRows[] = {{"LeakyRelu", "alpha", 0.01f},  {"Elu", "alpha", 1},
                              {"Selu", "alpha", 1.67326319f}, {"Selu", "gamma", 1.05070102f},
                              {"Celu", "alpha", 1},           {"HardSigmoid", "alpha", 0.2f},
                              {"HardSigmoid", "beta", 0.5f},  {"ThresholdedRelu", "alpha", 1},
                              {"Shrink", "bias", 0},          {"Shrink", "lambd", 0.5f}};
  Attributes attributes;
  for (const Row& row : kRows)
    if (op.type() == row.type) attributes[row.attribute] = op.number(row.attribute, row.fallback);
  op.output(0, op.emit(op.type(), {op.input(0)}, attributes));
}

void import_binary(OnnxOp& op) {
  if (import_fake_quantize(op)) return;
  op.output(0, op.emit(op.type(), {op.input(0), op.input(1)}));
}

void import_pow(OnnxOp& op) {
  ValueId exponent = op.input(1);
  const TensorType base = op.element_type(0);
  if (op.element_type(1) != base) exponent = op.emit("Cast", {exponent}, {{"to", int64_t{base}}});
  op.output(0, op.emit("Pow", {op.input(0), exponent}));
}

void import_mod(OnnxOp& op) {
  const int64_t fmod = op.integer("fmod", 0);
  if (fmod == 0 && op.element_type(0) == schema::TensorType_F32) op.fail("fmod = 0 is for integers");
  op.output(0, op.emit("Mod", {op.input(0), op.input(1)}, {{"fmod", fmod}}));
}

void import_variadic(OnnxOp& op) {
  const std::vector<ValueId> inputs = op.inputs();
  if (inputs.empty()) op.fail("needs an input");
  const std::string pairwise = op.type() == "Sum" || op.type() == "Mean" ? "Add" : op.type();
  ValueId sum = inputs[0];
  for (size_t i = 1; i < inputs.size(); ++i) sum = op.emit(pairwise, {sum, inputs[i]});
  if (op.type() == "Mean" && inputs.size() > 1)
    sum = op.emit("Mul", {sum, op.emit_scalar(1.0f / static_cast<float>(inputs.size()))});
  op.output(0, sum);
}

void import_clip(OnnxOp& op) {
  float low = -std::numeric_limits<float>::infinity(), high = -low;
  if (op.opset() < 11) {
    low = op.number("min", low);
    high = op.number("max", high);
  } else {
    if (op.has_input(1)) low = op.static_number(1, "min");
    if (op.has_input(2)) high = op.static_number(2, "max");
  }
  if (op.element_type(0) != schema::TensorType_F32) {  // an integer Clip: two exact steps in its own type
    ValueId x = op.input(0);
    if (import_quantized_clip(op, low, high)) return;
    if (op.has_input(1)) x = op.emit("Max", {x, op.input(1)});
    if (op.has_input(2)) x = op.emit("Min", {x, op.input(2)});
    return op.output(0, x);
  }
  // ONNX: min(max(x, low), high), so that high wins.
  op.output(0, op.emit("Clip", {op.input(0)}, {{"min", std::min(low, high)}, {"max", high}}));
}

void import_prelu(OnnxOp& op) { op.output(0, op.emit("PRelu", {op.input(0), op.input(1)})); }

void import_where(OnnxOp& op) { op.output(0, op.emit("Where", {op.input(0), op.input(1), op.input(2)})); }

void import_cast(OnnxOp& op) {
  int64_t onnx_type = op.integer("to", 0);
  TensorType to = op.type() == "CastLike" ? op.element_type(1) : schema::TensorType_F32;
  if (op.type() == "Cast" && !tensor_type(static_cast<int>(onnx_type), &to))
    op.unsupported("to " + onnx_type_name(static_cast<int>(onnx_type)) + " is not supported");
  const ValueId x = op.input(0);
  if (op.value(x).type == to) return op.output(0, x);
  op.output(0, op.emit("Cast", {x}, {{"to", int64_t{to}}}));
}

void import_gelu(OnnxOp& op) {  // ai.onnx 20, com.microsoft Gelu and FastGelu
  ValueId x = op.input(0);
  if (op.type() == "FastGelu" && op.has_input(1)) x = op.emit("Add", {x, op.input(1)});
  const bool tanh_form = op.type() == "FastGelu" || op.text("approximate", "none") == "tanh";
  op.output(0, op.emit(tanh_form ? "GeluTanh" : "Gelu", {x}));
}

void import_is_inf(OnnxOp& op) {
  if (op.integer("detect_negative", 1) != 1 || op.integer("detect_positive", 1) != 1)
    op.unsupported("detecting infinities of one sign only");
  import_unary(op);
}

void import_identity(OnnxOp& op) {
  if (op.type() == "Dropout" && op.opset() >= 12 && op.has_input(2) &&
      op.static_integer(2, "training_mode") != 0)
    op.unsupported("training mode");
  if (op.wants_output(1)) op.unsupported("the mask output");
  op.output(0, op.input(0));
}

}  // namespace octet::converter
