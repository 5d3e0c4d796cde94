// SPDX-License-Identifier: Apache-2.0
//
// From collected parts to file bytes: tensors, graph inputs and outputs with
// their preprocessing, golden runs, facts, provenance; then one aligned copy.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "converter/lower/model_builder.h"
#include "converter/lower/preprocessing.h"

namespace octet::converter {

namespace {

constexpr uint64_t kLargestFile = (uint64_t{1} << 31) - (1 << 20);  // FlatBuffers offsets are signed 32-bit
constexpr size_t kAlignment = 64;

template <class T>
const std::vector<T>* or_null(const std::vector<T>& vector) {
  return vector.empty() ? nullptr : &vector;
}

bool fits_s32(const Dims& shape) {
  return std::all_of(shape.begin(), shape.end(),
                     [](int64_t dim) { return dim >= 0 && dim <= std::numeric_limits<int32_t>::max(); });
}

}  // namespace

// Equal shapes are stored once: in a small network they would outweigh many a bias.
flatbuffers::Offset<flatbuffers::Vector<int32_t>> ModelBuilder::shared_shape(const Dims& shape) {
  const auto found = shapes_.find(shape);
  if (found != shapes_.end()) return found->second;
  return shapes_.emplace(shape, fbb_.CreateVector(to_s32(shape))).first->second;
}

flatbuffers::Offset<schema::Tensor> ModelBuilder::create_tensor(const TensorRecord& record,
                                                                const UsualRange& range) {
  // An f32 value may carry the scale that a quantized network pins on it; the file's tensor is not quantized.
  // A bias (s32) has the scales of the input and the weights multiplied, so it stores none.
  const bool plain = record.type == schema::TensorType_F32 || record.type == schema::TensorType_S32;
  const Quantization q = plain ? Quantization() : record.quantization;
  const uint32_t buffer_index = record.constant != nullptr ? buffer(record.constant) : 0;
  // A constant needs no name: the operator that reads it has one.
  const auto name = record.constant != nullptr ? 0 : fbb_.CreateSharedString(record.name);
  const auto shape = shared_shape(record.shape);
  const auto scales = q.channel_scales.empty() ? 0 : fbb_.CreateVector(q.channel_scales);
  const auto low = range.low.empty() ? 0 : fbb_.CreateVector(range.low);
  const auto high = range.high.empty() ? 0 : fbb_.CreateVector(range.high);
  const StoredForm* stored = record.stored.get();
  const auto stored_form = stored == nullptr ? 0
                                             : schema::CreateStoredConstantDirect(
                                                   fbb_, static_cast<uint8_t>(stored->bits),
                                                   static_cast<int32_t>(stored->group_size), &stored->scales);
  return schema::CreateTensor(fbb_, name, record.type, shape, buffer_index, q.scale, q.zero_point, scales,
                              q.channel_axis, low, high, stored_form);
}

Status ModelBuilder::create_tensors(const UsualRanges& ranges,
                                    std::vector<flatbuffers::Offset<schema::Tensor>>* out) {
  uint64_t bytes = 0;
  for (const TensorRecord& record : tensors_) {
    if (!fits_s32(record.shape) || record.shape.size() > static_cast<size_t>(kMaxRank))
      return error(StatusCode::kUnsupported,
                   "value '%s': shape %s; rank must be at most %d and every dimension in [0, 2^31)",
                   record.name.c_str(), shape_text(record.shape).c_str(), kMaxRank);
    if (record.constant != nullptr) bytes += record.constant->bytes.size();
    if (bytes > kLargestFile)
      return error(StatusCode::kUnsupported,
                   "constants take more than %llu bytes; a model file must stay below 2 GB",
                   static_cast<unsigned long long>(kLargestFile));
    const auto range = ranges.find(static_cast<uint32_t>(out->size()));
    out->push_back(create_tensor(record, range == ranges.end() ? UsualRange() : range->second));
  }
  return Status();
}

flatbuffers::Offset<schema::Input> ModelBuilder::create_input(
    const GraphPort& port, flatbuffers::Offset<schema::Preprocessing> preprocessing) {
  const std::vector<int32_t> shape = to_s32(port.shape);
  return schema::CreateInputDirect(fbb_, port.name.c_str(), static_cast<uint32_t>(tensor(port.value)),
                                   port.type, &shape, or_null(port.permutation), preprocessing);
}

flatbuffers::Offset<schema::Output> ModelBuilder::create_output(const GraphPort& port) {
  const std::vector<int32_t> shape = to_s32(port.shape);
  return schema::CreateOutputDirect(fbb_, port.name.c_str(), static_cast<uint32_t>(tensor(port.value)),
                                    port.type, &shape, or_null(port.permutation));
}

flatbuffers::Offset<flatbuffers::Vector<flatbuffers::Offset<schema::Golden>>> ModelBuilder::create_golden(
    const ModelExtras& extras) {
  std::vector<flatbuffers::Offset<schema::Golden>> runs;
  for (const GoldenData& golden : extras.golden) {
    std::vector<flatbuffers::Offset<schema::GoldenInput>> inputs;
    for (const GoldenInputData& input : golden.inputs)
      inputs.push_back(schema::CreateGoldenInputDirect(fbb_, input.kind, input.seed, or_null(input.data),
                                                       input.mosaic_height, input.mosaic_width));
    std::vector<flatbuffers::Offset<schema::TensorHash>> hashes;
    for (const TensorHashData& hash : golden.hashes)
      hashes.push_back(schema::CreateTensorHash(fbb_, hash.tensor, hash.operator_index, hash.hash));
    runs.push_back(schema::CreateGoldenDirect(fbb_, &inputs, &hashes));
  }
  return fbb_.CreateVector(runs);
}

Status ModelBuilder::finish(const LowerOptions& options, const ModelExtras& extras, LoweredModel* model) {
  std::vector<flatbuffers::Offset<schema::Input>> inputs;
  for (const GraphPort& port : graph_.inputs) {
    PreprocessingData data;
    OCTET_RETURN_IF_ERROR(lower_preprocessing(graph_, port, options.preprocessing, &data));
    inputs.push_back(create_input(port, data.present ? create_preprocessing(data, &fbb_) : 0));
  }
  std::vector<flatbuffers::Offset<schema::Output>> outputs;
  for (const GraphPort& port : graph_.outputs) outputs.push_back(create_output(port));
  std::vector<flatbuffers::Offset<schema::Tensor>> tensors;
  OCTET_RETURN_IF_ERROR(create_tensors(extras.usual_ranges, &tensors));
  const auto golden = create_golden(extras);
  const auto facts = schema::CreateFacts(fbb_, extras.arena_bytes, macs_, extras.weights_bytes);
  const auto provenance =
      schema::CreateProvenanceDirect(fbb_, options.source_name.c_str(), options.source_sha256.c_str(),
                                     OCTET_VERSION, options.provenance.c_str());
  const auto root = schema::CreateModel(fbb_, 1, fbb_.CreateVector(tensors), fbb_.CreateVector(operators_),
                                        fbb_.CreateVector(buffers_), fbb_.CreateVector(inputs),
                                        fbb_.CreateVector(outputs), facts, golden, provenance);
  schema::FinishModelBuffer(fbb_, root);
  copy_out(model);
  return Status();
}

void ModelBuilder::copy_out(LoweredModel* model) {
  model->bytes = fbb_.GetSize();
  model->storage.assign(model->bytes + kAlignment, 0);
  const uintptr_t address = reinterpret_cast<uintptr_t>(model->storage.data());
  model->offset = (kAlignment - address % kAlignment) % kAlignment;
  std::memcpy(model->storage.data() + model->offset, fbb_.GetBufferPointer(), model->bytes);
  model->value_to_tensor = value_to_tensor_;
  model->minimum_headroom_bits = minimum_headroom_bits_;
  model->headroom_bits = headroom_bits_;
}

}  // namespace octet::converter
