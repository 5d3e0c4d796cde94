// SPDX-License-Identifier: Apache-2.0
//
// octet convert --report, octet report and octet eval --per-layer, on the bundled network with names that
// want to be HTML. The page is opened in a real browser, where there is one that can print what it made of it
// (Chromium).
#include <onnx/onnx_pb.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tests/testing/command.h"

namespace octet::testing {
namespace {

using Json = nlohmann::json;

const char kEvil[] = "</script><img src=x onerror=\"document.body.dataset.pwned=1\"><b>'&quot;{{data}}";

// The bundled network with kEvil behind the name of every node and inner value.
std::string hostile_network() {
  onnx::ModelProto model;
  EXPECT_TRUE(model.ParseFromString(read_text(source_path("models/octet_resnet_cifar10.onnx"))));
  onnx::GraphProto& graph = *model.mutable_graph();
  std::vector<std::string> kept;
  for (const auto& value : graph.input()) kept.push_back(value.name());
  for (const auto& value : graph.output()) kept.push_back(value.name());
  const auto rename = [&](std::string* name) {
    if (!name->empty() && std::find(kept.begin(), kept.end(), *name) == kept.end()) *name += kEvil;
  };
  for (auto& tensor : *graph.mutable_initializer()) rename(tensor.mutable_name());
  graph.clear_value_info();
  for (auto& node : *graph.mutable_node()) {
    *node.mutable_name() += kEvil;
    for (int i = 0; i < node.input_size(); ++i) rename(node.mutable_input(i));
    for (int i = 0; i < node.output_size(); ++i) rename(node.mutable_output(i));
  }
  return model.SerializeAsString();
}

size_t count(const std::string& text, const std::string& what) {
  size_t found = 0;
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + what.size())) ++found;
  return found;
}

// The text between two others, the first time.
std::string between(const std::string& text, const std::string& from, const std::string& to) {
  const size_t start = text.find(from), end = text.find(to, start + from.size());
  if (start == std::string::npos || end == std::string::npos) return "";
  return text.substr(start + from.size(), end - start - from.size());
}

bool runs(const std::string& line) { return std::system((line + " >/dev/null 2>&1").c_str()) == 0; }

class ReportTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TemporaryFolder;
    std::ofstream(*folder_ / "network.onnx", std::ios::binary) << hostile_network();
    convert({"-o", *folder_ / "a.octet", "--report", *folder_ / "a.html", "--report", *folder_ / "a.json",
             "--keep-float", std::string("/pool/GlobalAveragePool") + kEvil});
    convert({"-o", *folder_ / "b.octet", "--report", *folder_ / "b.json", "--report", *folder_ / "b.html",
             "--compare", *folder_ / "a.json", "--round", "nearest"});
    const CommandResult fp32 =
        octet_command({"convert", *folder_ / "network.onnx", "-o", *folder_ / "f.octet", "--precision",
                       "fp32", "--mean", kMean, "--std", kStd});
    ASSERT_EQ(fp32.exit_code, 0) << fp32.err;
    // A few pictures are enough to compare layers.
    std::filesystem::create_directory(*folder_ / "pictures");
    size_t pictures = 0;
    for (const auto& entry : std::filesystem::directory_iterator(source_path("models/cifar10/calibration")))
      if (pictures++ < 6) std::filesystem::copy(entry.path(), *folder_ / "pictures");
  }
  static void TearDownTestSuite() { delete folder_; }

  static void convert(const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {"convert",       *folder_ / "network.onnx",
                                          "--calibration", source_path("models/cifar10/calibration"),
                                          "--mean",        kMean,
                                          "--std",         kStd};
    arguments.insert(arguments.end(), more.begin(), more.end());
    for (std::string& argument : arguments) {  // octet_command puts it between quotes
      size_t at = 0;
      while ((at = argument.find('\'', at)) != std::string::npos) {
        argument.replace(at, 1, "'\\''");
        at += 4;
      }
    }
    const CommandResult result = octet_command(arguments);
    ASSERT_EQ(result.exit_code, 0) << result.err;
    EXPECT_NE(result.out.find("against float on 32 samples: output SQNR "), std::string::npos) << result.out;
    EXPECT_NE(result.out.find("most is lost by "), std::string::npos) << result.out;
  }

  // What the page looks like when its script has run; empty without a browser.
  static std::string rendered(const std::string& page) {
    std::string browser;
    const char* variable = std::getenv("OCTET_BROWSER");
    for (const char* name : {"chromium", "chromium-browser", "google-chrome"})
      if (browser.empty() && runs(std::string("command -v ") + name)) browser = name;
    if (variable != nullptr) browser = variable;
    if (browser.empty()) return "";
    const std::string dom = *folder_ / "dom.html";
    const std::string line = "timeout 120 " + browser +
                             " --headless --no-sandbox --disable-gpu --disable-dev-shm-usage" +
                             " --user-data-dir='" + *folder_ / "browser" + "' --dump-dom 'file://" + page +
                             "' >'" + dom + "' 2>/dev/null";
    EXPECT_EQ(std::system(line.c_str()), 0) << line;
    return read_text(dom);
  }

  static TemporaryFolder* folder_;
  static constexpr const char* kMean = "125.3,123.0,113.9";
  static constexpr const char* kStd = "63.0,62.1,66.7";
};

TemporaryFolder* ReportTest::folder_ = nullptr;

TEST_F(ReportTest, JsonHasWhatTheDocumentationSays) {
  const Json json = Json::parse(read_text(*folder_ / "a.json"), nullptr, false);
  ASSERT_FALSE(json.is_discarded());
  EXPECT_EQ(json["format"], "octet report 1");
  for (const char* key :
       {"octet_version", "source", "output", "options", "source_bytes", "model_bytes", "weights_bytes",
        "arena_bytes", "macs", "operators", "headroom_bits", "calibration_samples", "measured", "speed",
        "budget", "warnings", "notes", "tensors", "layers"})
    EXPECT_TRUE(json.contains(key)) << key;
  EXPECT_EQ(json["measured"]["samples"], 32);
  EXPECT_GE(json["measured"]["same_top1"], 28);
  EXPECT_GT(json["measured"]["outputs"][0]["sqnr_db"], 15.0);
  EXPECT_GT(json["speed"]["ms"], 0.0);
  size_t in_float = 0;
  for (const Json& layer : json["layers"]) {
    for (const char* key :
         {"index", "name", "type", "precision", "reason", "inputs", "outputs", "macs", "weights_bytes",
          "headroom_bits", "weight_scale_spread", "own_error", "ms", "kernel"})
      EXPECT_TRUE(layer.contains(key)) << key;
    for (const Json& tensor : layer["outputs"]) EXPECT_LT(tensor.get<size_t>(), json["tensors"].size());
    EXPECT_TRUE(layer["own_error"].contains("sqnr_db")) << layer["name"];
    if (layer["precision"] != "fp32") continue;
    ++in_float;
    EXPECT_FALSE(layer["reason"].get<std::string>().empty());
  }
  EXPECT_GE(in_float, 1u);
  size_t histograms = 0;
  for (const Json& tensor : json["tensors"]) {
    EXPECT_TRUE(tensor.contains("error")) << tensor["name"];
    if (tensor.contains("histogram")) ++histograms;
    if (tensor["type"] == "s8") {
      EXPECT_LT(tensor["range"][0], tensor["range"][1]);
    }
  }
  EXPECT_GT(histograms, 15u);
}

TEST_F(ReportTest, PageHoldsTheJsonAndLoadsNothing) {
  const std::string html = read_text(*folder_ / "a.html");
  EXPECT_EQ(html.find("<img"), std::string::npos);
  EXPECT_EQ(count(html, "</script>"), 2u) << "names end no script";
  EXPECT_NE(html.find("default-src 'none'"), std::string::npos);
  const Json data = Json::parse(between(html, "id=\"data\">", "</script>"), nullptr, false);
  ASSERT_TRUE(data.is_array());
  EXPECT_TRUE(data == Json::array({Json::parse(read_text(*folder_ / "a.json"))}));
  for (const char* tag : {"html", "head", "body", "main", "style", "header"}) {
    EXPECT_EQ(count(html, std::string("<") + tag), 1u + (std::string(tag) == "head"))
        << tag;  // <head, <header
    EXPECT_EQ(count(html, std::string("</") + tag + ">"), 1u) << tag;
  }
}

TEST_F(ReportTest, BrowserDrawsEveryLayer) {
  const std::string dom = rendered(*folder_ / "a.html");
  if (dom.empty()) GTEST_SKIP() << "no chromium: the page is not opened in a browser";
  const size_t layers = Json::parse(read_text(*folder_ / "a.json"))["layers"].size();
  EXPECT_NE(dom.find("data-ready=\"yes\""), std::string::npos) << "the script did not reach its end";
  EXPECT_EQ(count(dom, "<tr class=\"\" id=\"layer-"), layers);
  EXPECT_EQ(count(between(dom, "<ol>", "</ol>"), "<li "), layers) << "rows of the graph";
  EXPECT_EQ(dom.find("data-pwned"), std::string::npos) << "a name became a program";
  EXPECT_EQ(dom.find("<img"), std::string::npos);
  EXPECT_NE(dom.find("&lt;img src=x"), std::string::npos) << "names are shown as they are";
  EXPECT_GT(count(dom, "Histogram of"), 15u);
  EXPECT_NE(dom.find("badge fp32"), std::string::npos);
  EXPECT_NE(dom.find("aria-sort=\"ascending\""), std::string::npos);
}

TEST_F(ReportTest, TwoConversionsSideBySide) {
  const std::string page = *folder_ / "sides.html";
  const CommandResult made =
      octet_command({"report", *folder_ / "b.json", "--compare", *folder_ / "a.json", "-o", page});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  const auto data_of = [](const std::string& path) {
    return Json::parse(between(read_text(path), "id=\"data\">", "</script>"), nullptr, false);
  };
  EXPECT_EQ(data_of(page).size(), 2u);
  EXPECT_TRUE(data_of(page) == data_of(*folder_ / "b.html")) << "not the page that convert --compare writes";
  const std::string dom = rendered(page);
  if (dom.empty()) GTEST_SKIP() << "no chromium: the page is not opened in a browser";
  EXPECT_NE(dom.find("data-ready=\"yes\""), std::string::npos);
  EXPECT_NE(dom.find("id=\"sides\""), std::string::npos);
  EXPECT_GT(count(dom, "<tr class=\"\" id=\"layer-"), 15u);
}

TEST_F(ReportTest, WrongUseIsNamed) {
  const std::string network = *folder_ / "network.onnx";
  CommandResult result = octet_command({"convert", network, "-o", *folder_ / "x.octet", "--report", "x.txt"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_NE(result.err.find("--report x.txt: must end in .html or .json"), std::string::npos) << result.err;
  result = octet_command({"report", *folder_ / "a.html", "-o", *folder_ / "x.html"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_NE(result.err.find("no report of a conversion"), std::string::npos) << result.err;
}

TEST_F(ReportTest, EvalComparesLayersOfTwoModels) {
  const CommandResult result =
      octet_command({"eval", *folder_ / "a.octet", "--reference", *folder_ / "f.octet", "--data",
                     *folder_ / "pictures", "--per-layer", "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json json = Json::parse(result.out);
  EXPECT_EQ(json["images"], 6);
  EXPECT_GT(json["layers"].size(), 15u);
  for (const Json& layer : json["layers"]) EXPECT_GT(layer["sqnr_db"], 15.0) << layer;
  const CommandResult self = octet_command({"eval", *folder_ / "f.octet", "--reference", *folder_ / "f.octet",
                                            "--data", *folder_ / "pictures", "--per-layer", "--json"});
  ASSERT_EQ(self.exit_code, 0) << self.err;
  const Json same = Json::parse(self.out);
  for (const Json& layer : same["layers"]) EXPECT_EQ(layer["largest_difference"], 0.0) << layer;
}

TEST_F(ReportTest, EvalComparesLayersWithOnnxruntime) {
  std::string python;
  const char* variable = std::getenv("OCTET_PYTHON");
  for (const std::string& candidate : {std::string(variable != nullptr ? variable : ""),
                                       source_path("build/python/bin/python"), std::string("python3")})
    if (python.empty() && !candidate.empty() &&
        runs("'" + candidate + "' -c 'import numpy, onnx, onnxruntime'"))
      python = candidate;
  if (python.empty())
    GTEST_SKIP() << "no Python with numpy, onnx and onnxruntime; scripts/test makes one, or set OCTET_PYTHON";
  const CommandResult result =
      octet_command({"eval", *folder_ / "f.octet", "--reference", *folder_ / "network.onnx", "--data",
                     *folder_ / "pictures", "--per-layer", "--json", "--python", python});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json json = Json::parse(result.out);
  EXPECT_GT(json["layers"].size(), 15u);
  for (const Json& layer : json["layers"]) EXPECT_GT(layer["sqnr_db"], 90.0) << layer;  // both in float
}

TEST_F(ReportTest, MissingPythonIsNamed) {
  const CommandResult result =
      octet_command({"eval", *folder_ / "f.octet", "--reference", *folder_ / "network.onnx", "--data",
                     *folder_ / "pictures", "--per-layer", "--python", "/no/python"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_NE(result.err.find("/no/python"), std::string::npos) << result.err;
  EXPECT_NE(result.err.find("onnxruntime"), std::string::npos) << result.err;
}

}  // namespace
}  // namespace octet::testing
