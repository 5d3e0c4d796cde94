// SPDX-License-Identifier: Apache-2.0
#include "tests/testing/model_builder.h"

namespace octet::testing {

AlignedBytes::AlignedBytes(const void* data, size_t bytes) : storage_(bytes + 64), size_(bytes) {
  offset_ = (64 - reinterpret_cast<uintptr_t>(storage_.data()) % 64) % 64;
  if (data != nullptr && bytes > 0) std::memcpy(storage_.data() + offset_, data, bytes);
}

AlignedBytes& AlignedBytes::operator=(const AlignedBytes& other) {
  AlignedBytes copy(other);
  storage_.swap(copy.storage_);
  offset_ = copy.offset_;
  size_ = copy.size_;
  return *this;
}

ModelBuilder::ModelBuilder() {
  builder_.Pad(64);  // FlatBuffers builds from the back: the slack behind the constants
  builder_.ForceVectorAlignment(64, 1, 64);  // the file's length becomes a multiple of 64
  buffers_.push_back(schema::CreateBuffer(builder_));
}

int ModelBuilder::add_tensor(TensorType type, const std::vector<int>& shape, uint32_t buffer, float scale,
                             int zero_point, const std::vector<float>& channel_scales, int channel_axis) {
  const std::string name = "t" + std::to_string(tensors_.size());
  const auto name_offset = builder_.CreateString(name);
  const auto shape_offset = ints(shape);
  flatbuffers::Offset<flatbuffers::Vector<float>> scales = 0;
  if (!channel_scales.empty()) scales = builder_.CreateVector(channel_scales);
  const auto low = usual_low_.empty() ? 0 : builder_.CreateVector(usual_low_);
  const auto high = usual_high_.empty() ? 0 : builder_.CreateVector(usual_high_);
  next_usual_ranges({}, {});
  tensors_.push_back(schema::CreateTensor(builder_, name_offset, type, shape_offset, buffer, scale,
                                          zero_point, scales, channel_axis, low, high, stored_));
  stored_ = 0;
  facts_.push_back({type, shape});
  return static_cast<int>(tensors_.size()) - 1;
}

int ModelBuilder::tensor(TensorType type, const std::vector<int>& shape, float scale, int zero_point) {
  return add_tensor(type, shape, 0, scale, zero_point, {}, -1);
}

int ModelBuilder::input(TensorType type, const std::vector<int>& shape, float scale, int zero_point) {
  const int index = tensor(type, shape, scale, zero_point);
  declare_input(index, type, shape);
  return index;
}

int ModelBuilder::add_constant(TensorType type, const std::vector<int>& shape, const void* data, size_t bytes,
                               float scale, int zero_point, const std::vector<float>& channel_scales,
                               int channel_axis) {
  builder_.ForceVectorAlignment(bytes, 1, 64);
  const uint8_t nothing = 0;
  const auto* content = bytes > 0 ? static_cast<const uint8_t*>(data) : &nothing;
  buffers_.push_back(schema::CreateBuffer(builder_, builder_.CreateVector(content, bytes)));
  return add_tensor(type, shape, static_cast<uint32_t>(buffers_.size()) - 1, scale, zero_point,
                    channel_scales, channel_axis);
}

int ModelBuilder::stored_constant(const std::vector<int>& shape, int bits, int group_size,
                                  const std::vector<float>& scales, const std::vector<uint8_t>& packed) {
  stored_ = schema::CreateStoredConstantDirect(builder_, static_cast<uint8_t>(bits), group_size, &scales);
  return constant(schema::TensorType_F32, shape, packed);
}

void ModelBuilder::output(int tensor) {
  const TensorFacts& facts = facts_[static_cast<size_t>(tensor)];
  declare_output(tensor, facts.type, facts.shape);
}

void ModelBuilder::declare_input(int tensor, TensorType type, const std::vector<int>& shape,
                                 const std::vector<int>& permutation,
                                 flatbuffers::Offset<schema::Preprocessing> preprocessing) {
  const auto name = builder_.CreateString("input" + std::to_string(inputs_.size()));
  const auto shape_offset = ints(shape);
  const auto permutation_offset = ints(permutation);
  inputs_.push_back(schema::CreateInput(builder_, name, static_cast<uint32_t>(tensor), type, shape_offset,
                                        permutation_offset, preprocessing));
}

void ModelBuilder::declare_output(int tensor, TensorType type, const std::vector<int>& shape,
                                  const std::vector<int>& permutation) {
  const auto name = builder_.CreateString("output" + std::to_string(outputs_.size()));
  const auto shape_offset = ints(shape);
  const auto permutation_offset = ints(permutation);
  outputs_.push_back(schema::CreateOutput(builder_, name, static_cast<uint32_t>(tensor), type, shape_offset,
                                          permutation_offset));
}

void ModelBuilder::add(schema::OperatorType type, const std::vector<int>& inputs,
                       const std::vector<int>& outputs) {
  add_operator(type, inputs, outputs, schema::Options_NONE, 0);
}

void ModelBuilder::add_operator(schema::OperatorType type, const std::vector<int>& inputs,
                                const std::vector<int>& outputs, schema::Options options_type,
                                flatbuffers::Offset<void> options) {
  const auto name = builder_.CreateString("op" + std::to_string(operators_.size()));
  const auto inputs_offset = ints(inputs);
  const auto outputs_offset = ints(outputs);
  operators_.push_back(
      schema::CreateOperator(builder_, type, name, inputs_offset, outputs_offset, options_type, options));
}

flatbuffers::Offset<schema::Requantization> ModelBuilder::requantization(
    const std::vector<int16_t>& multiplier, const std::vector<int8_t>& right_shift, int output_min,
    int output_max) {
  const auto multiplier_offset = builder_.CreateVector(multiplier);
  const auto right_shift_offset = builder_.CreateVector(right_shift);
  return schema::CreateRequantization(builder_, multiplier_offset, right_shift_offset,
                                      static_cast<int8_t>(output_min), static_cast<int8_t>(output_max));
}

void ModelBuilder::golden(const std::vector<flatbuffers::Offset<schema::GoldenInput>>& inputs,
                          const std::vector<flatbuffers::Offset<schema::TensorHash>>& hashes) {
  const auto inputs_offset = builder_.CreateVector(inputs);
  const auto hashes_offset = builder_.CreateVector(hashes);
  golden_.push_back(schema::CreateGolden(builder_, inputs_offset, hashes_offset));
}

AlignedBytes ModelBuilder::finish() {
  const auto tensors = builder_.CreateVector(tensors_);
  const auto operators = builder_.CreateVector(operators_);
  const auto buffers = builder_.CreateVector(buffers_);
  const auto inputs = builder_.CreateVector(inputs_);
  const auto outputs = builder_.CreateVector(outputs_);
  const auto golden = builder_.CreateVector(golden_);
  schema::FinishModelBuffer(
      builder_, schema::CreateModel(builder_, 1, tensors, operators, buffers, inputs, outputs, 0, golden));
  return AlignedBytes(builder_.GetBufferPointer(), builder_.GetSize());
}

}  // namespace octet::testing
