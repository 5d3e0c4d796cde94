// SPDX-License-Identifier: Apache-2.0
//
// Builds the ONNX graph of a quantized converter graph. Everything is computed in f32; a quantized value is
// rounded where it is made: writer -> QuantizeLinear -> DequantizeLinear -> readers.
//
// The converter's images lie as [N, H, W, C], ONNX's operators want [N, C, H, W]. So a value of rank 4 may
// have two tensors, one in either form, and the second is written (a Transpose) when somebody first asks for
// it. Most operators take whatever form is there, so that a network of convolutions has no Transpose at all.
#pragma once

#include <onnx/onnx_pb.h>

#include <array>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "converter/constant_math.h"
#include "converter/graph.h"

namespace octet::converter {

enum class AxisOrder { kNative = 0, kChannelsFirst = 1 };  // the converter's order of axes; [N, C, H, W]

// Native axis of an image -> axis in `form`.
int64_t axis_in(AxisOrder form, int64_t native_axis);
// Native axis i of an image is axis to_channels_first()[...]: Transpose's perm from native to channels first.
const Permutation& to_channels_first();

class OnnxWriter {
 public:
  OnnxWriter(const Graph& graph, int opset);

  const Graph& graph() const { return graph_; }
  int opset() const { return opset_; }
  onnx::GraphProto* proto() { return proto_; }
  const onnx::ModelProto& model() const { return model_; }

  // The tensor that holds the real numbers (or integers) of `id` in `form`. Values of another rank than 4
  // have the native form only.
  std::string read(ValueId id, AxisOrder form);
  bool has(ValueId id, AxisOrder form) const;
  // The form in which an operator that treats all axes alike best takes its inputs.
  AxisOrder common_form(const Node& node) const;

  // Tensor `name` holds what a node computes for `id`, before it is rounded.
  void define(ValueId id, AxisOrder form, const std::string& name);
  // The same, rounded already.
  void alias(ValueId id, AxisOrder form, const std::string& name);

  // QuantizeLinear and DequantizeLinear behind tensor `name`; returns the tensor of real numbers.
  std::string rounded(const std::string& name, TensorType type, const Quantization& quantization);
  // Integers with scales along `axis` (or one scale, axis -1), behind DequantizeLinear.
  std::string dequantized_constant(const std::string& name, const Constant& integers,
                                   const std::vector<float>& scales, int32_t zero_point, int axis);
  std::string initializer(const std::string& wanted, const Constant& constant);
  std::string scalar(const std::string& wanted, float value);
  std::string integers(const std::string& wanted, const std::vector<int64_t>& data);

  // A node with one output, which gets a name like `wanted`; returns the name.
  std::string emit(const std::string& op, const std::string& wanted, const std::vector<std::string>& inputs);
  onnx::NodeProto& last() { return *proto_->mutable_node(proto_->node_size() - 1); }
  void set(const char* key, int64_t value);  // attributes of the last node
  void set(const char* key, float value);
  void set(const char* key, const std::string& value);
  void set(const char* key, const std::vector<int64_t>& values);
  void set(const char* key, const Attribute& value);

  // A name that no other tensor or node has. Names of the network's own inputs and outputs are reserved.
  std::string fresh(const std::string& wanted);
  // The tensor becomes the graph's own output `port` (a rename, or an Identity where that cannot be).
  void bind_output(const std::string& tensor, const std::string& port);
  void remove_dead_nodes();

 private:
  std::string read_constant(ValueId id, AxisOrder form);
  onnx::AttributeProto* attribute(const char* key, onnx::AttributeProto::AttributeType type);

  const Graph& graph_;
  int opset_;
  onnx::ModelProto model_;
  onnx::GraphProto* proto_;
  std::map<ValueId, std::array<std::string, 2>> names_;
  std::set<std::string> used_;
};

int onnx_type_of(TensorType type);

}  // namespace octet::converter
