// SPDX-License-Identifier: Apache-2.0
//
// From real scales to the fixed-point pairs of the file, and the proof that no
// accumulator overflows (docs/numerics.md, rules 2 and 3).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "converter/graph.h"

namespace octet::converter {

// k = multiplier * 2^-(21 + right_shift), or * 2^-(15 + right_shift) to s16; multiplier in [2^14, 2^15), or 0
// for a dead channel.
struct FixedPoint {
  int16_t multiplier = 0;
  int8_t right_shift = 0;
};

// The nearest pair to the effective scale k >= 0. A scale so small that right_shift would pass 31
// is a dead channel (multiplier 0). An error where right_shift would be below -16, or k is
// negative or not finite.
Status encode_fixed_point(double k, FixedPoint* pair);
// The same for an output of s8 or s16, which has no 6 fractional bits.
Status encode_fixed_point(double k, TensorType output, FixedPoint* pair);

// One Requantization of the file, gathered entry by entry.
struct RequantizationData {
  std::vector<int16_t> multiplier;
  std::vector<int8_t> right_shift;
  int8_t output_min = -128;
  int8_t output_max = 127;
  int16_t output_min_s16 = -16384;
  int16_t output_max_s16 = 16383;

  void add(FixedPoint pair) {
    multiplier.push_back(pair.multiplier);
    right_shift.push_back(pair.right_shift);
  }
};

// log2(2^31 / x) for the largest s32 that requantize meets: |acc| <= accumulator_bound, plus the
// rounding term 2^(p-1), or shifted left where p < 0. Below 0: it does not fit.
double headroom_bits(double accumulator_bound, FixedPoint pair);

// Does every value of magnitude `accumulator_bound` with its rounding term fit in s32?
bool accumulator_fits(double accumulator_bound, FixedPoint pair);

// max |q - zero_point| over s8, or over s16 with its 15 bits.
int32_t largest_difference(int32_t zero_point);
int32_t largest_difference(TensorType type, int32_t zero_point);

// s8 Add and Sub (schema BinaryOptions), and s8 PRelu: multipliers of k[i] with the largest
// fractional_bits f in [0, most_fractional_bits] for which every |round(k * 2^(f+8))| <= 32767. False if even
// f = 0 does not fit.
bool encode_sum(const std::vector<double>& k, std::vector<int16_t>* multipliers, int8_t* fractional_bits,
                int most_fractional_bits = 6);

}  // namespace octet::converter
