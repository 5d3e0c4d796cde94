// SPDX-License-Identifier: Apache-2.0
//
// See normalization_f32.h.
#include "kernels/portable/normalization_f32.h"

#include <algorithm>
#include <cmath>

namespace octet::kernels {
namespace {

constexpr size_t kChannelBlock = 64;

float inverse_deviation(double sum_of_squares, size_t count, float epsilon) {
  return static_cast<float>(1.0 / std::sqrt(sum_of_squares / static_cast<double>(count) + epsilon));
}

size_t blocks_of(size_t channels) { return (channels + kChannelBlock - 1) / kChannelBlock; }

// One group of neighbouring channels [first, first + width) of one picture.
void normalize_group(const GroupNormF32& g, const LayerNormOperands& at, size_t picture, size_t group) {
  const size_t width = g.channels / g.groups, first = group * width, count = g.pixels * width;
  const float* in = at.input + picture * g.pixels * g.channels + first;
  float* out = at.output + picture * g.pixels * g.channels + first;
  double sum = 0, squares = 0;
  for (size_t p = 0; p < g.pixels; ++p)
    for (size_t c = 0; c < width; ++c) sum += in[p * g.channels + c];
  const float mean = static_cast<float>(sum / static_cast<double>(count));
  for (size_t p = 0; p < g.pixels; ++p)
    for (size_t c = 0; c < width; ++c) {
      const double d = static_cast<double>(in[p * g.channels + c]) - mean;
      squares += d * d;
    }
  const float inverse = inverse_deviation(squares, count, g.epsilon);
  for (size_t p = 0; p < g.pixels; ++p)
    for (size_t c = 0; c < width; ++c) {
      const size_t k = g.scale_per_group ? group : first + c;
      out[p * g.channels + c] = (in[p * g.channels + c] - mean) * inverse * at.scale[k] + at.bias[k];
    }
}

// Up to 64 channels, each its own group, of one picture.
void normalize_channels(const GroupNormF32& g, const LayerNormOperands& at, size_t picture, size_t block) {
  const size_t first = block * kChannelBlock, width = std::min(kChannelBlock, g.channels - first);
  const float* in = at.input + picture * g.pixels * g.channels + first;
  float* out = at.output + picture * g.pixels * g.channels + first;
  double sum[kChannelBlock] = {}, squares[kChannelBlock] = {};
  float mean[kChannelBlock], factor[kChannelBlock];
  for (size_t p = 0; p < g.pixels; ++p)
    for (size_t c = 0; c < width; ++c) sum[c] += in[p * g.channels + c];
  for (size_t c = 0; c < width; ++c) mean[c] = static_cast<float>(sum[c] / static_cast<double>(g.pixels));
  for (size_t p = 0; p < g.pixels; ++p)
    for (size_t c = 0; c < width; ++c) {
      const double d = static_cast<double>(in[p * g.channels + c]) - mean[c];
      squares[c] += d * d;
    }
  for (size_t c = 0; c < width; ++c)
    factor[c] = inverse_deviation(squares[c], g.pixels, g.epsilon) * at.scale[first + c];
  for (size_t p = 0; p < g.pixels; ++p)
    for (size_t c = 0; c < width; ++c)
      out[p * g.channels + c] = (in[p * g.channels + c] - mean[c]) * factor[c] + at.bias[first + c];
}

}  // namespace

void layer_norm_f32(const LayerNormF32& norm, const LayerNormOperands& operands, size_t first, size_t last) {
  for (size_t row = first; row < last; ++row) {
    const float* in = operands.input + row * norm.size;
    float* out = operands.output + row * norm.size;
    double sum = 0, squares = 0;
    for (size_t i = 0; i < norm.size; ++i) sum += in[i];
    const float mean = static_cast<float>(sum / static_cast<double>(norm.size));
    for (size_t i = 0; i < norm.size; ++i) {
      const double d = static_cast<double>(in[i]) - mean;
      squares += d * d;
    }
    const float inverse = inverse_deviation(squares, norm.size, norm.epsilon);
    for (size_t i = 0; i < norm.size; ++i) out[i] = (in[i] - mean) * inverse * operands.scale[i];
    if (operands.bias)
      for (size_t i = 0; i < norm.size; ++i) out[i] += operands.bias[i];
  }
}

size_t group_norm_f32_items(const GroupNormF32& norm) {
  return norm.batch * (norm.groups == norm.channels ? blocks_of(norm.channels) : norm.groups);
}

void group_norm_f32(const GroupNormF32& norm, const LayerNormOperands& operands, size_t first_item,
                    size_t last_item) {
  const bool per_channel = norm.groups == norm.channels;
  const size_t per_picture = per_channel ? blocks_of(norm.channels) : norm.groups;
  for (size_t item = first_item; item < last_item; ++item) {
    if (per_channel)
      normalize_channels(norm, operands, item / per_picture, item % per_picture);
    else
      normalize_group(norm, operands, item / per_picture, item % per_picture);
  }
}

void local_response_norm_f32(const LocalResponseNormF32& norm, const float* input, float* output,
                             size_t first, size_t last) {
  const size_t before = (norm.size - 1) / 2, after = norm.size / 2;
  for (size_t row = first; row < last; ++row) {
    const float* in = input + row * norm.channels;
    float* out = output + row * norm.channels;
    for (size_t c = 0; c < norm.channels; ++c) {
      const size_t low = c < before ? 0 : c - before;
      const size_t high = std::min(norm.channels - 1, c + after);
      float squares = 0;
      for (size_t j = low; j <= high; ++j) squares += in[j] * in[j];
      out[c] = in[c] * std::pow(norm.bias + norm.alpha / static_cast<float>(norm.size) * squares, -norm.beta);
    }
  }
}

void lp_norm_f32(const LpNormF32& norm, const float* input, float* output, size_t first, size_t last) {
  for (size_t vector = first; vector < last; ++vector) {
    const size_t start = vector / norm.inner * norm.size * norm.inner + vector % norm.inner;
    double sum = 0;
    for (size_t i = 0; i < norm.size; ++i) {
      const double x = input[start + i * norm.inner];
      sum += norm.p == 1 ? std::fabs(x) : x * x;
    }
    const double length = norm.p == 1 ? sum : std::sqrt(sum);
    const float scale = length == 0 ? 0.0f : static_cast<float>(1.0 / length);
    for (size_t i = 0; i < norm.size; ++i)
      output[start + i * norm.inner] = input[start + i * norm.inner] * scale;
  }
}

}  // namespace octet::kernels
