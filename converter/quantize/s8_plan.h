// SPDX-License-Identifier: Apache-2.0
//
// What quantize has decided before it rewrites the graph.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "converter/quantize/precision.h"
#include "converter/quantize/scales.h"

namespace octet::converter {

struct S8Plan {
  S8Nodes nodes;                            // run in s8
  std::vector<Quantization> quantizations;  // per value; scale 0: no s8 node touches it
  std::vector<bool> s8_values;              // stored as s8 or s16 where they are written
  WideValues wide;                          // those of 16 bits, wherever integers are read
  std::vector<Quantization> narrow;         // theirs, where an operator reads 8 bits
  ScaleForm form;
  std::map<std::string, bool> weights_per_tensor;  // RangeOptions': by node, instead of the form's

  bool one_weight_scale(const Node& node) const {
    const auto own = weights_per_tensor.find(node.name);
    return own != weights_per_tensor.end() ? own->second : form.per_tensor_weights;
  }
  const Quantization& quantization(ValueId id) const { return quantizations[static_cast<size_t>(id)]; }
  bool is_s8(ValueId id) const { return s8_values[static_cast<size_t>(id)]; }
  // Of the value in integers.
  TensorType type(ValueId id) const {
    return wide[static_cast<size_t>(id)] ? schema::TensorType_S16 : schema::TensorType_S8;
  }
};

// An activation is stored as s8 if an s8 node writes it (unless it writes f32 there, see writes_f32),
// or if it is a graph input that s8 nodes and no float nodes read: Session::set_input quantizes then;
// or one that is declared in u8 or s8.
std::vector<bool> choose_s8_values(const Graph& graph, const S8Nodes& s8);

// insert_boundaries: sets the types and quantizations of values, and puts
//   Quantize    in front of s8 nodes that read an f32 value,
//   Dequantize  in front of f32 nodes that read an s8 value,
//   Requantize  in front of same-scale nodes that read an s8 value of another scale, and where 8 and 16 bits
//   meet,
// one per value and scale, where it is first needed. Graph outputs need none: Session::get_output converts.
void insert_boundaries(Graph* graph, const S8Plan& plan);

// fuse_tables: Conv, ConvTranspose or FullyConnected -> unary function, both s8, no other reader:
// the node gets `table` (256 entries), `table_scale` and `table_zero_point` (the quantization in front
// of the table) and writes the function's output; the unary node goes. Returns how many.
size_t fuse_tables(Graph* graph);

}  // namespace octet::converter
