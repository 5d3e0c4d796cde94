// SPDX-License-Identifier: Apache-2.0
//
// Arrays in files: NumPy's .npy, ONNX's TensorProto .pb, and raw .bin. The
// readers need no protobuf, so they work in the board build.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/status.h"
#include "runtime/tensor.h"

namespace octet::tools {

struct Array {
  TensorType type = schema::TensorType_F32;
  std::vector<int64_t> shape;
  std::vector<uint8_t> bytes;    // row-major, little endian
};

// The whole file. Fails on directories and unreadable files with the system's reason.
Status read_file(const std::string& path, std::vector<uint8_t>* bytes);

// .npy versions 1 to 3; f32, f64 (becomes f32), s8, u8, s16, s32, s64, bool; C order.
Status read_npy(const std::string& path, Array* array);

// ONNX TensorProto, raw or typed data; f32, f64 (becomes f32), s8, u8, s16, s32, s64, bool.
Status read_tensor_proto(const std::string& path, Array* array);

// Writes .npy version 1; aside first, then renamed.
Status write_npy(const std::string& path, const Array& array);

// Converts the elements to `type`: exact integer widening, integer to f32; anything else fails.
Status convert_array(const std::string& path, TensorType type, Array* array);

}  // namespace octet::tools
