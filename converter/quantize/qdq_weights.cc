// SPDX-License-Identifier: Apache-2.0
#include "converter/quantize/qdq_weights.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace octet::converter {
namespace {

// Slice of `axis` that element i of a row-major array belongs to.
size_t slice_of(size_t i, const Dims& shape, int axis) {
  size_t inner = 1;
  for (size_t a = static_cast<size_t>(axis) + 1; a < shape.size(); ++a)
    inner *= static_cast<size_t>(shape[a]);
  return i / inner % static_cast<size_t>(shape[static_cast<size_t>(axis)]);
}

size_t parameter_of(size_t i, const Dims& shape, const QdqParameters& parameters) {
  return parameters.per_tensor() ? 0 : slice_of(i, shape, parameters.axis);
}

const Constant* constant_input(const Graph& graph, const Node& node, size_t i) {
  const ValueId id = node.input(i);
  return id == kNoValue ? nullptr : graph.value(id).constant.get();
}

}  // namespace

std::vector<int64_t> read_quantized(const Constant& constant) {
  std::vector<int64_t> result(constant.elements());
  for (size_t i = 0; i < result.size(); ++i) {
    switch (constant.type) {
      case schema::TensorType_U8:
        result[i] = constant.as<uint8_t>()[i];
        break;
      case schema::TensorType_S8:
        result[i] = constant.as<int8_t>()[i];
        break;
      case schema::TensorType_S16:
        result[i] = constant.as<int16_t>()[i];
        break;
      case schema::TensorType_S32:
        result[i] = constant.as<int32_t>()[i];
        break;
      default:
        break;
    }
  }
  return result;
}

Status read_qdq_parameters(const Graph& graph, const Node& node, const Dims& dims, TensorType quantized,
                           QdqParameters* parameters) {
  const Constant* scale = constant_input(graph, node, 1);
  const Constant* zero_point = constant_input(graph, node, 2);
  const char* const op = node.op.c_str();
  const char* const name = node.name.c_str();
  if (scale == nullptr || scale->type != schema::TensorType_F32)
    return error(StatusCode::kUnsupported, "%s '%s': the scale must be a constant f32", op, name);
  if (node.input(2) != kNoValue && zero_point == nullptr)
    return error(StatusCode::kUnsupported, "%s '%s': the zero point must be constant", op, name);
  const size_t count = scale->elements();
  parameters->type = quantized;
  parameters->scales.assign(scale->as<float>(), scale->as<float>() + count);
  for (float s : parameters->scales)
    if (!(s > 0) || !std::isfinite(s))
      return error(StatusCode::kInvalidModel, "%s '%s': scale %g; must be finite and above 0", op, name,
                   static_cast<double>(s));
  parameters->zero_points.assign(count, 0);
  if (zero_point != nullptr) parameters->zero_points = read_quantized(*zero_point);
  if (parameters->zero_points.size() != count)
    return error(StatusCode::kInvalidModel, "%s '%s': %zu zero points for %zu scales", op, name,
                 parameters->zero_points.size(), count);
  if (count == 1) return Status();
  const int64_t rank = static_cast<int64_t>(dims.size());
  int64_t axis = node.integer("axis", 1);
  if (axis < 0) axis += rank;
  if (scale->shape.size() != 1 || axis < 0 || axis >= rank ||
      dims[static_cast<size_t>(axis)] != static_cast<int64_t>(count))
    return error(StatusCode::kUnsupported,
                 "%s '%s': %zu scales along axis %d; must be one, or one per slice of the axis", op, name,
                 count, static_cast<int>(axis));
  parameters->axis = static_cast<int>(axis);
  return Status();
}

Constant dequantize_constant(const Constant& constant, const QdqParameters& parameters) {
  const std::vector<int64_t> q = read_quantized(constant);
  Constant real;
  real.type = schema::TensorType_F32;
  real.shape = constant.shape;
  real.bytes.resize(q.size() * 4);
  for (size_t i = 0; i < q.size(); ++i) {
    const size_t p = parameter_of(i, constant.shape, parameters);
    real.as<float>()[i] = static_cast<float>(q[i] - parameters.zero_points[p]) * parameters.scales[p];
  }
  return real;
}

Constant quantize_constant(const Constant& real, const QdqParameters& parameters) {
  const bool is_u8 = parameters.type == schema::TensorType_U8;
  Constant quantized;
  quantized.type = is_u8 ? schema::TensorType_U8 : schema::TensorType_S8;
  quantized.shape = real.shape;
  quantized.bytes.resize(real.elements());
  for (size_t i = 0; i < real.elements(); ++i) {
    const size_t p = parameter_of(i, real.shape, parameters);
    const double q = std::nearbyint(real.as<float>()[i] / parameters.scales[p]) +
                     static_cast<double>(parameters.zero_points[p]);
    const double low = is_u8 ? 0 : -128, high = is_u8 ? 255 : 127;
    quantized.bytes[i] = static_cast<uint8_t>(static_cast<int>(std::clamp(q, low, high)));
  }
  return quantized;
}

namespace {

// One output channel with q - zero_point beyond [-127, 127].
struct Wide {
  std::vector<size_t> elements;  // indices into the constant
  std::vector<double> steps;     // q - zero_point
  double largest = 0;
};

double clamping_loss(const Wide& wide) {
  double loss = 0;
  for (double d : wide.steps) loss += std::pow(std::max(std::fabs(d) - 127, 0.0), 2);
  return loss;
}

double spreading_loss(const Wide& wide) {
  const double scale = wide.largest / 127;
  double loss = 0;
  for (double d : wide.steps) loss += std::pow(d - scale * std::nearbyint(d / scale), 2);
  return loss;
}

// Returns the channel's scale; clamps *real where that changes less.
double settle(const Wide& wide, double scale, Constant* real, WeightChanges* changes) {
  if (clamping_loss(wide) > spreading_loss(wide)) {
    ++changes->respaced;
    changes->largest = std::max(changes->largest, wide.largest / 127 / 2);
    return scale * wide.largest / 127;
  }
  for (size_t i = 0; i < wide.elements.size(); ++i) {
    const double clamped = std::clamp(wide.steps[i], -127.0, 127.0);
    if (clamped == wide.steps[i]) continue;
    ++changes->clamped;
    changes->largest = std::max(changes->largest, std::fabs(wide.steps[i] - clamped));
    real->as<float>()[wide.elements[i]] = static_cast<float>(clamped * scale);
  }
  return scale;
}

}  // namespace

bool pin_weights(const Constant& quantized, const QdqParameters& parameters, int output_axis, Constant* real,
                 Quantization* quantization, WeightChanges* changes) {
  const Dims& shape = quantized.shape;
  *quantization = Quantization();
  if (!parameters.per_tensor() && parameters.axis != output_axis) return false;
  const std::vector<int64_t> q = read_quantized(quantized);
  std::vector<Wide> channels(static_cast<size_t>(shape[static_cast<size_t>(output_axis)]));
  for (size_t i = 0; i < q.size(); ++i) {
    Wide& channel = channels[slice_of(i, shape, output_axis)];
    const double step =
        static_cast<double>(q[i] - parameters.zero_points[parameter_of(i, shape, parameters)]);
    channel.elements.push_back(i);
    channel.steps.push_back(step);
    channel.largest = std::max(channel.largest, std::fabs(step));
  }
  quantization->channel_axis = output_axis;
  bool changed = false;
  for (size_t c = 0; c < channels.size(); ++c) {
    double scale = parameters.scales[parameters.per_tensor() ? 0 : c];
    if (channels[c].largest > 127) {
      scale = settle(channels[c], scale, real, changes);
      changed = true;
    }
    quantization->channel_scales.push_back(static_cast<float>(scale));
  }
  changes->layers += changed;
  return true;
}

}  // namespace octet::converter
