// SPDX-License-Identifier: Apache-2.0
#include "converter/repair/equalize.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <set>

#include "converter/ranges/choose_ranges.h"
#include "converter/ranges/range_methods.h"
#include "converter/repair/balance_activations.h"
#include "converter/repair/channel_statistics.h"
#include "converter/repair/layer_pairs.h"
#include "converter/statistics/collect.h"
#include "converter/statistics/warnings.h"

namespace octet::converter {
namespace {

constexpr int kMostRounds = 50;
constexpr double kSettled = 0.01;   // |log s| below which a pair is even
constexpr double kReached = 0.999;  // of a bound
constexpr double kRangeDeviations = 6, kAbsorbDeviations = 3;
constexpr double kDead = 1e-6;        // of the largest weight: the channel is its bias and nothing else
constexpr double kLeastShift = 0.01;  // of a channel's greatest value

double max_abs(const std::vector<float>& data) {
  double largest = 0;
  for (const float x : data) largest = std::max<double>(largest, std::fabs(x));
  return largest;
}

class Equalizer {
 public:
  Equalizer(const EqualizeOptions& options, ChannelRanges* seen, Graph* graph, Diagnostics* diagnostics)
      : drops_clamps_(options.weights == "relu"), seen_(*seen), graph_(*graph), diagnostics_(*diagnostics) {}

  void run() {
    std::vector<LayerPair> pairs = find_layer_pairs(graph_);
    std::map<const Node*, double> before;
    for (const LayerPair& pair : pairs)
      for (const Node* layer : {pair.first, pair.second})
        before[layer] = per_tensor_weight_sqnr(graph_, *layer);
    int rounds = 0;
    for (bool again = true; again && rounds < kMostRounds; ++rounds) {
      again = false;
      for (LayerPair& pair : pairs) again |= equalize_pair(&pair);
    }
    size_t absorbed = 0;
    for (const LayerPair& pair : pairs) absorbed += absorb(pair);
    for (const auto& node : graph_.nodes)
      if (before.count(node.get()) != 0) report(*node, before[node.get()]);
    summarize(pairs.size(), before, absorbed);
  }

 private:
  // True if it changed anything.
  bool equalize_pair(LayerPair* pair) {
    const auto first = first_weights(graph_, *pair), second = second_weights(graph_, *pair);
    std::vector<double> scales(pair->channels, 1);
    double all = 0;
    for (const std::vector<float>& channel : first) all = std::max(all, max_abs(channel));
    for (size_t c = 0; c < scales.size(); ++c) {
      const double r1 = max_abs(first[c]), r2 = max_abs(second[c]);
      if (r1 > kDead * all && r2 > 0) scales[c] = std::clamp(std::sqrt(r1 / r2), 1e-4, 1e4);
    }
    stay_in_range(*pair, &scales);
    hold_back(pair, &scales);
    double largest = 0;
    for (const double s : scales) largest = std::max(largest, std::fabs(std::log(s)));
    if (largest < kSettled) return false;
    scale_channels(*pair, scales, &graph_);
    const auto found = seen_.of.find(pair->link());
    if (found == seen_.of.end()) return true;
    for (size_t c = 0; c < scales.size(); ++c) {
      Range& range = found->second[c];
      range = {static_cast<float>(range.min / scales[c]), static_cast<float>(range.max / scales[c])};
    }
    return true;
  }

  // No channel's values outgrow the largest: a channel of tiny weights may have a large bias.
  void stay_in_range(const LayerPair& pair, std::vector<double>* scales) const {
    const auto found = seen_.of.find(pair.link());
    if (found == seen_.of.end()) return;
    const auto reach = [](const Range& range) {
      return std::max(std::fabs(range.min), std::fabs(range.max));
    };
    double largest = 0;
    for (const Range& range : found->second) largest = std::max<double>(largest, reach(range));
    for (size_t c = 0; c < scales->size() && largest > 0; ++c)
      (*scales)[c] = std::max((*scales)[c], reach(found->second[c]) / largest);
  }

  bool reaches(const LayerPair& pair, size_t c) const {
    const auto found = seen_.of.find(pair.link());
    return found == seen_.of.end() || static_cast<double>(found->second[c].max) >= kReached * pair.top;
  }

  // Channels that a clamp cuts keep their scale, or the clamp goes.
  void hold_back(LayerPair* pair, std::vector<double>* scales) {
    if (std::isinf(pair->top)) return;
    size_t held = 0;
    for (size_t c = 0; c < scales->size(); ++c)
      held += reaches(*pair, c) && std::fabs(std::log((*scales)[c])) >= kSettled;
    if (held > 0 && drops_clamps_) {
      diagnostics_.note("equalize", pair->first->name,
                        "its clamp at " + std::to_string(pair->top) + ", which " + std::to_string(held) +
                            " of " + std::to_string(scales->size()) + " channels reach, became ReLU");
      drop_clamps(*pair);
      pair->top = std::numeric_limits<double>::infinity();
      ++dropped_;
      return;
    }
    for (size_t c = 0; c < scales->size(); ++c) {
      if (reaches(*pair, c))
        (*scales)[c] = 1;
      else
        (*scales)[c] =
            std::max((*scales)[c], seen_.of.at(pair->link())[c].max / (kReached * kReached * pair->top));
    }
    if (held > 0) held_.insert(pair->first);
  }

  bool absorb(const LayerPair& pair) {
    const auto found = seen_.of.find(pair.link());
    if (!pair.shifts || found == seen_.of.end()) return false;
    ChannelStatistics known;
    if (seen_.from_normalization && !read_channel_statistics(*pair.first, &known)) return false;
    std::vector<double> shifts(pair.channels, 0);
    size_t count = 0;
    for (size_t c = 0; c < shifts.size(); ++c) {
      const double least = seen_.from_normalization ? known.mean[c] - kAbsorbDeviations * known.deviation[c]
                                                    : static_cast<double>(found->second[c].min);
      if (!(least > kLeastShift * static_cast<double>(found->second[c].max)) || reaches(pair, c)) continue;
      shifts[c] = least;
      ++count;
    }
    if (count == 0) return false;
    shift_channels(pair, shifts, &graph_);
    for (size_t c = 0; c < shifts.size(); ++c) {
      found->second[c].min = static_cast<float>(std::max(found->second[c].min - shifts[c], 0.0));
      found->second[c].max = static_cast<float>(found->second[c].max - shifts[c]);
    }
    diagnostics_.detail("equalize", pair.first->name,
                        "the least value of " + std::to_string(count) + " of " +
                            std::to_string(pair.channels) + " channels went into the bias of '" +
                            pair.second->name + "'");
    return true;
  }

  void report(const Node& layer, double before) const {
    char text[160];
    std::snprintf(text, sizeof text,
                  "SQNR of a channel's weights with one scale %.1f -> %.1f dB in the mean%s", before,
                  per_tensor_weight_sqnr(graph_, layer),
                  held_.count(&layer) != 0 ? "; channels that its clamp cuts stay" : "");
    diagnostics_.detail("equalize", layer.name, text);
  }

  void summarize(size_t pairs, const std::map<const Node*, double>& before, size_t absorbed) const {
    double least_before = std::numeric_limits<double>::infinity(), least_after = least_before;
    for (const auto& [layer, decibels] : before) {
      least_before = std::min(least_before, decibels);
      least_after = std::min(least_after, per_tensor_weight_sqnr(graph_, *layer));
    }
    if (pairs == 0) {
      diagnostics_.note("equalize", "", "no two layers with nothing but channels on their own between them");
      return;
    }
    char text[240];
    std::snprintf(
        text, sizeof text,
        "%zu pairs of layers; the worst layer's weights with one scale have %.1f dB instead of %.1f; biases "
        "absorbed in %zu, clamps dropped in %zu, held back by clamps in %zu",
        pairs, least_after, least_before, absorbed, dropped_, held_.size());
    diagnostics_.note("equalize", "", text);
  }

  const bool drops_clamps_;
  ChannelRanges& seen_;
  Graph& graph_;
  Diagnostics& diagnostics_;
  std::set<const Node*> held_;
  size_t dropped_ = 0;
};

// What options.equalize asks for. True if the graph changed.
bool even_out(const ConvertOptions& options, ChannelRanges* seen, Graph* graph, Diagnostics* diagnostics) {
  const bool weights = options.equalize.weights != "off";
  bool activations = options.equalize.activations != "off";
  if (weights) equalize_weights(options.equalize, seen, graph, diagnostics);
  if (activations && options.ranges.form.per_tensor_weights) {
    diagnostics->detail("balance", "",
                        "left out: with one scale for all weights of a layer it costs what it gains");
    activations = false;
  }
  return (activations && balance_activations(options.equalize, seen, graph, diagnostics) > 0) || weights;
}

}  // namespace

double per_tensor_weight_sqnr(const Graph& graph, const Node& layer) {
  const Constant& weights = *graph.value(layer.inputs[1]).constant;
  const size_t channels = static_cast<size_t>(weights.shape[0]), count = weights.elements() / channels;
  const float* data = weights.as<float>();
  double largest = 0, total = 0;
  for (size_t i = 0; i < weights.elements(); ++i) largest = std::max<double>(largest, std::fabs(data[i]));
  const double scale = largest / 127;
  size_t live = 0;
  for (size_t c = 0; c < channels; ++c) {
    double signal = 0, noise = 0;
    for (size_t i = c * count; i < (c + 1) * count; ++i) {
      const double x = static_cast<double>(data[i]), error = std::nearbyint(x / scale) * scale - x;
      signal += x * x;
      noise += error * error;
    }
    if (signal == 0) continue;
    total += 10 * std::log10(signal / std::max(noise, signal * 1e-10));
    ++live;
  }
  return live == 0 ? 0 : total / static_cast<double>(live);
}

ChannelRanges ranges_from_normalization(const Graph& graph) {
  ChannelRanges result;
  result.from_normalization = true;
  for (const auto& node : graph.nodes) {
    ChannelStatistics known;
    if (!read_channel_statistics(*node, &known)) continue;
    const float low = node->number("activation_min", -std::numeric_limits<float>::infinity());
    const float high = node->number("activation_max", std::numeric_limits<float>::infinity());
    std::vector<Range>& channels = result.of[node->outputs[0]];
    for (size_t c = 0; c < known.mean.size(); ++c) {
      const auto reach = [&](double deviations) {
        const double value = known.mean[c] + deviations * known.deviation[c];
        return std::min(std::max(static_cast<float>(value), low), high);
      };
      channels.push_back({reach(-kRangeDeviations), reach(kRangeDeviations)});
    }
  }
  return result;
}

void equalize_weights(const EqualizeOptions& options, ChannelRanges* seen, Graph* graph,
                      Diagnostics* diagnostics) {
  Equalizer(options, seen, graph, diagnostics).run();
}

void equalize_without_samples(const ConvertOptions& options, Graph* graph, Diagnostics* diagnostics) {
  ChannelRanges seen = ranges_from_normalization(*graph);
  even_out(options, &seen, graph, diagnostics);
}

Status calibrate_equalized(const ConvertOptions& options, Graph* graph, Ranges* ranges,
                           Diagnostics* diagnostics, size_t* samples) {
  const RangeMethod* method = nullptr;
  OCTET_RETURN_IF_ERROR(find_range_method(options.ranges, &method));  // before the samples take their time
  Statistics statistics;
  OCTET_RETURN_IF_ERROR(collect_statistics(*graph, options, &statistics, samples));
  ChannelRanges seen;
  for (const auto& [id, tensor] : statistics)
    if (!tensor.channels.empty()) seen.of[id] = tensor.channels;
  if (even_out(options, &seen, graph, diagnostics))
    OCTET_RETURN_IF_ERROR(collect_statistics(*graph, options, &statistics, samples));
  warn_about_statistics(*graph, statistics, options, diagnostics);
  return choose_ranges(*graph, statistics, options.ranges, ranges, diagnostics);
}

Status check_equalize_options(const ConvertOptions& options) {
  const std::string& weights = options.equalize.weights;
  const std::string& activations = options.equalize.activations;
  if (weights != "off" && weights != "exact" && weights != "relu")
    return error(StatusCode::kInvalidArgument, "equalization '%s': must be one of off, exact, relu",
                 weights.c_str());
  if (activations != "off" && activations != "auto" && activations != "all")
    return error(StatusCode::kInvalidArgument, "balancing '%s': must be one of off, auto, all",
                 activations.c_str());
  if (weights != "off" && !options.ranges.cache.empty())
    return error(
        StatusCode::kInvalidArgument,
        "equalization changes the activations that a calibration cache describes; give samples instead");
  return Status();
}

}  // namespace octet::converter
