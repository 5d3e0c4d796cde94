// SPDX-License-Identifier: Apache-2.0
//
// octet inspect: what is in a model, and which kernel each operator gets on this CPU.
#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "converter/onnx_import/sha256.h"
#include "tools/commands/commands.h"
#include "tools/commands/selection.h"

namespace octet::tools {
namespace {

using Json = nlohmann::ordered_json;

std::string text(const flatbuffers::String* string) { return string ? string->str() : ""; }

std::vector<int> shape_of(const flatbuffers::Vector<int32_t>* shape) {
  return shape ? std::vector<int>(shape->begin(), shape->end()) : std::vector<int>();
}

template <class Port>
Json port_json(const Port& port, const Tensor& tensor) {
  Json json = {{"name", text(port.name())}, {"type", type_text(port.type())}, {"shape", shape_of(port.shape())}};
  json["tensor_type"] = type_text(tensor.type);
  json["tensor_shape"] = std::vector<int>(tensor.shape.dims, tensor.shape.dims + tensor.shape.rank);
  if (tensor.scale != 0) {
    json["scale"] = tensor.scale;
    json["zero_point"] = tensor.zero_point;
  }
  return json;
}

// The tensor's name; a constant without one is called by its index, an absent tensor is empty.
std::string tensor_name(const schema::Model& model, int32_t index) {
  if (index < 0) return "";
  const std::string name = text(model.tensors()->Get(static_cast<unsigned>(index))->name());
  return name.empty() ? "constant " + std::to_string(index) : name;
}

// Names of the tensors of an operator.
Json tensor_names(const schema::Model& model, const flatbuffers::Vector<int32_t>* indices) {
  Json names = Json::array();
  if (indices)
    for (const int32_t index : *indices)
      names.push_back(tensor_name(model, index));
  return names;
}

uint64_t weights_bytes(const schema::Model& model) {
  if (model.facts()) return model.facts()->weights_bytes();
  uint64_t total = 0;
  for (const schema::Buffer* buffer : *model.buffers()) total += buffer->data() ? buffer->data()->size() : 0;
  return total;
}

// Of the constants that an operator reads, in the file.
uint64_t constant_bytes(const Session& session, const schema::Operator& op) {
  uint64_t total = 0;
  if (op.inputs())
    for (const int32_t index : *op.inputs())
      if (index >= 0 && session.tensor(static_cast<size_t>(index)).is_constant())
        total += session.tensor(static_cast<size_t>(index)).bytes;
  return total;
}

Json to_json(const LoadedModel& loaded) {
  const schema::Model& model = loaded.model->root();
  const Session& session = *loaded.session;
  Json json;
  json["schema_version"] = model.version();
  json["inputs"] = Json::array();
  json["outputs"] = Json::array();
  for (const schema::Input* input : *model.inputs())
    json["inputs"].push_back(port_json(*input, session.tensor(input->tensor())));
  for (const schema::Output* output : *model.outputs())
    json["outputs"].push_back(port_json(*output, session.tensor(output->tensor())));
  json["operators"] = Json::array();
  json["float_operators"] = Json::array();
  for (unsigned i = 0; i < model.operators()->size(); ++i) {
    const schema::Operator& op = *model.operators()->Get(i);
    const std::string precision = precision_text(model, op);
    json["operators"].push_back({{"index", i},
                                 {"type", schema::EnumNameOperatorType(op.type())},
                                 {"name", text(op.name())},
                                 {"precision", precision},
                                 {"inputs", tensor_names(model, op.inputs())},
                                 {"outputs", tensor_names(model, op.outputs())},
                                 {"kernel", session.kernel_name(static_cast<int>(i))},
                                 {"passed_over", nullptr},
                                 {"items", session.items(static_cast<int>(i))},
                                 {"macs", op.macs()},
                                 {"weights_bytes", constant_bytes(session, op)},
                                 {"packed_bytes", session.packed_bytes(static_cast<int>(i))}});
    if (const char* name = session.passed_over(static_cast<int>(i))) json["operators"].back()["passed_over"] = name;
    if (precision == "f32")
      json["float_operators"].push_back({{"name", text(op.name())},
                                         {"type", schema::EnumNameOperatorType(op.type())},
                                         {"reason", text(op.float_reason())}});
  }
  json["weights_bytes"] = weights_bytes(model);
  json["arena_bytes"] = session.arena_bytes();
  json["packed_weight_bytes"] = session.packed_bytes();
  json["cpu_features"] = kernels::cpu_feature_names(session.cpu_features());
  json["macs"] = model.facts() ? model.facts()->macs() : 0;
  json["sha256"] = converter::sha256_hex(loaded.model->data(), loaded.model->bytes());
  if (const schema::Provenance* provenance = model.provenance())
    json["provenance"] = {{"source", text(provenance->source_name())},
                          {"source_sha256", text(provenance->source_sha256())},
                          {"converter", text(provenance->converter_version())},
                          {"options", text(provenance->options())}};
  return json;
}

template <class Port>
void print_port(const char* label, const Port& port, const Tensor& tensor) {
  printf("%-8s %s %s %s", label, text(port.name()).c_str(), type_text(port.type()), shape_text(port.shape()).c_str());
  if (tensor.scale != 0)
    printf(", held as %s with scale %g, zero point %d", type_text(tensor.type), static_cast<double>(tensor.scale),
           tensor.zero_point);
  printf("\n");
}

// One line for each operator; returns how many run in float.
size_t print_operators(const schema::Model& model, const Session& session) {
  printf("\n%5s  %-18s %-5s %-28s %10s %10s  %s\n", "index", "operator", "type", "name", "weights", "packed", "kernel");
  size_t floats = 0;
  for (unsigned i = 0; i < model.operators()->size(); ++i) {
    const schema::Operator& op = *model.operators()->Get(i);
    const int index = static_cast<int>(i);
    const char* precision = precision_text(model, op);
    const char* passed_over = session.passed_over(index);
    floats += std::string(precision) == "f32";
    printf("%5u  %-18s %-5s %-28.28s %10s %10s  %s%s%s%s\n", i, schema::EnumNameOperatorType(op.type()), precision,
           text(op.name()).c_str(), bytes_text(constant_bytes(session, op)).c_str(),
           bytes_text(session.packed_bytes(index)).c_str(), session.kernel_name(index), passed_over ? "; " : "",
           passed_over ? passed_over : "", passed_over ? " does not pay" : "");
  }
  return floats;
}

// How much longer `threads` threads take on an operator of so many items than if they could share it evenly.
double imbalance(size_t items, size_t threads) {
  return static_cast<double>((items + threads - 1) / threads * threads) / static_cast<double>(items) - 1;
}

// One line: what uneven shares of the convolutions cost, on average over their MACs and in the worst operator of
// those with at least 1% of the MACs.
void print_balance(const schema::Model& model, const Session& session) {
  double total = 0;
  for (const schema::Operator* op : *model.operators()) total += static_cast<double>(op->macs());
  printf("balance  cost of uneven shares, mean (worst operator):");
  for (size_t threads = 2; threads <= 8; ++threads) {
    double sum = 0, worst = 0;
    for (unsigned i = 0; i < model.operators()->size(); ++i) {
      const size_t items = session.items(static_cast<int>(i));
      const double part = static_cast<double>(model.operators()->Get(i)->macs()) / std::max(total, 1.0);
      if (items == 0) continue;
      sum += part * imbalance(items, threads);
      if (part >= 0.01) worst = std::max(worst, imbalance(items, threads));
    }
    printf("%s %zu threads %.1f%% (%.0f%%)", threads > 2 ? "," : "", threads, 100 * sum, 100 * worst);
  }
  printf("\n");
}

void print_text(const Arguments& arguments, const LoadedModel& loaded) {
  const schema::Model& model = loaded.model->root();
  const Session& session = *loaded.session;
  printf("%s, schema version %u, %s\n", arguments.model.c_str(), model.version(),
         bytes_text(loaded.model->bytes()).c_str());
  printf("sha256   %s\n", converter::sha256_hex(loaded.model->data(), loaded.model->bytes()).c_str());
  if (const schema::Provenance* provenance = model.provenance())
    printf("from     %s (sha256 %.16s...), converter %s\n", text(provenance->source_name()).c_str(),
           text(provenance->source_sha256()).c_str(), text(provenance->converter_version()).c_str());
  for (const schema::Input* input : *model.inputs()) print_port("input", *input, session.tensor(input->tensor()));
  for (const schema::Output* output : *model.outputs())
    print_port("output", *output, session.tensor(output->tensor()));
  printf("sizes    weights %s, packed %s, arena %s, %.2f million MACs\n", bytes_text(weights_bytes(model)).c_str(),
         bytes_text(session.packed_bytes()).c_str(), bytes_text(session.arena_bytes()).c_str(),
         model.facts() ? static_cast<double>(model.facts()->macs()) / 1e6 : 0.0);
  printf("kernels  for %s\n", kernels::cpu_feature_names(session.cpu_features()).c_str());
  if (arguments.verbose) print_balance(model, session);
  const size_t floats = print_operators(model, session);
  printf("\n%zu of %u operators run in float\n", floats, model.operators()->size());
  for (const schema::Operator* op : *model.operators())
    if (op->float_reason() && op->float_reason()->size() > 0)
      printf("  %s '%s': %s\n", schema::EnumNameOperatorType(op->type()), text(op->name()).c_str(),
             op->float_reason()->c_str());
}

}  // namespace

int run_inspect(const Arguments& arguments) {
  LoadedModel loaded;
  const Status status = load_model(arguments.model, arguments, SessionOptions(), &loaded);
  if (!status.ok()) return report_error(status);
  if (arguments.operators)
    printf("%s\n", selection_text(loaded.model->root()).c_str());
  else if (arguments.json)
    printf("%s\n", to_json(loaded).dump(2, ' ', false, Json::error_handler_t::replace).c_str());
  else
    print_text(arguments, loaded);
  return 0;
}

}  // namespace octet::tools
