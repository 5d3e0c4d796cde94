// SPDX-License-Identifier: Apache-2.0
//
// One set of threads for Octet's operators and for XNNPACK. Only built with OCTET_WITH_XNNPACK.
#pragma once

#include "runtime/thread_pool.h"

struct pthreadpool;

namespace octet {

// *threads become the pool's threads as XNNPACK takes them: a pthreadpool, which the pool borrows the first
// time. Null without a pool.
Status share_threads(ThreadPool* pool, pthreadpool** threads);

}  // namespace octet
