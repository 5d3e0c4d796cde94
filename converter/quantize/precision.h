// SPDX-License-Identifier: Apache-2.0
//
// choose_precision: which nodes run in s8. The rule, in order:
//
//   1. A node that has no s8 form, or whose s8 inputs or output have no range (no samples reached
//      them, or the quantized network gives no scale), stays f32 and says why.
//   2. Heavy nodes (Conv, ConvTranspose, FullyConnected) that can run in s8 do.
//   3. Data movement is s8 where s8 data comes in (for Concat: at least half of the inputs), or
//      where every reader is s8 and the graph's own input, which enters as s8 for free, is read.
//   4. A connected group of light nodes stays s8 unless fewer values would cross the border between
//      s8 and f32 if the group were f32. Graph inputs and outputs are no border: they convert anyway; nor is
//      a Conv or FullyConnected that only float nodes read: it writes f32. So the arithmetic of boxes around
//      an Exp is f32. Then the same for each light node by itself. (Not where a quantized network gives the
//      scale.)
//   5. A Concat that does nothing but collect what layers write (detection heads) for an output of the network is
//      f32: each head would otherwise be rounded to the steps of the largest.
//   6. Reshapes between a Conv or FullyConnected and a float reader or graph output are f32, since the
//      Conv writes f32 straight from its accumulator there.
#pragma once

#include <set>
#include <unordered_set>

#include "converter/diagnostics.h"
#include "converter/quantize/uses.h"
#include "converter/stages.h"

namespace octet::converter {

// The nodes that run in s8. Nodes outside it that touch f32 data carry Node::float_reason.
using S8Nodes = std::unordered_set<const Node*>;

// `demoted` are nodes that a later step found impossible in s8 (their float_reason says why).
void choose_precision(const Graph& graph, const Ranges& ranges, const S8Nodes& demoted, S8Nodes* s8);

// True if `reader` takes value `id` as f32: it is a float node, or a Requantize that a quantized network
// puts behind a value without a scale (it becomes Quantize).
bool reads_f32(const Graph& graph, const S8Nodes& s8, const Node& reader, ValueId id);

// True if `node` (in s8) writes its output as f32: Conv, FullyConnected without activation, or Softmax,
// whose output has no scale of its own and is read by float nodes only or is only a graph output.
bool writes_f32(const Graph& graph, const Uses& uses, const S8Nodes& s8, const Node& node);

}  // namespace octet::converter
