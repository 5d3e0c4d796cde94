// SPDX-License-Identifier: Apache-2.0
//
// Budgets and overrides from the command line, on the bundled network.
#include <algorithm>

#include "tests/testing/command.h"

namespace octet::testing {
namespace {

class BudgetCommand : public ::testing::Test {
 protected:
  CommandResult convert(const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {"convert",
                                          source_path("models/octet_resnet_cifar10.onnx"),
                                          "-o",
                                          model(),
                                          "--calibration",
                                          source_path("models/cifar10/calibration"),
                                          "--mean",
                                          "125.3,123.0,113.9",
                                          "--std",
                                          "63.0,62.1,66.7"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return octet_command(arguments);
  }
  std::string model() const { return folder_ / "net.octet"; }
  bool written() const { return std::filesystem::exists(model()); }

  TemporaryFolder folder_;
};

TEST_F(BudgetCommand, SaysWhatItDidAndWhereItMeasured) {
  const CommandResult result = convert({"--min-sqnr", "5"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(result.out.find("min-sqnr 5 dB holds on"), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("every fourth calibration sample, held out"), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("without promotions"), std::string::npos) << result.out;
  EXPECT_TRUE(written());
}

TEST_F(BudgetCommand, WhatCannotBePromisedLeavesNoFile) {
  const CommandResult result =
      convert({"--max-drop", "0.1", "--validation", source_path("models/cifar10/test"), "--labels",
               source_path("models/cifar10/test_labels.txt")});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_NE(result.err.find("labelled samples to measure on; at least 3062 are needed"), std::string::npos)
      << result.err;
  EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
  EXPECT_FALSE(written());
}

TEST_F(BudgetCommand, WrongUsage) {
  for (const std::vector<std::string>& more : {std::vector<std::string>{"--max-drop", "1"},
                                               {"--min-sqnr", "x"},
                                               {"--confidence", "0.9"},
                                               {"--min-sqnr", "20", "--precision", "fp32"}}) {
    const CommandResult result = convert(more);
    EXPECT_EQ(result.exit_code, 2) << more[0] << result.err;
    EXPECT_FALSE(written());
  }
}

TEST_F(BudgetCommand, UnknownNamesInOverrides) {
  std::ofstream(folder_ / "o.json") << R"({"nodes": {"nowhere": {"precision": "fp32"}}})";
  const CommandResult result = convert({"--overrides", folder_ / "o.json"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_NE(result.err.find("keep 'nowhere' in float"), std::string::npos) << result.err;
  EXPECT_FALSE(written());
}

}  // namespace
}  // namespace octet::testing
