// SPDX-License-Identifier: Apache-2.0
//
// Bytes, tensors and buffers of an untrusted model file. See validate.h for the order.
#include "runtime/validate.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>

#include "runtime/model.h"
#include "runtime/stored_constant.h"

namespace octet {
namespace {

// A place for `constant` of a tensor without elements to point at.
alignas(64) const uint8_t kNoElements[kConstantSlackBytes] = {};

std::string tensor_text(size_t index, const schema::Tensor& tensor) {
  return "tensor " + std::to_string(index) + " '" + (tensor.name() ? tensor.name()->c_str() : "") + "'";
}

// scale finite and >= 0 (0 = not set); an s8 zero point fits in s8, any other type has none;
// channel_scales: finite, >= 0, one per element of the axis channel_axis.
Status validate_quantization(const schema::Tensor& tensor, const Shape& shape, const char* what) {
  if (!std::isfinite(tensor.scale()) || tensor.scale() < 0)
    return error(StatusCode::kInvalidModel, "%s: scale %g; must be finite and positive, or 0 for none", what,
                 static_cast<double>(tensor.scale()));
  const bool s8 = tensor.type() == schema::TensorType_S8;
  if (s8 ? tensor.zero_point() < -128 || tensor.zero_point() > 127 : tensor.zero_point() != 0)
    return error(StatusCode::kInvalidModel, "%s: zero point %d; must be %s", what, tensor.zero_point(),
                 s8 ? "in [-128, 127]" : "0 where the type is not s8");
  if (tensor.channel_scales() == nullptr) return Status();
  const int32_t axis = tensor.channel_axis();
  if (axis < 0 || axis >= shape.rank)
    return error(StatusCode::kInvalidModel, "%s: channel axis %d; must be in [0, %d)", what, axis,
                 shape.rank);
  if (tensor.channel_scales()->size() != static_cast<size_t>(shape[axis]))
    return error(StatusCode::kInvalidModel, "%s: %u channel scales; must be %d, the length of axis %d", what,
                 tensor.channel_scales()->size(), shape[axis], axis);
  for (const float scale : *tensor.channel_scales())
    if (!std::isfinite(scale) || scale < 0)
      return error(StatusCode::kInvalidModel, "%s: channel scale %g; must be finite and not negative", what,
                   static_cast<double>(scale));
  return Status();
}

// Usual ranges: one per element of the last axis of an s8 activation, low < high; they end
// kConstantSlackBytes before the end of the file.
Status validate_usual_ranges(const uint8_t* end, const schema::Tensor& definition, const char* what,
                             Tensor* tensor) {
  const flatbuffers::Vector<uint8_t>*low = definition.usual_low(), *high = definition.usual_high();
  if (length(low) == 0 && length(high) == 0) return Status();
  if (!tensor->is_s8() || definition.buffer() != 0 || tensor->shape.rank < 1)
    return error(StatusCode::kInvalidModel,
                 "%s: has usual ranges; only an s8 activation of rank 1 or more may", what);
  const auto channels = static_cast<size_t>(tensor->shape[tensor->shape.rank - 1]);
  if (length(high) != channels || (length(low) != channels && length(low) != 0))
    return error(StatusCode::kInvalidModel,
                 "%s: usual ranges of %zu low and %zu high ends; its last axis has %zu", what, length(low),
                 length(high), channels);
  for (flatbuffers::uoffset_t i = 0; i < channels; ++i) {
    const int from = length(low) == 0 ? 0 : low->Get(i), to = high->Get(i);
    if (from >= to)
      return error(StatusCode::kInvalidModel, "%s: usual range [%d, %d] of channel %u; must grow", what, from,
                   to, i);
  }
  for (const auto* ends : {low, high})
    if (length(ends) != 0 && static_cast<size_t>(end - ends->data()) < channels + kConstantSlackBytes)
      return error(StatusCode::kInvalidModel, "%s: usual ranges end less than %zu bytes before the file does",
                   what, kConstantSlackBytes);
  tensor->usual_low = length(low) == 0 ? nullptr : low->data();
  tensor->usual_high = high->data();
  return Status();
}

// The buffer index is in range; the buffer has exactly the bytes that the tensor needs, or `stored` instead,
// starts on a 64-byte boundary and ends kConstantSlackBytes before the end of the file.
Status validate_constant(const uint8_t* data, size_t bytes, const schema::Model& root,
                         const schema::Tensor& definition, const char* what, Tensor* tensor) {
  const uint32_t buffer = definition.buffer();
  const size_t needed =
      definition.stored() ? stored_bytes(*definition.stored(), tensor->shape) : tensor->bytes;
  const size_t buffers = root.buffers() ? root.buffers()->size() : 0;
  if (buffer >= buffers)
    return error(StatusCode::kInvalidModel, "%s: buffer %u; the model has %zu", what, buffer, buffers);
  const flatbuffers::Vector<uint8_t>* content = root.buffers()->Get(buffer)->data();
  const size_t content_bytes = length(content);
  if (content_bytes != needed)
    return error(StatusCode::kInvalidModel, "%s: buffer %u has %zu bytes; its shape needs %zu", what, buffer,
                 content_bytes, needed);
  if (content_bytes == 0) {
    tensor->constant = kNoElements;
    return Status();
  }
  const size_t offset = static_cast<size_t>(content->data() - data);
  if (offset % 64 != 0)
    return error(StatusCode::kInvalidModel, "%s: buffer %u at offset %zu; must be a multiple of 64", what,
                 buffer, offset);
  if (bytes - offset - content_bytes < kConstantSlackBytes)
    return error(StatusCode::kInvalidModel,
                 "%s: buffer %u ends %zu bytes before the end of the file; must be at least %zu", what,
                 buffer, bytes - offset - content_bytes, kConstantSlackBytes);
  tensor->constant = content->data();
  return Status();
}

}  // namespace

// Checks: the length (a multiple of 64); the identifier; the FlatBuffers Verifier (offsets, alignment,
// strings, nesting up to 16, at most a million tables); the schema version.
Status verify_model_bytes(const uint8_t* data, size_t bytes, const schema::Model** root) {
  constexpr size_t kSmallest = 16;
  if (bytes < kSmallest)
    return error(StatusCode::kInvalidModel, "%zu bytes are too few for an Octet model", bytes);
  if (bytes > kMaxModelBytes)
    return error(StatusCode::kInvalidModel, "%zu bytes; a model has at most %zu", bytes, kMaxModelBytes);
  if (!schema::ModelBufferHasIdentifier(data))
    return error(StatusCode::kInvalidModel, "not an Octet model: identifier '%s' is missing",
                 schema::ModelIdentifier());
  if (bytes % kModelMultiple != 0)
    return error(StatusCode::kInvalidModel, "truncated: %zu bytes; a model has a multiple of %zu", bytes,
                 kModelMultiple);
  flatbuffers::Verifier verifier(data, bytes, /*max_depth=*/16, /*max_tables=*/1000000);
  if (!schema::VerifyModelBuffer(verifier))
    return error(StatusCode::kInvalidModel, "truncated or damaged: an offset leaves the file's %zu bytes",
                 bytes);
  *root = schema::GetModel(data);
  if ((*root)->version() != kSchemaVersion)
    return error((*root)->version() > kSchemaVersion ? StatusCode::kUnsupported : StatusCode::kInvalidModel,
                 "schema version %u; this build reads version %u", (*root)->version(), kSchemaVersion);
  return Status();
}

Status validate_shape(const flatbuffers::Vector<int32_t>* dims, size_t element_size, const char* what,
                      Shape* shape) {
  if (length(dims) > kMaxRank)
    return error(StatusCode::kInvalidModel, "%s: rank %zu; must be at most %d", what, length(dims), kMaxRank);
  *shape = Shape();
  shape->rank = static_cast<int>(length(dims));
  uint64_t bytes = element_size;  // at most 2^32 before each multiplication by less than 2^31
  for (int i = 0; i < shape->rank; ++i) {
    const int32_t dim = dims->Get(static_cast<flatbuffers::uoffset_t>(i));
    if (dim < 0)
      return error(StatusCode::kInvalidModel, "%s: dimension %d is %d; must not be negative", what, i, dim);
    shape->dims[i] = dim;
    bytes *= static_cast<uint64_t>(std::max(dim, 1));
    if (bytes > kMaxTensorBytes)
      return error(StatusCode::kUnsupported, "%s: more than %llu bytes; this build allows no more", what,
                   static_cast<unsigned long long>(kMaxTensorBytes));
  }
  return Status();
}

// Checks for every tensor: the type is known; validate_shape; validate_quantization; validate_stored; a
// constant's buffer (validate_constant). Also the number of tensors, and that buffer 0 is empty.
Status validate_tensors(const uint8_t* data, size_t bytes, const schema::Model& root,
                        std::vector<Tensor>* tensors) {
  const size_t count = root.tensors() ? root.tensors()->size() : 0;
  if (count == 0 || count > kMaxTensors)
    return error(StatusCode::kInvalidModel, "%zu tensors; must be in [1, %zu]", count, kMaxTensors);
  if (root.buffers() && root.buffers()->size() > 0 && length(root.buffers()->Get(0)->data()) != 0)
    return error(StatusCode::kInvalidModel, "buffer 0 has %zu bytes; it must be empty, meaning no data",
                 length(root.buffers()->Get(0)->data()));
  tensors->reserve(count);
  for (size_t i = 0; i < count; ++i) {
    const schema::Tensor& definition = *root.tensors()->Get(static_cast<flatbuffers::uoffset_t>(i));
    const std::string what = tensor_text(i, definition);
    Tensor tensor;
    tensor.name = definition.name() ? definition.name()->c_str() : "";
    tensor.type = definition.type();
    if (element_bytes(tensor.type) == 0)
      return error(StatusCode::kInvalidModel, "%s: unknown element type %d", what.c_str(),
                   static_cast<int>(tensor.type));
    OCTET_RETURN_IF_ERROR(
        validate_shape(definition.shape(), element_bytes(tensor.type), what.c_str(), &tensor.shape));
    tensor.bytes = tensor.shape.elements() * element_bytes(tensor.type);
    OCTET_RETURN_IF_ERROR(validate_quantization(definition, tensor.shape, what.c_str()));
    tensor.scale = definition.scale();
    tensor.zero_point = definition.zero_point();
    OCTET_RETURN_IF_ERROR(validate_stored(definition, tensor.shape, what.c_str()));
    if (definition.buffer() != 0) {
      OCTET_RETURN_IF_ERROR(validate_constant(data, bytes, root, definition, what.c_str(), &tensor));
      tensor.data = const_cast<void*>(tensor.constant);
    }
    OCTET_RETURN_IF_ERROR(validate_usual_ranges(data + bytes, definition, what.c_str(), &tensor));
    tensors->push_back(tensor);
  }
  return Status();
}

Status Model::verify_and_validate() {
  OCTET_RETURN_IF_ERROR(verify_model_bytes(data_, bytes_, &root_));
  OCTET_RETURN_IF_ERROR(validate_tensors(data_, bytes_, *root_, &tensors_));
  OCTET_RETURN_IF_ERROR(expand_constants(*root_, bytes_, &expanded_, &tensors_));
  OCTET_RETURN_IF_ERROR(validate_operators(*this));
  OCTET_RETURN_IF_ERROR(validate_bindings(*root_, tensors_));
  return validate_golden(*root_, tensors_);
}

}  // namespace octet
