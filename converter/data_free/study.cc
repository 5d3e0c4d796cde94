// SPDX-License-Identifier: Apache-2.0
#include "converter/data_free/study.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "converter/data_free/synthetic_samples.h"
#include "converter/pick_samples.h"
#include "converter/repair/channel_statistics.h"

namespace octet::converter {
namespace {

constexpr size_t kSamples = 16;
constexpr double kMostDoubt = 0.6;  // true normalizations: 0.05 to 0.4, made-up ones: over 1
constexpr float kWidening = 2;  // of the synthetic extremes: real inputs have longer tails
constexpr size_t kLargestWalkBytes = size_t{1} << 30;

float low_of(const Node& node) {
  return node.number("activation_min", -std::numeric_limits<float>::infinity());
}
float high_of(const Node& node) {
  return node.number("activation_max", std::numeric_limits<float>::infinity());
}

std::string text_of(Range range) {
  char text[80];
  std::snprintf(text, sizeof text, "[%g, %g]", static_cast<double>(range.min),
                static_cast<double>(range.max));
  return text;
}

class Student {
 public:
  Student(const Graph& graph, const ConvertOptions& options, size_t samples, Study* study,
          Diagnostics* diagnostics)
      : graph_(graph),
        options_(options),
        samples_(samples),
        study_(*study),
        diagnostics_(*diagnostics),
        walk_(graph, samples) {}

  // Nothing is taken from normalizations.
  void disbelieve() { believes_ = false; }
  // The median over the normalized layers of how far their own numbers were from what should be known of
  // them.
  double doubt() {
    std::sort(doubts_.begin(), doubts_.end());
    return doubts_.empty() ? 0 : doubts_[doubts_.size() / 2];
  }

  Status run() {
    SyntheticSamples source(graph_, options_, samples_);
    std::vector<Sample> inputs;
    OCTET_RETURN_IF_ERROR(pick_samples(&source, graph_.inputs.size(), samples_, &inputs));
    OCTET_RETURN_IF_ERROR(feed_walk(graph_, inputs, &walk_));
    for (size_t i = 0; i < graph_.inputs.size(); ++i) study_input(i);
    for (size_t i = 0; i < graph_.nodes.size(); ++i) {
      OCTET_RETURN_IF_ERROR(study_node(*graph_.nodes[i]));
      walk_.release(*graph_.nodes[i]);
      if (options_.progress) options_.progress("study", i + 1, graph_.nodes.size());
    }
    return Status();
  }

  void summarize() {
    diagnostics_.note("data-free", "",
                      "ranges of " + std::to_string(normalized_) +
                          " activations from batch normalization, of " +
                          std::to_string(study_.ranges.size() - normalized_) + " from " +
                          std::to_string(samples_) + " synthetic inputs");
    if (normalized_ == 0)
      diagnostics_.warning(
          "data-free", "",
          "the network has no batch normalization that says what its activations are like: all "
          "ranges come from synthetic inputs; give samples if there are any");
  }

 private:
  void study_input(size_t i) {
    const ValueId id = graph_.inputs[i].value;
    if (graph_.value(id).type != schema::TensorType_F32) return;
    observe(id);
    const InputRange known = range_of_input(graph_, i, options_);
    study_.ranges[id] = {known.min, known.max};
    if (known.source == nullptr)
      diagnostics_.warning("data-free", "",
                           "input '" + graph_.inputs[i].name + "' is taken to lie in [-4, 4]; give --range " +
                               graph_.inputs[i].name + "=MIN,MAX");
    else
      diagnostics_.detail("data-free", graph_.value(id).name,
                          "range " + text_of(study_.ranges[id]) + ": " + known.source);
  }

  Status study_node(const Node& node) {
    ChannelStatistics known;
    if (!believes_ || !read_channel_statistics(node, &known)) {
      OCTET_RETURN_IF_ERROR(walk_.run(node));
      for (const ValueId id : node.outputs) {
        if (id == kNoValue || graph_.value(id).type != schema::TensorType_F32) continue;
        observe(id);
        diagnostics_.detail("data-free", graph_.value(id).name,
                            "range " + text_of(study_.ranges[id]) + ": synthetic inputs");
      }
      return Status();
    }
    Node linear = node;
    for (const char* key : {"activation_min", "activation_max"}) linear.attributes.erase(key);
    OCTET_RETURN_IF_ERROR(walk_.run(linear));
    doubts_.push_back(impose(node, known));
    take_normalization(node, known);
    return Status();
  }

  size_t channels(ValueId id) const {
    const Dims& shape = graph_.value(id).shape;
    return shape.empty() ? 1 : static_cast<size_t>(shape.back());
  }

  // visit(channel, value) for all values of all samples.
  template <class Visit>
  void for_each(ValueId id, const Visit& visit) {
    const size_t width = channels(id);
    for (size_t s = 0; s < samples_; ++s) {
      Bytes& bytes = walk_.bytes(id, s);
      auto* data = reinterpret_cast<float*>(bytes.data());
      for (size_t i = 0; i < bytes.size() / sizeof(float); ++i) visit(i % width, &data[i]);
    }
  }

  // Extremes and means as they are.
  void observe(ValueId id) {
    std::vector<double> sums(channels(id), 0);
    Range range = {std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity()};
    size_t count = 0;
    for_each(id, [&](size_t c, const float* x) {
      sums[c] += *x;
      range = {std::min(range.min, *x), std::max(range.max, *x)};
      ++count;
    });
    if (count == 0) return;
    for (double& sum : sums) sum /= static_cast<double>(count / sums.size());
    study_.ranges[id] = {kWidening * range.min, kWidening * range.max};
    study_.means[id] = sums;
  }

  // Gives the stored values the known mean and deviation, then clamps them. Returns how far off they were,
  // the median over the channels of |log2(deviation / known deviation)|.
  double impose(const Node& node, const ChannelStatistics& known) {
    const ValueId id = node.outputs[0];
    std::vector<double> sums(channels(id), 0), squares(channels(id), 0), count(channels(id), 0);
    for_each(id, [&](size_t c, const float* x) {
      const auto value = static_cast<double>(*x);
      sums[c] += value;
      squares[c] += value * value;
      ++count[c];
    });
    std::vector<double> factor(sums.size()), term(sums.size()), doubts;
    for (size_t c = 0; c < sums.size(); ++c) {
      const double mean = sums[c] / count[c], variance = squares[c] / count[c] - mean * mean;
      factor[c] = variance > 1e-12 * squares[c] / count[c] ? known.deviation[c] / std::sqrt(variance) : 0;
      term[c] = known.mean[c] - mean * factor[c];
      if (factor[c] > 0) doubts.push_back(std::fabs(std::log2(factor[c])));
    }
    const float low = low_of(node), high = high_of(node);
    for_each(id, [&](size_t c, float* x) {
      *x = std::min(std::max(static_cast<float>(static_cast<double>(*x) * factor[c] + term[c]), low), high);
    });
    std::sort(doubts.begin(), doubts.end());
    return doubts.empty() ? 0 : doubts[doubts.size() / 2];
  }

  void take_normalization(const Node& node, const ChannelStatistics& known) {
    const ValueId id = node.outputs[0];
    const double low = static_cast<double>(low_of(node)), high = static_cast<double>(high_of(node));
    const double n = options_.data_free.deviations;
    double least = std::numeric_limits<double>::infinity(), most = -least;
    std::vector<double> means;
    for (size_t c = 0; c < known.mean.size(); ++c) {
      least = std::min(least, known.mean[c] - n * known.deviation[c]);
      most = std::max(most, known.mean[c] + n * known.deviation[c]);
      double mean = known.mean[c], deviation = known.deviation[c];
      clip_normal(low, high, &mean, &deviation);
      means.push_back(mean);
    }
    const auto clamp = [&](double x) { return static_cast<float>(std::min(std::max(x, low), high)); };
    study_.ranges[id] = {clamp(least), clamp(most)};
    study_.means[id] = means;
    ++normalized_;
    diagnostics_.detail("data-free", graph_.value(id).name,
                        "range " + text_of(study_.ranges[id]) + ": batch normalization");
  }

  const Graph& graph_;
  const ConvertOptions& options_;
  const size_t samples_;
  Study& study_;
  Diagnostics& diagnostics_;
  NodeWalk walk_;
  size_t normalized_ = 0;
  bool believes_ = true;
  std::vector<double> doubts_;
};

}  // namespace

Status study_without_samples(const Graph& graph, const ConvertOptions& options, Study* study,
                             Diagnostics* diagnostics) {
  const size_t most = kLargestWalkBytes / std::max<size_t>(peak_activation_bytes(graph), 1);
  const size_t samples = std::clamp<size_t>(most, 1, kSamples);
  Diagnostics said;
  Student student(graph, options, samples, study, &said);
  OCTET_RETURN_IF_ERROR(student.run());
  if (student.doubt() > kMostDoubt) {
    char text[240];
    std::snprintf(
        text, sizeof text,
        "the network's batch normalization does not fit its weights (deviations of channels are off by a "
        "factor of %.1f in the median) and says nothing of its activations",
        std::exp2(student.doubt()));
    diagnostics->warning("data-free", "", text);
    *study = Study();
    Student again(graph, options, samples, study, diagnostics);
    again.disbelieve();
    OCTET_RETURN_IF_ERROR(again.run());
    again.summarize();
    return Status();
  }
  student.summarize();
  for (const Diagnostic& item : said.items()) diagnostics->add(item);
  return Status();
}

}  // namespace octet::converter
