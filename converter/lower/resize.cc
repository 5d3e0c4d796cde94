// SPDX-License-Identifier: Apache-2.0
//
// Resize: where output pixel x reads, in f32 arithmetic as the common runtimes compute it (with a
// scale of 0.6f, x / scale must give 5 for x = 3, which double does not).
#include "converter/lower/resize.h"

#include <algorithm>
#include <cmath>

#include "converter/lower/lower.h"

namespace octet::converter {

namespace {

constexpr int kWeightOne = 1 << 11;

// half_pixel             (x + 1/2) / scale - 1/2
// pytorch_half_pixel     the same, 0 where the output has one pixel
// align_corners          x * (input - 1) / (output - 1)
// asymmetric             x / scale
// half_pixel_symmetric   half_pixel, moved so that the picture stays centred where output is not input *
// scale
float source_coordinate(const ResizeAxis& axis, int64_t x) {
  const float at = static_cast<float>(x);
  const float input = static_cast<float>(axis.input);
  const float output = static_cast<float>(axis.output);
  if (axis.coordinate_mode == "align_corners") return axis.output == 1 ? 0 : at * (input - 1) / (output - 1);
  if (axis.coordinate_mode == "asymmetric") return at / axis.scale;
  if (axis.coordinate_mode == "pytorch_half_pixel" && axis.output == 1) return 0;
  const float half_pixel = (at + 0.5f) / axis.scale - 0.5f;
  if (axis.coordinate_mode != "half_pixel_symmetric") return half_pixel;
  const float adjustment = output / (axis.scale * input);
  return input / 2 * (1 - adjustment) + half_pixel;
}

float round_to_pixel(const std::string& mode, float x) {
  if (mode == "floor") return std::floor(x);
  if (mode == "ceil") return std::ceil(x);
  if (mode == "round_prefer_ceil") return std::floor(x + 0.5f);
  return std::ceil(x - 0.5f);  // round_prefer_floor
}

Status read_axes(const Node& node, const ModelBuilder& model, ResizeAxis* height, ResizeAxis* width) {
  OCTET_RETURN_IF_ERROR(require_nhwc(node, model));
  const Dims& in = model.value(node.inputs[0]).shape;
  const Dims& out = model.value(node.outputs[0]).shape;
  if (in.size() != 4 || out.size() != 4 || in[0] != out[0] || in[3] != out[3])
    return node_error(
        StatusCode::kUnsupported, node,
        "input " + shape_text(in) + ", output " + shape_text(out) + "; only height and width may change");
  const std::string coordinate_mode = node.text("coordinate_mode", "half_pixel");
  const std::string nearest_mode = node.text("nearest_mode", "round_prefer_floor");
  if (!known_coordinate_mode(coordinate_mode))
    return node_error(StatusCode::kUnsupported, node,
                      "coordinate_mode '" + coordinate_mode + "' is not supported");
  if (!known_nearest_mode(nearest_mode))
    return node_error(StatusCode::kUnsupported, node, "nearest_mode '" + nearest_mode + "' is not supported");
  const auto scale = [&](const char* key, size_t i) {
    const float given = node.number(key);
    return given > 0 ? given : static_cast<float>(out[i]) / static_cast<float>(in[i]);
  };
  *height = {in[1], out[1], scale("scales_height", 1), coordinate_mode, nearest_mode};
  *width = {in[2], out[2], scale("scales_width", 2), coordinate_mode, nearest_mode};
  return Status();
}

Status check_quantization(const Node& node, const ModelBuilder& model) {
  const Value& input = model.value(node.inputs[0]);
  const Value& output = model.value(node.outputs[0]);
  const bool same =
      input.type == output.type && (input.type != schema::TensorType_S8 ||
                                    (input.quantization.scale == output.quantization.scale &&
                                     input.quantization.zero_point == output.quantization.zero_point));
  return same ? Status()
              : node_error(StatusCode::kInternal, node,
                           "input and output must have one type and quantization");
}

}  // namespace

bool known_coordinate_mode(const std::string& mode) {
  return mode == "half_pixel" || mode == "pytorch_half_pixel" || mode == "align_corners" ||
         mode == "asymmetric" || mode == "half_pixel_symmetric";
}

bool known_nearest_mode(const std::string& mode) {
  return mode == "round_prefer_floor" || mode == "round_prefer_ceil" || mode == "floor" || mode == "ceil";
}

ResizeTable nearest_table(const ResizeAxis& axis) {
  ResizeTable table;
  const float last = static_cast<float>(axis.input - 1);
  for (int64_t x = 0; x < axis.output; ++x) {
    const float pixel = round_to_pixel(axis.nearest_mode, source_coordinate(axis, x));
    table.first.push_back(static_cast<int32_t>(std::min(last, std::max(0.0f, pixel))));
  }
  return table;
}

ResizeTable linear_table(const ResizeAxis& axis) {
  ResizeTable table;
  const float last = static_cast<float>(axis.input - 1);
  for (int64_t x = 0; x < axis.output; ++x) {
    const float at = std::min(last, std::max(0.0f, source_coordinate(axis, x)));
    const float first = std::floor(at);
    table.first.push_back(static_cast<int32_t>(first));
    table.second.push_back(static_cast<int32_t>(std::min(last, first + 1)));
    table.weight_f32.push_back(at - first);
    table.weight.push_back(static_cast<int16_t>(std::lround((at - first) * kWeightOne)));
  }
  return table;
}

Status lower_resize(const Node& node, ModelBuilder* model) {
  ResizeAxis height, width;
  OCTET_RETURN_IF_ERROR(read_axes(node, *model, &height, &width));
  OCTET_RETURN_IF_ERROR(check_quantization(node, *model));
  const std::string mode = node.text("mode", "nearest");
  if (mode != "nearest" && mode != "linear")
    return node_error(StatusCode::kUnsupported, node, "mode '" + mode + "' is not supported");
  const bool linear = mode == "linear";
  const ResizeTable y = linear ? linear_table(height) : nearest_table(height);
  const ResizeTable x = linear ? linear_table(width) : nearest_table(width);
  OperatorParts parts = plain_parts(schema::OperatorType_Resize2D, node, model);
  parts.inputs.resize(1);
  auto& fbb = model->fbb();
  if (!linear) {
    model->add_operator(node, parts,
                        schema::CreateResize2DOptionsDirect(fbb, schema::ResizeMode_Nearest, &y.first,
                                                            nullptr, nullptr, nullptr, &x.first));
    return Status();
  }
  model->add_operator(
      node, parts,
      schema::CreateResize2DOptionsDirect(fbb, schema::ResizeMode_Bilinear, &y.first, &y.second, &y.weight,
                                          &y.weight_f32, &x.first, &x.second, &x.weight, &x.weight_f32));
  return Status();
}

}  // namespace octet::converter
