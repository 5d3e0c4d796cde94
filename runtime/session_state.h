// SPDX-License-Identifier: Apache-2.0
//
// The inside of a session, shared by the files session*.cc.
#pragma once

#include <pthreadpool.h>

#include <memory>
#include <new>
#include <vector>

#include "runtime/binding.h"
#include "runtime/op.h"
#include "runtime/session.h"

namespace octet {

struct FreeAligned {
  void operator()(uint8_t* block) const { ::operator delete (block, std::align_val_t{64}); }
};
using AlignedBlock = std::unique_ptr<uint8_t, FreeAligned>;

// 64-byte aligned, uninitialized; null when memory is exhausted.
inline AlignedBlock allocate_aligned(size_t bytes) {
  return AlignedBlock(
      static_cast<uint8_t*>(::operator new (bytes > 0 ? bytes : 1, std::align_val_t{64}, std::nothrow)));
}

struct DestroyPool {
  void operator()(pthreadpool_t pool) const { pthreadpool_destroy(pool); }
};

// One operator, or a float island of consecutive operators.
struct Step {
  std::unique_ptr<Op> op;
  int first_operator = 0;
  int operator_count = 1;
  bool is_island = false;
};

struct Session::State {
  // Declared so that steps go first on destruction: they may point at the rest.
  std::unique_ptr<pthreadpool, DestroyPool> pool;
  AlignedBlock arena, scratch;
  PackedMemory packed;
  std::vector<OpView> views;
  std::vector<int> step_of_operator;
  std::vector<Step> steps;

  std::vector<void*> own_data;  // by tensor: the constant, or the place in the arena
  std::vector<Binding> inputs, outputs;

  RunContext context;
  size_t thread_scratch_bytes = 0;  // the most that any operator wants for one thread
  Observer observer = nullptr;
  void* observer_argument = nullptr;
};

}  // namespace octet
