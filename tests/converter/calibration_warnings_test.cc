// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>

#include "converter/ranges/choose_ranges.h"
#include "converter/statistics/warnings.h"
#include "quantize_graph.h"

namespace octet::converter {
namespace {

// image [1, 2, 2, 3] -> Conv c, whose 1200 values a sample the tests make up.
struct Scene : QuantizeGraph {
  ValueId image = input("image", {1, 2, 2, 3}, {}), c = conv("c", image, 3, {}), last = conv("d", c, 3, {});
  ConvertOptions options;
  Statistics statistics;
  Diagnostics said;

  Scene() { output(last); }
  void see(ValueId id, const std::vector<float>& data) {
    statistics[id].recent.append(statistics[id].add(data.data(), data.size(), 3));
  }
  // Alternating extremes and some values between them, different in every channel.
  void see_range(ValueId id, float low, float high) {
    std::vector<float> data(1200);
    for (size_t i = 0; i < data.size(); ++i)
      data[i] = low + (high - low) * static_cast<float>(i) / static_cast<float>(data.size() - 1);
    see(id, data);
  }
  std::string warnings() {
    said = Diagnostics();
    warn_about_statistics(graph, statistics, options, &said);
    std::string text;
    for (const Diagnostic& item : said.items())
      if (item.severity == Severity::kWarning) text += item.message + "\n";
    return text;
  }
};

TEST(CalibrationWarnings, FewSamplesAndGrowingRanges) {
  Scene scene;
  for (int i = 0; i < 9; ++i) scene.see_range(scene.c, -1, 1);
  EXPECT_NE(scene.warnings().find("only 9 calibration samples"), std::string::npos);
  for (int i = 9; i < 29; ++i) scene.see_range(scene.c, -1, 1);
  EXPECT_EQ(scene.warnings(), "");
  scene.see_range(scene.c, -1, 2);  // sample 30: a third of the range is new
  EXPECT_NE(scene.warnings().find("'c', 33%"), std::string::npos) << scene.warnings();
  for (int i = 30; i < 60; ++i) scene.see_range(scene.c, -1, 1);
  EXPECT_EQ(scene.warnings(), "");  // it lies in the first two thirds by now
}

TEST(CalibrationWarnings, SamplesThatDoNotFitThePreprocessing) {
  Scene scene;
  scene.options.preprocessing.present = true;
  scene.options.preprocessing.mean = {127.5f};
  scene.options.preprocessing.std = {127.5f};
  for (int i = 0; i < 12; ++i) scene.see_range(scene.image, -1, 1);
  scene.graph.inputs[0].shape = {1, 3, 2, 2};
  EXPECT_EQ(scene.warnings(), "");
  for (int i = 0; i < 40; ++i) scene.see_range(scene.image, -1, 1);
  scene.statistics[scene.image].range = {0, 255};
  EXPECT_NE(scene.warnings().find("[0, 255]"), std::string::npos) << scene.warnings();
  scene.statistics[scene.image].range = {0, 0.05f};
  EXPECT_NE(scene.warnings().find("less than a tenth"), std::string::npos) << scene.warnings();
}

TEST(CalibrationWarnings, DeadChannelsAndSaturation) {
  Scene scene;
  std::vector<float> dead(1200, 0.0f), saturated(1200);
  for (size_t i = 0; i < 1200; i += 3) dead[i] = static_cast<float>(i);
  for (size_t i = 0; i < 1200; ++i) saturated[i] = std::min(static_cast<float>(i), 600.0f) - 500;
  for (int i = 0; i < 12; ++i) scene.see(scene.c, dead);
  EXPECT_NE(scene.warnings().find("2 of 3 channels are dead"), std::string::npos) << scene.warnings();
  scene.statistics.clear();
  for (int i = 0; i < 12; ++i) scene.see(scene.c, saturated);
  EXPECT_NE(scene.warnings().find("'c' is saturated"), std::string::npos) << scene.warnings();
}

TEST(ChooseRanges, AutoClipsLinearActivationsAlone) {
  QuantizeGraph g;
  const ValueId x = g.input("x", {1, 4, 4, 8}, {});
  const ValueId relu = g.conv("relu", x, 8, {}, {{"activation_min", 0.0f}});
  const ValueId relu6 = g.conv("relu6", relu, 8, {}, {{"activation_min", 0.0f}, {"activation_max", 6.0f}});
  const ValueId linear = g.conv("linear", relu6, 8, {});
  const ValueId moved = g.node("Reshape", "moved", {linear}, {1, 16, 1, 8}, {});
  const ValueId logits = g.conv("logits", moved, 8, {});
  const ValueId pooled = g.node("Reduce", "pooled", {logits}, {1, 1, 1, 8}, {});
  const ValueId answer = g.node("Softmax", "answer", {pooled}, {1, 1, 1, 8}, {});
  g.output(answer);
  for (const ValueId id : {x, relu, relu6, logits, pooled, answer})
    EXPECT_FALSE(clips_by_error(g.graph, id)) << id;
  EXPECT_TRUE(clips_by_error(g.graph, linear));
  EXPECT_TRUE(clips_by_error(g.graph, moved));
}

}  // namespace
}  // namespace octet::converter
