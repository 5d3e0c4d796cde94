// SPDX-License-Identifier: Apache-2.0
//
// The inside of a session, shared by the files session*.cc.
#pragma once

#include <memory>
#include <vector>

#include "runtime/binding.h"
#include "runtime/op.h"
#include "runtime/session.h"
#include "runtime/thread_pool.h"

namespace octet {

// One operator, or a float island of consecutive operators.
struct Step {
  std::unique_ptr<Op> op;
  int first_operator = 0;
  int operator_count = 1;
  bool is_island = false;
  size_t packed_bytes = 0;  // packed weights and tables; not those that XNNPACK keeps
};

struct Session::State {
  // Declared so that steps go first on destruction: they may point at the rest.
  std::unique_ptr<ThreadPool> pool;
  SessionMemory memory;  // packed weights and tables, then the arena, then scratch
  std::vector<OpView> views;
  std::vector<int> step_of_operator;
  std::vector<Step> steps;

  const Step& step_of(int operator_index) const {
    return steps[static_cast<size_t>(step_of_operator[static_cast<size_t>(operator_index)])];
  }

  std::vector<void*> own_data;  // by tensor: the constant, or the place in the arena
  std::vector<Binding> inputs, outputs;

  RunContext context;
  size_t thread_scratch_bytes = 0;  // the most that any operator wants for one thread
  Observer observer = nullptr;
  void* observer_argument = nullptr;
};

}  // namespace octet
