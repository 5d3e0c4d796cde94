// SPDX-License-Identifier: Apache-2.0
//
// The threads of a session: its own, or, where another library computes a part of the network, that library's
// (xnnpack/shared_threads.h), so that two sets of threads do not wait for each other's cores.
#pragma once

#include <cstddef>
#include <memory>

#include "runtime/status.h"

namespace octet {

class ThreadPool {
 public:
  using Task = void (*)(void* argument, size_t index);

  // `threads` in all: the caller of run() is one of them. At least 1.
  static Status create(size_t threads, std::unique_ptr<ThreadPool>* pool);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  // Calls task(argument, i) once for every i in [0, count), count < 2^32, and returns when all calls have.
  // Which thread makes a call is not said, but from run to run the same one tends to. From one thread at a
  // time; allocates nothing.
  void run(Task task, void* argument, size_t count);

  // Somebody else's threads.
  struct Lent {
    void* handle;
    void (*run)(void* handle, Task task, void* argument, size_t count);  // as ThreadPool::run
    void (*free)(void* handle);
  };
  // The pool's own threads end; later calls are made by these, which the pool frees at its end. Once, and not
  // while it runs.
  void borrow(const Lent& lent);
  // The handle of what was borrowed; null: nothing.
  void* lent() const;
  size_t threads() const;

 private:
  struct State;
  struct Slot;
  ThreadPool();
  std::unique_ptr<State> state_;
};

}  // namespace octet
