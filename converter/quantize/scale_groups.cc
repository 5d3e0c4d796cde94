// SPDX-License-Identifier: Apache-2.0
//
// Union-find over values, and the step from a range to a scale.
#include <algorithm>
#include <cmath>

#include "converter/quantize/scales.h"
#include "kernels/requantize.h"

namespace octet::converter {

using kernels::kS16Max;
using kernels::kS16Min;

namespace {

// The least scale with which [low, high] fits around `zero_point`; infinite if none does.
double covering_scale(double low, double high, double zero_point) {
  const double above = high > 0 ? high / (127 - zero_point) : 0;
  const double below = low < 0 ? -low / (128 + zero_point) : 0;
  const bool outside = zero_point < -128 || zero_point > 127;
  return outside ? INFINITY : std::max(above, below);
}

}  // namespace

float power_of_two_above(float scale) {
  int exponent = 0;
  const float fraction = std::frexp(scale, &exponent);  // [0.5, 1)
  return std::ldexp(1.0f, fraction == 0.5f ? exponent - 1 : exponent);
}

Quantization range_to_quantization(Range range, const ScaleForm& form) {
  const double low = std::min<double>(range.min, 0), high = std::max<double>(range.max, 0);
  Quantization result;
  result.zero_point = 0;
  result.scale = 1.0f / 128;
  if (!(high - low > 0)) return result;
  if (form.symmetric) {
    result.scale = static_cast<float>(std::max(-low, high) / 127);
  } else {
    const double exact = -128 - low * 255 / (high - low);
    double zero_point = std::floor(exact);
    if (covering_scale(low, high, zero_point + 1) < covering_scale(low, high, zero_point)) zero_point += 1;
    result.zero_point = static_cast<int32_t>(zero_point);
    result.scale = static_cast<float>(covering_scale(low, high, zero_point));
  }
  result.scale = std::max(result.scale, 1e-30f);  // a subnormal scale has no inverse in f32
  if (form.power_of_two) result.scale = power_of_two_above(result.scale);
  return result;
}

Quantization range_to_s16(Range range, const ScaleForm& form) {
  Quantization result;
  const double scale =
      std::max(-std::min<double>(range.min, 0) / -kS16Min, std::max<double>(range.max, 0) / kS16Max);
  result.scale = scale > 0 ? std::max(static_cast<float>(scale), 1e-30f) : 1.0f / -kS16Min;
  if (form.power_of_two) result.scale = power_of_two_above(result.scale);
  return result;
}

bool same_quantization(const Quantization& a, const Quantization& b) {
  return a.scale == b.scale && a.zero_point == b.zero_point;
}

ScaleGroups::ScaleGroups(size_t values, const ScaleForm& form)
    : form_(form), parent_(values), groups_(values) {
  for (size_t i = 0; i < values; ++i) {
    parent_[i] = static_cast<int32_t>(i);
    groups_[i].members = {static_cast<ValueId>(i)};
  }
}

int32_t ScaleGroups::find(ValueId id) {
  while (parent_[static_cast<size_t>(id)] != id) {
    int32_t& up = parent_[static_cast<size_t>(id)];
    up = parent_[static_cast<size_t>(up)];
    id = up;
  }
  return id;
}

void ScaleGroups::add_range(ValueId id, Range range) {
  Group& g = group(id);
  g.range = g.has_range ? Range{std::min(g.range.min, range.min), std::max(g.range.max, range.max)} : range;
  g.has_range = true;
}

void ScaleGroups::pin(ValueId id, const Quantization& quantization) {
  Group& g = group(id);
  g.pinned = true;
  g.quantization = quantization;
}

bool ScaleGroups::join(ValueId a, ValueId b) {
  const int32_t root = find(a), other = find(b);
  if (root == other) return true;
  Group& into = groups_[static_cast<size_t>(root)];
  Group& from = groups_[static_cast<size_t>(other)];
  if (into.pinned && from.pinned && !same_quantization(into.quantization, from.quantization)) return false;
  parent_[static_cast<size_t>(other)] = root;
  if (from.has_range) add_range(root, from.range);
  if (from.pinned && !into.pinned) pin(root, from.quantization);
  into.wide |= from.wide;
  into.least_scale = std::max(into.least_scale, from.least_scale);
  into.members.insert(into.members.end(), from.members.begin(), from.members.end());
  from = Group();
  return true;
}

Quantization ScaleGroups::quantization(ValueId id) {
  const Group& g = group(id);
  if (g.pinned) return g.quantization;
  Quantization result = g.wide ? range_to_s16(g.range, form_) : range_to_quantization(g.range, form_);
  result.scale = std::max(result.scale, static_cast<float>(g.least_scale));
  if (form_.power_of_two) result.scale = power_of_two_above(result.scale);
  return result;
}

void ScaleGroups::raise_scale(ValueId id, double scale) {
  Group& g = group(id);
  g.least_scale = std::max(g.least_scale, scale);
}

}  // namespace octet::converter
