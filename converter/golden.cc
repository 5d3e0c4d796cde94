// SPDX-License-Identifier: Apache-2.0
//
// Coverage is one walk over the operators; hashes come from two sessions that must agree.
#include "converter/golden.h"

#include <algorithm>
#include <cstring>

#include "runtime/verify.h"

namespace octet::converter {

namespace {

constexpr size_t kStoredBytes = 4096;
constexpr size_t kMosaicBytes = 16384;
constexpr int32_t kMosaicSide = 16;

using Indices = flatbuffers::Vector<int32_t>;

size_t count(const Indices* indices) { return indices != nullptr ? indices->size() : 0; }

bool is_float(const Tensor& tensor) { return tensor.type == schema::TensorType_F32; }

bool moves_data(schema::OperatorType type) {
  switch (type) {
    case schema::OperatorType_Reshape:
    case schema::OperatorType_Transpose:
    case schema::OperatorType_Concat:
    case schema::OperatorType_Slice:
    case schema::OperatorType_Pad:
    case schema::OperatorType_Expand:
    case schema::OperatorType_Tile:
    case schema::OperatorType_Gather:
    case schema::OperatorType_GatherElements:
    case schema::OperatorType_GatherND:
      return true;
    default:
      return false;
  }
}

// Operators that may read s8 and write f32, or read f32 and write s8, inside the contract.
bool crosses_boundary(schema::OperatorType type) {
  switch (type) {
    case schema::OperatorType_Quantize:
    case schema::OperatorType_Dequantize:
    case schema::OperatorType_Conv2D:
    case schema::OperatorType_ConvTranspose2D:
    case schema::OperatorType_FullyConnected:
    case schema::OperatorType_Softmax:
      return true;
    default:
      return false;
  }
}

class Coverage {
 public:
  explicit Coverage(const Model& model) : model_(model), covered_(model.tensors().size()) {
    for (size_t i = 0; i < covered_.size(); ++i) covered_[i] = model.tensors()[i].is_constant();
    if (model.root().inputs() != nullptr)
      for (const schema::Input* input : *model.root().inputs()) covered_[input->tensor()] = true;
  }

  bool covers(int32_t index) const { return index < 0 || covered_[static_cast<size_t>(index)]; }

  // Are the outputs of `op` covered? Marks them.
  bool visit(const schema::Operator& op) {
    bool covered = computes_integers(op);
    for (size_t i = 0; i < count(op.inputs()); ++i)
      covered = covered && covers(op.inputs()->Get(static_cast<flatbuffers::uoffset_t>(i)));
    for (size_t i = 0; i < count(op.outputs()); ++i) {
      const int32_t output = op.outputs()->Get(static_cast<flatbuffers::uoffset_t>(i));
      if (output >= 0) covered_[static_cast<size_t>(output)] = covered;
    }
    return covered;
  }

 private:
  // No f32 on either side, or f32 on one side of a boundary, or bytes that only move.
  bool computes_integers(const schema::Operator& op) const {
    if (moves_data(op.type())) return true;
    const bool float_in = any_float(op.inputs()), float_out = any_float(op.outputs());
    if (!float_in && !float_out) return true;
    return crosses_boundary(op.type()) && float_in != float_out;
  }

  bool any_float(const Indices* indices) const {
    for (size_t i = 0; i < count(indices); ++i) {
      const int32_t index = indices->Get(static_cast<flatbuffers::uoffset_t>(i));
      if (index >= 0 && is_float(model_.tensors()[static_cast<size_t>(index)])) return true;
    }
    return false;
  }

  const Model& model_;
  std::vector<bool> covered_;
};

// Graph outputs, and what operators outside the contract read.
std::vector<bool> tensors_to_record(const Model& model, const std::vector<bool>& operator_covered) {
  std::vector<bool> record(model.tensors().size());
  for (const schema::Output* output : *model.root().outputs()) record[output->tensor()] = true;
  for (size_t i = 0; i < operator_covered.size(); ++i) {
    if (operator_covered[i]) continue;
    const Indices* inputs = model.root().operators()->Get(static_cast<flatbuffers::uoffset_t>(i))->inputs();
    for (size_t k = 0; k < count(inputs); ++k) {
      const int32_t index = inputs->Get(static_cast<flatbuffers::uoffset_t>(k));
      if (index >= 0) record[static_cast<size_t>(index)] = true;
    }
  }
  return record;
}

GoldenInputData make_mosaic(const Tensor& tensor) {
  GoldenInputData golden;
  golden.kind = schema::GoldenKind_Mosaic;
  const size_t pixel = static_cast<size_t>(tensor.shape[3]) * element_bytes(tensor.type);
  int32_t side = kMosaicSide;
  while (side > 1 && static_cast<size_t>(side) * static_cast<size_t>(side) * pixel > kMosaicBytes) side /= 2;
  golden.mosaic_height = std::min(side, tensor.shape[1]);
  golden.mosaic_width = std::min(side, tensor.shape[2]);
  const auto* from = tensor.as<uint8_t>();
  for (int32_t y = 0; y < golden.mosaic_height; ++y)
    for (int32_t x = 0; x < golden.mosaic_width; ++x) {
      const size_t row = static_cast<size_t>(y) * static_cast<size_t>(tensor.shape[1]) /
                         static_cast<size_t>(golden.mosaic_height);
      const size_t column = static_cast<size_t>(x) * static_cast<size_t>(tensor.shape[2]) /
                            static_cast<size_t>(golden.mosaic_width);
      const uint8_t* at = from + (row * static_cast<size_t>(tensor.shape[2]) + column) * pixel;
      golden.data.insert(golden.data.end(), at, at + pixel);
    }
  return golden;
}

// Small: whole. [1, H, W, C]: a mosaic. Anything else that is large: noise.
GoldenInputData describe_input(const Tensor& tensor, uint64_t seed) {
  GoldenInputData golden;
  golden.seed = seed;
  if (tensor.bytes <= kStoredBytes) {
    golden.kind = schema::GoldenKind_Stored;
    golden.data.assign(tensor.as<uint8_t>(), tensor.as<uint8_t>() + tensor.bytes);
    return golden;
  }
  if (tensor.shape.rank == 4 && tensor.shape[0] == 1 && tensor.shape[1] > 0 && tensor.shape[2] > 0)
    return make_mosaic(tensor);
  return golden;
}

// `golden` as the schema's table, with an entry for every covered tensor.
std::vector<uint8_t> golden_table(const GoldenData& golden, const std::vector<CoveredTensor>& covered) {
  flatbuffers::FlatBufferBuilder fbb;
  std::vector<flatbuffers::Offset<schema::GoldenInput>> inputs;
  for (const GoldenInputData& input : golden.inputs)
    inputs.push_back(schema::CreateGoldenInputDirect(fbb, input.kind, input.seed, &input.data,
                                                     input.mosaic_height, input.mosaic_width));
  std::vector<flatbuffers::Offset<schema::TensorHash>> hashes;
  for (const CoveredTensor& entry : covered)
    hashes.push_back(schema::CreateTensorHash(fbb, entry.tensor, entry.operator_index, 0));
  fbb.Finish(schema::CreateGoldenDirect(fbb, &inputs, &hashes));
  return {fbb.GetBufferPointer(), fbb.GetBufferPointer() + fbb.GetSize()};
}

}  // namespace

std::vector<CoveredTensor> find_covered_tensors(const Model& model) {
  std::vector<CoveredTensor> covered;
  const auto* operators = model.root().operators();
  if (operators == nullptr) return covered;
  Coverage coverage(model);
  std::vector<bool> operator_covered;
  for (const schema::Operator* op : *operators) operator_covered.push_back(coverage.visit(*op));
  const std::vector<bool> record = tensors_to_record(model, operator_covered);
  for (size_t i = 0; i < operator_covered.size(); ++i) {
    if (!operator_covered[i]) continue;
    const Indices* outputs = operators->Get(static_cast<flatbuffers::uoffset_t>(i))->outputs();
    for (size_t k = 0; k < count(outputs); ++k) {
      const int32_t output = outputs->Get(static_cast<flatbuffers::uoffset_t>(k));
      if (output >= 0)
        covered.push_back(
            {static_cast<uint32_t>(output), static_cast<uint32_t>(i), record[static_cast<size_t>(output)]});
    }
  }
  return covered;
}

GoldenData noise_golden(const Model& model, uint64_t seed) {
  GoldenData golden;
  const size_t inputs = model.root().inputs() != nullptr ? model.root().inputs()->size() : 0;
  for (size_t i = 0; i < inputs; ++i) {
    GoldenInputData input;
    input.seed = seed + i;
    golden.inputs.push_back(input);
  }
  return golden;
}

Status sample_golden(const std::vector<std::vector<uint8_t>>& sample, Session* session, GoldenData* golden) {
  for (size_t i = 0; i < sample.size(); ++i) {
    OCTET_RETURN_IF_ERROR(session->set_input(i, sample[i].data(), sample[i].size()));
    golden->inputs.push_back(describe_input(session->input(i), i));
  }
  return Status();
}

Status record_hashes(const std::vector<CoveredTensor>& covered, Session* reference, Session* all_features,
                     GoldenData* golden) {
  std::vector<CoveredTensor> readable;  // inside a float island a tensor has no bytes
  for (const CoveredTensor& entry : covered)
    if (reference->tensor(entry.tensor).data != nullptr && all_features->tensor(entry.tensor).data != nullptr)
      readable.push_back(entry);
  const std::vector<uint8_t> bytes = golden_table(*golden, readable);
  const auto& table = *flatbuffers::GetRoot<schema::Golden>(bytes.data());
  std::vector<uint64_t> expected, actual;
  OCTET_RETURN_IF_ERROR(hash_golden(*reference, table, &expected));
  OCTET_RETURN_IF_ERROR(hash_golden(*all_features, table, &actual));
  for (size_t i = 0; i < readable.size(); ++i) {
    if (expected[i] == actual[i]) {
      if (readable[i].recorded)
        golden->hashes.push_back({readable[i].tensor, readable[i].operator_index, expected[i]});
      continue;
    }
    const int op = static_cast<int>(readable[i].operator_index);
    const auto* definition = reference->model().root().operators()->Get(readable[i].operator_index);
    return error(StatusCode::kInternal,
                 "%s '%s': kernel %s differs from the reference (tensor '%s'); this is a bug in Octet",
                 schema::EnumNameOperatorType(definition->type()),
                 definition->name() != nullptr ? definition->name()->c_str() : "",
                 all_features->kernel_name(op), reference->tensor(readable[i].tensor).name);
  }
  return Status();
}

}  // namespace octet::converter
