// SPDX-License-Identifier: Apache-2.0
//
// How a graph input or output passes between its declared form (as the ONNX file
// has it, e.g. f32 NCHW) and the graph's own tensor (e.g. s8 NHWC).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/copy_strided.h"
#include "kernels/cpu_features.h"
#include "kernels/dequantize_s8_f32.h"
#include "kernels/interleave_s8.h"
#include "kernels/pixels_u8_s8.h"
#include "kernels/quantize_f32_s8.h"
#include "model_generated.h"
#include "runtime/tensor.h"

namespace octet {

// Where pixel p of image n has channel c in the tensor: n * image + p * pixel + c * channel.
struct PixelLayout {
  size_t images = 1, pixels = 0, channels = 0;
  size_t image_stride = 0, pixel_stride = 0, channel_stride = 0;
};

// Planes that become pixels: declared [images, channels, pixels] is the tensor's [images, pixels, channels].
struct Planes {
  size_t images = 0, channels = 0, pixels = 0;
};

struct Binding {
  uint32_t tensor = 0;
  TensorType declared_type = schema::TensorType_F32;
  size_t declared_bytes = 0;
  size_t elements = 0;

  // The permutation each way, for elements of the tensor's type; is_permuted where it moves any.
  kernels::CopyPlan to_tensor, to_declared;
  bool is_permuted = false;
  // Bytes between conversion (f32 <-> s8 or s16, in the declared order) and permutation.
  size_t staging_bytes = 0;
  // f32 NCHW -> s8 NHWC with few channels goes in portions that stay in the L1 cache; channels = 0: it does
  // not.
  Planes planes;
  kernels::InterleaveS8Function* interleave = nullptr;
  kernels::QuantizeF32S8Function* quantize = nullptr;
  kernels::DequantizeS8F32Function* dequantize = nullptr;

  // Preprocessing: tables [channel][256] of the tensor's type.
  bool has_pixels = false;
  PixelLayout layout;
  kernels::PixelsU8S8Function* look_up = nullptr;
  const int8_t* pixel_table = nullptr;       // s8 tensor: from the file
  const int16_t* pixel_table_s16 = nullptr;  // s16 tensor: from the file
  std::vector<float> pixel_values;      // f32 tensor: (pixel - mean) / std
};

// For inputs and outputs that validate_bindings has checked.
Binding make_binding(const schema::Input& input, const std::vector<Tensor>& tensors,
                     kernels::CpuFeatures cpu);
Binding make_binding(const schema::Output& output, const std::vector<Tensor>& tensors,
                     kernels::CpuFeatures cpu);

// Declared form -> tensor: permutes; f32 -> s8 or s16 quantizes, u8 -> s8 subtracts 128. `staging` has
// staging_bytes.
void write_tensor(const Binding& binding, const void* declared, uint8_t* staging, Tensor* tensor);
// Tensor -> declared form: permutes; s8 or s16 -> f32 dequantizes, s8 -> u8 adds 128.
void read_tensor(const Binding& binding, const Tensor& tensor, uint8_t* staging, void* declared);
// Interleaved u8 pixels [N, H, W, C] -> tensor. Only with has_pixels.
void write_pixels(const Binding& binding, const uint8_t* pixels, Tensor* tensor);

}  // namespace octet
