// SPDX-License-Identifier: Apache-2.0
//
// The file of overrides, and the options and files of a budget.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tools/commands/budget.h"
#include "tools/input/overrides.h"

namespace octet::tools {
namespace {

using converter::BudgetOptions;
using converter::ConvertOptions;

TEST(Overrides, EveryKeyReachesItsOption) {
  ConvertOptions options;
  const Status status = parse_overrides("o.json", R"({
    "nodes": {"conv1": {"precision": "fp32", "weights": "per-tensor"}, "conv2": {"weights": "per-channel"},
              "conv3": {"precision": "int16"}, "conv4": {"precision": "int8"}},
    "tensors": {"relu1": {"precision": "int16", "range": [-0.5, 6]}, "add3": {"method": "mse"}}
  })",
                                        &options);
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(options.precision_options.keep_float, std::vector<std::string>{"conv1"});
  EXPECT_EQ(options.precision_options.int16, (std::vector<std::string>{"conv3", "relu1"}));
  EXPECT_EQ(options.precision_options.int8, std::vector<std::string>{"conv4"});
  EXPECT_EQ(options.ranges.weights_per_tensor,
            (std::map<std::string, bool>{{"conv1", true}, {"conv2", false}}));
  EXPECT_EQ(options.ranges.fixed.at("relu1"), (std::pair<float, float>{-0.5f, 6.0f}));
  EXPECT_EQ(options.ranges.methods.at("add3"), "mse");
}

TEST(Overrides, WhatIsWrongIsNamed) {
  const std::pair<const char*, const char*> cases[] = {
      {"[1]", "o.json: not a JSON object"},
      {"{\"nodes\": {}", "o.json: not a JSON object"},
      {"{\"layers\": {}}", "o.json: 'layers'; the file has the objects"},
      {"{\"nodes\": [1]}", "o.json: 'nodes'; the file has the objects"},
      {"{\"nodes\": {\"a\": {}}}", "nodes 'a': must be an object with at least one key"},
      {"{\"nodes\": {\"a\": {\"range\": [0, 1]}}}", "nodes 'a': range [0,1]; unknown key; a node has"},
      {"{\"tensors\": {\"t\": {\"weights\": \"per-tensor\"}}}",
       "tensors 't': weights \"per-tensor\"; unknown key"},
      {"{\"tensors\": {\"t\": {\"precision\": \"fp32\"}}}",
       "precision \"fp32\"; must be \"int8\" or \"int16\""},
      {"{\"nodes\": {\"a\": {\"precision\": 16}}}", "precision 16; must be \"int8\", \"int16\" or \"fp32\""},
      {"{\"nodes\": {\"a\": {\"weights\": \"one\"}}}",
       "weights \"one\"; must be \"per-tensor\" or \"per-channel\""},
      {"{\"tensors\": {\"t\": {\"range\": [1, 1]}}}", "range [1,1]; must be [min, max]"},
      {"{\"tensors\": {\"t\": {\"range\": [0, 1, 2]}}}", "must be [min, max]"},
      {"{\"tensors\": {\"t\": {\"range\": [0, 1e60]}}}", "must be [min, max], finite"},
      {"{\"tensors\": {\"t\": {\"method\": 3}}}", "method 3; must be a name that --method takes"},
      {"{\"tensors\": {\"t\": {\"range\": [0, 1], \"method\": \"mse\"}}}", "the range is given as well"},
  };
  for (const auto& [text, part] : cases) {
    ConvertOptions options;
    const Status status = parse_overrides("o.json", text, &options);
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << text;
    EXPECT_NE(status.message().find(part), std::string::npos) << status.message();
  }
  ConvertOptions options;
  EXPECT_EQ(read_overrides("/nowhere/o.json", &options).code(), StatusCode::kIoError);
}

TEST(BudgetOptionsOfTheCommand, Usage) {
  const auto message = [](const Arguments& arguments) {
    BudgetOptions budget;
    return parse_budget_options(arguments, &budget).message();
  };
  Arguments arguments;
  EXPECT_EQ(message(arguments), "");
  arguments.validation = "images";
  EXPECT_NE(message(arguments).find("need --min-sqnr or --max-drop"), std::string::npos);
  arguments.max_drop = "half";
  EXPECT_NE(message(arguments).find("--max-drop half: must be a number"), std::string::npos);
  arguments.max_drop = "0.5";
  EXPECT_NE(message(arguments).find("--max-drop 0.5: needs --labels"), std::string::npos);
  arguments.labels = "labels.txt";
  EXPECT_EQ(message(arguments), "");
  arguments.min_sqnr = "30";
  EXPECT_NE(message(arguments).find("one of them"), std::string::npos);
  arguments.max_drop.clear();
  arguments.precision = "fp32";
  EXPECT_NE(message(arguments).find("need --precision int8"), std::string::npos);
}

class ValidationFiles : public ::testing::Test {
 protected:
  ValidationFiles() {
    folder_ = std::filesystem::temp_directory_path() / ("octet_validation_" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_ / "images");
    for (const char* name : {"a.bin", "b.bin", "c.bin"}) std::ofstream(folder_ / "images" / name) << "x";
    std::ofstream(folder_ / "labels.txt") << "b.bin 4\nc.bin 2\n";
    arguments_.labels = (folder_ / "labels.txt").string();
    arguments_.max_drop = "1";
    budget_.max_drop = 1;
  }
  ~ValidationFiles() override { std::filesystem::remove_all(folder_); }
  std::string image(const char* name) const { return (folder_ / "images" / name).string(); }

  std::filesystem::path folder_;
  Arguments arguments_;
  BudgetOptions budget_;
  std::vector<std::string> paths_;
};

TEST_F(ValidationFiles, CalibrationSamplesAreLeftOut) {
  arguments_.validation = (folder_ / "images").string();
  ASSERT_TRUE(
      list_validation(arguments_, {image("a.bin"), image("../images/b.bin")}, &paths_, &budget_).ok());
  EXPECT_EQ(paths_, std::vector<std::string>{image("c.bin")});
  EXPECT_EQ(budget_.labels, std::vector<int>{2});
  EXPECT_EQ(budget_.validation_name, "1 samples of " + arguments_.validation + " (without 1 that calibrate)");
  budget_.labels.clear();
  const Status status = list_validation(arguments_, {image("c.bin"), image("b.bin")}, &paths_, &budget_);
  EXPECT_NE(status.message().find("all of its 2 samples are calibration samples"), std::string::npos);
}

TEST_F(ValidationFiles, WithoutLabelsItIsAllOfTheFolder) {
  arguments_.labels.clear();
  arguments_.validation = (folder_ / "images").string();
  ASSERT_TRUE(list_validation(arguments_, {}, &paths_, &budget_).ok());
  EXPECT_EQ(paths_.size(), 3u);
  EXPECT_TRUE(budget_.labels.empty());
}

TEST_F(ValidationFiles, LabelsMayBeThoseOfTheCalibrationSamples) {
  arguments_.calibration = (folder_ / "images").string();
  ASSERT_TRUE(
      list_validation(arguments_, {image("a.bin"), image("b.bin"), image("c.bin")}, &paths_, &budget_).ok());
  EXPECT_TRUE(paths_.empty());
  EXPECT_EQ(budget_.labels, (std::vector<int>{-1, 4, 2}));
  budget_.labels.clear();
  const Status status = list_validation(arguments_, {image("a.bin")}, &paths_, &budget_);
  EXPECT_NE(status.message().find("names none of the calibration samples"), std::string::npos);
}

}  // namespace
}  // namespace octet::tools
