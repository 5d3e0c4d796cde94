// SPDX-License-Identifier: Apache-2.0
//
// Collects tensors, constant buffers and operators while nodes are lowered,
// and finishes them into the bytes of a model file.
//
// Only values that someone asks for become tensors. Equal constants share a
// buffer. Shapes are checked to fit the file's 32-bit dimensions once, in finish.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "converter/constant_math.h"
#include "converter/graph.h"
#include "converter/lower/model_extras.h"
#include "converter/lower/requantization.h"
#include "converter/stages.h"

namespace octet::converter {

// What a lower function says about one schema operator.
struct OperatorParts {
  schema::OperatorType type;
  std::string name_suffix;           // behind the node's name, where a node becomes several operators
  std::vector<int> inputs, outputs;  // tensor indices; -1 = left out
  uint64_t macs = 0;
};

class ModelBuilder {
 public:
  explicit ModelBuilder(const Graph& graph);

  const Graph& graph() const { return graph_; }
  const Value& value(ValueId id) const { return graph_.value(id); }
  flatbuffers::FlatBufferBuilder& fbb() { return fbb_; }

  // The tensor of a value, made at the first call; -1 for kNoValue.
  int tensor(ValueId id);
  std::vector<int> tensors(const std::vector<ValueId>& ids);
  // A tensor that no value stands for: between operators of one node, or a constant made here.
  int add_activation(const std::string& name, TensorType type, const Dims& shape,
                     const Quantization& quantization);
  int add_constant(const std::string& name, std::shared_ptr<const Constant> constant,
                   const Quantization& quantization);

  // Adds one operator of `node`, in execution order.
  void add_operator(const Node& node, const OperatorParts& parts);
  template <class Options>
  void add_operator(const Node& node, const OperatorParts& parts, flatbuffers::Offset<Options> options) {
    push_operator(node, parts, schema::OptionsTraits<Options>::enum_value, options.Union());
  }

  flatbuffers::Offset<schema::Requantization> create(const RequantizationData& data);

  // Remembers it by node, and the tightest accumulator.
  void note_headroom(const Node& node, double bits);
  double minimum_headroom_bits() const { return minimum_headroom_bits_; }
  const std::string& tightest_node() const { return tightest_node_; }
  uint64_t macs() const { return macs_; }

  Status finish(const LowerOptions& options, const ModelExtras& extras, LoweredModel* model);

 private:
  struct TensorRecord {
    std::string name;
    TensorType type;
    Dims shape;
    Quantization quantization;
    std::shared_ptr<const Constant> constant;  // what the buffer holds
    std::shared_ptr<const StoredForm> stored;
  };

  void push_operator(const Node& node, const OperatorParts& parts, schema::Options options_type,
                     flatbuffers::Offset<void> options);
  uint32_t buffer(const std::shared_ptr<const Constant>& constant);
  Status create_tensors(const UsualRanges& ranges, std::vector<flatbuffers::Offset<schema::Tensor>>* out);
  flatbuffers::Offset<schema::Tensor> create_tensor(const TensorRecord& record, const UsualRange& range);
  flatbuffers::Offset<flatbuffers::Vector<int32_t>> shared_shape(const Dims& shape);
  flatbuffers::Offset<schema::Input> create_input(const GraphPort& port,
                                                  flatbuffers::Offset<schema::Preprocessing> preprocessing);
  flatbuffers::Offset<schema::Output> create_output(const GraphPort& port);
  flatbuffers::Offset<flatbuffers::Vector<flatbuffers::Offset<schema::Golden>>> create_golden(
      const ModelExtras& extras);
  void copy_out(LoweredModel* model);

  const Graph& graph_;
  flatbuffers::FlatBufferBuilder fbb_;
  std::vector<TensorRecord> tensors_;
  std::vector<int> value_to_tensor_;
  std::vector<flatbuffers::Offset<schema::Buffer>> buffers_;
  std::vector<std::shared_ptr<const Constant>> buffer_constants_;  // parallel to buffers_
  std::unordered_multimap<size_t, uint32_t> buffer_by_hash_;
  std::map<Dims, flatbuffers::Offset<flatbuffers::Vector<int32_t>>> shapes_;
  std::vector<flatbuffers::Offset<schema::Operator>> operators_;
  uint64_t constant_bytes_ = 0;
  uint64_t macs_ = 0;
  double minimum_headroom_bits_ = 31;
  std::string tightest_node_;
  std::map<std::string, double> headroom_bits_;
};

// int64 dimensions or attributes as the file's 32-bit numbers (finish has checked dimensions).
std::vector<int32_t> to_s32(const std::vector<int64_t>& values);

}  // namespace octet::converter
