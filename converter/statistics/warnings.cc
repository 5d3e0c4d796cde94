// SPDX-License-Identifier: Apache-2.0
#include "converter/statistics/warnings.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>

#include "converter/ranges/choose_ranges.h"

namespace octet::converter {
namespace {

constexpr size_t kFewSamples = 10;
constexpr double kGrowth = 0.1, kSaturated = 0.25;

double width(Range range) { return std::max<double>(range.max, 0) - std::min<double>(range.min, 0); }

std::string quoted(const Graph& graph, ValueId id) { return "'" + graph.value(id).name + "'"; }

// The share of the final range that the last third of the samples added.
double late_growth(const TensorStatistics& seen) {
  const std::deque<Range>& samples = seen.recent.kept();
  const size_t late = std::min<size_t>(static_cast<size_t>(seen.recent.samples() / 3), samples.size());
  Range before = seen.recent.before();  // {0, 0} if none was dropped; ranges include 0 anyway
  for (size_t i = 0; i + late < samples.size(); ++i) before = unite(before, samples[i]);
  const double whole = width(seen.range);
  return late > 0 && whole > 0 ? 1 - width(before) / whole : 0;
}

void warn_about_samples(const Graph& graph, const Statistics& statistics, Diagnostics* diagnostics) {
  if (statistics.empty()) return;
  const uint64_t samples = statistics.begin()->second.recent.samples();
  if (samples < kFewSamples) {
    diagnostics->warning("calibrate", "",
                         "only " + std::to_string(samples) +
                             " calibration samples; 30 to 100 see the ranges that the network meets in use");
    return;
  }
  size_t growing = 0;
  double most = 0;
  ValueId worst = kNoValue;
  for (const auto& [id, seen] : statistics) {
    const double growth = late_growth(seen);
    growing += growth > kGrowth;
    if (growth > most) most = growth, worst = id;
  }
  if (growing == 0) return;
  char percent[16];
  std::snprintf(percent, sizeof percent, "%.0f%%", most * 100);
  diagnostics->warning(
      "calibrate", "",
      "the ranges of " + std::to_string(growing) + " of " + std::to_string(statistics.size()) +
          " activations still grew by over 10% in the last third of " + std::to_string(samples) +
          " samples (most: " + quoted(graph, worst) + ", " + percent + "); more samples would show more");
}

// What pixels of 0 to 255 become, over all channels.
Range pixel_range(const ImagePreprocessing& image) {
  const size_t channels = std::max<size_t>({image.mean.size(), image.std.size(), 1});
  Range range;
  for (size_t c = 0; c < channels; ++c) {
    const float mean = image.mean.empty() ? 0 : image.mean[std::min(c, image.mean.size() - 1)];
    const float std = image.std.empty() ? 1 : image.std[std::min(c, image.std.size() - 1)];
    const Range channel{-mean / std, (255 - mean) / std};
    range = c == 0 ? channel : unite(range, channel);
  }
  return range;
}

bool is_image(const GraphPort& port) {
  const auto channels = [](int64_t dim) { return dim == 1 || dim == 3; };
  return port.type == schema::TensorType_F32 && port.shape.size() == 4 &&
         (channels(port.shape[1]) || channels(port.shape[3]));
}

void warn_about_preprocessing(const Graph& graph, const Statistics& statistics,
                              const ImagePreprocessing& image, Diagnostics* diagnostics) {
  if (!image.present) return;
  const Range pixels = pixel_range(image);
  const double slack = 0.01 * (static_cast<double>(pixels.max) - pixels.min);
  for (const GraphPort& port : graph.inputs) {
    const auto found = statistics.find(port.value);
    if (!is_image(port) || found == statistics.end()) continue;
    const Range seen = found->second.range;
    const bool beyond = seen.min < pixels.min - slack || seen.max > pixels.max + slack;
    const bool within = static_cast<double>(seen.max) - seen.min < 10 * slack;
    if (!beyond && !within) continue;
    char text[256];
    std::snprintf(
        text, sizeof text,
        "input '%s': samples lie in [%g, %g], but pixels of 0 to 255 would lie in [%g, %g] with the mean "
        "and std given: %s",
        port.name.c_str(), static_cast<double>(seen.min), static_cast<double>(seen.max),
        static_cast<double>(pixels.min), static_cast<double>(pixels.max),
        beyond ? "they were made with others" : "they use less than a tenth of that");
    diagnostics->warning("calibrate", "", text);
  }
}

size_t dead_channels(const TensorStatistics& seen) {
  return static_cast<size_t>(std::count_if(seen.channels.begin(), seen.channels.end(),
                                           [](const Range& range) { return range.min == range.max; }));
}

// The share of the values that are not 0 in the bins of the extremes.
double at_extremes(const TensorStatistics& seen) {
  const Histogram& histogram = seen.histogram;
  const uint64_t values = seen.count() - histogram.zeros();
  const uint64_t low = histogram.first() < 0 ? histogram.count(histogram.first()) : 0;
  const uint64_t high = histogram.last() > 0 ? histogram.count(histogram.last() - 1) : 0;
  return values > 0 ? static_cast<double>(std::max(low, high)) / static_cast<double>(values) : 0;
}

void warn_about_tensor(const Graph& graph, ValueId id, const TensorStatistics& seen,
                       Diagnostics* diagnostics) {
  if (seen.count() == 0) return;
  if (seen.range.min == seen.range.max) {
    diagnostics->detail(
        "calibrate", "",
        quoted(graph, id) + " is " + std::to_string(seen.range.min) + " in every element of every sample");
    return;
  }
  const size_t dead = dead_channels(seen), channels = seen.channels.size();
  const std::string text = quoted(graph, id) + ": " + std::to_string(dead) + " of " +
                           std::to_string(channels) + " channels are dead: one value in all samples";
  if (dead > 0 && channels > 1 && 2 * dead > channels && seen.count() > 4 * channels)
    diagnostics->warning("calibrate", "", text);
  else if (dead > 0)
    diagnostics->detail("calibrate", "", text);
  if (clips_by_error(graph, id) && seen.count() > 1000 && at_extremes(seen) > kSaturated)
    diagnostics->warning("calibrate", "",
                         quoted(graph, id) +
                             " is saturated: over a quarter of its values that are not 0 lie at an "
                             "extreme, though nothing in the network bounds it");
}

}  // namespace

void warn_about_statistics(const Graph& graph, const Statistics& statistics, const ConvertOptions& options,
                           Diagnostics* diagnostics) {
  warn_about_samples(graph, statistics, diagnostics);
  warn_about_preprocessing(graph, statistics, options.preprocessing, diagnostics);
  for (const auto& [id, seen] : statistics) warn_about_tensor(graph, id, seen, diagnostics);
}

}  // namespace octet::converter
