// SPDX-License-Identifier: Apache-2.0
//
// Tensors in files beside the model: (location, offset, length) becomes raw_data.
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>

#include "converter/onnx_import/import_error.h"
#include "converter/onnx_import/read_model.h"
#include "converter/onnx_import/read_tensor.h"

namespace octet::converter {

namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse(const onnx::TensorProto& tensor, const std::string& reason) {
  throw_error(StatusCode::kInvalidModel, "tensor '" + tensor.name() + "': external data: " + reason);
}

// The folder's own file, not one that a path of a stranger's model leads to.
fs::path resolve(const onnx::TensorProto& tensor, const fs::path& folder, const std::string& location) {
  const fs::path relative(location);
  if (location.empty()) refuse(tensor, "no location");
  if (relative.is_absolute())
    refuse(tensor, "absolute path '" + location + "'; must be relative to the model");
  for (const fs::path& part : relative)
    if (part == "..") refuse(tensor, "path '" + location + "' leaves the model's folder");
  std::error_code code;
  const fs::path base = fs::weakly_canonical(folder.empty() ? fs::path(".") : folder, code);
  const fs::path full = fs::weakly_canonical(base / relative, code);
  const auto mismatch = std::mismatch(base.begin(), base.end(), full.begin(), full.end());
  if (mismatch.first != base.end()) refuse(tensor, "path '" + location + "' leaves the model's folder");
  if (!fs::is_regular_file(full, code)) refuse(tensor, "file '" + full.string() + "' is missing");
  return full;
}

uint64_t parse_number(const onnx::TensorProto& tensor, const std::string& key, const std::string& text) {
  uint64_t number = 0;
  for (char digit : text) {
    if (digit < '0' || digit > '9' || number > (uint64_t{1} << 58)) refuse(tensor, key + " '" + text + "'");
    number = number * 10 + static_cast<uint64_t>(digit - '0');
  }
  return number;
}

void load(const fs::path& folder, onnx::TensorProto* tensor) {
  if (tensor->data_location() != onnx::TensorProto::EXTERNAL) return;
  std::map<std::string, std::string> entries;
  for (const auto& entry : tensor->external_data()) entries[entry.key()] = entry.value();
  const fs::path file = resolve(*tensor, folder, entries["location"]);
  std::error_code code;
  const uint64_t size = fs::file_size(file, code);
  const uint64_t offset = parse_number(*tensor, "offset", entries["offset"]);
  uint64_t length = expected_raw_bytes(*tensor);
  if (entries.count("length") != 0 && parse_number(*tensor, "length", entries["length"]) != length)
    refuse(*tensor, "length " + entries["length"] + "; its shape needs " + std::to_string(length) + " bytes");
  if (offset > size || length > size - offset)
    refuse(*tensor, "bytes " + std::to_string(offset) + " to " + std::to_string(offset + length) + " of '" +
                        file.string() + "', which has " + std::to_string(size));
  std::ifstream stream(file, std::ios::binary);
  std::string data(length, '\0');
  stream.seekg(static_cast<std::streamoff>(offset));
  stream.read(data.data(), static_cast<std::streamsize>(length));
  if (!stream) refuse(*tensor, "cannot read '" + file.string() + "'");
  tensor->set_raw_data(std::move(data));
  tensor->clear_external_data();
  tensor->clear_data_location();
}

void load_nodes(const fs::path& folder, google::protobuf::RepeatedPtrField<onnx::NodeProto>* nodes);

void load_graph(const fs::path& folder, onnx::GraphProto* graph) {
  for (auto& tensor : *graph->mutable_initializer()) load(folder, &tensor);
  load_nodes(folder, graph->mutable_node());
}

void load_nodes(const fs::path& folder, google::protobuf::RepeatedPtrField<onnx::NodeProto>* nodes) {
  for (auto& node : *nodes)
    for (auto& attribute : *node.mutable_attribute()) {
      if (attribute.has_t()) load(folder, attribute.mutable_t());
      for (auto& tensor : *attribute.mutable_tensors()) load(folder, &tensor);
      if (attribute.has_g()) load_graph(folder, attribute.mutable_g());
      for (auto& graph : *attribute.mutable_graphs()) load_graph(folder, &graph);
    }
}

}  // namespace

Status load_external_data(const std::string& folder, onnx::ModelProto* model) {
  try {
    load_graph(folder, model->mutable_graph());
    for (auto& function : *model->mutable_functions()) load_nodes(folder, function.mutable_node());
  } catch (const ImportError& error) {
    return error.status;
  }
  return {};
}

}  // namespace octet::converter
