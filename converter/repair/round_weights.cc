// SPDX-License-Identifier: Apache-2.0
#include "converter/repair/round_weights.h"

#include <algorithm>

namespace octet::converter {
namespace {

struct ChannelErrors {
  double signal = 0, before = 0, after = 0;
};

// One part: input channels [first, first + count) of a group, all its output channels.
struct Part {
  size_t group, first, count;
};

class LayerRounding {
 public:
  LayerRounding(const RoundingLayer& layer, const RoundingRow& method, std::vector<int8_t>* rounded)
      : layer_(layer), method_(method), rounded_(*rounded) {
    const LayerInputs& inputs = layer.inputs;
    channels_ = static_cast<size_t>(layer.graph.value(layer.node.inputs[1]).shape[0]);
    group_outputs_ = channels_ / inputs.groups();
    errors_.resize(channels_);
  }

  RoundingResult run(const Workers& workers) {
    const LayerInputs& inputs = layer_.inputs;
    RoundingResult result;
    result.positions = inputs.positions();
    result.weights = rounded_.size();
    const size_t part_channels = kLargestGram / inputs.taps();
    if (part_channels == 0) {
      result.kept = "its window has " + std::to_string(inputs.taps()) + " taps; at most " +
                    std::to_string(kLargestGram) + " are rounded together";
      return result;
    }
    result.parts = (inputs.group_channels() + part_channels - 1) / part_channels;
    // Parts of the same size, in order.
    const size_t share = (inputs.group_channels() + result.parts - 1) / result.parts;
    const auto round_group = [&](size_t group, const Workers& inner) {
      for (size_t first = 0; first < inputs.group_channels(); first += share)
        round_part({group, first, std::min(share, inputs.group_channels() - first)}, inner);
    };
    if (inputs.groups() == 1)
      round_group(0, workers);
    else
      workers.run(inputs.groups(), [&](size_t group) { round_group(group, Workers()); });
    sum_up(&result);
    return result;
  }

 private:
  // Where weight `i` of a part stands among the weights of its output channel.
  size_t place(const Part& part, size_t i) const {
    return i / part.count * layer_.inputs.group_channels() + part.first + i % part.count;
  }

  void round_part(const Part& part, const Workers& workers) {
    std::vector<int16_t> rows;
    layer_.inputs.gather(part.group, part.first, part.count, &rows);
    const Gram gram = compute_gram(rows, layer_.inputs.positions(), workers);
    const size_t size = layer_.inputs.taps() * part.count, all = rounded_.size() / channels_;
    std::vector<double> weights(group_outputs_ * size);
    std::vector<int8_t> nearest(weights.size());
    const std::vector<float>& scales = layer_.graph.value(layer_.node.inputs[1]).quantization.channel_scales;
    for (size_t c = 0; c < group_outputs_; ++c)
      for (size_t i = 0; i < size; ++i) {
        const size_t channel = part.group * group_outputs_ + c, from = channel * all + place(part, i);
        weights[c * size + i] = static_cast<double>(layer_.reference.as<float>()[from]) / scales[channel];
        nearest[c * size + i] = rounded_[from];
      }
    std::vector<int8_t> better = nearest;
    method_.round({gram, group_outputs_, weights}, workers, &better);
    workers.run(group_outputs_, [&](size_t c) {
      keep_better(part, gram, weights.data() + c * size, nearest.data() + c * size, better.data() + c * size,
                  c);
    });
  }

  void keep_better(const Part& part, const Gram& gram, const double* weights, const int8_t* nearest,
                   const int8_t* better, size_t c) {
    const size_t channel = part.group * group_outputs_ + c, all = rounded_.size() / channels_;
    std::vector<double> e(gram.size);
    const auto error_of = [&](const int8_t* q) {
      for (size_t i = 0; i < gram.size; ++i) e[i] = (q != nullptr ? q[i] : 0) - weights[i];
      return output_error(gram, e);
    };
    const double before = error_of(nearest), after = error_of(better);
    const bool pays = after < before;
    ChannelErrors& errors = errors_[channel];
    errors.signal += error_of(nullptr);
    errors.before += before;
    errors.after += pays ? after : before;
    if (!pays) return;
    for (size_t i = 0; i < gram.size; ++i) rounded_[channel * all + place(part, i)] = better[i];
  }

  // In real units, but for the input's scale.
  void sum_up(RoundingResult* result) const {
    const Value& weights = layer_.graph.value(layer_.node.inputs[1]);
    for (size_t c = 0; c < channels_; ++c) {
      const double square = static_cast<double>(weights.quantization.channel_scales[c]) *
                            weights.quantization.channel_scales[c];
      result->signal += errors_[c].signal * square;
      result->before += errors_[c].before * square;
      result->after += errors_[c].after * square;
    }
    for (size_t i = 0; i < rounded_.size(); ++i)
      result->changed += rounded_[i] != weights.constant->as<int8_t>()[i];
  }

  const RoundingLayer& layer_;
  const RoundingRow& method_;
  std::vector<int8_t>& rounded_;
  size_t channels_ = 0, group_outputs_ = 0;
  std::vector<ChannelErrors> errors_;
};

}  // namespace

size_t wanted_positions(size_t weights) { return std::clamp(8 * weights, kLeastPositions, kMostPositions); }

RoundingResult round_weights(const RoundingLayer& layer, const RoundingRow& method, const Workers& workers,
                             std::vector<int8_t>* rounded) {
  return LayerRounding(layer, method, rounded).run(workers);
}

}  // namespace octet::converter
