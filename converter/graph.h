// SPDX-License-Identifier: Apache-2.0
//
// The converter's graph: values (tensors) and nodes (operators) in single
// assignment form. Import fills it, passes rewrite it, quantize decides types
// and scales, lower turns each node into one schema operator.
//
// Canonical operators (what import leaves and lower takes; attributes in brackets).
// Names and meaning are ONNX's, newest opset, with everything static moved into
// attributes, so that no pass has to know opsets:
//
//   Conv X W [B]            [kernel_shape, strides, pads(t,l,b,r), dilations, group; activation_min, activation_max; table_activation]
//                           2-D only (1-D is wrapped in Reshape). auto_pad is resolved. W is OIHW before
//                           layout, OHWI after it; X is NCHW before, NHWC after (Graph::layout).
//   ConvTranspose X W [B]   same + output_padding; W is IOHW as in ONNX before layout, OHWI after it
//   FullyConnected X W [B]  X [..., K], constant W [O, K]; from Gemm and MatMul with constant weights; alpha, beta,
//                           transposes folded; activation_min/max, table_activation as Conv
//   MatMul A B              both activations, or a constant that is no matrix
//   Add Sub Mul Div Min Max Pow Mod(fmod) Equal Less LessOrEqual Greater GreaterOrEqual And Or Xor   two inputs
//                           (n-ary Sum, Mean, Min, Max are chains); Add, Sub, Mul may carry activation_min/max
//   Relu Clip[min,max] LeakyRelu[alpha] Elu[alpha] Selu[alpha,gamma] Celu[alpha] Sigmoid Tanh HardSigmoid[alpha,beta]
//   HardSwish Silu Gelu GeluTanh Softplus Softsign ThresholdedRelu[alpha] Mish Exp Log Sqrt Reciprocal Abs Neg Floor
//   Ceil Round Sign Erf Sin ... Atanh Not IsNaN IsInf Shrink[bias,lambd] Identity         one input
//   PRelu X slope           Where C X Y      Cast[to = TensorType]
//   BatchNormalization X scale B mean var [epsilon]     only until folded or turned into Mul + Add
//   AveragePool[kernel_shape, strides, pads, dilations, count_include_pad]  MaxPool[...]   ceil_mode resolved into pads
//                           and the output shape
//   Reduce[kind = Mean Sum Max Min Prod L1 L2 LogSum LogSumExp SumSquare; axes (non-negative, ascending); keepdims]
//                           also GlobalAveragePool, GlobalMaxPool
//   ArgMax, ArgMin[axis, keepdims, select_last_index]   Softmax, LogSoftmax[axis]  (opset < 13's 2-D meaning is wrapped in Reshape)
//   Reshape X               target shape = the output value's shape; also Flatten, Squeeze, Unsqueeze
//   Transpose[perm]  Concat[axis]  Slice[starts, steps: one per axis; extent = output shape] (Split is several)
//   Pad[mode, pads(begin..., end...), value]   Expand (output shape)   Tile[repeats]
//   Resize[mode = nearest | linear | cubic is refused; coordinate_mode, nearest_mode, scales_height, scales_width]
//                           over the two spatial axes; Upsample becomes it
//   DepthToSpace[blocksize, mode]  SpaceToDepth[blocksize]   until the layout pass turns them into Reshape / Transpose
//   ChannelShuffle[group]   recognized Reshape-Transpose-Reshape; same
//   Gather[axis] GatherElements[axis] GatherND[batch_dims] ScatterND ScatterElements[axis, reduction] OneHot[axis] CumSum
//   TopK[axis, k, largest, sorted]  NonMaxSuppression  LayerNormalization X scale [B] [axis, epsilon]
//   InstanceNormalization GroupNormalization LRN LpNormalization LSTM GRU RNN Trilu  as ONNX
//   QuantizeLinear DequantizeLinear X scale zero_point [axis]   only until imported by quantize/import_qdq
//   Quantize (f32 -> s8), Dequantize (s8 -> f32), Requantize (s8 -> s8)      made by quantize; parameters are on the values
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "model_generated.h"
#include "runtime/status.h"
#include "runtime/tensor.h"

namespace octet::converter {

using Dims = std::vector<int64_t>;

// Constant data: row-major, native endian (little), element type of the value.
struct Constant {
  TensorType type = schema::TensorType_F32;
  Dims shape;
  std::vector<uint8_t> bytes;

  size_t elements() const;
  template <class T>
  const T* as() const { return reinterpret_cast<const T*>(bytes.data()); }
  template <class T>
  T* as() { return reinterpret_cast<T*>(bytes.data()); }
};

// real = scale * (q - zero_point). scale == 0 and no channel_scales: not quantized.
struct Quantization {
  float scale = 0;
  int32_t zero_point = 0;
  std::vector<float> channel_scales;  // weights and bias: one per slice of channel_axis
  int channel_axis = -1;

  bool quantized() const { return scale != 0 || !channel_scales.empty(); }
};

using ValueId = int32_t;
constexpr ValueId kNoValue = -1;      // an optional input left out

// How the file stores an f32 constant as integers (schema StoredConstant).
struct StoredForm {
  int bits = 8;
  int64_t group_size = 1;
  std::vector<float> scales;
  std::shared_ptr<const Constant> packed;  // u8, what the buffer holds
};

struct Value {
  std::string name;
  TensorType type = schema::TensorType_F32;
  Dims shape;
  std::shared_ptr<const Constant> constant;  // null for activations
  Quantization quantization;
  std::shared_ptr<const StoredForm> stored;  // of a constant; `constant` has the numbers that it stands for

  bool is_constant() const { return constant != nullptr; }
};

using Attribute = std::variant<int64_t, float, std::string, std::vector<int64_t>, std::vector<float>,
                               std::vector<std::string>, std::shared_ptr<const Constant>>;

struct Node {
  std::string op;                     // canonical operator
  std::string name;                   // of the ONNX node, made unique
  std::string source;                 // "Conv (opset 13)", for messages
  std::vector<ValueId> inputs;        // kNoValue where optional
  std::vector<ValueId> outputs;
  std::map<std::string, Attribute> attributes;
  std::string float_reason;           // set by quantize where the node stays f32

  bool has(const std::string& key) const { return attributes.count(key) != 0; }
  // The attribute, or `fallback` where it is absent. A wrong kind is a bug in import: asserted.
  int64_t integer(const std::string& key, int64_t fallback = 0) const;
  float number(const std::string& key, float fallback = 0) const;
  std::string text(const std::string& key, const std::string& fallback = "") const;
  std::vector<int64_t> integers(const std::string& key) const;
  std::vector<float> numbers(const std::string& key) const;
  ValueId input(size_t i) const { return i < inputs.size() ? inputs[i] : kNoValue; }
};

enum class Layout { kNchw, kNhwc };

// A graph input or output as the ONNX file declared it; see schema Input.
struct GraphPort {
  std::string name;
  ValueId value = kNoValue;
  TensorType type = schema::TensorType_F32;
  Dims shape;                         // declared, after --shape
  std::vector<int> permutation;       // value axis i = declared axis permutation[i]; empty = identity
};

class Graph {
 public:
  std::vector<Value> values;                  // index = ValueId; never erased, dead ones are ignored
  std::vector<std::unique_ptr<Node>> nodes;   // topological order, kept by every pass
  std::vector<GraphPort> inputs;
  std::vector<GraphPort> outputs;
  Layout layout = Layout::kNchw;

  Value& value(ValueId id) { return values[static_cast<size_t>(id)]; }
  const Value& value(ValueId id) const { return values[static_cast<size_t>(id)]; }

  ValueId add_value(std::string name, TensorType type, Dims shape);
  ValueId add_constant(std::string name, Constant constant);
  // Inserts before position `index` of nodes and returns the node.
  Node& insert_node(size_t index, std::string op, std::string name);

  // The node that writes `value`, or null for inputs and constants.
  Node* producer(ValueId value) const;
  // The nodes that read `value` (each once, in order); graph outputs do not count.
  std::vector<Node*> consumers(ValueId value) const;
  bool is_graph_output(ValueId value) const;
  // Reads of `from` (nodes and graph outputs) become reads of `to`.
  void replace_uses(ValueId from, ValueId to);
  // Drops nodes whose outputs nobody reads. Returns how many.
  size_t remove_dead_nodes();
  // Restores topological order (stable). False if there is a cycle.
  bool sort();
  // A copy that shares constants.
  Graph clone() const;
};

// f32 helpers over constants.
Constant make_f32(Dims shape, const std::vector<float>& data);
Constant make_s64(Dims shape, const std::vector<int64_t>& data);

}  // namespace octet::converter
