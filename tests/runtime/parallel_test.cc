// SPDX-License-Identifier: Apache-2.0
//
// parallel_for: the ranges cover the items once, are even, and no smaller than asked.
#include "runtime/parallel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace octet {
namespace {

using Ranges = std::vector<std::pair<size_t, size_t>>;

Ranges ranges_of(const RunContext& context, size_t items, size_t minimum) {
  Ranges ranges;
  std::mutex mutex;
  parallel_for(context, items, minimum, [&](size_t first, size_t last, size_t thread) {
    const std::lock_guard<std::mutex> lock(mutex);
    EXPECT_LT(thread, context.threads);
    ranges.emplace_back(first, last);
  });
  std::sort(ranges.begin(), ranges.end());
  return ranges;
}

TEST(ParallelFor, RangesAreEvenAndLargeEnough) {
  for (const size_t threads : {1, 2, 3, 8}) {
    std::unique_ptr<ThreadPool> pool;
    if (threads > 1) {
      ASSERT_TRUE(ThreadPool::create(threads, &pool).ok());
    }
    const RunContext context = {pool.get(), threads, nullptr, 0};
    for (const size_t items : {0, 1, 2, 7, 8, 240, 1001})
      for (const size_t minimum : {0, 1, 2, 5, 100, 2000}) {
        const Ranges ranges = ranges_of(context, items, minimum);
        size_t next = 0;
        for (const auto& [first, last] : ranges) {
          EXPECT_EQ(first, next);
          EXPECT_GE(last - first, std::min(items, minimum)) << items << " items on " << threads << " threads";
          EXPECT_LE(last - first, items / ranges.size() + 1);
          next = last;
        }
        EXPECT_EQ(next, items);
        EXPECT_EQ(ranges.size(),
                  items == 0 ? 0 : std::clamp(items / std::max<size_t>(minimum, 1), size_t{1}, threads));
      }
  }
}

}  // namespace
}  // namespace octet
