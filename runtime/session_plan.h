// SPDX-License-Identifier: Apache-2.0
//
// The lifetimes of a session's activations, given its steps, and their places.
//
//   * An activation lives from the step that writes it to the last step that reads it.
//   * Graph inputs live during the whole run, so that run() can be repeated without setting
//     them again; graph outputs live from the step that writes them to the end.
//   * What is written and read only inside one float island has no place: the island keeps it.
//   * Reshape by itself shares its input's place, unless that place belongs to a constant
//     or a graph input. Its operator copies whenever the two pointers differ, so binding user memory
//     to one of them stays correct.
//   * With keep_all every activation lives during the whole run, and none is shared.
#pragma once

#include <cstddef>
#include <vector>

#include "runtime/model.h"
#include "runtime/session_state.h"

namespace octet {

struct ArenaPlan {
  static constexpr size_t kNoPlace = static_cast<size_t>(-1);
  std::vector<size_t> offsets;  // by tensor
  size_t bytes = 0;
};

ArenaPlan plan_session(const Model& model, const std::vector<OpView>& views, const std::vector<Step>& steps,
                       bool keep_all);

}  // namespace octet
