// SPDX-License-Identifier: Apache-2.0
#include "converter/repair/layer_inputs.h"

#include <algorithm>

namespace octet::converter {
namespace {

// One axis of a window: where output `o` finds tap `k` in the input.
struct Axis {
  int64_t input, output, kernel, stride, dilation, pad;
  bool transposed;

  int64_t source(int64_t o, int64_t k) const {
    int64_t i = transposed ? o + pad - k * dilation : o * stride + k * dilation - pad;
    if (transposed && (i < 0 || i % stride != 0)) return -1;
    if (transposed) i /= stride;
    return i >= 0 && i < input ? i : -1;
  }
};

Axis axis_of(const Graph& graph, const Node& node, size_t axis) {
  const auto at = [&](const char* key, size_t i, int64_t fallback) {
    const std::vector<int64_t> given = node.integers(key);
    return i < given.size() ? given[i] : fallback;
  };
  const Dims& input = graph.value(node.inputs[0]).shape;
  const Dims& output = graph.value(node.outputs[0]).shape;
  const Dims& weights = graph.value(node.inputs[1]).shape;
  return {input[1 + axis],          output[1 + axis],    weights[1 + axis],         at("strides", axis, 1),
          at("dilations", axis, 1), at("pads", axis, 0), node.op == "ConvTranspose"};
}

}  // namespace

LayerInputs::LayerInputs(const Graph& graph, const Node& node, const NodeWalk& walk, size_t samples,
                         size_t wanted)
    : graph_(graph), walk_(walk), input_(node.inputs[0]), samples_(samples), wanted_(wanted) {
  input_channels_ = static_cast<size_t>(graph.value(input_).shape.back());
  if (node.op == "FullyConnected")
    place_matrix(node);
  else
    place_windows(node);
}

// `chosen` of the positions [0, outputs) of one sample.
void LayerInputs::choose(size_t outputs, size_t wanted, std::vector<size_t>* chosen, size_t sample) const {
  chosen->clear();
  const size_t count = std::min(std::max<size_t>(wanted / std::max<size_t>(samples_, 1), 1), outputs);
  for (size_t i = 0; i < count; ++i)
    chosen->push_back((i * samples_ + sample) * outputs / (count * samples_));
}

void LayerInputs::place_matrix(const Node&) {
  group_channels_ = input_channels_;
  std::vector<size_t> chosen;
  for (size_t s = 0; s < samples_; ++s) {
    const size_t row_bytes = input_channels_ * element_bytes(graph_.value(input_).type);
    choose(walk_.bytes(input_, s).size() / std::max<size_t>(row_bytes, 1), wanted_, &chosen, s);
    for (size_t row : chosen) {
      sample_of_.push_back(static_cast<uint32_t>(s));
      pixels_.push_back(static_cast<int32_t>(row));
    }
  }
  positions_ = sample_of_.size();
}

void LayerInputs::place_windows(const Node& node) {
  const Axis rows = axis_of(graph_, node, 0), columns = axis_of(graph_, node, 1);
  groups_ = static_cast<size_t>(node.integer("group", 1));
  group_channels_ = input_channels_ / groups_;
  taps_ = static_cast<size_t>(rows.kernel * columns.kernel);
  const auto plane = static_cast<size_t>(rows.output * columns.output);
  const auto batch = static_cast<size_t>(graph_.value(input_).shape[0]);
  std::vector<size_t> chosen, all;
  for (size_t s = 0; s < samples_; ++s) {
    choose(batch * plane, wanted_, &chosen, s);
    all.insert(all.end(), chosen.begin(), chosen.end());
    sample_of_.resize(all.size(), static_cast<uint32_t>(s));
  }
  positions_ = all.size();
  for (int64_t ky = 0; ky < rows.kernel; ++ky)
    for (int64_t kx = 0; kx < columns.kernel; ++kx)
      for (const size_t position : all) {
        const auto in_plane = static_cast<int64_t>(position % plane);
        const int64_t y = rows.source(in_plane / columns.output, ky);
        const int64_t x = columns.source(in_plane % columns.output, kx);
        const auto image = static_cast<int64_t>(position / plane);
        const int64_t pixel = (image * rows.input + y) * columns.input + x;
        pixels_.push_back(y < 0 || x < 0 ? -1 : static_cast<int32_t>(pixel));
      }
}

void LayerInputs::gather(size_t group, size_t first, size_t count, std::vector<int16_t>* rows) const {
  rows->assign(taps_ * count * positions_, 0);
  const int zero_point = graph_.value(input_).quantization.zero_point;
  const bool wide = graph_.value(input_).type == schema::TensorType_S16;
  for (size_t tap = 0; tap < taps_; ++tap)
    for (size_t p = 0; p < positions_; ++p) {
      const int32_t pixel = pixels_[tap * positions_ + p];
      if (pixel < 0) continue;
      const uint8_t* bytes = walk_.bytes(input_, sample_of_[p]).data();
      const size_t at = static_cast<size_t>(pixel) * input_channels_ + group * group_channels_ + first;
      for (size_t i = 0; i < count; ++i)
        (*rows)[(tap * count + i) * positions_ + p] =
            wide ? static_cast<int16_t>((reinterpret_cast<const int16_t*>(bytes)[at + i] + 32) >> 6)
                 : static_cast<int16_t>(reinterpret_cast<const int8_t*>(bytes)[at + i] - zero_point);
    }
}

}  // namespace octet::converter
