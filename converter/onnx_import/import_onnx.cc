// SPDX-License-Identifier: Apache-2.0
//
// import_onnx: file -> protobuf -> checks -> canonical graph.
#include <filesystem>
#include <set>

#include "converter/onnx_import/importer.h"
#include "converter/stages.h"

namespace octet::converter {

namespace {

using Nodes = google::protobuf::RepeatedPtrField<onnx::NodeProto>;

// Operators that nobody knows are named before the checker complains in its own words.
void check_operators(const onnx::ModelProto& model, const Nodes& nodes, const Opsets& opsets) {
  std::set<std::pair<std::string, std::string>> functions;
  for (const auto& function : model.functions()) functions.insert({function.domain(), function.name()});
  for (const onnx::NodeProto& node : nodes) {
    const std::string domain = node.domain() == "ai.onnx" ? "" : node.domain();
    if (functions.count({node.domain(), node.op_type()}) != 0) continue;
    if (find_handler(domain, node.op_type()) != nullptr) continue;
    std::string name = node.name();
    if (name.empty() && node.output_size() > 0) name = node.op_type() + "_" + node.output(0);
    int version = opsets.onnx;
    for (const auto& import : model.opset_import())
      if (import.domain() == node.domain()) version = static_cast<int>(import.version());
    throw_error(StatusCode::kUnsupported, "node '" + name + "': operator " + node.op_type() + " (" +
                                              (domain.empty() ? "ai.onnx" : domain) + ", opset " +
                                              std::to_string(version) + ") is not supported");
  }
}

// Writes what --shape gives into the model's inputs.
void apply_shapes(const std::map<std::string, Dims>& shapes, onnx::GraphProto* graph,
                  Diagnostics* diagnostics) {
  std::string known;
  for (const auto* input : real_inputs(*graph)) known += (known.empty() ? "'" : ", '") + input->name() + "'";
  for (const auto& [name, given] : shapes) {
    onnx::ValueInfoProto* input = nullptr;
    for (auto& candidate : *graph->mutable_input())
      if (candidate.name() == name) input = &candidate;
    if (input == nullptr)
      throw_error(StatusCode::kInvalidArgument,
                  "--shape " + name + ": no such input; the network has " + known);
    std::vector<std::string> symbols;
    const Dims declared = declared_shape(*input, &symbols);
    if (input->type().tensor_type().has_shape() && given.size() != declared.size())
      throw_error(StatusCode::kInvalidArgument, "--shape " + name + ": " + std::to_string(given.size()) +
                                                    " dimensions; the input has " +
                                                    std::to_string(declared.size()));
    bool differs = false;
    for (size_t i = 0; i < declared.size(); ++i)
      differs = differs || (declared[i] >= 0 && declared[i] != given[i]);
    if (differs)
      diagnostics->note(
          "import", "",
          "input '" + name + "': declared " + shape_text(declared) + ", converted as " + shape_text(given));
    auto* shape = input->mutable_type()->mutable_tensor_type()->mutable_shape();
    shape->clear_dim();
    for (int64_t dim : given) shape->add_dim()->set_dim_value(dim);
  }
}

// Every input needs a shape; said here, because ONNX's checker would only say that a field is missing.
void refuse_missing_shapes(const onnx::GraphProto& graph) {
  for (const auto* input : real_inputs(graph))
    if (input->type().has_tensor_type() && !input->type().tensor_type().has_shape())
      throw_error(StatusCode::kInvalidArgument, "input '" + input->name() + "' has no shape; give one with --shape " +
                                                    input->name() + "=1,3,224,224");
}

void import_file(const std::string& path, const std::map<std::string, Dims>& shapes, Graph* graph,
                 Diagnostics* diagnostics, std::string* sha256) {
  onnx::ModelProto model;
  throw_if_error(read_model(path, &model, sha256));
  Opsets opsets;
  throw_if_error(read_opsets(model.opset_import(), path, &opsets));
  check_operators(model, model.graph().node(), opsets);
  apply_shapes(shapes, model.mutable_graph(), diagnostics);
  refuse_missing_shapes(model.graph());
  throw_if_error(load_external_data(std::filesystem::path(path).parent_path().string(), &model));
  throw_if_error(check_with_onnx(path, opsets, &model, diagnostics));
  Importer importer(model, graph, diagnostics);
  importer.import_model(opsets);
}

}  // namespace

Status import_onnx(const std::string& path, const std::map<std::string, std::vector<int64_t>>& shapes,
                   Graph* graph, Diagnostics* diagnostics, std::string* sha256) {
  try {
    import_file(path, shapes, graph, diagnostics, sha256);
  } catch (const ImportError& error) {
    return error.status;
  } catch (const std::exception& error) {
    return Status(StatusCode::kInternal, path + ": import failed: " + error.what());
  }
  return {};
}

}  // namespace octet::converter
