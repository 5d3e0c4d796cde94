// SPDX-License-Identifier: Apache-2.0
//
// Fixed-point pairs and the overflow proof. All arithmetic is double: products
// of f32 scales are exact in it, and bounds stay far below 2^53.
#include "converter/lower/requantization.h"

#include <algorithm>
#include <cmath>

#include "kernels/requantize.h"

namespace octet::converter {

namespace {

// The largest s32 that requantize meets on the way.
double largest_intermediate(double accumulator_bound, FixedPoint pair) {
  if (pair.right_shift > 0) return accumulator_bound + std::ldexp(1.0, pair.right_shift - 1);
  return std::ldexp(accumulator_bound, -pair.right_shift);
}

}  // namespace

// k = fraction * 2^exponent with fraction in [1/2, 1), so m = round(fraction * 2^15) is in
// [2^14, 2^15], and k = m * 2^(exponent - 15) = m * 2^-(21 + p) gives p = -6 - exponent.
Status encode_fixed_point(double k, FixedPoint* pair) {
  *pair = FixedPoint();
  if (!std::isfinite(k) || k < 0)
    return error(StatusCode::kInvalidModel, "effective scale %g; must be finite and not negative", k);
  if (k == 0) return Status();
  int exponent = 0;
  const double fraction = std::frexp(k, &exponent);
  int32_t multiplier = static_cast<int32_t>(std::lround(std::ldexp(fraction, 15)));
  if (multiplier == 1 << 15) {
    multiplier = 1 << 14;
    ++exponent;
  }
  const int right_shift = -6 - exponent;
  if (right_shift > 31) return Status();  // dead: |acc| * k < 2^31 * 2^-38, always rounds to zero_point
  if (right_shift < -16) return error(StatusCode::kUnsupported, "effective scale %g; must be below 2^10", k);
  pair->multiplier = static_cast<int16_t>(multiplier);
  pair->right_shift = static_cast<int8_t>(right_shift);
  return Status();
}

Status encode_fixed_point(double k, TensorType output, FixedPoint* pair) {
  return encode_fixed_point(output == schema::TensorType_S16 ? k / 64 : k, pair);
}

double headroom_bits(double accumulator_bound, FixedPoint pair) {
  const double largest = largest_intermediate(accumulator_bound, pair);
  return largest <= 1.0 ? 31.0 : 31.0 - std::log2(largest);
}

bool accumulator_fits(double accumulator_bound, FixedPoint pair) {
  return largest_intermediate(accumulator_bound, pair) <= 2147483647.0;
}

int32_t largest_difference(int32_t zero_point) { return std::max(127 - zero_point, zero_point + 128); }

int32_t largest_difference(TensorType type, int32_t zero_point) {
  return type == schema::TensorType_S16 ? -kernels::kS16Min : largest_difference(zero_point);
}

bool encode_sum(const std::vector<double>& k, std::vector<int16_t>* multipliers, int8_t* fractional_bits,
                int most_fractional_bits) {
  double largest = 0;
  for (double value : k) {
    if (!std::isfinite(value)) return false;
    largest = std::max(largest, std::fabs(value));
  }
  int f = most_fractional_bits;
  while (f >= 0 && std::nearbyint(std::ldexp(largest, f + 8)) > 32767) --f;
  if (f < 0) return false;
  multipliers->clear();
  for (double value : k)
    multipliers->push_back(static_cast<int16_t>(std::nearbyint(std::ldexp(value, f + 8))));
  *fractional_bits = static_cast<int8_t>(f);
  return true;
}

}  // namespace octet::converter
