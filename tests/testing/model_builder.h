// SPDX-License-Identifier: Apache-2.0
//
// Makes small models in memory for tests:
//
//   ModelBuilder b;
//   const int x = b.input(schema::TensorType_S8, {1, 4}, 0.5f, 3);
//   const int y = b.tensor(schema::TensorType_F32, {1, 4});
//   b.add(schema::OperatorType_Dequantize, {x}, {y});
//   b.output(y);
//   AlignedBytes bytes = b.finish();
//
// Options are made with builder(): b.add(type, {x}, {y}, schema::CreateConcatOptions(b.builder(), 1)).
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "model_generated.h"
#include "runtime/tensor.h"

namespace octet::testing {

// Bytes that start on a 64-byte boundary.
class AlignedBytes {
 public:
  AlignedBytes() = default;
  AlignedBytes(const void* data, size_t bytes);
  explicit AlignedBytes(size_t bytes) : AlignedBytes(nullptr, bytes) {}
  uint8_t* data() { return storage_.data() + offset_; }
  const uint8_t* data() const { return storage_.data() + offset_; }
  size_t size() const { return size_; }
  AlignedBytes(const AlignedBytes& other) : AlignedBytes(other.data(), other.size()) {}
  AlignedBytes& operator=(const AlignedBytes& other);

 private:
  std::vector<uint8_t> storage_;
  size_t offset_ = 0, size_ = 0;
};

class ModelBuilder {
 public:
  ModelBuilder();

  flatbuffers::FlatBufferBuilder& builder() { return builder_; }

  // An activation; returns its index.
  int tensor(TensorType type, const std::vector<int>& shape, float scale = 0, int zero_point = 0);

  // An activation that is a graph input, declared with the same type and shape.
  int input(TensorType type, const std::vector<int>& shape, float scale = 0, int zero_point = 0);

  // The next tensor has these usual ranges.
  void next_usual_ranges(std::vector<uint8_t> low, std::vector<uint8_t> high) {
    usual_low_ = std::move(low);
    usual_high_ = std::move(high);
  }

  // A constant. `values` are the elements, row-major.
  template <class T>
  int constant(TensorType type, const std::vector<int>& shape, const std::vector<T>& values, float scale = 0,
               int zero_point = 0, const std::vector<float>& channel_scales = {}, int channel_axis = -1) {
    return add_constant(type, shape, values.data(), values.size() * sizeof(T), scale, zero_point,
                        channel_scales, channel_axis);
  }
  int constant_s8(const std::vector<int>& shape, const std::vector<int8_t>& values, float scale = 0,
                  int zero_point = 0) {
    return constant(schema::TensorType_S8, shape, values, scale, zero_point);
  }
  int constant_s32(const std::vector<int>& shape, const std::vector<int32_t>& values) {
    return constant(schema::TensorType_S32, shape, values);
  }
  int constant_s64(const std::vector<int>& shape, const std::vector<int64_t>& values) {
    return constant(schema::TensorType_S64, shape, values);
  }
  int constant_f32(const std::vector<int>& shape, const std::vector<float>& values) {
    return constant(schema::TensorType_F32, shape, values);
  }

  // An f32 constant that the file stores as integers; `packed` is what its buffer holds.
  int stored_constant(const std::vector<int>& shape, int bits, int group_size,
                      const std::vector<float>& scales, const std::vector<uint8_t>& packed);

  // Makes the tensor a graph output, declared with its own type and shape.
  void output(int tensor);

  // As input() and output() for an existing tensor, but declared differently.
  void declare_input(int tensor, TensorType type, const std::vector<int>& shape,
                     const std::vector<int>& permutation = {},
                     flatbuffers::Offset<schema::Preprocessing> preprocessing = 0);
  void declare_output(int tensor, TensorType type, const std::vector<int>& shape,
                      const std::vector<int>& permutation = {});

  // An operator; inputs may hold -1 for one left out.
  void add(schema::OperatorType type, const std::vector<int>& inputs, const std::vector<int>& outputs);
  template <class Options>
  void add(schema::OperatorType type, const std::vector<int>& inputs, const std::vector<int>& outputs,
           flatbuffers::Offset<Options> options) {
    add_operator(type, inputs, outputs, schema::OptionsTraits<Options>::enum_value, options.Union());
  }

  flatbuffers::Offset<schema::Requantization> requantization(const std::vector<int16_t>& multiplier,
                                                             const std::vector<int8_t>& right_shift,
                                                             int output_min = -128, int output_max = 127);
  flatbuffers::Offset<flatbuffers::Vector<int32_t>> ints(const std::vector<int>& values) {
    return builder_.CreateVector(std::vector<int32_t>(values.begin(), values.end()));
  }

  // A golden run; inputs in the order of the graph's.
  void golden(const std::vector<flatbuffers::Offset<schema::GoldenInput>>& inputs,
              const std::vector<flatbuffers::Offset<schema::TensorHash>>& hashes);

  // The model's bytes. Call once.
  AlignedBytes finish();

  size_t operator_count() const { return operators_.size(); }

 private:
  struct TensorFacts {
    TensorType type;
    std::vector<int> shape;
  };
  int add_tensor(TensorType type, const std::vector<int>& shape, uint32_t buffer, float scale, int zero_point,
                 const std::vector<float>& channel_scales, int channel_axis);
  int add_constant(TensorType type, const std::vector<int>& shape, const void* data, size_t bytes,
                   float scale, int zero_point, const std::vector<float>& channel_scales, int channel_axis);
  void add_operator(schema::OperatorType type, const std::vector<int>& inputs,
                    const std::vector<int>& outputs, schema::Options options_type,
                    flatbuffers::Offset<void> options);

  flatbuffers::FlatBufferBuilder builder_;
  std::vector<uint8_t> usual_low_, usual_high_;
  flatbuffers::Offset<schema::StoredConstant> stored_ = 0;  // of the next tensor
  std::vector<TensorFacts> facts_;
  std::vector<flatbuffers::Offset<schema::Tensor>> tensors_;
  std::vector<flatbuffers::Offset<schema::Buffer>> buffers_;
  std::vector<flatbuffers::Offset<schema::Operator>> operators_;
  std::vector<flatbuffers::Offset<schema::Input>> inputs_;
  std::vector<flatbuffers::Offset<schema::Output>> outputs_;
  std::vector<flatbuffers::Offset<schema::Golden>> golden_;
};

}  // namespace octet::testing
