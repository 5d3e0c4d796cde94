// SPDX-License-Identifier: Apache-2.0
//
// quantize_weights: constants of the s8 nodes.
//
//   weights  s8 in [-127, 127], one scale per output channel: scale[c] = max |w[c]| / 127
//            (or the scales pinned by a quantized network)
//   bias     s32, scale input_scale * scale[c]; less 1/128 of an output step where the output is s8 (not
//   s16):
//            requantize rounds 6 fractional bits half up and then rounds to whole steps, together
//            floor(x + 1/2 + 1/128), and so it becomes the nearest step again
//   operand  of Add, Sub, Mul with more than one element: s8 per tensor, asymmetric; of Concat: in its scale
//
// A channel's weight scale is raised where its weights are too small to show in the output but their
// scale would make the bias huge, and where the accumulator bound
// sum |w| * max |q_in - zero_point| + |bias| with its rounding term would not fit in s32.
// A channel of zeros takes the scale that gives its bias 16 bits.
#pragma once

#include "converter/quantize/s8_plan.h"

namespace octet::converter {

// One output channel.
struct ChannelWeights {
  float scale = 1;
  std::vector<int8_t> weights;
  int32_t bias = 0;
  bool raised = false;  // above max |w| / 127 or the pinned scale, for headroom
};

struct ChannelInput {
  const float* weights = nullptr;
  size_t count = 0;
  double bias = 0;
  float pinned_scale = 0;   // 0: max-abs
  double common_scale = 0;  // at least this, whatever the weights: one scale for a tensor
  bool power_of_two = false;
  double input_scale = 1;
  int32_t input_zero_point = 0;
  double output_scale = 0;                                                             // 0: the output is f32
  TensorType input_type = schema::TensorType_S8, output_type = schema::TensorType_S8;  // or s16
};

ChannelWeights quantize_channel(const ChannelInput& input);

// Quantizes the constants of every s8 node in place (new constants; the f32 ones stay for others).
Status quantize_weights(Graph* graph, const S8Plan& plan, Diagnostics* diagnostics);

}  // namespace octet::converter
