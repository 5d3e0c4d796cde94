// SPDX-License-Identifier: Apache-2.0
//
// Builds small ONNX models in memory, for tests of the import:
//
//   OnnxBuilder b(13);
//   b.input("x", {1, 3, 8, 8});
//   b.node("Conv", {"x", b.floats({4, 3, 3, 3}, weights)}, {"y"}, {ints("pads", {1, 1, 1, 1})});
//   b.output("y");
//   b.save(path);
#pragma once

#include <onnx/onnx_pb.h>
#include <stdlib.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

namespace octet::testing {

using onnx::AttributeProto;
using onnx::TensorProto;

inline AttributeProto attribute(const std::string& name, AttributeProto::AttributeType type) {
  AttributeProto result;
  result.set_name(name);
  result.set_type(type);
  return result;
}
inline AttributeProto integer(const std::string& name, int64_t value) {
  AttributeProto result = attribute(name, AttributeProto::INT);
  result.set_i(value);
  return result;
}
inline AttributeProto number(const std::string& name, float value) {
  AttributeProto result = attribute(name, AttributeProto::FLOAT);
  result.set_f(value);
  return result;
}
inline AttributeProto text(const std::string& name, const std::string& value) {
  AttributeProto result = attribute(name, AttributeProto::STRING);
  result.set_s(value);
  return result;
}
inline AttributeProto ints(const std::string& name, const std::vector<int64_t>& values) {
  AttributeProto result = attribute(name, AttributeProto::INTS);
  for (int64_t value : values) result.add_ints(value);
  return result;
}
inline AttributeProto numbers(const std::string& name, const std::vector<float>& values) {
  AttributeProto result = attribute(name, AttributeProto::FLOATS);
  for (float value : values) result.add_floats(value);
  return result;
}
inline AttributeProto tensor(const std::string& name, const TensorProto& value) {
  AttributeProto result = attribute(name, AttributeProto::TENSOR);
  *result.mutable_t() = value;
  return result;
}

// A tensor with raw bytes.
template <class T>
TensorProto raw_tensor(int type, const std::vector<int64_t>& shape, const std::vector<T>& data) {
  TensorProto result;
  result.set_data_type(type);
  for (int64_t dim : shape) result.add_dims(dim);
  result.set_raw_data(std::string(reinterpret_cast<const char*>(data.data()), data.size() * sizeof(T)));
  return result;
}
inline TensorProto float_tensor(const std::vector<int64_t>& shape, const std::vector<float>& data) {
  return raw_tensor(TensorProto::FLOAT, shape, data);
}
inline TensorProto int_tensor(const std::vector<int64_t>& shape, const std::vector<int64_t>& data) {
  return raw_tensor(TensorProto::INT64, shape, data);
}

// A folder of its own that is gone when the test is over.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "octet_onnx_XXXXXX").string();
    path_ = ::mkdtemp(pattern.data()) == nullptr ? std::string() : pattern;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

inline void write_bytes(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

class OnnxBuilder {
 public:
  explicit OnnxBuilder(int opset = 13) {
    model.set_ir_version(opset < 9 ? 3 : opset < 19 ? 8 : 9);
    model.mutable_graph()->set_name("test");
    import_opset("", opset);
  }

  onnx::ModelProto model;
  onnx::GraphProto& graph() { return *model.mutable_graph(); }

  void import_opset(const std::string& domain, int version) {
    auto* import = model.add_opset_import();
    import->set_domain(domain);
    import->set_version(version);
  }

  // -1 is a dimension without a size, named d0, d1, ...
  void input(const std::string& name, const std::vector<int64_t>& shape, int type = TensorProto::FLOAT) {
    declare(graph().add_input(), name, shape, type);
  }
  // With a free shape.
  void output(const std::string& name, int type = TensorProto::FLOAT) {
    auto* info = graph().add_output();
    info->set_name(name);
    info->mutable_type()->mutable_tensor_type()->set_elem_type(type);
    info->mutable_type()->mutable_tensor_type()->mutable_shape();  // the checker wants the field
  }

  // Initialisers; they return their name.
  std::string initializer(const TensorProto& tensor, std::string name = "") {
    if (name.empty()) name = "constant" + std::to_string(graph().initializer_size());
    auto* added = graph().add_initializer();
    *added = tensor;
    added->set_name(name);
    if (model.ir_version() < 4)  // had to be inputs too
      declare(graph().add_input(), name, {tensor.dims().begin(), tensor.dims().end()}, tensor.data_type());
    return name;
  }
  std::string floats(const std::vector<int64_t>& shape, const std::vector<float>& data) {
    return initializer(float_tensor(shape, data));
  }
  std::string int64s(const std::vector<int64_t>& data) {
    return initializer(int_tensor({static_cast<int64_t>(data.size())}, data));
  }
  std::string scalar(float value) { return floats({}, {value}); }

  onnx::NodeProto& node(const std::string& op, const std::vector<std::string>& inputs,
                        const std::vector<std::string>& outputs,
                        const std::vector<AttributeProto>& attributes = {}, const std::string& domain = "") {
    onnx::NodeProto& added = *graph().add_node();
    added.set_op_type(op);
    added.set_domain(domain);
    added.set_name(op + "_" + std::to_string(graph().node_size()));
    for (const std::string& name : inputs) added.add_input(name);
    for (const std::string& name : outputs) added.add_output(name);
    for (const AttributeProto& value : attributes) *added.add_attribute() = value;
    return added;
  }

  std::string bytes() const { return model.SerializeAsString(); }
  void save(const std::string& path) const { write_bytes(path, bytes()); }

 private:
  static void declare(onnx::ValueInfoProto* info, const std::string& name, const std::vector<int64_t>& shape,
                      int type) {
    info->set_name(name);
    info->mutable_type()->mutable_tensor_type()->set_elem_type(type);
    auto* dims = info->mutable_type()->mutable_tensor_type()->mutable_shape();
    for (size_t i = 0; i < shape.size(); ++i) {
      if (shape[i] >= 0)
        dims->add_dim()->set_dim_value(shape[i]);
      else
        dims->add_dim()->set_dim_param("d" + std::to_string(i));
    }
  }
};

}  // namespace octet::testing
