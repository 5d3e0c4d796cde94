// SPDX-License-Identifier: Apache-2.0
#include "tools/commands/commands.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <numeric>

namespace octet::tools {
namespace {

template <class T>
void widen(const std::vector<uint8_t>& bytes, std::vector<float>* values) {
  const size_t count = bytes.size() / sizeof(T);
  values->resize(count);
  for (size_t i = 0; i < count; ++i) {
    T value;
    memcpy(&value, bytes.data() + i * sizeof(T), sizeof(T));
    (*values)[i] = static_cast<float>(value);
  }
}

// What the commands take for granted, and a file from another writer might leave out: the lists of inputs, outputs,
// operators and tensors, and a name for each input and output.
Status check_complete(const std::string& path, const schema::Model& model) {
  const bool lists = model.inputs() && model.outputs() && model.operators() && model.tensors() && model.buffers();
  bool named = lists;
  if (lists) {
    for (const schema::Input* input : *model.inputs()) named = named && input->name() != nullptr;
    for (const schema::Output* output : *model.outputs()) named = named && output->name() != nullptr;
  }
  if (named) return Status();
  return error(StatusCode::kInvalidModel, "%s: %s; the octet command needs it", path.c_str(),
               lists ? "an input or output has no name" : "no list of inputs, outputs, operators, tensors or buffers");
}

}  // namespace

Status load_model(const std::string& path, const Arguments& arguments, const SessionOptions& options,
                  LoadedModel* loaded) {
  SessionOptions full = options;
  full.threads = static_cast<size_t>(arguments.threads);
  full.cpu_features = arguments.cpu_features;
  OCTET_RETURN_IF_ERROR(Model::load_file(path.c_str(), &loaded->model));
  OCTET_RETURN_IF_ERROR(check_complete(path, loaded->model->root()));
  return Session::create(*loaded->model, full, &loaded->session);
}

int report_error(const Status& status, bool usage) {
  fprintf(stderr, "octet: %s\n", status.message().c_str());
  return usage ? 2 : 1;
}

Status read_output_bytes(const Session& session, size_t i, std::vector<uint8_t>* bytes) {
  const schema::Output& output = *session.model().root().outputs()->Get(static_cast<unsigned>(i));
  size_t count = 1;
  if (output.shape())
    for (const int32_t dim : *output.shape()) count *= static_cast<size_t>(dim);
  bytes->resize(count * element_bytes(output.type()));
  return session.get_output(i, bytes->data(), bytes->size());
}

Status read_output_f32(const Session& session, size_t i, std::vector<float>* values) {
  std::vector<uint8_t> bytes;
  OCTET_RETURN_IF_ERROR(read_output_bytes(session, i, &bytes));
  switch (session.model().root().outputs()->Get(static_cast<unsigned>(i))->type()) {
    case schema::TensorType_F32: widen<float>(bytes, values); break;
    case schema::TensorType_S8: widen<int8_t>(bytes, values); break;
    case schema::TensorType_S16: widen<int16_t>(bytes, values); break;
    case schema::TensorType_S32: widen<int32_t>(bytes, values); break;
    case schema::TensorType_S64: widen<int64_t>(bytes, values); break;
    case schema::TensorType_U8:
    case schema::TensorType_BOOL: widen<uint8_t>(bytes, values); break;
  }
  return Status();
}

std::vector<size_t> top_indices(const std::vector<float>& values, size_t k) {
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  k = std::min(k, order.size());
  std::partial_sort(order.begin(), order.begin() + static_cast<ptrdiff_t>(k), order.end(),
                    [&](size_t a, size_t b) { return values[a] != values[b] ? values[a] > values[b] : a < b; });
  order.resize(k);
  return order;
}

std::string shape_text(const flatbuffers::Vector<int32_t>* shape) {
  std::string text = "[";
  if (shape)
    for (unsigned i = 0; i < shape->size(); ++i) text += (i ? ", " : "") + std::to_string(shape->Get(i));
  return text + "]";
}

std::string bytes_text(uint64_t bytes) {
  char text[32];
  const double value = static_cast<double>(bytes);
  if (bytes >= 1000000)
    snprintf(text, sizeof text, "%.2f MB", value / 1e6);
  else if (bytes >= 1000)
    snprintf(text, sizeof text, "%.1f KB", value / 1e3);
  else
    snprintf(text, sizeof text, "%d B", static_cast<int>(bytes));
  return text;
}

const char* type_text(TensorType type) {
  switch (type) {
    case schema::TensorType_F32: return "f32";
    case schema::TensorType_S8: return "s8";
    case schema::TensorType_U8: return "u8";
    case schema::TensorType_S16: return "s16";
    case schema::TensorType_S32: return "s32";
    case schema::TensorType_S64: return "s64";
    case schema::TensorType_BOOL: return "bool";
  }
  return "?";
}

const char* precision_text(const schema::Model& model, const schema::Operator& op) {
  const auto type_of = [&](const flatbuffers::Vector<int32_t>* list) {
    const bool present = list && list->size() > 0 && list->Get(0) >= 0;
    return present ? model.tensors()->Get(static_cast<unsigned>(list->Get(0)))->type() : schema::TensorType_F32;
  };
  if (type_of(op.inputs()) == schema::TensorType_S16 || type_of(op.outputs()) == schema::TensorType_S16)
    return type_text(schema::TensorType_S16);
  const bool boundary =
      op.type() == schema::OperatorType_Quantize || op.type() == schema::OperatorType_Dequantize;
  return type_text(boundary ? type_of(op.outputs()) : type_of(op.inputs()));
}

}  // namespace octet::tools
