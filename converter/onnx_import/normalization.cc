// SPDX-License-Identifier: Apache-2.0
//
// Normalizations.
#include <algorithm>
#include <numeric>

#include "converter/onnx_import/handlers.h"

namespace octet::converter {

void import_batch_normalization(OnnxOp& op) {
  if (op.integer("training_mode", 0) != 0 || op.wants_output(1)) op.unsupported("training mode");
  if (op.opset() < 9 && op.integer("spatial", 1) == 0) op.unsupported("spatial = 0");
  const ValueId x = op.input(0);
  const Dims shape = op.value(x).shape;
  std::vector<ValueId> inputs = {x, op.input(1), op.input(2), op.input(3), op.input(4)};
  for (size_t i = 1; i < inputs.size(); ++i) op.constant(i, "scale, bias, mean and variance");
  // Behind a 1-D convolution, which is an image already: normalized as an image, so that it can be folded.
  if (shape.size() == 3) inputs[0] = as_image(op, x);
  if (shape.size() == 5) inputs[0] = op.emit_reshape(x, {shape[0], shape[1], shape[2] * shape[3], shape[4]});
  const ValueId y = op.emit("BatchNormalization", inputs, {{"epsilon", op.number("epsilon", 1e-5f)}});
  op.output(0, op.emit_reshape(y, shape));
}

void import_instance_normalization(OnnxOp& op) {
  op.output(0, op.emit("InstanceNormalization", {op.input(0), op.input(1), op.input(2)},
                       {{"epsilon", op.number("epsilon", 1e-5f)}}));
}

void import_layer_normalization(OnnxOp& op) {
  if (op.wants_output(1) || op.wants_output(2)) op.unsupported("the Mean and InvStdDev outputs");
  std::vector<ValueId> inputs = {op.input(0), op.input(1)};
  if (op.has_input(2)) inputs.push_back(op.input(2));
  op.output(0, op.emit("LayerNormalization", inputs,
                       {{"axis", op.axis(op.integer("axis", -1), op.rank(0))},
                        {"epsilon", op.number("epsilon", 1e-5f)}}));
}

void import_group_normalization(OnnxOp& op) {
  const int64_t groups = op.integer("num_groups", 0);
  const Dims shape = op.shape(0);
  if (shape.size() < 3 || groups < 1 || shape[1] % groups != 0)
    op.fail(std::to_string(groups) + " groups of an input " + shape_text(shape));
  std::vector<ValueId> inputs = {op.input(0)};
  for (size_t i = 1; i < 3; ++i) {
    // Opset 18 has one scale and bias per group, 21 per channel; canonical is per channel.
    const Constant& given = op.constant(i, "scale and bias");
    const int64_t per_group = static_cast<int64_t>(given.elements()) == groups ? shape[1] / groups : 1;
    if (op.opset() >= 21 || per_group == 1) {
      inputs.push_back(op.input(i));
      continue;
    }
    inputs.push_back(op.emit_constant(
        reshape(broadcast_to(reshape(given, {groups, 1}), {groups, per_group}), {shape[1]})));
  }
  op.output(0, op.emit("GroupNormalization", inputs,
                       {{"num_groups", groups}, {"epsilon", op.number("epsilon", 1e-5f)}}));
}

void import_lrn(OnnxOp& op) {
  const int64_t size = op.integer("size", 0);
  if (size < 1) op.fail("size " + std::to_string(size) + "; must be at least 1");
  op.output(0, op.emit("LRN", {op.input(0)},
                       {{"size", size},
                        {"alpha", op.number("alpha", 1e-4f)},
                        {"beta", op.number("beta", 0.75f)},
                        {"bias", op.number("bias", 1)}}));
}

void import_lp_normalization(OnnxOp& op) {
  const int64_t p = op.integer("p", 2);
  if (p != 1 && p != 2) op.unsupported("p = " + std::to_string(p));
  op.output(0, op.emit("LpNormalization", {op.input(0)},
                       {{"axis", op.axis(op.integer("axis", -1), op.rank(0))}, {"p", p}}));
}

// (x - mean) / (sqrt(mean of squares - mean^2) + 1e-9), which ONNX defines it to be.
void import_mean_variance_normalization(OnnxOp& op) {
  std::vector<int64_t> axes = op.has("axes") ? op.integers("axes") : std::vector<int64_t>{0, 2, 3};
  for (int64_t& axis : axes) axis = op.axis(axis, op.rank(0));
  std::sort(axes.begin(), axes.end());
  const Attributes mean{{"kind", std::string("Mean")}, {"axes", axes}, {"keepdims", int64_t{1}}};
  const ValueId x = op.input(0);
  const ValueId centred = op.emit("Sub", {x, op.emit("Reduce", {x}, mean)});
  const ValueId variance = op.emit("Reduce", {op.emit("Mul", {centred, centred})}, mean);
  const ValueId deviation = op.emit("Add", {op.emit("Sqrt", {variance}), op.emit_scalar(1e-9f)});
  op.output(0, op.emit("Div", {centred, deviation}));
}

}  // namespace octet::converter
