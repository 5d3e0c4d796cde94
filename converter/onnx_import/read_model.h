// SPDX-License-Identifier: Apache-2.0
//
// From a file to a checked protobuf: bytes, hash, parse, opsets, external data.
#pragma once

#include <onnx/onnx_pb.h>

#include <string>

#include "converter/diagnostics.h"
#include "runtime/status.h"

namespace octet::converter {

// Which versions of the operator sets a model uses; 0 = not imported.
struct Opsets {
  int onnx = 0;       // ai.onnx, 7 to 21
  int microsoft = 0;  // com.microsoft, 1
};

// Reads and parses `path`. Refuses what is no ONNX model, with a reason. External data is not read yet.
Status read_model(const std::string& path, onnx::ModelProto* model, std::string* sha256);

// The imported opsets; refuses ai.onnx outside 7 to 21. `imports`: of a model or of a local function.
Status read_opsets(const google::protobuf::RepeatedPtrField<onnx::OperatorSetIdProto>& imports,
                   const std::string& where, Opsets* opsets);

// Moves tensors stored in files beside the model into the model (raw_data). `folder` is the model's.
// Refuses absolute paths, paths that leave the folder, missing files and ranges behind their end.
Status load_external_data(const std::string& folder, onnx::ModelProto* model);

// Runs the ONNX library's checker and shape inference where the library knows the model's opset; a note
// says where it does not. Inferred shapes are left in the model's value_info.
Status check_with_onnx(const std::string& path, const Opsets& opsets, onnx::ModelProto* model,
                       Diagnostics* diagnostics);

}  // namespace octet::converter
