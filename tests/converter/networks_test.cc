// SPDX-License-Identifier: Apache-2.0
//
// Every shared network through import and passes: nothing of ONNX's scaffolding is left, shapes
// are true, and the operators that remain are these. No network keeps a Transpose.
#include <map>

#include "converter/infer_shapes.h"
#include "tests/converter/onnx_runner.h"
#include "tests/testing/test_data.h"

namespace octet::testing {
namespace {

struct Network {
  const char* name;
  std::map<std::string, int> ops;  // after the passes
  Shapes shapes;                   // --shape
};

void PrintTo(const Network& network, std::ostream* stream) { *stream << network.name; }

// DequantizeLinear and QuantizeLinear, which import_qdq takes over, are not counted here.
const Network kNetworks[] = {
    {"mlperf_tiny_ad_autoencoder", {{"FullyConnected", 10}}, {}},
    {"mlperf_tiny_ad_autoencoder_qdq", {{"FullyConnected", 10}}, {}},
    {"mlperf_tiny_ic_resnet8",
     {{"Add", 3}, {"AveragePool", 1}, {"Conv", 9}, {"FullyConnected", 1}, {"Reshape", 1}, {"Softmax", 1}},
     {}},
    {"mlperf_tiny_ic_resnet8_qdq",
     {{"Add", 3}, {"Reduce", 1}, {"Conv", 9}, {"FullyConnected", 1}, {"Reshape", 1}, {"Softmax", 1}},
     {}},
    {"mlperf_tiny_kws_dscnn",
     {{"AveragePool", 1}, {"Conv", 9}, {"FullyConnected", 1}, {"Reshape", 1}, {"Softmax", 1}},
     {}},
    {"mlperf_tiny_kws_dscnn_qdq",
     {{"Reduce", 1}, {"Conv", 9}, {"FullyConnected", 1}, {"Reshape", 1}, {"Softmax", 1}},
     {}},
    {"mlperf_tiny_vww_mobilenetv1_025",
     {{"AveragePool", 1}, {"Conv", 27}, {"FullyConnected", 1}, {"Reshape", 1}, {"Softmax", 1}},
     {}},
    {"mlperf_tiny_vww_mobilenetv1_025_qdq",
     {{"Reduce", 1}, {"Conv", 27}, {"FullyConnected", 1}, {"Reshape", 1}, {"Softmax", 1}},
     {}},
    {"mnist_cntk_opset7", {{"Conv", 2}, {"MaxPool", 2}, {"FullyConnected", 1}, {"Reshape", 1}}, {}},
    {"mobilenet_v1_075_224_bn", {{"Conv", 28}, {"Reduce", 1}, {"Reshape", 1}}, {{"input", {1, 3, 224, 224}}}},
    {"mobilenet_v2_100_224_bn",
     {{"Add", 10}, {"Conv", 53}, {"Reduce", 1}, {"Reshape", 1}, {"Softmax", 1}},
     {}},
    {"mobilenet_v2_100_224_qdq",
     {{"Add", 10}, {"Conv", 53}, {"Reduce", 1}, {"Reshape", 1}, {"Softmax", 1}},
     {}},
    {"mobilenet_v2_224_qlinear_ms",
     {{"Add", 11}, {"Conv", 52}, {"FullyConnected", 1}, {"Reduce", 1}, {"Reshape", 1}},
     {}},
    {"resnet20_cifar10_bn",
     {{"Add", 9},
      {"Conv", 19},
      {"FullyConnected", 1},
      {"Pad", 2},
      {"Reduce", 1},
      {"Reshape", 1},
      {"Slice", 4}},
     {}},
    {"resnet20_cifar10_folded",
     {{"Add", 9},
      {"Conv", 19},
      {"FullyConnected", 1},
      {"Pad", 2},
      {"Reduce", 1},
      {"Reshape", 1},
      {"Slice", 4}},
     {}},
    {"squeezenet_v1_0",
     {{"Concat", 8}, {"Conv", 26}, {"MaxPool", 3}, {"Reduce", 1}, {"Reshape", 1}, {"Softmax", 1}},
     {}},
    {"ssdlite_mobilenet_v2_coco",
     {{"Add", 20}, {"Concat", 2}, {"Conv", 88}, {"Reshape", 12}, {"Sigmoid", 1}},
     {}},
    {"ultraface_rfb_320",
     {{"Add", 3},
      {"Concat", 5},
      {"Conv", 52},
      {"Div", 1},
      {"Exp", 1},
      {"Mul", 4},
      {"Reshape", 8},
      {"Slice", 4},
      {"Softmax", 1},
      {"Sub", 1}},
     {}},
};

class Networks : public ::testing::TestWithParam<Network> {};

TEST_P(Networks, AfterThePasses) {
  const std::string path = test_data_path(std::string("models/") + GetParam().name + ".onnx");
  if (path.empty()) GTEST_SKIP() << "no shared networks: set OCTET_TEST_DATA";
  Imported imported;
  import_file(path, GetParam().shapes, &imported);
  ASSERT_TRUE(imported.status.ok()) << imported.status.message();
  EXPECT_FALSE(imported.warned("ONNX infers"));
  EXPECT_EQ(imported.sha256.size(), 64u);
  const Status status = converter::run_passes(&imported.graph, &imported.diagnostics);
  ASSERT_TRUE(status.ok()) << status.message();
  const Status shapes = converter::check_graph(imported.graph);
  EXPECT_TRUE(shapes.ok()) << shapes.message();
  EXPECT_EQ(imported.graph.layout, converter::Layout::kNhwc);
  std::map<std::string, int> ops;
  for (const auto& node : imported.graph.nodes)
    if (node->op != "QuantizeLinear" && node->op != "DequantizeLinear") ++ops[node->op];
  EXPECT_EQ(ops, GetParam().ops);
}

INSTANTIATE_TEST_SUITE_P(All, Networks, ::testing::ValuesIn(kNetworks),
                         [](const ::testing::TestParamInfo<Network>& info) {
                           return std::string(info.param.name);
                         });

}  // namespace
}  // namespace octet::testing
