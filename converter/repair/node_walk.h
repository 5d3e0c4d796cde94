// SPDX-License-Identifier: Apache-2.0
//
// Runs a quantized graph one node at a time over several samples: each node is a model of its own, and
// the activations of all samples wait between nodes until their last reader has run. On one thread: a
// node is too little work to pay for waking others.
#pragma once

#include <cstdint>
#include <vector>

#include "converter/stages.h"

namespace octet::converter {

using Bytes = std::vector<uint8_t>;
using Sample = std::vector<Bytes>;  // one for each input of the network, in its declared form

class NodeWalk {
 public:
  NodeWalk(const Graph& graph, size_t samples);

  // Sets a graph input's bytes (in the graph's own form) for one sample.
  void set_input(ValueId id, size_t sample, Bytes bytes);
  // Runs `node` for every sample and stores its outputs; may be called again after the node changed.
  Status run(const Node& node);
  // The stored bytes of a value.
  const Bytes& bytes(ValueId id, size_t sample) const { return stored_[static_cast<size_t>(id)][sample]; }
  Bytes& bytes(ValueId id, size_t sample) { return stored_[static_cast<size_t>(id)][sample]; }
  // `node` is done: values that no later node reads are dropped.
  void release(const Node& node);

 private:
  const Graph& graph_;
  size_t samples_;
  std::vector<std::vector<Bytes>> stored_;  // [value][sample]
  std::vector<size_t> readers_left_;
};

// Gives the walk its samples, in the graph's own form.
Status feed_walk(const Graph& graph, const std::vector<Sample>& samples, NodeWalk* walk);

// The most bytes of activations that are alive at one time, for one sample.
size_t peak_activation_bytes(const Graph& graph);

}  // namespace octet::converter
