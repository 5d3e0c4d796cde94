// SPDX-License-Identifier: Apache-2.0
//
// Tensors, buffers and operators of a model under construction. How they
// become bytes is in finish_builder.cc.
#include "converter/lower/model_builder.h"

#include <algorithm>
#include <functional>
#include <string_view>

#include "runtime/validate.h"

namespace octet::converter {

ModelBuilder::ModelBuilder(const Graph& graph)
    : graph_(graph), fbb_(1 << 20), value_to_tensor_(graph.values.size(), -1) {
  fbb_.Pad(kConstantSlackBytes);  // FlatBuffers builds from the back: what every constant must have behind it
  fbb_.ForceVectorAlignment(kModelMultiple, 1, kModelMultiple);  // the file's length becomes a multiple of 64
  buffers_.push_back(schema::CreateBuffer(fbb_));                // buffer 0 means "no data"
  buffer_constants_.push_back(nullptr);
}

int ModelBuilder::tensor(ValueId id) {
  if (id == kNoValue) return -1;
  int& index = value_to_tensor_[static_cast<size_t>(id)];
  if (index < 0) {
    const Value& v = value(id);
    index = static_cast<int>(tensors_.size());
    tensors_.push_back(
        {v.name, v.type, v.shape, v.quantization, v.stored ? v.stored->packed : v.constant, v.stored});
  }
  return index;
}

std::vector<int> ModelBuilder::tensors(const std::vector<ValueId>& ids) {
  std::vector<int> indices;
  for (ValueId id : ids) indices.push_back(tensor(id));
  return indices;
}

int ModelBuilder::add_activation(const std::string& name, TensorType type, const Dims& shape,
                                 const Quantization& quantization) {
  tensors_.push_back({name, type, shape, quantization, nullptr, nullptr});
  return static_cast<int>(tensors_.size() - 1);
}

int ModelBuilder::add_constant(const std::string& name, std::shared_ptr<const Constant> constant,
                               const Quantization& quantization) {
  tensors_.push_back({name, constant->type, constant->shape, quantization, constant, nullptr});
  return static_cast<int>(tensors_.size() - 1);
}

void ModelBuilder::add_operator(const Node& node, const OperatorParts& parts) {
  push_operator(node, parts, schema::Options_NONE, 0);
}

void ModelBuilder::push_operator(const Node& node, const OperatorParts& parts, schema::Options options_type,
                                 flatbuffers::Offset<void> options) {
  std::vector<int> inputs = parts.inputs;
  while (!inputs.empty() && inputs.back() < 0) inputs.pop_back();
  std::vector<int> outputs = parts.outputs;
  while (!outputs.empty() && outputs.back() < 0) outputs.pop_back();
  const auto name = fbb_.CreateSharedString(node.name + parts.name_suffix);
  const auto reason = node.float_reason.empty() ? 0 : fbb_.CreateSharedString(node.float_reason);
  const auto input_vector = fbb_.CreateVector(inputs);
  const auto output_vector = fbb_.CreateVector(outputs);
  operators_.push_back(schema::CreateOperator(fbb_, parts.type, name, input_vector, output_vector,
                                              options_type, options, parts.macs, reason));
  macs_ += parts.macs;
}

flatbuffers::Offset<schema::Requantization> ModelBuilder::create(const RequantizationData& data) {
  return schema::CreateRequantizationDirect(fbb_, &data.multiplier, &data.right_shift, data.output_min,
                                            data.output_max, data.output_min_s16, data.output_max_s16);
}

void ModelBuilder::note_headroom(const Node& node, double bits) {
  const auto [entry, fresh] = headroom_bits_.emplace(node.name, bits);
  if (!fresh) entry->second = std::min(entry->second, bits);
  if (bits >= minimum_headroom_bits_) return;
  minimum_headroom_bits_ = bits;
  tightest_node_ = node.name;
}

// An empty constant still gets a buffer of its own kind, so that it is no activation.
uint32_t ModelBuilder::buffer(const std::shared_ptr<const Constant>& constant) {
  const std::string_view content(reinterpret_cast<const char*>(constant->bytes.data()),
                                 constant->bytes.size());
  const size_t hash = std::hash<std::string_view>()(content);
  const auto range = buffer_by_hash_.equal_range(hash);
  for (auto it = range.first; it != range.second; ++it)
    if (buffer_constants_[it->second]->bytes == constant->bytes) return it->second;
  const uint32_t index = static_cast<uint32_t>(buffers_.size());
  buffers_.push_back(schema::CreateBufferDirect(fbb_, &constant->bytes));
  buffer_constants_.push_back(constant);
  buffer_by_hash_.emplace(hash, index);
  constant_bytes_ += constant->bytes.size();
  return index;
}

std::vector<int32_t> to_s32(const std::vector<int64_t>& values) {
  return std::vector<int32_t>(values.begin(), values.end());
}

}  // namespace octet::converter
