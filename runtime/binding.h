// SPDX-License-Identifier: Apache-2.0
//
// How a graph input or output passes between its declared form (as the ONNX file
// has it, e.g. f32 NCHW) and the graph's own tensor (e.g. s8 NHWC).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "model_generated.h"
#include "runtime/tensor.h"

namespace octet {

// A row-major array read in another axis order: element (i0, ..., i[r-1]) of the destination
// is at sum of i[k] * stride[k] in the source. Axes that advance together are merged.
struct Walk {
  int rank = 0;                 // at least 1
  size_t dims[kMaxRank] = {};
  size_t strides[kMaxRank] = {};  // in elements of the source
};

struct Binding {
  uint32_t tensor = 0;
  TensorType declared_type = schema::TensorType_F32;
  Shape declared_shape;
  size_t declared_bytes = 0;
  Walk to_tensor;               // destination: the tensor; source: the declared array
  Walk to_declared;             // the other way round
  bool has_pixels = false;      // preprocessing is there, and the next three are set
  size_t pixel_channels = 0;
  Walk pixel_to_tensor;         // destination: [N, H, W, C] pixels; "source" strides: into the tensor
  std::vector<float> pixel_values;   // f32 tensor: [channel][pixel] = (pixel - mean) / std
  const int8_t* pixel_table = nullptr;  // s8 tensor: the same, quantized, from the file
};

// Works for schema::Input and schema::Output, which validate_bindings has checked.
Binding make_binding(const schema::Input& input, const std::vector<Tensor>& tensors);
Binding make_binding(const schema::Output& output, const std::vector<Tensor>& tensors);

// Declared form -> tensor: permutes; f32 -> s8 quantizes, u8 -> s8 subtracts 128.
void write_tensor(const Binding& binding, const void* declared, Tensor* tensor);
// Tensor -> declared form: permutes; s8 -> f32 dequantizes, s8 -> u8 adds 128.
void read_tensor(const Binding& binding, const Tensor& tensor, void* declared);
// Interleaved u8 pixels [N, H, W, C] -> tensor. Only with has_pixels.
void write_pixels(const Binding& binding, const uint8_t* pixels, Tensor* tensor);

}  // namespace octet
