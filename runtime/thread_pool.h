// SPDX-License-Identifier: Apache-2.0
//
// The threads of a session. A build has one of two implementations: thread_pool.cc, which needs the operating
// system's threads alone, or, with XNNPACK, xnnpack/thread_pool.cc over the pthreadpool that XNNPACK shares.
#pragma once

#include <cstddef>
#include <memory>

#include "runtime/status.h"

struct pthreadpool;

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

  // The pool as XNNPACK takes it; null if XNNPACK is not in this build.
  pthreadpool* for_xnnpack() const;

 private:
  struct State;
  struct Slot;
  ThreadPool();
  std::unique_ptr<State> state_;
};

}  // namespace octet
