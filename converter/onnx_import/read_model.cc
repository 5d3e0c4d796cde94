// SPDX-License-Identifier: Apache-2.0
//
// Reads an ONNX file: the bytes, their hash, the protobuf, its operator sets.
#include "converter/onnx_import/read_model.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/stubs/logging.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <limits>
#include <memory>
#include <vector>

#include "converter/onnx_import/sha256.h"

namespace octet::converter {

namespace {

Status not_onnx(const std::string& path, const std::string& reason) {
  return Status(StatusCode::kInvalidModel, path + ": not an ONNX model: " + reason);
}

Status read_bytes(const std::string& path, std::vector<uint8_t>* bytes) {
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  const std::unique_ptr<std::FILE, Close> file(std::fopen(path.c_str(), "rb"));
  if (!file) return Status(StatusCode::kIoError, path + ": cannot open: " + std::strerror(errno));
  std::vector<uint8_t> chunk(1 << 20);
  size_t got = 0;
  while ((got = std::fread(chunk.data(), 1, chunk.size(), file.get())) > 0)
    bytes->insert(bytes->end(), chunk.data(), chunk.data() + got);
  if (std::ferror(file.get()) != 0)
    return Status(StatusCode::kIoError, path + ": cannot read: " + std::strerror(errno));
  return {};
}

}  // namespace

Status read_model(const std::string& path, onnx::ModelProto* model, std::string* sha256) {
  std::vector<uint8_t> bytes;
  OCTET_RETURN_IF_ERROR(read_bytes(path, &bytes));
  if (bytes.empty()) return not_onnx(path, "the file is empty");
  if (bytes.size() > static_cast<size_t>(std::numeric_limits<int>::max()))
    return not_onnx(path, "protobuf ends at 2 GB; keep the weights in external files");
  if (sha256 != nullptr) *sha256 = sha256_hex(bytes.data(), bytes.size());

  google::protobuf::SetLogHandler(nullptr);  // its lines would stand beside ours on stderr
  google::protobuf::io::CodedInputStream stream(bytes.data(), static_cast<int>(bytes.size()));
  stream.SetTotalBytesLimit(std::numeric_limits<int>::max());
  if (!model->ParseFromCodedStream(&stream) || !stream.ConsumedEntireMessage())
    return not_onnx(path, "it is not valid protobuf (truncated, or another format)");
  if (!model->has_graph()) return not_onnx(path, "it holds no graph");
  if (model->ir_version() < 3)
    return not_onnx(path, "IR version " + std::to_string(model->ir_version()) + "; must be at least 3");
  if (model->opset_import_size() == 0) return not_onnx(path, "it names no operator set (truncated?)");
  if (model->graph().output_size() == 0) return not_onnx(path, "its graph has no output");
  return {};
}

Status read_opsets(const google::protobuf::RepeatedPtrField<onnx::OperatorSetIdProto>& imports,
                   const std::string& where, Opsets* opsets) {
  *opsets = {};
  for (const auto& import : imports) {
    const int version = static_cast<int>(std::min<int64_t>(import.version(), 1 << 30));
    if (import.domain().empty() || import.domain() == "ai.onnx") opsets->onnx = version;
    if (import.domain() == "com.microsoft") opsets->microsoft = version;
  }
  if (opsets->onnx == 0 && opsets->microsoft != 0) return {};  // a function of com.microsoft operators alone
  if (opsets->onnx < 7 || opsets->onnx > 21)
    return Status(StatusCode::kUnsupported, where + ": ai.onnx opset " + std::to_string(opsets->onnx) +
                                                " is not supported; 7 to 21 are");
  if (opsets->microsoft > 1)
    return Status(
        StatusCode::kUnsupported,
        where + ": com.microsoft opset " + std::to_string(opsets->microsoft) + " is not supported; 1 is");
  return {};
}

}  // namespace octet::converter
