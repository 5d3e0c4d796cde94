// SPDX-License-Identifier: Apache-2.0
//
// The state of move_to_nhwc: how each value's bytes lie in memory.
//
// Every value has its original shape, in which the graph means it, and a stored permutation: axis i of the
// bytes is original axis stored[i]. A convolution stores [N, H, W, C] of an original [N, C, H, W]; what
// follows keeps that as long as it can say its axes in any order. A Transpose of the graph moves nothing at
// all: it is the same bytes under another permutation. Bytes move only where an operator insists on an order
// that it is not given.
#pragma once

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "converter/constant_math.h"
#include "converter/graph.h"

namespace octet::converter {

class LayoutState {
 public:
  explicit LayoutState(Graph* graph);

  Graph& graph() { return *graph_; }
  const Dims& original(ValueId id) const { return original_[static_cast<size_t>(id)]; }
  const Permutation& stored(ValueId id) const { return stored_[static_cast<size_t>(id)]; }
  size_t rank(ValueId id) const { return original(id).size(); }
  // Where original axis `axis` lies in memory.
  int64_t position(ValueId id, int64_t axis) const;

  // The value that holds `id` with its axes in the order `wanted`: itself, a moved constant, or a Transpose
  // (a Reshape, if only axes of size 1 move) inserted before the current node. Made once per order.
  ValueId materialize(ValueId id, const Permutation& wanted);
  // The same for an operand that broadcasts to rank `wanted.size()`.
  ValueId materialize_operand(ValueId id, const Permutation& wanted);
  // Declares the order in which `id`, an output of the current node, is stored from now on.
  void store(ValueId id, const Permutation& permutation);
  // `id` is `source`'s bytes, stored as `permutation` says.
  void alias(ValueId id, ValueId source, const Permutation& permutation);
  // The value whose bytes `id` is.
  ValueId physical(ValueId id) const { return physical_[static_cast<size_t>(id)]; }

  // [0, 2, 3, ..., 1]
  static Permutation channels_last(size_t rank);
  static Permutation natural(size_t rank);

  // The order in which the readers of `id` would like it, if any of them cares.
  std::optional<Permutation> wanted(ValueId id, int depth = 0);

  // Flattened images whose elements are stored in another order than meant: the flattened axes and their
  // order. FullyConnected answers by permuting its weights' columns.
  struct Scramble {
    Dims axes;
    Permutation order;
  };
  const Scramble* scramble(ValueId id) const;
  void set_scramble(ValueId id, const Scramble& scramble) { scrambles_[id] = scramble; }
  // True if everything that reads `id` can do with a scramble.
  bool takes_scramble(ValueId id, int depth = 0) const;

  void set_current(const Node* node) { current_ = node; }

 private:
  std::optional<Permutation> wanted_by(const Node& reader, ValueId id, int depth);
  ValueId insert_move(ValueId from, const char* op, const Permutation& relative, Dims shape);
  void grow();
  size_t current_index() const;

  Graph* graph_;
  const Node* current_ = nullptr;
  std::vector<Dims> original_;
  std::vector<Permutation> stored_;
  std::vector<ValueId> physical_;
  std::map<std::pair<ValueId, Permutation>, ValueId> moved_;
  std::map<ValueId, std::optional<Permutation>> wanted_;
  std::map<ValueId, Scramble> scrambles_;
};

// The order of `to`'s axes that keeps the bytes of a reshape from `from`, stored as `permutation`, where they
// are; none if the reshape would tear stored axes apart. Prefers channels last, then the natural order.
std::optional<Permutation> through_reshape(const Dims& from, const Dims& to, const Permutation& permutation);
// As through_reshape, but where `to` is [..., K] and the axes that flatten into K lie last and out of order:
// says that order. `to` is then stored naturally but for K.
std::optional<LayoutState::Scramble> scramble_of_flatten(const Dims& from, const Dims& to,
                                                         const Permutation& permutation);

// layout_rules.cc: moves one node, whose inputs are moved, to its stored form. *drop: it has become an alias.
Status move_node(LayoutState* layout, Node* node, bool* drop);
// True for operators that treat every element alike, with attributes that name no axis.
bool is_elementwise(const Node& node);
// True for operators whose image is [N, C, ...] before the pass and [N, ..., C] behind it.
bool is_channels_last(const Node& node);

}  // namespace octet::converter
