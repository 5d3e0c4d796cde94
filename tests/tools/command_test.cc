// SPDX-License-Identifier: Apache-2.0
//
// The octet command from end to end on the bundled network: what a new user
// does, and the JSON fields that docs/cli.md promises.
#include <nlohmann/json.hpp>

#include "tests/testing/command.h"

namespace octet::testing {
namespace {

using Json = nlohmann::json;

const char kNetwork[] = "models/octet_resnet_cifar10.onnx";
const char kPictures[] = "models/cifar10/test";
const char kMean[] = "125.3,123.0,113.9";   // models/README.md
const char kStd[] = "63.0,62.1,66.7";
const char kLabels[] = "models/cifar10/test_labels.txt";

// Converts once for all tests of the suite.
class CommandTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TemporaryFolder;
    const CommandResult fp32 =
        octet_command({"convert", source_path(kNetwork), "-o", model("fp32"), "--precision", "fp32", "--mean",
                       kMean, "--std", kStd});
    ASSERT_EQ(fp32.exit_code, 0) << fp32.err;
    const CommandResult int8 = octet_command({"convert", source_path(kNetwork), "-o", model("int8"), "--calibration",
                                              source_path("models/cifar10/calibration"), "--mean", kMean,
                                              "--std", kStd, "--report", *folder_ / "report.html"});
    ASSERT_EQ(int8.exit_code, 0) << int8.err;
  }
  static void TearDownTestSuite() { delete folder_; }

  static std::string model(const std::string& precision) { return *folder_ / (precision + ".octet"); }

  // Runs a command that must succeed and print one JSON object.
  static Json json_of(const std::vector<std::string>& arguments) {
    const CommandResult result = octet_command(arguments);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    const Json json = Json::parse(result.out, nullptr, false);
    EXPECT_FALSE(json.is_discarded()) << result.out;
    return json;
  }

  static TemporaryFolder* folder_;
};

TemporaryFolder* CommandTest::folder_ = nullptr;

TEST_F(CommandTest, AccuracyHoldsInInt8) {
  const Json fp32 = json_of({"eval", model("fp32"), "--data", source_path(kPictures), "--labels",
                             source_path(kLabels), "--json"});
  const Json int8 = json_of({"eval", model("int8"), "--data", source_path(kPictures), "--labels",
                             source_path(kLabels), "--reference", model("fp32"), "--json"});
  EXPECT_GE(fp32["images"].get<int>(), 200);
  EXPECT_GE(fp32["top1"].get<double>(), 82.0);
  EXPECT_GE(fp32["top5"].get<double>(), 98.0);
  EXPECT_TRUE(fp32["agreement_top1"].is_null());
  EXPECT_GE(int8["top1"].get<double>(), fp32["top1"].get<double>() - 2.5);
  EXPECT_GE(int8["agreement_top1"].get<double>(), 95.0);
  EXPECT_GE(int8["output_sqnr_db"].get<double>(), 15.0);
}

TEST_F(CommandTest, Int8FileIsAQuarter) {
  const auto onnx = std::filesystem::file_size(source_path(kNetwork));
  EXPECT_LE(std::filesystem::file_size(model("int8")), onnx * 45 / 100);   // a small network: headers weigh
}

TEST_F(CommandTest, ConversionIsDeterministic) {
  const CommandResult again = octet_command({"convert", source_path(kNetwork), "-o", *folder_ / "fp32.octet",
                                             "--precision", "fp32", "--mean", kMean, "--std", kStd});
  ASSERT_EQ(again.exit_code, 0) << again.err;
  const std::string first = read_text(model("int8"));
  const std::vector<std::string> convert = {"convert", source_path(kNetwork), "-o", model("int8"), "--calibration",
                                            source_path("models/cifar10/calibration"), "--mean", kMean,
                                            "--std", kStd, "--report", *folder_ / "report.html"};
  ASSERT_EQ(octet_command(convert).exit_code, 0);
  EXPECT_EQ(first, read_text(model("int8"))) << "the same inputs must give the same file";
}

TEST_F(CommandTest, SameBytesForEveryMaskAndThreadCount) {
  const std::string picture = source_path(kPictures) + "/" +
                              std::filesystem::directory_iterator(source_path(kPictures))->path().filename().string();
  std::vector<std::string> outputs;
  for (const char* mask : {"portable", "avx2", "avx2,avx512vnni", "avx2,avxvnni,avx512vnni"})
    for (const char* threads : {"1", "2"}) {
      const std::string out = *folder_ / (std::string("out-") + mask + threads);
      const CommandResult result = octet_command({"run", model("int8"), "--input", picture, "--output", out,
                                                  "--cpu-features", mask, "--threads", threads});
      ASSERT_EQ(result.exit_code, 0) << result.err;
      outputs.push_back(read_text(out + "/logits.npy"));
    }
  for (const std::string& output : outputs) EXPECT_EQ(output, outputs[0]);
  EXPECT_GT(outputs[0].size(), 100u);
}

TEST_F(CommandTest, RunNamesTheClasses) {
  const CommandResult result = octet_command({"run", model("int8"), "--input", source_path(kPictures) + "/" +
                                                  std::filesystem::directory_iterator(source_path(kPictures))
                                                      ->path().filename().string(),
                                              "--top", "3", "--labels", source_path("models/cifar10/classes.txt")});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(std::count(result.out.begin(), result.out.end(), '\n'), 4) << result.out;
}

TEST_F(CommandTest, BenchJson) {
  const Json json = json_of({"bench", model("int8"), "--runs", "5", "--profile", "--json"});
  for (const char* key : {"model", "threads", "cpu_features", "runs", "latency_ms", "load_ms", "first_run_ms",
                          "arena_bytes", "packed_weight_bytes", "peak_rss_bytes", "macs", "operators"})
    EXPECT_TRUE(json.contains(key)) << key;
  for (const char* key : {"min", "median", "p90", "max"}) EXPECT_GT(json["latency_ms"][key].get<double>(), 0) << key;
  EXPECT_LE(json["latency_ms"]["min"].get<double>(), json["latency_ms"]["median"].get<double>());
  EXPECT_GT(json["macs"].get<uint64_t>(), 1000000u);
  EXPECT_GT(json["operators"].size(), 5u);
  EXPECT_TRUE(json["limits"].is_object());
  for (const Json& op : json["operators"])
    for (const char* key : {"kernel", "min_ms", "macs", "gmacs", "percent_of_limit"}) EXPECT_TRUE(op.contains(key)) << key;
}

TEST_F(CommandTest, InspectJson) {
  const Json json = json_of({"inspect", model("int8"), "--json"});
  for (const char* key : {"schema_version", "inputs", "outputs", "operators", "float_operators", "weights_bytes",
                          "arena_bytes", "packed_weight_bytes", "cpu_features", "macs", "sha256"})
    EXPECT_TRUE(json.contains(key)) << key;
  EXPECT_EQ(json["schema_version"], 1);
  EXPECT_EQ(json["inputs"][0]["shape"], Json({1, 3, 32, 32}));
  EXPECT_EQ(json["sha256"].get<std::string>().size(), 64u);
  EXPECT_TRUE(json["float_operators"].empty()) << json["float_operators"];
  uint64_t packed = 0;
  for (const Json& op : json["operators"]) {
    for (const char* key : {"index", "type", "name", "precision", "inputs", "outputs", "kernel", "passed_over", "items",
                            "weights_bytes", "packed_bytes"})
      EXPECT_TRUE(op.contains(key)) << key;
    packed += op["packed_bytes"].get<uint64_t>();
  }
  EXPECT_EQ(packed, json["packed_weight_bytes"].get<uint64_t>());
  const Json fp32 = json_of({"inspect", model("fp32"), "--json"});
  EXPECT_EQ(fp32["float_operators"].size(), fp32["operators"].size());
}

// --int16: nearer to float, the same bytes on plain C++ and on all that the CPU has, and an unknown name is an error.
TEST_F(CommandTest, NamedOperatorsInSixteenBits) {
  std::vector<std::string> convert = {"convert", source_path(kNetwork), "-o", model("int16"), "--calibration",
                                      source_path("models/cifar10/calibration"), "--mean", kMean, "--std", kStd,
                                      "--int16"};
  const Json in_int8 = json_of({"inspect", model("int8"), "--json"});
  for (size_t i = 0; i < 6; ++i) convert.push_back(in_int8["operators"][i]["name"]);
  const CommandResult result = octet_command(convert);
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json in_int16 = json_of({"inspect", model("int16"), "--json"});
  for (size_t i = 0; i < 6; ++i) EXPECT_EQ(in_int16["operators"][i]["precision"], "s16") << i;
  for (const char* mask : {"portable", "avx2", "avx2,avxvnni,avx512vnni"})
    EXPECT_EQ(octet_command({"verify", model("int16"), "--cpu-features", mask}).exit_code, 0) << mask;
  const auto sqnr = [](const char* precision) {
    return json_of({"eval", model(precision), "--data", source_path(kPictures), "--labels", source_path(kLabels),
                    "--reference", model("fp32"), "--json"})["output_sqnr_db"]
        .get<double>();
  };
  EXPECT_GT(sqnr("int16"), sqnr("int8"));
  convert.push_back("nobody");
  const CommandResult unknown = octet_command(convert);
  EXPECT_EQ(unknown.exit_code, 1);
  EXPECT_NE(unknown.err.find("'nobody' in 16 bits: no operator or tensor has this name"), std::string::npos) << unknown.err;
}

TEST_F(CommandTest, MaskTakesEffect) {
  const auto kernels_with = [&](const std::string& mask) {
    std::string names;
    for (const Json& op : json_of({"inspect", model("int8"), "--json", "--cpu-features", mask})["operators"])
      names += op["kernel"].get<std::string>() + " ";
    return names;
  };
  EXPECT_EQ(kernels_with("portable").find("avx"), std::string::npos) << kernels_with("portable");
}

TEST_F(CommandTest, VerifyPassesAndNoticesChanges) {
  EXPECT_EQ(octet_command({"verify", model("int8")}).exit_code, 0);
  EXPECT_EQ(octet_command({"verify", model("int8"), "--cpu-features", "portable", "--threads", "2"}).exit_code, 0);
  // Change one weight in the middle of the largest constants: verify must notice, or the file must be refused.
  std::string bytes = read_text(model("int8"));
  size_t changed = 0;
  for (size_t at = bytes.size() / 4; at < bytes.size(); at += bytes.size() / 16) {
    std::string other = bytes;
    other[at] = static_cast<char>(other[at] ^ 0x15);
    std::ofstream(*folder_ / "changed.octet", std::ios::binary) << other;
    changed += octet_command({"verify", *folder_ / "changed.octet"}).exit_code == 1;
  }
  EXPECT_GE(changed, 6u);
}

TEST_F(CommandTest, ReportIsWritten) {
  const std::string html = read_text(*folder_ / "report.html");
  EXPECT_NE(html.find("</html>"), std::string::npos);
  for (const char* way : {"src=", "href=", "url(", "@import", "https:", "fetch("})
    EXPECT_EQ(html.find(way), std::string::npos) << way << ": self-contained, no network access";
}

TEST_F(CommandTest, HelpAndVersion) {
  const CommandResult help = octet_command({"--help"});
  EXPECT_EQ(help.exit_code, 0);
  for (const char* command : {"convert", "run", "bench", "inspect", "eval", "verify"})
    EXPECT_NE(help.out.find(command), std::string::npos) << command;
  EXPECT_NE(octet_command({"convert", "--help"}).out.find("--calibration"), std::string::npos);
  EXPECT_NE(octet_command({"--version"}).out.find("octet "), std::string::npos);
}

}  // namespace
}  // namespace octet::testing
