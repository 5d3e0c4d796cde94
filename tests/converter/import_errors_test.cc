// SPDX-License-Identifier: Apache-2.0
//
// Bad input: what is no ONNX model, is cut short, lacks data, or cannot be converted. Each
// is one clear message, and never a crash.
#include <cmath>
#include <limits>
#include <random>

#include "converter/onnx_import/sha256.h"
#include "tests/converter/onnx_runner.h"

namespace octet::testing {
namespace {

// The message of a failed import of these bytes; "" if it succeeds.
std::string import_bytes(const std::string& bytes) {
  const TemporaryFolder folder;
  write_bytes(folder.file("m.onnx"), bytes);
  Imported imported;
  import_file(folder.file("m.onnx"), {}, &imported);
  return imported.status.message();
}

OnnxBuilder small_network() {
  OnnxBuilder b(13);
  b.input("x", {1, 2, 4, 4});
  b.node("Conv", {"x", b.floats({2, 2, 3, 3}, std::vector<float>(36, 0.5f))}, {"c"});
  b.node("Relu", {"c"}, {"y"});
  b.output("y");
  return b;
}

void expect_error(const OnnxBuilder& builder, const std::vector<std::string>& parts,
                  const Shapes& shapes = {}) {
  const Imported imported = import_model(builder, shapes);
  EXPECT_FALSE(imported.status.ok());
  EXPECT_NE(imported.status.code(), StatusCode::kInternal) << imported.status.message();
  EXPECT_EQ(imported.status.message().find('\n'), std::string::npos)
      << "one line: " << imported.status.message();
  for (const std::string& part : parts)
    EXPECT_NE(imported.status.message().find(part), std::string::npos)
        << "'" << part << "' is not in: " << imported.status.message();
}

TEST(NotOnnx, EmptyMissingAndForeignFiles) {
  EXPECT_NE(import_bytes("").find("not an ONNX model: the file is empty"), std::string::npos);
  EXPECT_NE(import_bytes("\x89PNG\r\n\x1a\n and so on").find("not an ONNX model"), std::string::npos);
  EXPECT_NE(import_bytes("hello, world\n").find("not an ONNX model"), std::string::npos);
  Imported imported;
  import_file("/nowhere/at/all.onnx", {}, &imported);
  EXPECT_EQ(imported.status.code(), StatusCode::kIoError);
  EXPECT_NE(imported.status.message().find("/nowhere/at/all.onnx"), std::string::npos);
}

TEST(NotOnnx, CutShortAnywhere) {
  const std::string bytes = small_network().bytes();
  ASSERT_EQ(import_bytes(bytes), "");
  for (size_t length = 0; length < bytes.size(); ++length)
    EXPECT_NE(import_bytes(bytes.substr(0, length)), "") << "of " << bytes.size() << " bytes " << length;
}

TEST(NotOnnx, ChangedBytesNeverCrash) {
  const std::string bytes = small_network().bytes();
  const uint32_t seed = 7;
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 200; ++round) {
    std::string changed = bytes;
    for (int i = 0; i < 1 + round % 4; ++i) changed[random() % changed.size()] = static_cast<char>(random());
    import_bytes(changed);  // whatever it says
  }
  for (int round = 0; round < 100; ++round) {
    std::string noise(random() % 300, '\0');
    for (char& byte : noise) byte = static_cast<char>(random());
    EXPECT_NE(import_bytes(noise), "");
  }
}

TEST(Hash, Sha256) {
  const auto hash = [](const std::string& text) {
    return converter::sha256_hex(reinterpret_cast<const uint8_t*>(text.data()), text.size());
  };
  // FIPS 180-4's examples, and one million letters a.
  EXPECT_EQ(hash(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hash("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hash("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(hash(std::string(1000000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  const OnnxBuilder b = small_network();
  EXPECT_EQ(import_model(b).sha256, hash(b.bytes()));
}

TEST(Refused, OperatorsByName) {
  OnnxBuilder b = small_network();
  b.node("Einsum", {"x", "x"}, {"z"}, {text("equation", "a,b->c")}).set_name("my_einsum");
  expect_error(b, {"node 'my_einsum'", "operator Einsum", "ai.onnx", "opset 13", "not supported"});
  OnnxBuilder other = small_network();
  other.import_opset("acme", 3);
  other.node("Magic", {"x"}, {"z"}, {}, "acme").set_name("m");
  expect_error(other, {"node 'm'", "operator Magic", "acme", "opset 3"});
  for (const char* op : {"Loop", "Scan", "SequenceEmpty"}) {
    OnnxBuilder control = small_network();
    control.node(op, {"x"}, {"z"}).set_name("n");
    expect_error(control, {"node 'n'", op, "opset 13"});
  }
}

TEST(Refused, ThreeDimensionalConvolution) {
  OnnxBuilder b(13);
  b.input("x", {1, 1, 2, 2, 2});
  b.node("Conv", {"x", b.floats({1, 1, 1, 1, 1}, {1})}, {"y"});
  b.output("y");
  expect_error(b, {"Conv", "3-D"});
}

TEST(Refused, ValuesThatAreComputed) {
  OnnxBuilder b(13);
  b.input("x", {2, 3});
  b.input("shape", {2}, TensorProto::INT64);
  b.node("Reshape", {"x", "shape"}, {"y"});
  b.output("y");
  expect_error(b, {"Reshape", "shape ('shape')", "must be constant"});
  OnnxBuilder c(13);
  c.input("x", {1, 1, 4, 4});
  c.input("w", {1, 1, 1, 1});
  c.node("Conv", {"x", "w"}, {"y"});
  c.output("y");
  expect_error(c, {"Conv", "weights"});
  OnnxBuilder d(13);
  d.input("x", {4});
  d.node("DynamicQuantizeLinear", {"x"}, {"y", "s", "z"});
  d.output("y", TensorProto::UINT8);
  expect_error(d, {"output 'y'", "uint8", "dynamic quantization"});
}

TEST(Refused, TrainingAndUnknownAttributes) {
  OnnxBuilder b(15);
  b.input("x", {1, 1, 1, 1});
  const std::string one = b.floats({1}, {1});
  b.node("BatchNormalization", {"x", one, one, one, one}, {"y", "m", "v"}, {integer("training_mode", 1)});
  b.output("y");
  expect_error(b, {"BatchNormalization", "training"});
  OnnxBuilder c(18);  // beyond the checker
  c.input("x", {1, 4, 2, 2});
  c.node("SpaceToDepth", {"x"}, {"y"}, {integer("blocksize", 2), text("mode", "CRD")});
  c.output("y");
  expect_error(c, {"SpaceToDepth", "attribute 'mode'"});
}

TEST(Shapes, DynamicDimensionsNameTheOption) {
  OnnxBuilder b(13);
  b.input("image", {-1, 3, -1, 8});
  b.node("Relu", {"image"}, {"y"});
  b.output("y");
  expect_error(b, {"input 'image'", "[d0, 3, d2, 8]", "--shape image=1,3,d2,8"});
  const Imported given = import_model(b, {{"image", {2, 3, 5, 8}}});
  ASSERT_TRUE(given.status.ok()) << given.status.message();
  EXPECT_EQ(given.graph.inputs[0].shape, (converter::Dims{2, 3, 5, 8}));
  EXPECT_EQ(given.graph.outputs[0].shape, (converter::Dims{2, 3, 5, 8}));
  expect_error(b, {"--shape picture", "no such input", "'image'"}, {{"picture", {1, 3, 8, 8}}});
  expect_error(b, {"--shape image", "3 dimensions", "has 4"}, {{"image", {1, 3, 8}}});
  expect_error(b, {"at least 1"}, {{"image", {1, 3, 0, 8}}});
}

TEST(Shapes, OverrideOfADeclaredDimensionIsNoted) {
  const Imported imported = import_model(small_network(), {{"x", {3, 2, 4, 4}}});
  ASSERT_TRUE(imported.status.ok()) << imported.status.message();
  EXPECT_EQ(imported.graph.outputs[0].shape, (converter::Dims{3, 2, 2, 2}));
  EXPECT_TRUE(imported.warned("declared [1, 2, 4, 4]"));
}

TEST(Shapes, ThatDoNotFit) {
  OnnxBuilder b(13);
  b.input("x", {1, 3, 4, 4});
  b.node("Conv", {"x", b.floats({2, 2, 3, 3}, std::vector<float>(36, 1))}, {"y"}).set_name("c");
  b.output("y");
  expect_error(b, {"Conv 'c'", "input has 3 channels"});
  OnnxBuilder c(13);
  c.input("x", {2, 3});
  c.node("Reshape", {"x", c.int64s({4, 2})}, {"y"}).set_name("r");
  c.output("y");
  expect_error(c, {"node 'r'", "[2, 3] cannot become [4, 2]"});
}

TEST(Weights, NotFinite) {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    OnnxBuilder b(13);
    b.input("x", {2});
    b.node("Add", {"x", b.initializer(float_tensor({2}, {1, bad}), "offsets")}, {"y"});
    b.output("y");
    expect_error(b, {"initialiser 'offsets'", "element 1", std::isnan(bad) ? "NaN" : "infinite"});
  }
}

TEST(Weights, OfTheWrongLength) {
  OnnxBuilder b(13);
  b.input("x", {2});
  TensorProto tensor = float_tensor({2}, {1, 2});
  tensor.mutable_raw_data()->pop_back();
  b.node("Add", {"x", b.initializer(tensor, "w")}, {"y"});
  b.output("y");
  expect_error(b, {"'w'", "7 bytes", "8"});
}

// y = x + w, w of a type, in raw bytes or in its typed field.
std::vector<float> added(const TensorProto& weights) {
  OnnxBuilder b(13);
  b.input("x", {2});
  b.node("Cast", {b.initializer(weights)}, {"f"}, {integer("to", TensorProto::FLOAT)});
  b.node("Add", {"x", "f"}, {"y"});
  b.output("y");
  return run_model(b, {{0, 0}}).outputs.at(0);
}

TEST(Weights, EveryTypeRawAndTyped) {
  const std::vector<float> expected = {1.5f, -2};
  EXPECT_EQ(added(raw_tensor<double>(TensorProto::DOUBLE, {2}, {1.5, -2})), expected);
  EXPECT_EQ(added(raw_tensor<uint16_t>(TensorProto::FLOAT16, {2}, {0x3e00, 0xc000})), expected);
  EXPECT_EQ(added(raw_tensor<uint16_t>(TensorProto::BFLOAT16, {2}, {0x3fc0, 0xc000})), expected);
  EXPECT_EQ(added(raw_tensor<uint16_t>(TensorProto::FLOAT16, {2}, {0x0001, 0x8400})),
            (std::vector<float>{5.9604645e-8f, -6.1035156e-5f}));  // subnormal, smallest normal
  EXPECT_EQ(added(raw_tensor<int8_t>(TensorProto::INT8, {2}, {1, -2})), (std::vector<float>{1, -2}));
  EXPECT_EQ(added(raw_tensor<uint8_t>(TensorProto::UINT8, {2}, {1, 254})), (std::vector<float>{1, 254}));
  EXPECT_EQ(added(raw_tensor<uint16_t>(TensorProto::UINT16, {2}, {1, 65535})),
            (std::vector<float>{1, 65535}));
  TensorProto typed;
  typed.add_dims(2);
  typed.set_data_type(TensorProto::FLOAT);
  typed.add_float_data(1.5f);
  typed.add_float_data(-2);
  EXPECT_EQ(added(typed), expected);
  typed.Clear();
  typed.add_dims(2);
  typed.set_data_type(TensorProto::FLOAT16);
  typed.add_int32_data(0x3e00);
  typed.add_int32_data(0xc000);
  EXPECT_EQ(added(typed), expected);
  typed.set_data_type(TensorProto::INT32);
  typed.set_int32_data(0, 1);
  typed.set_int32_data(1, -2);
  EXPECT_EQ(added(typed), (std::vector<float>{1, -2}));
}

// A network whose weight lies in weights.bin.
struct ExternalNetwork {
  TemporaryFolder folder;
  OnnxBuilder builder{13};
  TensorProto* weight = nullptr;

  ExternalNetwork() {
    builder.input("x", {2});
    builder.node("Add", {"x", builder.initializer(float_tensor({2}, {0, 0}), "w")}, {"y"});
    builder.output("y");
    weight = builder.graph().mutable_initializer(0);
    weight->clear_raw_data();
    weight->set_data_location(TensorProto::EXTERNAL);
    const float data[3] = {99, 1, 2};
    write_bytes(folder.file("weights.bin"), std::string(reinterpret_cast<const char*>(data), sizeof(data)));
  }
  void entry(const std::string& key, const std::string& value) {
    auto* added = weight->add_external_data();
    added->set_key(key);
    added->set_value(value);
  }
  std::string import(Imported* imported) {
    builder.save(folder.file("m.onnx"));
    import_file(folder.file("m.onnx"), {}, imported);
    return imported->status.message();
  }
};

TEST(ExternalData, IsRead) {
  ExternalNetwork network;
  network.entry("location", "weights.bin");
  network.entry("offset", "4");
  network.entry("length", "8");
  Imported imported;
  ASSERT_EQ(network.import(&imported), "");
  const auto& constant = *imported.graph.value(imported.graph.nodes[0]->inputs[1]).constant;
  EXPECT_EQ(converter::to_floats(constant), (std::vector<float>{1, 2}));
}

TEST(ExternalData, Errors) {
  struct Case {
    const char *location, *offset, *length, *expected;
  };
  const Case cases[] = {{"nothing.bin", "", "", "is missing"},
                        {"weights.bin", "8", "", "bytes 8 to 16"},
                        {"weights.bin", "4", "12", "its shape needs 8"},
                        {"weights.bin", "x", "", "offset 'x'"},
                        {"weights.bin", "99999999999999999999", "", "offset"},
                        {"../weights.bin", "", "", "leaves the model's folder"},
                        {"/etc/passwd", "", "", "absolute path"},
                        {"", "", "", "no location"}};
  for (const Case& bad : cases) {
    SCOPED_TRACE(bad.expected);
    ExternalNetwork network;
    network.entry("location", bad.location);
    if (*bad.offset != 0) network.entry("offset", bad.offset);
    if (*bad.length != 0) network.entry("length", bad.length);
    Imported imported;
    const std::string message = network.import(&imported);
    EXPECT_NE(message.find("tensor 'w'"), std::string::npos) << message;
    EXPECT_NE(message.find(bad.expected), std::string::npos) << message;
  }
}

TEST(ExternalData, LinkOutOfTheFolder) {
  ExternalNetwork network;
  const TemporaryFolder elsewhere;
  write_bytes(elsewhere.file("w.bin"), std::string(12, '\0'));
  std::error_code code;
  std::filesystem::create_symlink(elsewhere.file("w.bin"), network.folder.file("link.bin"), code);
  ASSERT_FALSE(code);
  network.entry("location", "link.bin");
  Imported imported;
  EXPECT_NE(network.import(&imported).find("leaves the model's folder"), std::string::npos);
}

}  // namespace
}  // namespace octet::testing
