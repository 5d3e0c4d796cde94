// SPDX-License-Identifier: Apache-2.0
//
// ThreadPool over the pthreadpool that XNNPACK shares. A thread that the system refuses is not reported by
// pthreadpool_create, which then waits for it without end.
#include "runtime/thread_pool.h"

#include <pthreadpool.h>

#include <new>
#include <utility>

namespace octet {

struct ThreadPool::State {
  pthreadpool_t pool = nullptr;
  ~State() { pthreadpool_destroy(pool); }
};

ThreadPool::ThreadPool() : state_(new (std::nothrow) State()) {}
ThreadPool::~ThreadPool() = default;

Status ThreadPool::create(size_t threads, std::unique_ptr<ThreadPool>* pool) {
  std::unique_ptr<ThreadPool> created(new (std::nothrow) ThreadPool());
  if (created && created->state_) created->state_->pool = pthreadpool_create(threads);
  if (!created || !created->for_xnnpack())
    return error(StatusCode::kOutOfMemory, "cannot start %zu threads", threads);
  *pool = std::move(created);
  return Status();
}

void ThreadPool::run(Task task, void* argument, size_t count) {
  pthreadpool_parallelize_1d(state_->pool, task, argument, count, 0);
}

pthreadpool* ThreadPool::for_xnnpack() const { return state_ ? state_->pool : nullptr; }

}  // namespace octet
