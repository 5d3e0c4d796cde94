// SPDX-License-Identifier: Apache-2.0
//
// Weights that came quantized: DequantizeLinear(constant, constant scale, [constant zero point]). They stay
// so until import_qdq takes their scales; moving their axes happens on the quantized bytes, behind the node.
#pragma once

#include "converter/constant_math.h"
#include "converter/graph.h"

namespace octet::converter {

struct DequantizedConstant {
  const Node* node = nullptr;  // the DequantizeLinear
  int axis = -1;               // of its per-channel scales; -1 = one scale
  const Constant* data = nullptr;
  const Constant* scale = nullptr;
  const Constant* zero_point = nullptr;  // null = 0
};

// False if `value` is no dequantized constant.
bool find_dequantized_constant(const Graph& graph, ValueId value, DequantizedConstant* found);

// A constant, quantized or not: what may serve as weights.
bool is_weight(const Graph& graph, ValueId value);

// A new DequantizeLinear (placed at the old one) with the data's axes permuted, or reshaped. kNoValue where a
// reshape would tear the axis of per-channel scales apart.
ValueId transpose_dequantized(Graph* graph, const DequantizedConstant& constant,
                              const Permutation& permutation);
ValueId reshape_dequantized(Graph* graph, const DequantizedConstant& constant, const Dims& shape);
// The same with data, scale and axis given by the caller (name: of the old one).
ValueId replace_dequantized(Graph* graph, const DequantizedConstant& constant, Constant data, Constant scale,
                            const Constant* zero_point, int axis);

// Plain or dequantized weights with permuted axes; `value` must be is_weight.
ValueId transpose_weight(Graph* graph, ValueId value, const Permutation& permutation);

}  // namespace octet::converter
