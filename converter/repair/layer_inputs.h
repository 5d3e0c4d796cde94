// SPDX-License-Identifier: Apache-2.0
//
// LayerInputs: what the weights of a quantized Conv, ConvTranspose or FullyConnected are multiplied with, at
// some of the layer's output positions: X[weight][position] = q_in - zero_point, 0 where the window lies
// outside the input or, in ConvTranspose, where no input pixel falls on the tap. Inputs of 16 bits are rounded to
// steps of 64, about as fine as 8 bits: what is computed from X sees their size, and its sums stay in 32 bits.
//
// The positions are spread evenly over every sample's output, each sample beginning a little further on, so
// that together they see all of the image. The choice depends on the shapes and the numbers alone.
//
// Weights of an output channel are numbered as they are stored: tap * group_channels + channel, where
// tap = ky * kernel_width + kx. FullyConnected has one tap and one group.
#pragma once

#include <cstdint>
#include <vector>

#include "converter/repair/node_walk.h"

namespace octet::converter {

class LayerInputs {
 public:
  // At most about `wanted` positions of all samples together. The walk must hold the node's input.
  LayerInputs(const Graph& graph, const Node& node, const NodeWalk& walk, size_t samples, size_t wanted);

  size_t positions() const { return positions_; }
  size_t groups() const { return groups_; }
  size_t taps() const { return taps_; }
  size_t group_channels() const { return group_channels_; }

  // The rows of input channels [first, first + count) of `group`, [taps * count][positions]: row
  // tap * count + i belongs to weight tap * group_channels + first + i.
  void gather(size_t group, size_t first, size_t count, std::vector<int16_t>* rows) const;

 private:
  void place_matrix(const Node& node);
  void place_windows(const Node& node);
  void choose(size_t outputs, size_t wanted, std::vector<size_t>* chosen, size_t sample) const;

  const Graph& graph_;
  const NodeWalk& walk_;
  ValueId input_;
  size_t samples_, wanted_;
  size_t positions_ = 0, groups_ = 1, taps_ = 1, group_channels_ = 0, input_channels_ = 0;
  std::vector<uint32_t> sample_of_;  // [positions]
  std::vector<int32_t> pixels_;      // [taps][positions]: the input pixel, -1 outside
};

}  // namespace octet::converter
