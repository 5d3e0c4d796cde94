// SPDX-License-Identifier: Apache-2.0
//
// Operators over [N, C, H, W] without weights.
#include "converter/export_qdq/writers.h"
#include "converter/lower/lower.h"

namespace octet::converter {

Status write_pool(OnnxWriter& out, const Node& node) {
  const std::vector<int64_t> dilations = node.integers("dilations");
  const bool dilated = dilations == std::vector<int64_t>{1, 1} || dilations.empty() ? false : true;
  if (dilated && node.op == "AveragePool" && out.opset() < 19)
    return node_error(StatusCode::kUnsupported, node,
                      "AveragePool with dilations has no form in ONNX opset 17");
  const std::string x = out.read(node.inputs[0], AxisOrder::kChannelsFirst);
  const std::string y = out.emit(node.op, node.name, {x});
  for (const char* key : {"kernel_shape", "strides", "pads"})
    if (node.has(key)) out.set(key, node.integers(key));
  if (dilated) out.set("dilations", dilations);
  if (node.op == "AveragePool") out.set("count_include_pad", node.integer("count_include_pad"));
  out.define(node.outputs[0], AxisOrder::kChannelsFirst, write_activation(out, node, y));
  return Status();
}

Status write_resize(OnnxWriter& out, const Node& node) {
  const Dims& from = out.graph().value(node.inputs[0]).shape;
  const Dims& to = out.graph().value(node.outputs[0]).shape;
  const std::string x = out.read(node.inputs[0], AxisOrder::kChannelsFirst);
  const float height = node.number("scales_height"), width = node.number("scales_width");
  std::vector<std::string> inputs = {x, ""};
  if (height > 0 && width > 0) {
    inputs.push_back(out.initializer(node.name + "/scales", make_f32({4}, {1, 1, height, width})));
  } else {
    inputs.push_back("");
    inputs.push_back(out.integers(node.name + "/sizes", {from[0], from[3], to[1], to[2]}));
  }
  const std::string y = out.emit("Resize", node.name, inputs);
  out.set("mode", node.text("mode", "nearest"));
  out.set("coordinate_transformation_mode", node.text("coordinate_mode", "half_pixel"));
  if (node.text("mode", "nearest") == "nearest")
    out.set("nearest_mode", node.text("nearest_mode", "round_prefer_floor"));
  out.define(node.outputs[0], AxisOrder::kChannelsFirst, y);
  return Status();
}

Status write_image(OnnxWriter& out, const Node& node) {
  const bool is_image = out.graph().value(node.inputs[0]).shape.size() == 4;
  const AxisOrder form = is_image ? AxisOrder::kChannelsFirst : AxisOrder::kNative;
  if (!is_image)
    return node_error(StatusCode::kUnsupported, node, "only images of rank 4 are written as ONNX");
  std::vector<std::string> inputs = {out.read(node.inputs[0], form)};
  for (size_t i = 1; i < node.inputs.size(); ++i)
    inputs.push_back(out.read(node.inputs[i], AxisOrder::kNative));
  const std::string y = out.emit(node.op, node.name, inputs);
  for (const auto& [key, value] : node.attributes) out.set(key.c_str(), value);
  out.define(node.outputs[0], form, y);
  return Status();
}

}  // namespace octet::converter
