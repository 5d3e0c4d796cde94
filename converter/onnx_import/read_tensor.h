// SPDX-License-Identifier: Apache-2.0
//
// ONNX tensors and element types -> Constant and TensorType.
#pragma once

#include <onnx/onnx_pb.h>

#include <string>

#include "converter/graph.h"

namespace octet::converter {

// f16, bf16 and f64 become F32; u16 S32; u32 and u64 S64. False for strings, complex numbers and 4-bit types.
bool tensor_type(int onnx_type, TensorType* type);
// "float16"
std::string onnx_type_name(int onnx_type);

// The bytes of raw_data that the tensor's type and shape need. Throws ImportError for types without a size.
uint64_t expected_raw_bytes(const onnx::TensorProto& tensor);

// raw_data or the typed field that goes with the type. Throws ImportError: a wrong number of elements,
// a type that is not supported, NaN anywhere or an infinity in a tensor of more than one element.
Constant read_tensor(const onnx::TensorProto& tensor, const std::string& what);

}  // namespace octet::converter
