// SPDX-License-Identifier: Apache-2.0
//
// read_onnx_inputs: what a file's graph takes, without importing its nodes.
#include <algorithm>
#include <set>

#include "converter/lower/preprocessing.h"
#include "converter/onnx_import/importer.h"
#include "converter/onnx_import/read_model.h"
#include "octet_converter/converter.h"

namespace octet::converter {

namespace {

std::string type_name(int32_t type) {
  switch (type) {
    case onnx::TensorProto::FLOAT:
      return "f32";
    case onnx::TensorProto::FLOAT16:
      return "f16";
    case onnx::TensorProto::DOUBLE:
      return "f64";
    case onnx::TensorProto::UINT8:
      return "u8";
    case onnx::TensorProto::INT8:
      return "s8";
    case onnx::TensorProto::INT16:
      return "s16";
    case onnx::TensorProto::INT32:
      return "s32";
    case onnx::TensorProto::INT64:
      return "s64";
    case onnx::TensorProto::BOOL:
      return "bool";
    default:
      return "type " + std::to_string(type);
  }
}

bool is_quantizing(const onnx::NodeProto& node) {
  return node.op_type() == "QuantizeLinear" || node.op_type() == "DequantizeLinear" ||
         node.op_type().rfind("QLinear", 0) == 0;
}

InputInfo describe(const onnx::ValueInfoProto& input, const ConvertOptions& options) {
  InputInfo info;
  std::vector<std::string> symbols;
  info.name = input.name();
  info.shape = declared_shape(input, &symbols);
  info.type = type_name(input.type().tensor_type().elem_type());
  const auto given = options.shapes.find(info.name);
  if (given != options.shapes.end()) info.shape = given->second;
  const ImageAxes axes = find_image_axes(info.shape);
  info.image = axes.image;
  info.channels_last = axes.channels_last;
  return info;
}

}  // namespace

Status read_onnx_inputs(const std::string& path, const ConvertOptions& options,
                        std::vector<InputInfo>* inputs, bool* already_quantized) {
  onnx::ModelProto model;
  std::string sha256;
  OCTET_RETURN_IF_ERROR(read_model(path, &model, &sha256));
  inputs->clear();
  try {
    for (const onnx::ValueInfoProto* input : real_inputs(model.graph()))
      inputs->push_back(describe(*input, options));
  } catch (const ImportError& stop) {
    return stop.status;
  }
  const auto& nodes = model.graph().node();
  *already_quantized = std::any_of(nodes.begin(), nodes.end(), is_quantizing);
  return Status();
}

}  // namespace octet::converter
