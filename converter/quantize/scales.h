// SPDX-License-Identifier: Apache-2.0
//
// ranges_to_scales: one scale and zero point per activation that s8 nodes touch.
//
//   * Values that one same-scale operator connects (MaxPool, Reshape, Slice, Concat, ...) form a
//     group, by union-find, and share the scale of their common range. A Concat input joins where it
//     costs nothing: nothing but the Concat reads its group, or its own range is at least 1/1.1 of the
//     common one; else it keeps its scale and a Requantize goes in front of the Concat.
//   * Scales that a quantized network gave (pinned) are taken exactly. Values with different pinned
//     scales never join.
//   * Known ranges count instead of observed ones: Softmax and Sigmoid [0, 255/256] (scale 1/256,
//     zero point -128), Tanh [-1, 127/128] (1/128, 0), HardSigmoid [0, 1]; Relu, Clip and fused
//     clamps cut the observed range.
//   * Values in 16 bits (wide_values.h) join no others; their scale is the least that covers the range.
//   * Every range includes 0, and 0 is exactly representable.
#pragma once

#include <vector>

#include "converter/quantize/precision.h"
#include "converter/quantize/wide_values.h"
#include "octet_converter/range_options.h"

namespace octet::converter {

// The integer zero point in [-128, 127] beside the exact one, -128 - min * 255 / (max - min), that
// covers [min, max] (0 included) with the smaller scale = max(max / (127 - zero_point), -min / (128 +
// zero_point)). A range of nothing but 0 gives scale 1/128, zero point 0.
// `form` may ask for zero point 0 or a power of two instead.
Quantization range_to_quantization(Range range, const ScaleForm& form = {});

// The same in 16 bits: zero point 0 and values in [-16384, 16383].
Quantization range_to_s16(Range range, const ScaleForm& form = {});

// The least power of two that is at least `scale`, which is positive.
float power_of_two_above(float scale);

// Disjoint sets of values with a range and at most one pinned quantization each.
class ScaleGroups {
 public:
  explicit ScaleGroups(size_t values, const ScaleForm& form = {});

  void add_range(ValueId id, Range range);  // widens the group's range
  void pin(ValueId id, const Quantization& quantization);
  int32_t find(ValueId id);
  // False, and nothing changes, if both groups are pinned to different quantizations.
  bool join(ValueId a, ValueId b);

  void make_wide(ValueId id) { group(id).wide = true; }  // its group has 16 bits

  bool has_range(ValueId id) { return group(id).has_range; }
  Range range(ValueId id) { return group(id).range; }
  bool pinned(ValueId id) { return group(id).pinned; }
  const std::vector<ValueId>& members(ValueId id) { return group(id).members; }
  // Of the group: pinned, or from its range times `widening`.
  Quantization quantization(ValueId id);
  // Makes the scale at least `scale` without moving the zero point.
  void raise_scale(ValueId id, double scale);

 private:
  struct Group {
    Range range;
    bool has_range = false, pinned = false, wide = false;
    Quantization quantization;  // where pinned
    double least_scale = 0;
    std::vector<ValueId> members;
  };
  Group& group(ValueId id) { return groups_[static_cast<size_t>(find(id))]; }

  ScaleForm form_;
  std::vector<int32_t> parent_;
  std::vector<Group> groups_;
};

// The quantization of each value (index = ValueId; scale 0: no s8 node touches it). Output scales
// too fine for the fixed-point forms of numerics.md are raised; where a pinned scale forbids that,
// the node is added to *demoted with its float_reason: choose the precision again and repeat.
struct ScaleInputs {
  const Graph& graph;
  const Ranges& ranges;
  const S8Nodes& s8;
  ScaleForm form;
  WideValues wide;                              // the values in 16 bits; empty: none
  std::vector<Quantization>* narrow = nullptr;  // out, if asked for: theirs where 8 bits are read
};
std::vector<Quantization> ranges_to_scales(const ScaleInputs& inputs, Diagnostics* diagnostics,
                                           S8Nodes* demoted);

bool same_quantization(const Quantization& a, const Quantization& b);

}  // namespace octet::converter
