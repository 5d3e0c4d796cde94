// SPDX-License-Identifier: Apache-2.0
//
// Bad input, as a person would make it: every case ends with one clear line on
// stderr, exit code 1 or 2, and no file left behind.
#include <onnx/onnx_pb.h>

#include <cstring>
#include <functional>

#include "model_generated.h"
#include "tests/testing/command.h"

namespace octet::testing {
namespace {

const char kNetwork[] = "models/octet_resnet_cifar10.onnx";

onnx::ModelProto bundled_network() {
  onnx::ModelProto model;
  EXPECT_TRUE(model.ParseFromString(read_text(source_path(kNetwork))));
  return model;
}

void write_text(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

onnx::TensorProto* first_weights(onnx::ModelProto* model) {
  for (onnx::TensorProto& tensor : *model->mutable_graph()->mutable_initializer())
    if (tensor.dims_size() == 4) return &tensor;
  return nullptr;
}

class BadInput : public ::testing::Test {
 protected:
  // Converts `onnx`; it must fail with `code` and a line that has all of `words`, and leave nothing.
  void expect_failure(const std::vector<std::string>& arguments, int code, const std::vector<std::string>& words) {
    const CommandResult result = octet_command(arguments);
    EXPECT_EQ(result.exit_code, code) << result.err;
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
    for (const std::string& word : words)
      EXPECT_NE(result.err.find(word), std::string::npos) << "'" << word << "' is not in: " << result.err;
    EXPECT_FALSE(std::filesystem::exists(output_)) << "a file was left";
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path()))
      EXPECT_EQ(entry.path().string().find("out.octet"), std::string::npos) << entry.path();
  }

  std::vector<std::string> convert(const std::string& onnx, std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {"convert", onnx, "-o", output_};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  std::vector<std::string> calibrated(const std::string& onnx) {
    return convert(onnx, {"--calibration", source_path("models/cifar10/calibration")});
  }

  std::string save(const onnx::ModelProto& model) {
    const std::string path = folder_ / "network.onnx";
    write_text(path, model.SerializeAsString());
    return path;
  }

  TemporaryFolder folder_;
  std::string output_ = folder_ / "out.octet";
};

TEST_F(BadInput, NotOnnx) {
  write_text(folder_ / "text.onnx", "this is a shopping list, not a network\n");
  expect_failure(convert(folder_ / "text.onnx"), 1, {"text.onnx"});
  write_text(folder_ / "empty.onnx", "");
  expect_failure(convert(folder_ / "empty.onnx"), 1, {"empty.onnx"});
  expect_failure(convert(folder_ / "absent.onnx"), 1, {"absent.onnx"});
  expect_failure(convert(folder_.path().string()), 1, {folder_.path().string()});
}

TEST_F(BadInput, TruncatedOnnx) {
  const std::string whole = read_text(source_path(kNetwork));
  for (const size_t length : {size_t{1}, size_t{100}, whole.size() / 2, whole.size() - 1}) {
    write_text(folder_ / "short.onnx", whole.substr(0, length));
    expect_failure(convert(folder_ / "short.onnx"), 1, {"short.onnx"});
  }
}

TEST_F(BadInput, ExternalDataMissing) {
  onnx::ModelProto model = bundled_network();
  onnx::TensorProto* weights = first_weights(&model);
  ASSERT_NE(weights, nullptr);
  weights->clear_raw_data();
  weights->clear_float_data();
  weights->set_data_location(onnx::TensorProto::EXTERNAL);
  onnx::StringStringEntryProto* entry = weights->add_external_data();
  entry->set_key("location");
  entry->set_value("weights.bin");
  expect_failure(calibrated(save(model)), 1, {"weights.bin"});
}

TEST_F(BadInput, UnsupportedOperator) {
  onnx::ModelProto model = bundled_network();
  for (onnx::NodeProto& node : *model.mutable_graph()->mutable_node())
    if (node.op_type() == "Relu") {
      node.set_op_type("Quux");
      node.set_name("the_odd_one");
      break;
    }
  expect_failure(calibrated(save(model)), 1, {"Quux", "the_odd_one", "opset"});
}

TEST_F(BadInput, DynamicShape) {
  onnx::ModelProto model = bundled_network();
  auto* type = model.mutable_graph()->mutable_input(0)->mutable_type()->mutable_tensor_type();
  type->mutable_shape()->mutable_dim(2)->set_dim_param("height");
  expect_failure(calibrated(save(model)), 1, {"--shape", model.graph().input(0).name()});
  type->clear_shape();
  expect_failure(calibrated(save(model)), 1, {"no shape", "--shape", model.graph().input(0).name()});
}

TEST_F(BadInput, NoCalibrationData) {
  expect_failure(convert(source_path(kNetwork)), 1, {"--calibration"});
  std::filesystem::create_directory(folder_ / "nothing");
  expect_failure(convert(source_path(kNetwork), {"--calibration", folder_ / "nothing"}), 1, {"nothing"});
  expect_failure(convert(source_path(kNetwork), {"--calibration", folder_ / "absent"}), 1, {"absent"});
  write_text(folder_ / "list.txt", "gone.png\n");
  expect_failure(convert(source_path(kNetwork), {"--calibration", folder_ / "list.txt"}), 1, {"gone.png"});
}

TEST_F(BadInput, UnreadableImage) {
  std::filesystem::create_directory(folder_ / "pictures");
  write_text(folder_ / "pictures/a.png", "\x89PNG\r\n\x1a\n but then nothing");
  expect_failure(convert(source_path(kNetwork), {"--calibration", folder_ / "pictures"}), 1, {"a.png"});
}

TEST_F(BadInput, WrongSizedImage) {
  // 32 x 32 pictures cannot be resized to a shorter side of 16 and then fill a 32 x 32 crop.
  expect_failure(convert(source_path(kNetwork), {"--calibration", source_path("models/cifar10/calibration"),
                                                 "--resize", "16", "--crop", "32"}),
                 1, {"16 x 16", "crop"});
  expect_failure(convert(source_path(kNetwork), {"--calibration", source_path("models/cifar10/calibration"),
                                                 "--crop", "20"}),
                 1, {"--crop", "32"});
}

TEST_F(BadInput, NotANumberInWeights) {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    onnx::ModelProto model = bundled_network();
    onnx::TensorProto* weights = first_weights(&model);
    ASSERT_NE(weights, nullptr);
    ASSERT_GT(weights->raw_data().size(), 8u);
    memcpy(&(*weights->mutable_raw_data())[4], &bad, sizeof bad);
    expect_failure(calibrated(save(model)), 1, {weights->name()});
  }
}

TEST_F(BadInput, NotANumberInSamples) {
  std::filesystem::create_directory(folder_ / "samples");
  std::vector<float> values(3 * 32 * 32, 0.5f);
  values[100] = std::numeric_limits<float>::quiet_NaN();
  write_text(folder_ / "samples/x.bin", std::string(reinterpret_cast<const char*>(values.data()), values.size() * 4));
  expect_failure(convert(source_path(kNetwork), {"--calibration", folder_ / "samples"}), 1, {"sample"});
}

TEST_F(BadInput, WrongSizedSample) {
  std::filesystem::create_directory(folder_ / "samples");
  write_text(folder_ / "samples/x.bin", std::string(100, 'x'));
  expect_failure(convert(source_path(kNetwork), {"--calibration", folder_ / "samples"}), 1, {"x.bin", "100"});
}

TEST_F(BadInput, WrongOptions) {
  const std::string network = source_path(kNetwork);
  expect_failure(convert(network, {"--frobnicate"}), 2, {"--frobnicate"});
  expect_failure(convert(network, {"--precision", "int4"}), 2, {"--precision", "int4"});
  expect_failure(convert(network, {"--mean", "1,two,3"}), 2, {"--mean", "1,two,3"});
  expect_failure(convert(network, {"--std", "1,0,1"}), 2, {"--std"});
  expect_failure(convert(network, {"--resize", "0"}), 2, {"--resize"});
  expect_failure(convert(network, {"--color", "CMYK"}), 2, {"--color", "CMYK"});
  expect_failure(convert(network, {"--shape", "image=1,3,x"}), 2, {"--shape"});
  expect_failure(convert(network, {"--shape", "1,3,32,32"}), 2, {"--shape"});
  expect_failure(convert(network, {"--threads", "0"}), 2, {"--threads"});
  expect_failure(convert(network, {"--cpu-features", "mmx"}), 2, {"mmx"});
  expect_failure({"convert", network}, 2, {"--output", "--export-qdq"});
  expect_failure({"calibrate", network}, 2, {"--output"});
  expect_failure({"transmogrify"}, 2, {"octet"});
  expect_failure({}, 2, {"octet"});
  expect_failure(convert(network, {"--mean", "1,2", "--precision", "fp32"}), 1, {"--mean", "3 channels"});
  expect_failure(convert(network, {"--precision", "fp32", "--shape", "picture=1,3,32,32"}), 1, {"picture"});
  std::vector<std::string> wrong_rounding = calibrated(network);
  wrong_rounding.insert(wrong_rounding.end(), {"--round", "upwards"});
  expect_failure(wrong_rounding, 1, {"rounding 'upwards'", "nearest", "gptq"});
  std::vector<std::string> wrong_method = calibrated(network);
  wrong_method.insert(wrong_method.end(), {"--method", "tarot"});
  expect_failure(wrong_method, 1, {"tarot", "minmax", "entropy"});
}

TEST_F(BadInput, UnwritableOutput) {
  output_ = folder_ / "no/such/folder/out.octet";
  expect_failure(convert(source_path(kNetwork), {"--precision", "fp32"}), 1, {"out.octet"});
}

class BadModel : public BadInput {
 protected:
  void SetUp() override {
    const CommandResult made =
        octet_command({"convert", source_path(kNetwork), "-o", folder_ / "good.octet", "--precision", "fp32"});
    ASSERT_EQ(made.exit_code, 0) << made.err;
  }
};

TEST_F(BadModel, NotAModel) {
  write_text(folder_ / "text.octet", "not a model");
  for (const char* command : {"bench", "inspect", "verify"}) expect_failure({command, folder_ / "text.octet"}, 1, {"text.octet"});
  expect_failure({"inspect", folder_ / "absent.octet"}, 1, {"absent.octet"});
  expect_failure({"inspect", source_path(kNetwork)}, 1, {"octet_resnet_cifar10.onnx"});
}

TEST_F(BadModel, Truncated) {
  const std::string whole = read_text(folder_ / "good.octet");
  for (const size_t length : {size_t{0}, size_t{8}, size_t{100}, whole.size() / 2, whole.size() - 1}) {
    write_text(folder_ / "short.octet", whole.substr(0, length));
    expect_failure({"inspect", folder_ / "short.octet"}, 1, {"short.octet"});
  }
}

// A valid file of another writer may lack lists and names; the C interface loads it, the command says what it misses.
TEST_F(BadModel, WithoutListsOrNames) {
  for (const bool lists : {false, true}) {
    flatbuffers::FlatBufferBuilder builder;
    builder.Pad(64);
    builder.ForceVectorAlignment(64, 1, 64);
    const std::vector<int32_t> shape = {1};
    const std::vector<flatbuffers::Offset<schema::Tensor>> tensors = {
        schema::CreateTensorDirect(builder, "x", schema::TensorType_F32, &shape)};
    const std::vector<flatbuffers::Offset<schema::Input>> inputs = {
        schema::CreateInputDirect(builder, nullptr, 0, schema::TensorType_F32, &shape)};
    const std::vector<flatbuffers::Offset<schema::Output>> outputs = {
        schema::CreateOutputDirect(builder, nullptr, 0, schema::TensorType_F32, &shape)};
    const std::vector<flatbuffers::Offset<schema::Operator>> operators;
    const std::vector<flatbuffers::Offset<schema::Buffer>> buffers = {schema::CreateBuffer(builder)};
    builder.Finish(schema::CreateModelDirect(builder, 1, &tensors, lists ? &operators : nullptr, &buffers,
                                             lists ? &inputs : nullptr, lists ? &outputs : nullptr),
                   schema::ModelIdentifier());
    write_text(folder_ / "bare.octet",
               std::string(reinterpret_cast<const char*>(builder.GetBufferPointer()), builder.GetSize()));
    for (const char* command : {"inspect", "bench", "verify"}) expect_failure({command, folder_ / "bare.octet"}, 1, {"bare.octet"});
  }
}

TEST_F(BadModel, WrongInputs) {
  const std::string model = folder_ / "good.octet";
  expect_failure({"run", model}, 2, {"--input"});
  expect_failure({"run", model, "--input", folder_ / "gone.png"}, 1, {"gone.png"});
  expect_failure({"run", model, "--input", "nobody=" + source_path("models/cifar10/classes.txt")}, 1, {"nobody"});
  expect_failure({"run", model, "--input", source_path("models/cifar10/classes.txt")}, 1, {"classes.txt"});
  expect_failure({"eval", model, "--data", folder_.path().string()}, 1, {"--labels"});
  write_text(folder_ / "labels", "a.png cat\n");
  expect_failure({"eval", model, "--data", folder_.path().string(), "--labels", folder_ / "labels"}, 1, {"line 1"});
  expect_failure({"bench", model, "--cpu-features", "sse9"}, 1, {"sse9"});
}

}  // namespace
}  // namespace octet::testing
