// SPDX-License-Identifier: Apache-2.0
//
// The borders of an untrusted model file: inputs, outputs, preprocessing and
// golden runs.
#include <cmath>
#include <string>

#include "runtime/image_axes.h"
#include "runtime/validate.h"

namespace octet {
namespace {

constexpr size_t kMaxBindings = 1024;
constexpr size_t kMaxGoldenRuns = 1024;
constexpr int kMaxImageSide = 65536;

bool is_permutation(const flatbuffers::Vector<int32_t>& permutation) {
  uint32_t seen = 0;
  for (const int32_t axis : permutation) {
    if (axis < 0 || static_cast<size_t>(axis) >= permutation.size() || (seen >> axis & 1)) return false;
    seen |= 1u << axis;
  }
  return true;
}

// A binding is an Input or an Output: name, tensor, type, shape and permutation mean the same.
// The tensor exists; the declared type is the tensor's own, f32 or u8 for an s8 tensor, or f32 for an s16 one
// (f32 needs a scale whose reciprocal is finite); the declared shape, permuted, is the tensor's.
template <class Binding>
Status check_binding(const Binding& binding, const std::vector<Tensor>& tensors, const char* what) {
  if (binding.tensor() >= tensors.size())
    return error(StatusCode::kInvalidModel, "%s: tensor %u; the model has %zu", what, binding.tensor(),
                 tensors.size());
  const Tensor& tensor = tensors[binding.tensor()];
  const TensorType type = binding.type();
  const bool to_s8 = tensor.is_s8() && (type == schema::TensorType_F32 || type == schema::TensorType_U8);
  const bool to_s16 = tensor.is_s16() && type == schema::TensorType_F32;
  if (element_bytes(type) == 0 || (type != tensor.type && !to_s8 && !to_s16))
    return error(StatusCode::kInvalidModel, "%s: declared type %d cannot stand for its tensor's type %d",
                 what, static_cast<int>(type), static_cast<int>(tensor.type));
  if (tensor.is_quantized() && type == schema::TensorType_F32 && !std::isfinite(1.0f / tensor.scale))
    return error(StatusCode::kInvalidModel,
                 "%s: declared f32, but its %s tensor's scale %g has no reciprocal", what,
                 tensor.is_s8() ? "s8" : "s16", static_cast<double>(tensor.scale));
  Shape declared;
  OCTET_RETURN_IF_ERROR(validate_shape(binding.shape(), element_bytes(type), what, &declared));
  Shape permuted = declared;
  if (length(binding.permutation()) != 0) {
    if (length(binding.permutation()) != static_cast<size_t>(declared.rank) ||
        !is_permutation(*binding.permutation()))
      return error(StatusCode::kInvalidModel, "%s: permutation is not one of %d axes", what, declared.rank);
    for (int i = 0; i < declared.rank; ++i)
      permuted.dims[i] = declared[binding.permutation()->Get(static_cast<flatbuffers::uoffset_t>(i))];
  }
  if (permuted != tensor.shape)
    return error(StatusCode::kInvalidModel, "%s: declared shape, permuted, differs from its tensor's", what);
  return Status();
}

// The colour and resize rule are known; sides are in [0, 65536]; the tensor is an image of f32,
// s8 or s16 with as many channels as the colour has; mean and std are absent or have one finite entry
// per channel, std not 0; an s8 or s16 tensor has its pixel tables, 256 entries per channel.
Status check_preprocessing(const schema::Preprocessing& p, const Tensor& tensor, const char* what) {
  if (p.color() > schema::ColorOrder_MAX || p.rule() > schema::ResizeRule_MAX)
    return error(StatusCode::kInvalidModel, "%s: unknown colour order %d or resize rule %d", what,
                 static_cast<int>(p.color()), static_cast<int>(p.rule()));
  for (const int side : {p.resize_width(), p.resize_height(), p.crop_width(), p.crop_height()})
    if (side < 0 || side > kMaxImageSide)
      return error(StatusCode::kInvalidModel, "%s: image side %d; must be in [0, %d]", what, side,
                   kMaxImageSide);
  const size_t channels = p.color() == schema::ColorOrder_Gray ? 1 : 3;
  ImageAxes axes;
  if (!find_image_axes(tensor.shape, channels, &axes) || (!tensor.is_quantized() && !tensor.is_f32()))
    return error(StatusCode::kInvalidModel,
                 "%s: has preprocessing, but is no f32, s8 or s16 image of %zu channels", what, channels);
  if ((length(p.mean()) != 0 && length(p.mean()) != channels) ||
      (length(p.std()) != 0 && length(p.std()) != channels))
    return error(StatusCode::kInvalidModel, "%s: %zu means and %zu stds; must be %zu each", what,
                 length(p.mean()), length(p.std()), channels);
  for (size_t c = 0; c < length(p.mean()); ++c)
    if (!std::isfinite(p.mean()->Get(static_cast<flatbuffers::uoffset_t>(c))))
      return error(StatusCode::kInvalidModel, "%s: mean of channel %zu is not finite", what, c);
  for (size_t c = 0; c < length(p.std()); ++c) {
    const float value = p.std()->Get(static_cast<flatbuffers::uoffset_t>(c));
    if (!std::isfinite(value) || value == 0)
      return error(StatusCode::kInvalidModel, "%s: std of channel %zu is %g; must be finite and not 0", what,
                   c, static_cast<double>(value));
  }
  const size_t entries = tensor.is_s8() ? channels * 256 : 0;
  if (length(p.pixel_table()) != entries)
    return error(StatusCode::kInvalidModel, "%s: pixel table has %zu entries; must be %zu", what,
                 length(p.pixel_table()), entries);
  const size_t wide_entries = tensor.is_s16() ? channels * 256 : 0;
  if (length(p.pixel_table_s16()) != wide_entries)
    return error(StatusCode::kInvalidModel, "%s: pixel table of s16 has %zu entries; must be %zu", what,
                 length(p.pixel_table_s16()), wide_entries);
  return Status();
}

// mosaic_height * mosaic_width * C elements of the tensor's type.
Status check_mosaic_bytes(const schema::GoldenInput& golden, const Tensor& tensor, const char* what) {
  const uint64_t pixels = static_cast<uint64_t>(golden.mosaic_height()) *
                          static_cast<uint64_t>(golden.mosaic_width());       // <= 2^32
  const uint64_t elements = pixels * static_cast<uint64_t>(tensor.shape[3]);  // < 2^63
  if (elements > kMaxModelBytes || length(golden.data()) != elements * element_bytes(tensor.type))
    return error(StatusCode::kInvalidModel, "%s: %zu bytes of mosaic; must be %llu elements of %zu bytes",
                 what, length(golden.data()), static_cast<unsigned long long>(elements),
                 element_bytes(tensor.type));
  return Status();
}

// Stored: as many bytes as the tensor. Mosaic: an image tensor [1, H, W, C] and a picture
// of mosaic_height x mosaic_width, both in [1, 65536], times C elements. Noise: no data.
Status check_golden_input(const schema::GoldenInput& golden, const Tensor& tensor, const char* what) {
  size_t expected = 0;
  switch (golden.kind()) {
    case schema::GoldenKind_Noise:
      break;
    case schema::GoldenKind_Stored:
      expected = tensor.bytes;
      break;
    case schema::GoldenKind_Mosaic:
      if (tensor.shape.rank != 4 || tensor.shape[0] != 1)
        return error(StatusCode::kInvalidModel, "%s: a mosaic needs a tensor [1, H, W, C]", what);
      if (golden.mosaic_height() < 1 || golden.mosaic_height() > kMaxImageSide || golden.mosaic_width() < 1 ||
          golden.mosaic_width() > kMaxImageSide)
        return error(StatusCode::kInvalidModel, "%s: mosaic of %d x %d; sides must be in [1, %d]", what,
                     golden.mosaic_height(), golden.mosaic_width(), kMaxImageSide);
      return check_mosaic_bytes(golden, tensor, what);
    default:
      return error(StatusCode::kInvalidModel, "%s: unknown kind %d", what, static_cast<int>(golden.kind()));
  }
  if (length(golden.data()) != expected)
    return error(StatusCode::kInvalidModel, "%s: %zu bytes of data; must be %zu", what, length(golden.data()),
                 expected);
  return Status();
}

// The operator exists and writes the tensor.
Status check_hash(const schema::TensorHash& hash, const schema::Model& root, const char* what) {
  const size_t operators = root.operators() ? root.operators()->size() : 0;
  if (hash.operator_index() >= operators)
    return error(StatusCode::kInvalidModel, "%s: hash after operator %u; the model has %zu", what,
                 hash.operator_index(), operators);
  const auto* outputs = root.operators()->Get(hash.operator_index())->outputs();
  for (size_t i = 0; i < length(outputs); ++i) {
    const int32_t output = outputs->Get(static_cast<flatbuffers::uoffset_t>(i));
    if (output >= 0 && static_cast<uint32_t>(output) == hash.tensor()) return Status();
  }
  return error(StatusCode::kInvalidModel, "%s: operator %u does not write tensor %u", what,
               hash.operator_index(), hash.tensor());
}

template <class Binding>
std::string binding_text(const char* side, const Binding& binding) {
  return std::string(side) + " '" + (binding.name() ? binding.name()->c_str() : "") + "'";
}

}  // namespace

// Checks: the number of inputs and outputs; at least one output; each by check_binding and
// check_preprocessing; inputs are activations, all different.
Status validate_bindings(const schema::Model& root, const std::vector<Tensor>& tensors) {
  const size_t inputs = root.inputs() ? root.inputs()->size() : 0;
  const size_t outputs = root.outputs() ? root.outputs()->size() : 0;
  if (inputs > kMaxBindings || outputs == 0 || outputs > kMaxBindings)
    return error(StatusCode::kInvalidModel, "%zu inputs and %zu outputs; must be at most %zu, and an output",
                 inputs, outputs, kMaxBindings);
  std::vector<bool> is_input(tensors.size());
  for (size_t i = 0; i < inputs; ++i) {
    const schema::Input& input = *root.inputs()->Get(static_cast<flatbuffers::uoffset_t>(i));
    const std::string what = binding_text("input", input);
    OCTET_RETURN_IF_ERROR(check_binding(input, tensors, what.c_str()));
    if (tensors[input.tensor()].is_constant() || is_input[input.tensor()])
      return error(StatusCode::kInvalidModel, "%s: tensor %u is a constant or another input's", what.c_str(),
                   input.tensor());
    is_input[input.tensor()] = true;
    if (input.preprocessing())
      OCTET_RETURN_IF_ERROR(
          check_preprocessing(*input.preprocessing(), tensors[input.tensor()], what.c_str()));
  }
  for (size_t i = 0; i < outputs; ++i) {
    const schema::Output& output = *root.outputs()->Get(static_cast<flatbuffers::uoffset_t>(i));
    OCTET_RETURN_IF_ERROR(check_binding(output, tensors, binding_text("output", output).c_str()));
  }
  return Status();
}

// Checks for every golden run: one entry per model input (check_golden_input), and check_hash.
Status validate_golden(const schema::Model& root, const std::vector<Tensor>& tensors) {
  const size_t runs = root.golden() ? root.golden()->size() : 0;
  if (runs > kMaxGoldenRuns)
    return error(StatusCode::kInvalidModel, "%zu golden runs; must be at most %zu", runs, kMaxGoldenRuns);
  const size_t inputs = root.inputs() ? root.inputs()->size() : 0;
  for (size_t i = 0; i < runs; ++i) {
    const schema::Golden& golden = *root.golden()->Get(static_cast<flatbuffers::uoffset_t>(i));
    const std::string what = "golden run " + std::to_string(i);
    if (length(golden.inputs()) != inputs)
      return error(StatusCode::kInvalidModel, "%s: %zu inputs; the model has %zu", what.c_str(),
                   length(golden.inputs()), inputs);
    for (size_t k = 0; k < inputs; ++k) {
      const auto at = static_cast<flatbuffers::uoffset_t>(k);
      OCTET_RETURN_IF_ERROR(check_golden_input(*golden.inputs()->Get(at),
                                               tensors[root.inputs()->Get(at)->tensor()],
                                               (what + ", input " + std::to_string(k)).c_str()));
    }
    for (size_t k = 0; k < length(golden.hashes()); ++k)
      OCTET_RETURN_IF_ERROR(
          check_hash(*golden.hashes()->Get(static_cast<flatbuffers::uoffset_t>(k)), root, what.c_str()));
  }
  return Status();
}

}  // namespace octet
