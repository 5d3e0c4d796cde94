// SPDX-License-Identifier: Apache-2.0
//
// Normalizations in float; sums in double.
//
//   layer_norm     row of n:  out = (x - mean) / sqrt(variance + epsilon) * scale[i] + bias[i]
//   group_norm     [N, pixels, C], channels in `groups` groups of neighbours; mean and variance over the
//                  pixels and channels of a group:
//                  out = (x - mean) / sqrt(variance + epsilon) * scale[c] + bias[c]
//                  Instance normalization is groups == C.
//   lrn            row of C:  out[c] = x[c] / (k + alpha / size * sum x[j]^2)^beta,
//                  max(0, c - floor((size - 1) / 2)) <= j <= min(C - 1, c + ceil((size - 1) / 2))
//   lp_norm        vector along an axis:  out = x / norm; norm = sum |x| (p = 1) or sqrt(sum x^2) (p = 2);
//                  a vector of norm 0 stays 0
#pragma once

#include <cstddef>

namespace octet::kernels {

struct LayerNormF32 {
  size_t size;
  float epsilon;
};

// Rows [first, last); bias may be null.
struct LayerNormOperands {
  const float* input;
  const float* scale;
  const float* bias;
  float* output;
};
void layer_norm_f32(const LayerNormF32& norm, const LayerNormOperands& operands, size_t first, size_t last);

struct GroupNormF32 {
  size_t batch, pixels, channels, groups;
  float epsilon;
  bool scale_per_group;  // scale and bias have one entry per group instead of one per channel
};

// Work items are groups of one picture, or for groups == channels blocks of 64 channels.
size_t group_norm_f32_items(const GroupNormF32& norm);
void group_norm_f32(const GroupNormF32& norm, const LayerNormOperands& operands, size_t first_item,
                    size_t last_item);

struct LocalResponseNormF32 {
  size_t channels, size;
  float alpha, beta, bias;
};
// Rows [first, last).
void local_response_norm_f32(const LocalResponseNormF32& norm, const float* input, float* output,
                             size_t first, size_t last);

struct LpNormF32 {
  size_t outer, size, inner;
  int p;  // 1 or 2
};
// Vectors [first, last) of outer * inner.
void lp_norm_f32(const LpNormF32& norm, const float* input, float* output, size_t first, size_t last);

}  // namespace octet::kernels
