// SPDX-License-Identifier: Apache-2.0
//
// Splits work over threads by output, never by reduction, so that results do
// not depend on the number of threads.
#pragma once

#include <algorithm>
#include <cstddef>

#include "runtime/op.h"
#include "runtime/thread_pool.h"

namespace octet {

// Calls body(first, last, thread) on disjoint ranges that cover [0, items);
// `thread` is in [0, context.threads) and owns its scratch. Ranges differ by at
// most one item. With one range, or without a pool, it runs on the caller.
// Ranges get at least `minimum` items, so that small work stays on one thread.
template <class Body>
void parallel_for(const RunContext& context, size_t items, size_t minimum, const Body& body) {
  const size_t wanted = items / std::max<size_t>(minimum, 1);
  const size_t ranges = std::min(context.pool ? context.threads : 1, std::max<size_t>(wanted, 1));
  if (ranges <= 1) {
    if (items > 0) body(size_t{0}, items, size_t{0});
    return;
  }
  struct Task {
    const Body* body;
    size_t items, ranges;
  } task{&body, items, ranges};
  context.pool->run(
      [](void* argument, size_t thread) {
        const Task& t = *static_cast<const Task*>(argument);
        const size_t first = t.items * thread / t.ranges;
        const size_t last = t.items * (thread + 1) / t.ranges;
        if (first < last) (*t.body)(first, last, thread);
      },
      &task, ranges);
}

}  // namespace octet
