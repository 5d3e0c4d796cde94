// SPDX-License-Identifier: Apache-2.0
//
// What Conv2D, ConvTranspose2D and FullyConnected check alike on untrusted bytes.
#pragma once

#include "model_generated.h"
#include "runtime/op.h"
#include "runtime/status.h"

namespace octet {

// Either all f32, or s8 data with s8 weights, s32 bias and s8 or f32 output; s16 may stand for s8 data and
// output, but not at ConvTranspose2D. Also: two or three inputs,
// one output, weights and bias constant, weights without zero point and never -128, data not empty.
Status validate_conv_tensors(const OpView& view);

// The options that say how acc becomes the output, as Conv2DOptions and FullyConnectedOptions hold them.
struct ConvOutputOptions {
  const schema::Requantization* requantization;
  const flatbuffers::Vector<float>* accumulator_scale;
  const flatbuffers::Vector<uint8_t>* table;
  int32_t table_zero_point;
  float activation_min, activation_max;
};
template <class Options>
ConvOutputOptions conv_output_options(const Options& o) {
  return {o.requantization(),   o.accumulator_scale(), o.table(),
          o.table_zero_point(), o.activation_min(),    o.activation_max()};
}

// With s8 or s16 output: requantization with one entry, or one per channel, multiplier and right shift in
// range, min <= max; the table absent, or 256 entries in front of s8. With s8 or s16 data and f32 output:
// accumulator_scale with one finite entry per channel, and no table. With f32 data: activation_min <= activation_max.
// Always: one bias per channel.
Status validate_conv_output(const OpView& view, const ConvOutputOptions& options, size_t channels);

// stride, dilation, pads and groups of Conv2DOptions in range: at least 1, or 0 for pads, and at most 65536.
Status validate_conv_options(const OpView& view, const schema::Conv2DOptions& options);

}  // namespace octet
