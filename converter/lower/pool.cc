// SPDX-License-Identifier: Apache-2.0
//
// AveragePool and MaxPool, in f32 and s8, NHWC.
//
// s8 AveragePool: acc = sum(q - zero_point) over the n pixels of a window, k = input_scale /
// (output_scale * n). Windows at the border hold fewer pixels, so there is one pair per n that occurs.
#include <algorithm>
#include <cmath>
#include <set>

#include "converter/lower/lower.h"

namespace octet::converter {

namespace {

struct PoolAxis {
  int64_t input, output, kernel, stride, dilation, pad_begin, pad_end;

  // Taps of the window at `position` that count.
  int64_t taps(int64_t position, bool with_pads) const {
    int64_t count = 0;
    for (int64_t k = 0; k < kernel; ++k) {
      const int64_t at = position * stride - pad_begin + k * dilation;
      const bool inside = with_pads ? at >= -pad_begin && at < input + pad_end : at >= 0 && at < input;
      count += inside ? 1 : 0;
    }
    return count;
  }
  std::set<int64_t> all_taps(bool with_pads) const {
    std::set<int64_t> counts;
    for (int64_t position = 0; position < output; ++position) counts.insert(taps(position, with_pads));
    return counts;
  }
};

struct Pool {
  PoolAxis height, width;
  bool with_pads;
};

Status read_pool(const Node& node, const ModelBuilder& model, Pool* pool) {
  OCTET_RETURN_IF_ERROR(require_nhwc(node, model));
  const Dims& input = model.value(node.inputs[0]).shape;
  const Dims& output = model.value(node.outputs[0]).shape;
  if (input.size() != 4 || output.size() != 4)
    return node_error(StatusCode::kUnsupported, node, "input " + shape_text(input) + "; must have rank 4");
  const auto or_default = [&](const char* key, std::vector<int64_t> fallback) {
    const std::vector<int64_t> given = node.integers(key);
    return given.empty() ? fallback : given;
  };
  const auto kernel = or_default("kernel_shape", {1, 1});
  const auto strides = or_default("strides", {1, 1});
  const auto dilations = or_default("dilations", {1, 1});
  const auto pads = or_default("pads", {0, 0, 0, 0});
  if (kernel.size() != 2 || strides.size() != 2 || dilations.size() != 2 || pads.size() != 4)
    return node_error(StatusCode::kInternal, node,
                      "kernel_shape, strides, pads and dilations must be those of two axes");
  pool->height = {input[1], output[1], kernel[0], strides[0], dilations[0], pads[0], pads[2]};
  pool->width = {input[2], output[2], kernel[1], strides[1], dilations[1], pads[1], pads[3]};
  pool->with_pads = node.integer("count_include_pad") != 0;
  return Status();
}

// The window sizes that occur, ascending.
std::vector<int32_t> window_counts(const Pool& pool) {
  std::set<int32_t> counts;
  for (int64_t h : pool.height.all_taps(pool.with_pads))
    for (int64_t w : pool.width.all_taps(pool.with_pads))
      if (h * w > 0) counts.insert(static_cast<int32_t>(h * w));
  return {counts.begin(), counts.end()};
}

flatbuffers::Offset<schema::Pool2DOptions> create_options(
    const Node& node, const Pool& pool, const std::vector<int32_t>& counts,
    flatbuffers::Offset<schema::Requantization> requantization, ModelBuilder* model) {
  const auto s32 = [](int64_t value) { return static_cast<int32_t>(value); };
  const Activation activation = activation_of(node);
  const auto count_vector = counts.empty() ? 0 : model->fbb().CreateVector(counts);
  return schema::CreatePool2DOptions(
      model->fbb(), s32(pool.height.kernel), s32(pool.width.kernel), s32(pool.height.stride),
      s32(pool.width.stride), s32(pool.height.dilation), s32(pool.width.dilation), s32(pool.height.pad_begin),
      s32(pool.width.pad_begin), s32(pool.height.pad_end), s32(pool.width.pad_end), pool.with_pads,
      activation.min, activation.max, count_vector, requantization);
}

Status average_requantization(const Node& node, const std::vector<int32_t>& counts, ModelBuilder* model,
                              RequantizationData* data) {
  const Quantization& in = model->value(node.inputs[0]).quantization;
  const Quantization& out = model->value(node.outputs[0]).quantization;
  for (int32_t count : counts) {
    FixedPoint pair;
    const double k = static_cast<double>(in.scale) / out.scale / count;
    OCTET_RETURN_IF_ERROR(at_node(node, encode_fixed_point(k, model->value(node.outputs[0]).type, &pair)));
    const TensorType type = model->value(node.inputs[0]).type;
    const double bound = static_cast<double>(count) * largest_difference(type, in.zero_point);
    if (!accumulator_fits(bound, pair))
      return node_error(
          StatusCode::kUnsupported, node,
          "a window of " + std::to_string(count) + " pixels does not fit in an s32 accumulator");
    model->note_headroom(node, headroom_bits(bound, pair));
    data->add(pair);
  }
  clamp_output(activation_of(node), out, model->value(node.outputs[0]).type, data);
  return Status();
}

OperatorParts pool_parts(schema::OperatorType type, const Node& node, ModelBuilder* model) {
  OperatorParts parts = plain_parts(type, node, model);
  parts.inputs.resize(1);
  return parts;
}

Status require_same_quantization(const Node& node, const ModelBuilder& model) {
  const Quantization& in = model.value(node.inputs[0]).quantization;
  const Quantization& out = model.value(node.outputs[0]).quantization;
  if (in.scale == out.scale && in.zero_point == out.zero_point) return Status();
  return node_error(StatusCode::kInternal, node,
                    "input and output must have the same quantization in the s8 form");
}

}  // namespace

Status lower_average_pool(const Node& node, ModelBuilder* model) {
  Pool pool;
  OCTET_RETURN_IF_ERROR(read_pool(node, *model, &pool));
  std::vector<int32_t> counts;
  flatbuffers::Offset<schema::Requantization> requantization;
  if (node_form(node, *model) == Form::kS8) {
    OCTET_RETURN_IF_ERROR(require_quantized(node, *model, node.inputs[0]));
    OCTET_RETURN_IF_ERROR(require_quantized(node, *model, node.outputs[0]));
    counts = window_counts(pool);
    RequantizationData data;
    OCTET_RETURN_IF_ERROR(average_requantization(node, counts, model, &data));
    requantization = model->create(data);
  } else {
    OCTET_RETURN_IF_ERROR(require_float(node, *model));
  }
  const OperatorParts parts = pool_parts(schema::OperatorType_AveragePool2D, node, model);
  model->add_operator(node, parts, create_options(node, pool, counts, requantization, model));
  return Status();
}

Status lower_max_pool(const Node& node, ModelBuilder* model) {
  if (node.outputs.size() > 1 && node.outputs[1] != kNoValue)
    return node_error(StatusCode::kUnsupported, node, "output Indices is not supported");
  Pool pool;
  OCTET_RETURN_IF_ERROR(read_pool(node, *model, &pool));
  flatbuffers::Offset<schema::Requantization> requantization;
  if (node_form(node, *model) == Form::kS8) {
    OCTET_RETURN_IF_ERROR(require_same_quantization(node, *model));
    if (activation_of(node).bounded()) {
      RequantizationData data;
      const Value& output = model->value(node.outputs[0]);
      clamp_output(activation_of(node), output.quantization, output.type, &data);
      requantization = model->create(data);
    }
  } else {
    OCTET_RETURN_IF_ERROR(require_float(node, *model));
  }
  const OperatorParts parts = pool_parts(schema::OperatorType_MaxPool2D, node, model);
  model->add_operator(node, parts, create_options(node, pool, {}, requantization, model));
  return Status();
}

}  // namespace octet::converter
