// SPDX-License-Identifier: Apache-2.0
//
// convert_file with export_qdq: the written ONNX file, converted again, gives the bytes of the first
// conversion; it has no more Transposes than the network needs; what has no ONNX form is refused by name. (In
// onnxruntime: tests/onnxruntime/test_export.py.)
#include <gtest/gtest.h>

#include <algorithm>

#include "octet_converter/converter.h"
#include "runtime/model.h"
#include "runtime/session.h"
#include "tests/converter/graph_runner.h"
#include "tests/testing/onnx_builder.h"

namespace octet::testing {
namespace {

using converter::ConvertOptions;
using converter::ConvertReport;

class Samples : public converter::SampleSource {
 public:
  explicit Samples(size_t elements) : elements_(elements) {}
  size_t size() const override { return 12; }
  Status rewind() override {
    at_ = 0;
    return Status();
  }
  Status next(std::vector<std::vector<uint8_t>>* inputs, bool* done) override {
    *done = at_ == size();
    if (!*done) (*inputs)[0] = sample(at_++);
    return Status();
  }
  std::vector<uint8_t> sample(size_t index) const {
    const std::vector<float> x =
        Random(static_cast<uint32_t>(40 + index)).reals({static_cast<int64_t>(elements_)}, -2, 2);
    const auto* bytes = reinterpret_cast<const uint8_t*>(x.data());
    return std::vector<uint8_t>(bytes, bytes + x.size() * sizeof(float));
  }

 private:
  size_t elements_, at_ = 0;
};

class ExportQdq : public ::testing::Test {
 protected:
  static constexpr size_t kElements = 3 * 8 * 8;

  Status convert(const OnnxBuilder& network) {
    network.save(folder_.file("net.onnx"));
    Samples samples(kElements);
    ConvertOptions options;
    options.samples = &samples;
    options.export_qdq = folder_.file("qdq.onnx");
    return converter::convert_file(folder_.file("net.onnx"), folder_.file("net.octet"), options, &report_);
  }

  std::vector<std::vector<uint8_t>> run(const std::string& name) {
    std::unique_ptr<Model> model;
    std::unique_ptr<Session> session;
    std::vector<std::vector<uint8_t>> outputs;
    Status status = Model::load_file(folder_.file(name).c_str(), &model);
    if (status.ok()) status = Session::create(*model, SessionOptions(), &session);
    for (size_t i = 0; status.ok() && i < 4; ++i) {
      const std::vector<uint8_t> x = Samples(kElements).sample(i);
      status = session->set_input(0, x.data(), x.size());
      if (!status.ok()) break;
      session->run();
      for (size_t o = 0; status.ok() && o < session->output_count(); ++o) {
        outputs.emplace_back(session->output(o).shape.elements() * sizeof(float));
        status = session->get_output(o, outputs.back().data(), outputs.back().size());
      }
    }
    EXPECT_TRUE(status.ok()) << status.message();
    return outputs;
  }

  onnx::ModelProto exported() {
    std::ifstream file(folder_.file("qdq.onnx"), std::ios::binary);
    onnx::ModelProto model;
    EXPECT_TRUE(model.ParseFromIstream(&file));
    return model;
  }

  static size_t count(const onnx::ModelProto& model, const std::string& op) {
    return static_cast<size_t>(
        std::count_if(model.graph().node().begin(), model.graph().node().end(),
                      [&](const onnx::NodeProto& node) { return node.op_type() == op; }));
  }

  // Both conversions compute the same bytes.
  void check_round_trip(const OnnxBuilder& network, size_t transposes) {
    Status status = convert(network);
    ASSERT_TRUE(status.ok()) << status.message();
    EXPECT_LE(count(exported(), "Transpose"), transposes);
    ConvertOptions again;
    ConvertReport report;
    status = converter::convert_file(folder_.file("qdq.onnx"), folder_.file("again.octet"), again, &report);
    ASSERT_TRUE(status.ok()) << status.message();
    EXPECT_EQ(report.float_operators, report_.float_operators);
    EXPECT_EQ(run("net.octet"), run("again.octet"));
  }

  TemporaryFolder folder_;
  ConvertReport report_;
};

class Network {
 public:
  Network() : b(17), random_(77) { b.input("image", {1, 3, 8, 8}); }
  OnnxBuilder b;

  std::string floats(const std::vector<int64_t>& shape, float scale = 0.5f) {
    return b.floats(shape, random_.reals(shape, -scale, scale));
  }
  std::string node(const std::string& op, const std::vector<std::string>& inputs,
                   const std::vector<AttributeProto>& attributes = {}) {
    const std::string name = "v" + std::to_string(b.graph().node_size());
    b.node(op, inputs, {name}, attributes);
    return name;
  }
  std::string conv(const std::string& x, int64_t out, int64_t in, int64_t group = 1) {
    return node("Conv", {x, floats({out, in / group, 3, 3}), floats({out})},
                {ints("pads", {1, 1, 1, 1}), integer("group", group)});
  }

 private:
  Random random_;
};

TEST_F(ExportQdq, ConvolutionsNeedNoTranspose) {
  Network n;
  std::string x = n.node("Relu", {n.conv("image", 8, 3)});
  std::string y = n.node("Clip", {n.conv(x, 8, 8, 8), n.b.scalar(0), n.b.scalar(6)});
  y = n.node("Clip", {n.conv(y, 8, 8), n.b.scalar(-0.5f), n.b.scalar(0.7f)});
  x = n.node("Add", {x, y});
  x = n.node("MaxPool", {x}, {ints("kernel_shape", {2, 2}), ints("strides", {2, 2})});
  x = n.node("HardSwish", {n.conv(x, 8, 8)});
  x = n.node("PRelu", {n.conv(x, 8, 8), n.floats({8, 1, 1})});
  x = n.node("Mul", {x, n.floats({1, 8, 1, 1})});
  x = n.node("Concat", {x, n.node("Sigmoid", {x})}, {integer("axis", 1)});
  x = n.node("AveragePool", {x}, {ints("kernel_shape", {3, 3}), ints("pads", {1, 1, 1, 1})});
  x = n.node("GlobalAveragePool", {x});
  x = n.node("Flatten", {x});
  n.b.node("Gemm", {x, n.floats({16, 5}), n.floats({5})}, {"logits"});
  n.b.output("logits");
  check_round_trip(n.b, 0);
  const onnx::ModelProto model = exported();
  EXPECT_EQ(count(model, "Clip"), 1u);  // those that the rounding makes are left out
  EXPECT_EQ(model.graph().output(0).name(), "logits");
  EXPECT_EQ(model.graph().input(0).name(), "image");
}

TEST_F(ExportQdq, MovementAndOtherRanks) {
  Network n;
  std::string x = n.conv("image", 8, 3);
  x = n.node("Slice", {x, n.b.int64s({6, 7}), n.b.int64s({1, -9}), n.b.int64s({1, 3}), n.b.int64s({-1, -2})});
  x = n.node("Pad", {x, n.b.int64s({0, 1, 0, 0, 0, 2, 1, 0})});
  x = n.node("Resize", {x, "", n.b.floats({4}, {1, 1, 2, 2})}, {text("mode", "linear")});
  x = n.node("ConvTranspose", {x, n.floats({8, 2, 2, 2}), n.floats({4})},
             {ints("strides", {2, 2}), integer("group", 2)});
  x = n.node("ConvTranspose", {x, n.floats({4, 6, 2, 2})}, {ints("strides", {2, 2})});
  x = n.node("Reshape", {x, n.b.int64s({1, 6, -1})});
  x = n.node("Transpose", {x}, {ints("perm", {0, 2, 1})});
  x = n.node("Add", {n.node("MatMul", {x, n.floats({6, 4})}), n.floats({4})});
  x = n.node("ReduceMean", {x}, {ints("axes", {1}), integer("keepdims", 0)});
  n.b.node("Softmax", {x}, {"y"}, {integer("axis", -1)});
  n.b.output("y");
  check_round_trip(n.b, 3);
}

TEST_F(ExportQdq, FloatIslandsAreWrittenToo) {
  Network n;
  std::string x = n.node("Exp", {n.conv("image", 8, 3)});
  x = n.node("Mul", {x, n.b.scalar(0.1f)});
  x = n.node("LRN", {x}, {integer("size", 3)});
  x = n.conv(x, 4, 8);
  n.b.node("TopK", {n.node("Flatten", {x}), n.b.int64s({3})}, {"values", "indices"});
  n.b.output("values");
  check_round_trip(n.b, 1);
}

TEST_F(ExportQdq, WhatHasNoOnnxFormIsRefusedByName) {
  Network n;
  std::string x = n.node("Reshape", {n.conv("image", 4, 3), n.b.int64s({1, -1, 4})});
  const std::string scores = n.node("Reshape", {x, n.b.int64s({1, 4, -1})});
  n.b.node("NonMaxSuppression", {x, scores, n.b.initializer(int_tensor({}, {5}))}, {"boxes"}).set_name("nms");
  n.b.output("boxes", TensorProto::INT64);
  const Status status = convert(n.b);
  ASSERT_FALSE(status.ok());
  EXPECT_NE(std::string(status.message()).find("'nms'"), std::string::npos) << status.message();
  EXPECT_NE(std::string(status.message()).find("--export-qdq"), std::string::npos) << status.message();
  EXPECT_FALSE(std::filesystem::exists(folder_.file("qdq.onnx")));
}

}  // namespace
}  // namespace octet::testing
