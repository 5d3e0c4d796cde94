// SPDX-License-Identifier: Apache-2.0
//
// Constants behind DequantizeLinear: their real numbers, and the weight scales that the kernels
// (s8 in [-127, 127], zero point 0) can take over.
#pragma once

#include <string>
#include <vector>

#include "converter/graph.h"

namespace octet::converter {

// Parameters of one QuantizeLinear or DequantizeLinear, read from its constants.
struct QdqParameters {
  std::vector<float> scales;         // one, or one per slice of `axis`
  std::vector<int64_t> zero_points;  // the same number
  int axis = 0;
  TensorType type = schema::TensorType_S8;  // of the quantized side

  bool per_tensor() const { return scales.size() == 1; }
};

// An error names what is not constant or does not fit the shape `dims`.
Status read_qdq_parameters(const Graph& graph, const Node& node, const Dims& dims, TensorType quantized,
                           QdqParameters* parameters);

// Integers of a u8, s8, s16 or s32 constant.
std::vector<int64_t> read_quantized(const Constant& constant);

// real = scale * (q - zero_point), in f32.
Constant dequantize_constant(const Constant& constant, const QdqParameters& parameters);
// q = saturate(round_half_even(real / scale) + zero_point): a weight that the file holds in f32.
Constant quantize_constant(const Constant& real, const QdqParameters& parameters);

// What taking over asymmetric weights changed.
struct WeightChanges {
  size_t clamped = 0;   // weights
  size_t respaced = 0;  // channels on a coarser scale
  size_t layers = 0;
  double largest = 0;  // in steps of the file's scale
};

// The weights of a Conv-like node: *real are their real numbers, `output_axis` the axis of output
// channels. Pins scales so that quantize finds the file's own integers again. u8 and asymmetric weights:
// q - zero_point has nine bits; channels where it lies within [-127, 127] are taken exactly, others are
// either clamped or spread over a coarser scale, whichever changes them less, and counted in *changes.
// False: the scales do not run along output_axis, nothing is pinned.
bool pin_weights(const Constant& quantized, const QdqParameters& parameters, int output_axis, Constant* real,
                 Quantization* quantization, WeightChanges* changes);

}  // namespace octet::converter
