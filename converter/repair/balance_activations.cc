// SPDX-License-Identifier: Apache-2.0
#include "converter/repair/balance_activations.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace octet::converter {
namespace {

constexpr double kMargin = 2;  // a channel may grow that much beyond what was seen
constexpr double kLeastFactor = 1e-3;
constexpr double kLeastGain = 0.5, kFarApart = 12;  // dB
constexpr double kLimits[] = {0.8, 0.65, 0.5, 0.4, 0.3, 0.25, 0.2, 0.15, 0.1};
constexpr double kShares[] = {0.25, 0.5, 0.75, 1};  // of a channel's factor that its values decide

double reach(const Range& range) {
  return std::max(std::fabs(static_cast<double>(range.min)), std::fabs(static_cast<double>(range.max)));
}

double width(double low, double high) { return std::max(high, 0.0) - std::min(low, 0.0); }

bool is_depthwise(const Graph& graph, const LayerPair& pair) {
  return pair.second->op == "Conv" &&
         pair.second->integer("group", 1) == static_cast<int64_t>(pair.channels) &&
         graph.value(pair.second->inputs[1]).shape.back() == 1;
}

std::vector<double> depthwise_scales(const std::vector<Range>& ranges, double* decibels) {
  double low = 0, high = 0;
  for (const Range& range : ranges) {
    low = std::min<double>(low, range.min);
    high = std::max<double>(high, range.max);
  }
  std::vector<double> scales(ranges.size(), 1);
  double gain = 0;
  for (size_t c = 0; c < scales.size(); ++c) {
    const double below = low < 0 ? std::min<double>(ranges[c].min, 0) / low : 0;
    const double above = high > 0 ? std::max<double>(ranges[c].max, 0) / high : 0;
    const double share = std::max(below, above);
    if (share > 0) scales[c] = std::clamp(kMargin * share, kLeastFactor, 1.0);
    gain -= 20 * std::log10(scales[c]);
  }
  *decibels = scales.empty() ? 0 : gain / static_cast<double>(scales.size());
  return scales;
}

// Of a layer that reads every channel: what its output errs by, as the header has it.
class OutputError {
 public:
  OutputError(const Graph& graph, const LayerPair& pair, const std::vector<Range>& ranges)
      : ranges_(ranges), weights_(second_weights(graph, pair)) {
    const Dims& shape = graph.value(pair.second->inputs[1]).shape;
    outputs_ = static_cast<size_t>(shape[0]) /
               static_cast<size_t>(std::max<int64_t>(pair.second->integer("group", 1), 1));
  }

  double of(const std::vector<double>& scales) const {
    double low = 0, high = 0, squares = 0, inputs = 0;
    std::vector<double> largest(outputs_, 0);
    for (size_t c = 0; c < scales.size(); ++c) {
      low = std::min(low, ranges_[c].min / scales[c]);
      high = std::max(high, ranges_[c].max / scales[c]);
      const size_t per_output = weights_[c].size() / outputs_;  // taps and, behind a Reshape, places
      for (size_t i = 0; i < weights_[c].size(); ++i) {
        const double w = static_cast<double>(weights_[c][i]) * scales[c];
        squares += w * w;
        largest[i / per_output] = std::max(largest[i / per_output], std::fabs(w));
      }
      const double x = reach(ranges_[c]) / 4 / scales[c];
      inputs += x * x * static_cast<double>(per_output);
    }
    const double step = width(low, high) / 255;
    double error = squares * step * step / 12;
    for (const double w : largest) error += w / 127 * (w / 127) / 12 * inputs;
    return error;
  }

 private:
  const std::vector<Range>& ranges_;
  std::vector<std::vector<float>> weights_;
  size_t outputs_ = 1;
};

// The candidates: channels cut down to a limit, or all channels brought nearer to each other.
std::vector<std::vector<double>> candidates(const Graph& graph, const LayerPair& pair,
                                            const std::vector<Range>& ranges) {
  std::vector<double> values, weights;
  for (const Range& range : ranges) values.push_back(reach(range));
  for (const std::vector<float>& channel : second_weights(graph, pair)) {
    double most = 0;
    for (const float w : channel) most = std::max<double>(most, std::fabs(w));
    weights.push_back(most);
  }
  const double value = *std::max_element(values.begin(), values.end());
  const double weight = *std::max_element(weights.begin(), weights.end());
  std::vector<std::vector<double>> all;
  for (const double limit : kLimits) {
    all.emplace_back(ranges.size(), 1);
    for (size_t c = 0; c < ranges.size(); ++c) all.back()[c] = std::max(1.0, values[c] / (limit * value));
  }
  for (const double share : kShares) {
    all.emplace_back(ranges.size(), 1);
    for (size_t c = 0; c < ranges.size(); ++c)
      if (values[c] > 0 && weights[c] > 0)
        all.back()[c] = std::clamp(
            std::pow(values[c] / value, share) / std::pow(weights[c] / weight, 1 - share), 1e-4, 1e4);
  }
  return all;
}

std::vector<double> outlier_scales(const Graph& graph, const LayerPair& pair,
                                   const std::vector<Range>& ranges, double* decibels) {
  const OutputError error(graph, pair, ranges);
  std::vector<double> best(ranges.size(), 1);
  const double before = error.of(best);
  double least = before;
  for (const std::vector<double>& scales : candidates(graph, pair, ranges)) {
    const double now = error.of(scales);
    if (!(now < least)) continue;
    least = now;
    best = scales;
  }
  *decibels = before > 0 ? 10 * std::log10(before / least) : 0;
  return best;
}

}  // namespace

std::vector<double> balancing_scales(const Graph& graph, const LayerPair& pair,
                                     const std::vector<Range>& ranges, double* decibels) {
  *decibels = 0;
  if (is_depthwise(graph, pair)) return depthwise_scales(ranges, decibels);
  if (!std::isinf(pair.top)) return std::vector<double>(ranges.size(), 1);  // the clamp would have to follow
  return outlier_scales(graph, pair, ranges, decibels);
}

size_t balance_activations(const EqualizeOptions& options, ChannelRanges* seen, Graph* graph,
                           Diagnostics* diagnostics) {
  const double least = options.activations == "all" ? kLeastGain : kFarApart;
  size_t balanced = 0, pairs = 0;
  for (const LayerPair& pair : find_layer_pairs(*graph)) {
    const auto found = seen->of.find(pair.link());
    if (found == seen->of.end() || found->second.size() != pair.channels) continue;
    ++pairs;
    double decibels = 0;
    const std::vector<double> scales = balancing_scales(*graph, pair, found->second, &decibels);
    const auto moved =
        static_cast<size_t>(std::count_if(scales.begin(), scales.end(), [](double s) { return s != 1; }));
    if (moved == 0 || decibels < least) continue;
    scale_channels(pair, scales, graph);
    for (size_t c = 0; c < scales.size(); ++c) {
      Range& range = found->second[c];
      range = {static_cast<float>(range.min / scales[c]), static_cast<float>(range.max / scales[c])};
    }
    ++balanced;
    char text[200];
    std::snprintf(text, sizeof text,
                  "%zu of %zu channels of its output scaled against '%s': %.1f dB less error %s expected",
                  moved, scales.size(), pair.second->name.c_str(), decibels,
                  is_depthwise(*graph, pair) ? "of a channel in the mean" : "of the reader's output");
    diagnostics->detail("balance", pair.first->name, text);
  }
  diagnostics->note(
      "balance", "",
      std::to_string(balanced) + " of " + std::to_string(pairs) + " activations between layers changed");
  return balanced;
}

}  // namespace octet::converter
