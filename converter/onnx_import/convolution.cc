// SPDX-License-Identifier: Apache-2.0
//
// Conv and ConvTranspose: windows resolved, 1-D wrapped into 2-D.
#include <algorithm>
#include <limits>

#include "converter/dequantized_constant.h"
#include "converter/infer_shapes.h"
#include "converter/onnx_import/handlers.h"

namespace octet::converter {

Attributes Windows::attributes() const {
  return {{"kernel_shape", kernel}, {"strides", strides}, {"dilations", dilations}, {"pads", pads}};
}

namespace {

constexpr int64_t kLargest =
    1 << 30;  // of kernels, strides, dilations, pads, groups: products fit in 64 bits

std::vector<int64_t> per_axis(OnnxOp& op, const char* key, size_t axes, int64_t fallback) {
  std::vector<int64_t> list = op.integers(key);
  if (!op.has(key)) list.assign(axes, fallback);
  for (int64_t value : list)
    if (value > kLargest) op.fail(std::string(key) + " " + shape_text(list) + " is out of range");
  if (list.size() != axes)
    op.fail(std::string(key) + " " + shape_text(list) + " for " + std::to_string(axes) + " spatial axes");
  return list;
}

// 1-D windows become 2-D: height 1, nothing moves.
void make_two_dimensional(Windows* w) {
  if (w->kernel.size() != 1) return;
  w->kernel.insert(w->kernel.begin(), 1);
  w->strides.insert(w->strides.begin(), 1);
  w->dilations.insert(w->dilations.begin(), 1);
  w->pads = {0, w->pads[0], 0, w->pads[1]};
}

}  // namespace

Windows read_windows(OnnxOp& op, const Dims& spatial, std::vector<int64_t> kernel) {
  const size_t axes = spatial.size();
  Windows w;
  w.kernel = std::move(kernel);
  w.strides = per_axis(op, "strides", axes, 1);
  w.dilations = per_axis(op, "dilations", axes, 1);
  w.pads.assign(2 * axes, 0);
  for (size_t i = 0; i < axes; ++i) {
    if (w.kernel[i] < 1) op.fail("kernel " + std::to_string(w.kernel[i]) + "; must be at least 1");
    if (w.strides[i] < 1) op.fail("stride " + std::to_string(w.strides[i]) + "; must be at least 1");
    if (w.dilations[i] < 1) op.fail("dilation " + std::to_string(w.dilations[i]) + "; must be at least 1");
  }
  const std::string auto_pad = op.text("auto_pad", "NOTSET");
  if (auto_pad == "SAME_UPPER" || auto_pad == "SAME_LOWER") {
    for (size_t i = 0; i < axes; ++i) {
      // As many outputs as strides fit; the odd element goes behind (UPPER) or in front (LOWER).
      const int64_t out = (spatial[i] + w.strides[i] - 1) / w.strides[i];
      const int64_t extent = w.dilations[i] * (w.kernel[i] - 1) + 1;
      const int64_t total = std::max<int64_t>(0, (out - 1) * w.strides[i] + extent - spatial[i]);
      w.pads[i] = auto_pad == "SAME_UPPER" ? total / 2 : total - total / 2;
      w.pads[i + axes] = total - w.pads[i];
    }
  } else if (auto_pad == "NOTSET" || auto_pad.empty()) {
    w.pads = per_axis(op, "pads", 2 * axes, 0);
    for (int64_t pad : w.pads)
      if (pad < 0) op.unsupported("negative pads " + shape_text(w.pads));
  } else if (auto_pad != "VALID") {
    op.fail("auto_pad " + auto_pad);
  }
  make_two_dimensional(&w);
  return w;
}

ValueId as_image(OnnxOp& op, ValueId x) {
  const Dims shape = op.value(x).shape;
  if (shape.size() == 4) return x;
  if (shape.size() == 5) op.unsupported("3-D (input of rank 5); 1-D and 2-D are supported");
  if (shape.size() != 3) op.fail("input of rank " + std::to_string(shape.size()) + "; must be 3 or 4");
  return op.emit_reshape(x, {shape[0], shape[1], 1, shape[2]});
}

ValueId from_image(OnnxOp& op, ValueId image, size_t rank) {
  if (rank != 3) return image;
  const Dims shape = op.value(image).shape;
  return op.emit_reshape(image, {shape[0], shape[1], shape[2] * shape[3]});
}

namespace {

// [A, B, K] -> [A, B, 1, K]
ValueId weights_as_image(OnnxOp& op, ValueId weights) {
  const Dims shape = op.value(weights).shape;
  if (!is_weight(op.graph(), weights)) op.unsupported("weights that are computed from the network's input");
  if (shape.size() == 5) op.unsupported("3-D (weights of rank 5); 1-D and 2-D are supported");
  if (shape.size() == 3) return op.emit_reshape(weights, {shape[0], shape[1], 1, shape[2]});
  if (shape.size() != 4) op.fail("weights of rank " + std::to_string(shape.size()));
  return weights;
}

std::vector<int64_t> kernel_of(OnnxOp& op, const Dims& weights) {
  const std::vector<int64_t> kernel(weights.begin() + 2, weights.end());
  const int64_t groups = op.integer("group", 1);
  if (groups < 1 || groups > kLargest) op.fail("group " + std::to_string(groups) + "; must be at least 1");
  if (op.has("kernel_shape") && op.integers("kernel_shape") != kernel)
    op.fail("kernel_shape " + shape_text(op.integers("kernel_shape")) + "; the weights have " +
            shape_text(kernel));
  return kernel;
}

// A bias that is no constant is added behind, per channel.
ValueId add_bias_behind(OnnxOp& op, ValueId y, ValueId bias) {
  const int64_t channels = op.value(bias).shape.empty() ? 1 : op.value(bias).shape[0];
  return op.emit("Add", {y, op.emit_reshape(bias, {1, channels, 1, 1})});
}

}  // namespace

ValueId emit_conv(OnnxOp& op, ValueId x, ValueId weights, ValueId bias) {
  const Dims from = op.value(x).shape, weight_shape = op.value(weights).shape;
  if (from.size() < 3 || weight_shape.size() != from.size())
    op.fail("input " + shape_text(from) + " with weights " + shape_text(weight_shape));
  const ValueId image = as_image(op, x);
  const Windows windows = read_windows(op, Dims(from.begin() + 2, from.end()), kernel_of(op, weight_shape));
  Attributes attributes = windows.attributes();
  attributes["group"] = op.integer("group", 1);
  std::vector<ValueId> inputs = {image, weights_as_image(op, weights)};
  const bool static_bias = is_weight(op.graph(), bias);
  if (static_bias) inputs.push_back(bias);
  ValueId y = op.emit("Conv", inputs, attributes);
  if (bias != kNoValue && !static_bias) y = add_bias_behind(op, y, bias);
  return from_image(op, y, from.size());
}

void import_conv(OnnxOp& op) { op.output(0, emit_conv(op, op.input(0), op.input(1), op.optional_input(2))); }

namespace {

// pads of a transposed convolution that give output_shape, or the input times the strides with SAME.
void resolve_transposed_pads(OnnxOp& op, const Dims& spatial, std::vector<int64_t>* output_padding,
                             Windows* w) {
  const size_t axes = spatial.size();
  std::vector<int64_t> wanted = op.integers("output_shape");
  if (wanted.size() == axes + 2) wanted.erase(wanted.begin(), wanted.begin() + 2);
  if (!wanted.empty() && wanted.size() != axes) op.fail("output_shape " + shape_text(wanted));
  for (int64_t length : wanted)
    if (length < 1 || length > kLargest) op.fail("output_shape " + shape_text(wanted));
  const std::string auto_pad = op.text("auto_pad", "NOTSET");
  const bool same = auto_pad == "SAME_UPPER" || auto_pad == "SAME_LOWER";
  if (wanted.empty() && !same) return;
  const size_t skip = 2 - axes;  // windows are 2-D already
  for (size_t i = 0; i < axes; ++i) {
    const size_t at = i + skip;
    const int64_t extent = w->dilations[at] * (w->kernel[at] - 1) + 1;
    const int64_t target = wanted.empty() ? spatial[i] * w->strides[at] : wanted[i];
    const int64_t total = w->strides[at] * (spatial[i] - 1) + (*output_padding)[at] + extent - target;
    if (total < 0) {  // more output than the input reaches: rows of bias alone at the end
      (*output_padding)[at] -= total;
      w->pads[at] = w->pads[at + 2] = 0;
      continue;
    }
    // The larger half goes behind with SAME_UPPER, in front otherwise.
    const int64_t begin = auto_pad == "SAME_UPPER" ? total / 2 : total - total / 2;
    w->pads[at] = begin;
    w->pads[at + 2] = total - begin;
  }
}

}  // namespace

void import_conv_transpose(OnnxOp& op) {
  const Dims from = op.shape(0), weight_shape = op.shape(1);
  if (from.size() < 3 || weight_shape.size() != from.size())
    op.fail("input " + shape_text(from) + " with weights " + shape_text(weight_shape));
  const ValueId image = as_image(op, op.input(0));
  const Dims spatial(from.begin() + 2, from.end());
  std::vector<int64_t> extra = per_axis(op, "output_padding", spatial.size(), 0);
  extra.insert(extra.begin(), 2 - std::min<size_t>(2, extra.size()), 0);
  Windows windows = read_windows(op, spatial, kernel_of(op, weight_shape));
  resolve_transposed_pads(op, spatial, &extra, &windows);
  Attributes attributes = windows.attributes();
  attributes["group"] = op.integer("group", 1);
  attributes["output_padding"] = extra;
  std::vector<ValueId> inputs = {image, weights_as_image(op, op.input(1))};
  const ValueId bias = op.optional_input(2);
  const bool static_bias = is_weight(op.graph(), bias);
  if (static_bias) inputs.push_back(bias);
  ValueId y = op.emit("ConvTranspose", inputs, attributes);
  if (bias != kNoValue && !static_bias) y = add_bias_behind(op, y, bias);
  op.output(0, from_image(op, y, from.size()));
}

// com.microsoft: Conv, then + Z, then an activation.
void import_fused_conv(OnnxOp& op) {
  ValueId y = emit_conv(op, op.input(0), op.input(1), op.optional_input(2));
  if (op.has_input(3)) y = op.emit("Add", {y, op.input(3)});
  const std::string activation = op.text("activation", "");
  const std::vector<float> parameters = op.numbers("activation_params");
  const auto parameter = [&](size_t i, float fallback) {
    return i < parameters.size() ? parameters[i] : fallback;
  };
  const float infinity = std::numeric_limits<float>::infinity();
  if (activation == "Relu" || activation == "Sigmoid" || activation == "Tanh") {
    y = op.emit(activation, {y});
  } else if (activation == "LeakyRelu") {
    y = op.emit("LeakyRelu", {y}, {{"alpha", parameter(0, 0.01f)}});
  } else if (activation == "Clip") {
    y = op.emit("Clip", {y}, {{"min", parameter(0, -infinity)}, {"max", parameter(1, infinity)}});
  } else if (activation == "HardSigmoid") {
    y = op.emit("HardSigmoid", {y}, {{"alpha", parameter(0, 0.2f)}, {"beta", parameter(1, 0.5f)}});
  } else if (!activation.empty()) {
    op.unsupported("activation " + activation);
  }
  op.output(0, y);
}

}  // namespace octet::converter
