// SPDX-License-Identifier: Apache-2.0
#include "runtime/parallel.h"

#include <chrono>

namespace octet {
namespace {

using Clock = std::chrono::steady_clock;

uint64_t ns_between(Clock::time_point start, Clock::time_point end) {
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(end - start).count());
}

}  // namespace

uint64_t measure_thread_worth_ns(pthreadpool_t pool, size_t threads) {
  constexpr uint64_t kLongest = 200000, kHandOvers = 8, kLeast = 2000, kMost = 12000;
  if (pool == nullptr || threads <= 1) return kLeast;
  uint64_t best = kMost;
  const Clock::time_point begin = Clock::now();
  Clock::time_point start = begin, end = begin;
  do {
    pthreadpool_parallelize_1d(
        pool, [](void*, size_t) {}, nullptr, threads, 0);
    end = Clock::now();
    best = std::min(best, ns_between(start, end));
    start = end;
  } while (ns_between(begin, end) < kLongest);
  return std::clamp(kHandOvers * best, kLeast, kMost);
}

}  // namespace octet
