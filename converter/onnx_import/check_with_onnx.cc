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

// The shapes that --shape gives, for the ONNX library's inference. Stored intermediate shapes may be of
// another batch size: dropped.
void set_input_shapes(const std::map<std::string, std::vector<int64_t>>& shapes, onnx::GraphProto* graph) {
  for (auto& input : *graph->mutable_input()) {
    const auto given = shapes.find(input.name());
    if (given == shapes.end() || !input.type().has_tensor_type()) continue;
    auto* shape = input.mutable_type()->mutable_tensor_type()->mutable_shape();
    shape->clear_dim();
    for (int64_t dim : given->second) shape->add_dim()->set_dim_value(dim);
  }
  graph->clear_value_info();
  for (auto& output : *graph->mutable_output())
    if (output.type().has_tensor_type()) output.mutable_type()->mutable_tensor_type()->clear_shape();
}

}  // namespace

Status check_with_onnx(const std::string& path, const Opsets& opsets,
                       const std::map<std::string, std::vector<int64_t>>& shapes, onnx::ModelProto* model,
                       Diagnostics* diagnostics) {
  const int known = newest_known_opset();
  if (opsets.onnx > known || model->ir_version() > onnx::Version::IR_VERSION) {
    diagnostics->note("import", "",
                      "opset " + std::to_string(opsets.onnx) + ", IR version " +
                          std::to_string(model->ir_version()) + ": newer than the installed ONNX library (opset " +
                          std::to_string(known) + "), whose checker was not run");
    return {};
  }
  try {
    onnx::checker::check_model(*model);
  } catch (const std::exception& error) {
    return Status(StatusCode::kInvalidModel, path + ": not a valid ONNX model: " + first_line(error.what()));
  }
  set_input_shapes(shapes, model->mutable_graph());
  try {
    onnx::shape_inference::InferShapes(*model);
  } catch (const std::exception& error) {
    diagnostics->note("import", "", "shape inference of the ONNX library failed: " + first_line(error.what()));
  }
  return {};
}

}  // namespace octet::converter
