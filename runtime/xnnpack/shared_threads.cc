// SPDX-License-Identifier: Apache-2.0
//
// pthreadpool as the threads of a ThreadPool. A thread that the system refuses is not reported by
// pthreadpool_create, which then waits for it without end.
#include "runtime/xnnpack/shared_threads.h"

#include <pthreadpool.h>

namespace octet {
namespace {

pthreadpool_t as_pthreadpool(void* handle) { return static_cast<pthreadpool_t>(handle); }

}  // namespace

Status share_threads(ThreadPool* pool, pthreadpool** threads) {
  *threads = nullptr;
  if (pool == nullptr) return Status();
  if (pool->lent() == nullptr) {
    ThreadPool::Lent lent = {};
    lent.handle = pthreadpool_create(pool->threads());
    if (!lent.handle)
      return error(StatusCode::kOutOfMemory, "cannot start %zu threads of pthreadpool", pool->threads());
    lent.run = [](void* handle, ThreadPool::Task task, void* argument, size_t count) {
      pthreadpool_parallelize_1d(as_pthreadpool(handle), task, argument, count, 0);
    };
    lent.free = [](void* handle) { pthreadpool_destroy(as_pthreadpool(handle)); };
    pool->borrow(lent);
  }
  *threads = as_pthreadpool(pool->lent());
  return Status();
}

}  // namespace octet
