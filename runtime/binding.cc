// SPDX-License-Identifier: Apache-2.0
//
// The formulas, with inv_scale = 1 / scale in f32 (kernels/quantize_f32_s8.h, dequantize_s8_f32.h):
//
//   f32 -> s8   q = clamp(round_half_even(x * inv_scale) + zero_point, -128, 127); NaN -> zero_point
//   s8 -> f32   x = float(q - zero_point) * scale
//   f32 <-> s16 the same with zero point 0, in [-16384, 16383] (kernels/boundary_s16.h)
//   u8 <-> s8   the top bit flips
#include "runtime/binding.h"

#include <algorithm>

#include "kernels/boundary_s16.h"
#include "runtime/image_axes.h"

namespace octet {
namespace {

constexpr size_t kMaxPlanes = 4;   // channels that are interleaved
constexpr size_t kPortion = 2048;  // pixels of a portion: all its planes fit in the L1 cache

// output axis i = input axis order[i]; the input is row-major of shape `input`.
kernels::CopyPlan plan_permutation(const Shape& input, const int* order, size_t element) {
  ptrdiff_t strides[kMaxRank] = {};
  ptrdiff_t stride = 1;
  for (int i = input.rank - 1; i >= 0; --i) {
    strides[i] = stride;
    stride *= input[i];
  }
  kernels::StridedCopy copy;
  copy.rank = input.rank;
  copy.element_bytes = element;
  stride = 1;
  for (int i = input.rank - 1; i >= 0; --i) {
    copy.dims[i] = static_cast<size_t>(input[order[i]]);
    copy.input_strides[i] = strides[order[i]];
    copy.output_strides[i] = stride;
    stride *= input[order[i]];
  }
  return kernels::plan_copy(copy);
}

void permute(const kernels::CopyPlan& plan, const void* from, void* to) {
  if (plan.items > 0) kernels::copy_strided(plan, from, to, 0, plan.items);
}

void flip_top_bits(void* data, size_t bytes) {
  uint8_t* values = static_cast<uint8_t*>(data);
  for (size_t i = 0; i < bytes; ++i) values[i] ^= 0x80;
}

// Whether `order` moves one axis of `declared` behind all others, and which lengths that gives.
Planes find_planes(const Shape& declared, const int* order) {
  const int last = declared.rank - 1, axis = declared.rank > 0 ? order[last] : 0;
  Planes planes{1, 0, 1};
  for (int i = 0; i < last; ++i) {
    if (order[i] != (i < axis ? i : i + 1)) return {};
    (i < axis ? planes.images : planes.pixels) *= static_cast<size_t>(declared[order[i]]);
  }
  planes.channels = last > 0 ? static_cast<size_t>(declared[axis]) : 0;
  return planes.channels <= kMaxPlanes ? planes : Planes{};
}

template <class Schema>
Binding make_common(const Schema& schema, const std::vector<Tensor>& tensors, kernels::CpuFeatures cpu) {
  const Tensor& tensor = tensors[schema.tensor()];
  Shape declared;
  declared.rank = tensor.shape.rank;
  int order[kMaxRank] = {}, inverse[kMaxRank] = {}, before = -1;
  Binding binding;
  for (int i = 0; i < declared.rank; ++i) {
    const auto at = static_cast<flatbuffers::uoffset_t>(i);
    declared.dims[i] = schema.shape()->Get(at);
    order[i] = schema.permutation() && schema.permutation()->size() > 0 ? schema.permutation()->Get(at) : i;
    inverse[order[i]] = i;
  }
  for (int i = 0; i < declared.rank; ++i) {  // an axis of length 1 stands anywhere: one channel is one plane
    if (declared[order[i]] == 1) continue;
    binding.is_permuted |= order[i] < before;
    before = order[i];
  }
  binding.tensor = schema.tensor();
  binding.declared_type = schema.type();
  binding.elements = declared.elements();
  binding.declared_bytes = binding.elements * element_bytes(schema.type());
  binding.to_tensor = plan_permutation(declared, order, element_bytes(tensor.type));
  binding.to_declared = plan_permutation(tensor.shape, inverse, element_bytes(tensor.type));
  if (binding.is_permuted && schema.type() == schema::TensorType_F32 && tensor.is_s16())
    binding.staging_bytes = tensor.bytes;
  if (binding.is_permuted && schema.type() == schema::TensorType_F32 && tensor.is_s8()) {
    binding.staging_bytes = binding.elements;
    binding.planes = find_planes(declared, order);
    binding.interleave = kernels::interleave_s8_kernels().best(cpu).run;
  }
  binding.quantize = kernels::quantize_f32_s8_kernels().best(cpu).run;
  binding.dequantize = kernels::dequantize_s8_f32_kernels().best(cpu).run;
  return binding;
}

PixelLayout make_layout(const Shape& shape, size_t channels) {
  ImageAxes axes;
  find_image_axes(shape, channels, &axes);
  PixelLayout layout;
  layout.channels = channels;
  layout.pixels = static_cast<size_t>(shape[axes.height]) * static_cast<size_t>(shape[axes.width]);
  layout.images = shape.rank == 4 ? static_cast<size_t>(shape[0]) : 1;
  layout.image_stride = layout.pixels * channels;
  const bool interleaved = axes.channels == shape.rank - 1;
  layout.pixel_stride = interleaved ? channels : 1;
  layout.channel_stride = interleaved ? 1 : layout.pixels;
  return layout;
}

void add_pixels(const schema::Preprocessing& p, const Tensor& tensor, kernels::CpuFeatures cpu,
                Binding* binding) {
  const size_t channels = p.color() == schema::ColorOrder_Gray ? 1 : 3;
  binding->has_pixels = true;
  binding->layout = make_layout(tensor.shape, channels);
  if (tensor.is_s8()) {
    binding->pixel_table = reinterpret_cast<const int8_t*>(p.pixel_table()->data());
    binding->look_up = kernels::pixels_u8_s8_kernels().best(cpu).run;
    return;
  }
  if (tensor.is_s16()) {
    binding->pixel_table_s16 = p.pixel_table_s16()->data();
    return;
  }
  binding->pixel_values.resize(channels * 256);
  for (size_t c = 0; c < channels; ++c) {
    const auto at = static_cast<flatbuffers::uoffset_t>(c);
    const float mean = p.mean() && p.mean()->size() > 0 ? p.mean()->Get(at) : 0.0f;
    const float std = p.std() && p.std()->size() > 0 ? p.std()->Get(at) : 1.0f;
    for (int pixel = 0; pixel < 256; ++pixel)
      binding->pixel_values[c * 256 + static_cast<size_t>(pixel)] = (static_cast<float>(pixel) - mean) / std;
  }
}

template <class T>
void look_up_pixels(const PixelLayout& layout, const T* table, const uint8_t* pixels, T* tensor) {
  for (size_t n = 0; n < layout.images; ++n)
    for (size_t c = 0; c < layout.channels; ++c) {
      const uint8_t* from = pixels + n * layout.pixels * layout.channels + c;
      T* to = tensor + n * layout.image_stride + c * layout.channel_stride;
      for (size_t p = 0; p < layout.pixels; ++p)
        to[p * layout.pixel_stride] = table[c * 256 + from[p * layout.channels]];
    }
}

// f32 planes -> s8 pixels, portion by portion.
void quantize_planes(const Binding& binding, const float* declared, int8_t* staging, Tensor* tensor) {
  const Planes& p = binding.planes;
  const kernels::QuantizeF32S8 quantize = {1.0f / tensor->scale, tensor->zero_point};
  for (size_t n = 0; n < p.images; ++n)
    for (size_t first = 0; first < p.pixels; first += kPortion) {
      const size_t count = std::min(kPortion, p.pixels - first);
      for (size_t c = 0; c < p.channels; ++c)
        binding.quantize(quantize, declared + (n * p.channels + c) * p.pixels + first, staging + c * count,
                         count);
      binding.interleave(staging, count, p.channels,
                         tensor->as<int8_t>() + (n * p.pixels + first) * p.channels, count);
    }
}

}  // namespace

Binding make_binding(const schema::Input& input, const std::vector<Tensor>& tensors,
                     kernels::CpuFeatures cpu) {
  Binding binding = make_common(input, tensors, cpu);
  if (input.preprocessing()) add_pixels(*input.preprocessing(), tensors[input.tensor()], cpu, &binding);
  return binding;
}

Binding make_binding(const schema::Output& output, const std::vector<Tensor>& tensors,
                     kernels::CpuFeatures cpu) {
  return make_common(output, tensors, cpu);
}

void write_tensor(const Binding& binding, const void* declared, uint8_t* staging, Tensor* tensor) {
  if (binding.declared_type == schema::TensorType_F32 && tensor->is_s16()) {
    void* quantized = binding.is_permuted ? staging : tensor->data;
    kernels::quantize_f32_s16(1.0f / tensor->scale, static_cast<const float*>(declared),
                              static_cast<int16_t*>(quantized), binding.elements);
    if (binding.is_permuted) permute(binding.to_tensor, quantized, tensor->data);
    return;
  }
  if (binding.declared_type == schema::TensorType_F32 && tensor->is_s8()) {
    if (binding.planes.channels > 0)
      return quantize_planes(binding, static_cast<const float*>(declared), reinterpret_cast<int8_t*>(staging),
                             tensor);
    int8_t* quantized = binding.is_permuted ? reinterpret_cast<int8_t*>(staging) : tensor->as<int8_t>();
    binding.quantize({1.0f / tensor->scale, tensor->zero_point}, static_cast<const float*>(declared),
                     quantized, binding.elements);
    if (binding.is_permuted) permute(binding.to_tensor, quantized, tensor->data);
    return;
  }
  permute(binding.to_tensor, declared, tensor->data);
  if (binding.declared_type != tensor->type) flip_top_bits(tensor->data, tensor->bytes);
}

void read_tensor(const Binding& binding, const Tensor& tensor, uint8_t* staging, void* declared) {
  if (binding.declared_type == schema::TensorType_F32 && tensor.is_s16()) {
    if (binding.is_permuted) permute(binding.to_declared, tensor.data, staging);
    const void* quantized = binding.is_permuted ? staging : tensor.data;
    return kernels::dequantize_s16_f32(tensor.scale, static_cast<const int16_t*>(quantized),
                                       static_cast<float*>(declared), binding.elements);
  }
  if (binding.declared_type == schema::TensorType_F32 && tensor.is_s8()) {
    if (binding.is_permuted) permute(binding.to_declared, tensor.data, staging);
    const int8_t* quantized = binding.is_permuted ? reinterpret_cast<int8_t*>(staging) : tensor.as<int8_t>();
    binding.dequantize({tensor.scale, tensor.zero_point}, quantized, static_cast<float*>(declared),
                       binding.elements);
    return;
  }
  permute(binding.to_declared, tensor.data, declared);
  if (binding.declared_type != tensor.type) flip_top_bits(declared, binding.declared_bytes);
}

void write_pixels(const Binding& binding, const uint8_t* pixels, Tensor* tensor) {
  const PixelLayout& layout = binding.layout;
  if (tensor->is_s16())
    look_up_pixels(layout, binding.pixel_table_s16, pixels, tensor->as<int16_t>());
  else if (!tensor->is_s8())
    look_up_pixels(layout, binding.pixel_values.data(), pixels, tensor->as<float>());
  else if (layout.channel_stride == 1)
    binding.look_up(binding.pixel_table, layout.channels, pixels, tensor->as<int8_t>(),
                    layout.images * layout.pixels);
  else
    look_up_pixels(layout, binding.pixel_table, pixels, tensor->as<int8_t>());
}

}  // namespace octet
