// SPDX-License-Identifier: Apache-2.0
//
// What each canonical operator can do in s8: one row per operator.
#pragma once

#include <string>

#include "converter/graph.h"

namespace octet::converter {

enum class S8Class {
  kHeavy,     // most of the work: in s8 whenever it can be
  kLight,     // arithmetic of a few operations per element: where no more values cross the border
  kMovement,  // moves or selects elements: follows its neighbours
};

struct S8Rule {
  const char* op;
  S8Class kind;
  bool same_scale;  // output (if s8) and every s8 activation input share scale and zero point
  // "" if this node can run in s8 as far as the graph alone tells, else why not, in plain words.
  std::string (*refuse)(const Graph& graph, const Node& node);
};

// The row of node.op, or null if the operator has no s8 form.
const S8Rule* find_s8_rule(const Node& node);

// Why `node` cannot run in s8 ("operator Exp has no INT8 form"), or "".
std::string refuse_s8(const Graph& graph, const Node& node);

// The 16-bit forms: activations of `node`, which runs in integers, may be s16 where it reads them, and where
// it writes them.
bool takes_s16(const Graph& graph, const Node& node);
bool writes_s16(const Graph& graph, const Node& node);

// True for a two-input operator with exactly one constant operand of one element: a table.
bool has_scalar_operand(const Graph& graph, const Node& node);

// True if the node clamps its output (activation_min, activation_max) or has a table activation.
bool has_fused_activation(const Node& node);

}  // namespace octet::converter
