// SPDX-License-Identifier: Apache-2.0
//
// What several passes need: reading nodes and constants, respecting pinned values, rewiring.
//
// A pinned value (Value::quantization, from a network that brings its own scales) is a place where the
// network rounds. A pattern with such a place inside is left as it is, and the person is told.
#pragma once

#include <string>
#include <vector>

#include "converter/diagnostics.h"
#include "converter/graph.h"

namespace octet::converter {

// The node is `op` and has no fused activation.
bool is_plain(const Node& node, const char* op);
bool has_activation(const Node& node);
// The plain `op` that writes `value`, or null.
Node* plain_writer(const Graph& graph, ValueId value, const char* op);

// Equal to four digits: constants of a formula, as exporters print them.
bool is_close(double a, double b);
// The one number in a constant f32 of any shape whose elements are all equal.
bool constant_number(const Graph& graph, ValueId value, double* number);

// One node reads `value` (once), and it is no graph output.
bool has_one_reader(const Graph& graph, ValueId value);

bool same_pin(const Quantization& a, const Quantization& b);
// Says once that `value` is rounded, so that `node` stays.
void note_pinned(const Graph& graph, ValueId value, const Node& node, const char* stage,
                 Diagnostics* diagnostics);
// The first pinned value on the ways from `from` to `node` (both ends not included), or kNoValue.
ValueId pinned_between(const Graph& graph, ValueId from, const Node& node);

// What a pattern that begins at `from` and ends at a node becomes.
struct Replacement {
  std::string op;
  ValueId from = kNoValue;
  std::map<std::string, Attribute> attributes;
};
// Turns `last` into the replacement; its name and outputs stay, and what nobody reads any more is dead. False
// (and a note) if a value in between is pinned.
bool replace_pattern(const Replacement& replacement, const char* stage, Graph* graph, Node* last,
                     Diagnostics* diagnostics);

// Unlinks a node, so that Graph::remove_dead_nodes drops it.
void retire(Node* node);

// May `to` stand for `from`, which holds the same numbers? Not if `from` rounds what `to` does not, and not
// if a graph output would become a graph input, a constant or another graph output.
bool can_redirect(const Graph& graph, ValueId from, ValueId to);
// Reads of `from` become reads of `to`. A graph output keeps its name.
void redirect(Graph* graph, ValueId from, ValueId to);

}  // namespace octet::converter
