// SPDX-License-Identifier: Apache-2.0
//
// An ONNX network as reference: onnx_reference.py runs in a Python that has onnxruntime, and writes each
// sample's tensors into a pipe, from which they are read one sample at a time.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tools/layers/reference.h"

namespace octet::tools {
namespace {

constexpr char kScript[] =
#include "onnx_reference.py.inc"
    ;
constexpr uint32_t kEnd = 0xffffffff, kLongestName = 1 << 16, kMostElements = 1u << 30;

const char* numpy_type(TensorType type) {
  switch (type) {
    case schema::TensorType_F32:
      return "float32";
    case schema::TensorType_S8:
      return "int8";
    case schema::TensorType_U8:
      return "uint8";
    case schema::TensorType_S16:
      return "int16";
    case schema::TensorType_S32:
      return "int32";
    case schema::TensorType_S64:
      return "int64";
    case schema::TensorType_BOOL:
      return "bool";
  }
  return "float32";
}

// For a POSIX shell.
std::string shell_quoted(const std::string& text) {
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? "'\\''" : std::string(1, c);
  return result + "'";
}

class OnnxReference : public Reference {
 public:
  ~OnnxReference() override {
    if (pipe_ != nullptr) pclose(pipe_);
    std::error_code ignored;
    if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
  }

  Status open(const ReferenceTask& task) {
    std::string pattern = (std::filesystem::temp_directory_path() / "octet_onnx_XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr)
      return error(StatusCode::kIoError, "%s: cannot make a folder", pattern.c_str());
    folder_ = pattern;
    OCTET_RETURN_IF_ERROR(write_task(task));
    const char* variable = std::getenv("OCTET_PYTHON");
    const Arguments& arguments = task.arguments;
    python_ = !arguments.python.empty() ? arguments.python : variable != nullptr ? variable : "python3";
    network_ = arguments.reference;
    const std::string line = shell_quoted(python_) + " " + shell_quoted(folder_ + "/onnx_reference.py") +
                             " " + shell_quoted(network_) + " " + shell_quoted(folder_) + " 2>" +
                             shell_quoted(folder_ + "/errors");
    pipe_ = popen(line.c_str(), "r");
    return pipe_ != nullptr ? Status() : failed();
  }

  Status next(NamedTensors* tensors) override {
    tensors->clear();
    for (;;) {
      uint32_t length = 0, rank = 0;
      if (!read(&length, 4)) return failed();
      if (length == kEnd) return Status();
      if (length > kLongestName) return failed();
      std::string name(length, ' ');
      if (!read(name.data(), length) || !read(&rank, 4) || rank > 16) return failed();
      NamedTensor& tensor = (*tensors)[name];
      uint64_t elements = 1;
      for (uint32_t i = 0; i < rank; ++i) {
        uint32_t dim = 0;
        if (!read(&dim, 4)) return failed();
        tensor.shape.push_back(dim);
        elements *= dim;
        if (elements > kMostElements) return failed();
      }
      tensor.values.resize(elements);
      if (!read(tensor.values.data(), elements * sizeof(float))) return failed();
    }
  }

 private:
  bool read(void* data, size_t bytes) { return std::fread(data, 1, bytes, pipe_) == bytes; }

  Status write_task(const ReferenceTask& task) {
    std::ofstream(folder_ + "/onnx_reference.py") << kScript;
    nlohmann::json json = {
        {"inputs", nlohmann::json::array()}, {"samples", task.paths.size()}, {"names", task.names}};
    for (const InputSpec& spec : task.specs)
      json["inputs"].push_back(
          {{"name", spec.name}, {"dtype", numpy_type(spec.type)}, {"shape", spec.shape}});
    std::ofstream(folder_ + "/task.json") << json.dump();
    for (size_t s = 0; s < task.paths.size(); ++s) {
      std::vector<InputData> data;
      OCTET_RETURN_IF_ERROR(read_sample(task.paths[s], task.specs, &data));
      for (size_t i = 0; i < data.size(); ++i) {
        std::vector<uint8_t> bytes;
        declared_bytes(task.specs[i], data[i], &bytes);
        std::ofstream file(folder_ + "/" + std::to_string(s) + "_" + std::to_string(i) + ".bin",
                           std::ios::binary);
        file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
        if (!file) return error(StatusCode::kIoError, "%s: cannot write", folder_.c_str());
      }
    }
    return Status();
  }

  // The last line that Python said.
  Status failed() {
    if (pipe_ != nullptr) pclose(pipe_);
    pipe_ = nullptr;
    std::ifstream errors(folder_ + "/errors");
    std::string last;
    for (std::string line; std::getline(errors, line);)
      if (!line.empty()) last = line;
    return error(StatusCode::kIoError,
                 "--reference %s: %s could not run it: %s; it needs a Python with onnxruntime and onnx "
                 "(--python PATH or "
                 "OCTET_PYTHON), or convert the network with --precision fp32 and compare with that",
                 network_.c_str(), python_.c_str(), last.c_str());
  }

  std::string folder_, python_, network_;
  FILE* pipe_ = nullptr;
};

}  // namespace

Status open_onnx_reference(const ReferenceTask& task, std::unique_ptr<Reference>* reference) {
  auto opened = std::make_unique<OnnxReference>();
  OCTET_RETURN_IF_ERROR(opened->open(task));
  *reference = std::move(opened);
  return Status();
}

}  // namespace octet::tools
