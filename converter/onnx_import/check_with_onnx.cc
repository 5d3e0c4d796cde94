// SPDX-License-Identifier: Apache-2.0
//
// The ONNX library's own checker and shape inference, as a second opinion.
#include <onnx/checker.h>
#include <onnx/defs/schema.h>
#include <onnx/shape_inference/implementation.h>

#include <exception>

#include "converter/onnx_import/read_model.h"

namespace octet::converter {

namespace {

// The first line of a message of the library, which goes on with a dump of the node.
std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

int newest_known_opset() {
  const auto& ranges = onnx::OpSchemaRegistry::DomainToVersionRange::Instance().Map();
  const auto range = ranges.find("");
  return range == ranges.end() ? 0 : range->second.second;
}

// Stored shapes may be of another batch size: dropped before they are inferred anew.
void forget_shapes(onnx::GraphProto* graph) {
  graph->clear_value_info();
  for (auto& output : *graph->mutable_output())
    if (output.type().has_tensor_type()) output.mutable_type()->mutable_tensor_type()->clear_shape();
}

}  // namespace

Status check_with_onnx(const std::string& path, const Opsets& opsets, onnx::ModelProto* model,
                       Diagnostics* diagnostics) {
  const int known = newest_known_opset();
  if (opsets.onnx > known || model->ir_version() > onnx::Version::IR_VERSION) {
    diagnostics->note("import", "",
                      "opset " + std::to_string(opsets.onnx) + ", IR version " +
                          std::to_string(model->ir_version()) +
                          ": newer than the installed ONNX library (opset " + std::to_string(known) +
                          "), whose checker was not run");
    return {};
  }
  try {
    onnx::checker::check_model(*model);
  } catch (const std::exception& error) {
    return Status(StatusCode::kInvalidModel, path + ": not a valid ONNX model: " + first_line(error.what()));
  }
  forget_shapes(model->mutable_graph());
  try {
    onnx::shape_inference::InferShapes(*model);
  } catch (const std::exception& error) {
    diagnostics->note("import", "",
                      "shape inference of the ONNX library failed: " + first_line(error.what()));
  }
  return {};
}

}  // namespace octet::converter
