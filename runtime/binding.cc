// SPDX-License-Identifier: Apache-2.0
//
// The formulas, with inv_scale = 1 / scale in f32:
//
//   f32 -> s8   q = clamp(round_half_even(x * inv_scale) + zero_point, -128, 127); NaN -> zero_point
//   s8 -> f32   x = float(q - zero_point) * scale
//   u8 <-> s8   the top bit flips
#include "runtime/binding.h"

#include <cmath>
#include <cstring>

#include "runtime/image_axes.h"

namespace octet {
namespace {

// Source strides for a destination whose axis i is source axis order[i].
Walk make_walk(const Shape& source, const int* order) {
  size_t strides[kMaxRank];
  size_t stride = 1;
  for (int i = source.rank - 1; i >= 0; --i) {
    strides[i] = stride;
    stride *= static_cast<size_t>(source[i]);
  }
  Walk walk;
  for (int i = 0; i < source.rank; ++i) {
    const size_t dim = static_cast<size_t>(source[order[i]]);
    if (dim == 1) continue;
    const int last = walk.rank - 1;
    if (last >= 0 && walk.strides[last] == strides[order[i]] * dim) {
      walk.dims[last] *= dim;
      walk.strides[last] = strides[order[i]];
    } else {
      walk.dims[walk.rank] = dim;
      walk.strides[walk.rank++] = strides[order[i]];
    }
  }
  if (walk.rank == 0) {
    walk.rank = 1;
    walk.dims[0] = walk.strides[0] = 1;
  }
  return walk;
}

// Calls body(source_offset, destination_offset) for each run of the innermost axis.
template <class Body>
void for_each_row(const Walk& walk, const Body& body) {
  size_t rows = 1;
  for (int i = 0; i < walk.rank - 1; ++i) rows *= walk.dims[i];
  size_t position[kMaxRank] = {};
  size_t source = 0;
  for (size_t row = 0; row < rows; ++row) {
    body(source, row * walk.dims[walk.rank - 1]);
    for (int i = walk.rank - 2; i >= 0; --i) {
      source += walk.strides[i];
      if (++position[i] < walk.dims[i]) break;
      source -= walk.strides[i] * walk.dims[i];
      position[i] = 0;
    }
  }
}

// destination[i] = convert(source[walk(i)])
template <class From, class To, class Convert>
void convert_walk(const Walk& walk, const void* source, void* destination, const Convert& convert) {
  const From* from = static_cast<const From*>(source);
  To* to = static_cast<To*>(destination);
  const size_t length = walk.dims[walk.rank - 1];
  const size_t stride = walk.strides[walk.rank - 1];
  for_each_row(walk, [&](size_t source_offset, size_t destination_offset) {
    const From* f = from + source_offset;
    To* t = to + destination_offset;
    for (size_t i = 0; i < length; ++i) t[i] = convert(f[i * stride]);
  });
}

void copy_walk(const Walk& walk, size_t element, const void* source, void* destination) {
  const size_t elements = walk.dims[walk.rank - 1];
  if (walk.rank == 1 && walk.strides[0] == 1) {
    if (elements > 0) std::memcpy(destination, source, elements * element);
    return;
  }
  const auto same = [](auto x) { return x; };
  switch (element) {
    case 1: return convert_walk<uint8_t, uint8_t>(walk, source, destination, same);
    case 2: return convert_walk<uint16_t, uint16_t>(walk, source, destination, same);
    case 4: return convert_walk<uint32_t, uint32_t>(walk, source, destination, same);
    default: return convert_walk<uint64_t, uint64_t>(walk, source, destination, same);
  }
}

int8_t quantize(float x, float inv_scale, float low, float high, int32_t zero_point) {
  const float scaled = x * inv_scale;
  if (scaled != scaled) return static_cast<int8_t>(zero_point);
  const float clamped = scaled < low ? low : scaled > high ? high : scaled;
  return static_cast<int8_t>(static_cast<int32_t>(std::nearbyintf(clamped)) + zero_point);
}

template <class Schema>
Binding make_common(const Schema& schema, const std::vector<Tensor>& tensors) {
  Binding binding;
  binding.tensor = schema.tensor();
  binding.declared_type = schema.type();
  const Tensor& tensor = tensors[schema.tensor()];
  const int rank = tensor.shape.rank;
  binding.declared_shape.rank = rank;
  int order[kMaxRank] = {}, inverse[kMaxRank] = {};
  for (int i = 0; i < rank; ++i) {
    const auto at = static_cast<flatbuffers::uoffset_t>(i);
    binding.declared_shape.dims[i] = schema.shape()->Get(at);
    order[i] = schema.permutation() && schema.permutation()->size() > 0 ? schema.permutation()->Get(at) : i;
    inverse[order[i]] = i;
  }
  binding.declared_bytes = binding.declared_shape.elements() * element_bytes(binding.declared_type);
  binding.to_tensor = make_walk(binding.declared_shape, order);
  binding.to_declared = make_walk(tensor.shape, inverse);
  return binding;
}

void add_pixels(const schema::Preprocessing& p, const Tensor& tensor, Binding* binding) {
  binding->has_pixels = true;
  binding->pixel_channels = p.color() == schema::ColorOrder_Gray ? 1 : 3;
  ImageAxes axes;
  find_image_axes(tensor.shape, binding->pixel_channels, &axes);
  const int order[4] = {0, axes.height, axes.width, axes.channels};
  const int rank = tensor.shape.rank;
  // [H, W, C] of the tensor's axes, behind the batch if there is one.
  binding->pixel_to_tensor = make_walk(tensor.shape, rank == 4 ? order : order + 1);
  if (tensor.is_s8()) {
    binding->pixel_table = reinterpret_cast<const int8_t*>(p.pixel_table()->data());
    return;
  }
  binding->pixel_values.resize(binding->pixel_channels * 256);
  for (size_t c = 0; c < binding->pixel_channels; ++c) {
    const auto at = static_cast<flatbuffers::uoffset_t>(c);
    const float mean = p.mean() && p.mean()->size() > 0 ? p.mean()->Get(at) : 0.0f;
    const float std = p.std() && p.std()->size() > 0 ? p.std()->Get(at) : 1.0f;
    for (int pixel = 0; pixel < 256; ++pixel)
      binding->pixel_values[c * 256 + static_cast<size_t>(pixel)] = (static_cast<float>(pixel) - mean) / std;
  }
}

// tensor[walk(i)] = table[channel][pixels[i]]; the channel is i modulo `channels`.
template <class T>
void look_up_pixels(const Walk& walk, size_t channels, const T* table, const uint8_t* pixels, T* tensor) {
  const size_t length = walk.dims[walk.rank - 1];
  const size_t stride = walk.strides[walk.rank - 1];
  for_each_row(walk, [&](size_t offset, size_t first) {
    size_t channel = first % channels;
    for (size_t i = 0; i < length; ++i) {
      tensor[offset + i * stride] = table[channel * 256 + pixels[first + i]];
      channel = channel + 1 == channels ? 0 : channel + 1;
    }
  });
}

}  // namespace

Binding make_binding(const schema::Input& input, const std::vector<Tensor>& tensors) {
  Binding binding = make_common(input, tensors);
  if (input.preprocessing()) add_pixels(*input.preprocessing(), tensors[input.tensor()], &binding);
  return binding;
}

Binding make_binding(const schema::Output& output, const std::vector<Tensor>& tensors) {
  return make_common(output, tensors);
}

void write_tensor(const Binding& binding, const void* declared, Tensor* tensor) {
  if (binding.declared_type == tensor->type)
    return copy_walk(binding.to_tensor, element_bytes(tensor->type), declared, tensor->data);
  if (binding.declared_type == schema::TensorType_U8)
    return convert_walk<uint8_t, uint8_t>(binding.to_tensor, declared, tensor->data,
                                          [](uint8_t x) { return static_cast<uint8_t>(x ^ 0x80); });
  const float inv_scale = 1.0f / tensor->scale;
  const int32_t zero_point = tensor->zero_point;
  const float low = static_cast<float>(-128 - zero_point), high = static_cast<float>(127 - zero_point);
  convert_walk<float, int8_t>(binding.to_tensor, declared, tensor->data, [=](float x) {
    return quantize(x, inv_scale, low, high, zero_point);
  });
}

void read_tensor(const Binding& binding, const Tensor& tensor, void* declared) {
  if (binding.declared_type == tensor.type)
    return copy_walk(binding.to_declared, element_bytes(tensor.type), tensor.data, declared);
  if (binding.declared_type == schema::TensorType_U8)
    return convert_walk<uint8_t, uint8_t>(binding.to_declared, tensor.data, declared,
                                          [](uint8_t x) { return static_cast<uint8_t>(x ^ 0x80); });
  const float scale = tensor.scale;
  const int32_t zero_point = tensor.zero_point;
  convert_walk<int8_t, float>(binding.to_declared, tensor.data, declared,
                              [=](int8_t q) { return static_cast<float>(q - zero_point) * scale; });
}

void write_pixels(const Binding& binding, const uint8_t* pixels, Tensor* tensor) {
  if (tensor->is_s8())
    look_up_pixels(binding.pixel_to_tensor, binding.pixel_channels, binding.pixel_table, pixels,
                   tensor->as<int8_t>());
  else
    look_up_pixels(binding.pixel_to_tensor, binding.pixel_channels, binding.pixel_values.data(), pixels,
                   tensor->as<float>());
}

}  // namespace octet
