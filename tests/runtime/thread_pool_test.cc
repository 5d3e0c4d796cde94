// SPDX-License-Identifier: Apache-2.0
//
// ThreadPool: every call is made once, before run returns, with threads that spin and with threads that
// sleep. Built a second time with ThreadSanitizer.
#include "runtime/thread_pool.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace octet {
namespace {

std::unique_ptr<ThreadPool> make_pool(size_t threads) {
  std::unique_ptr<ThreadPool> pool;
  const Status status = ThreadPool::create(threads, &pool);
  EXPECT_TRUE(status.ok()) << status.message();
  return pool;
}

// Plain integers: a call made twice, or one that run did not wait for, is a data race or a wrong count.
struct Calls {
  std::vector<int> made;
  explicit Calls(size_t count) : made(count) {}
  static void make(void* self, size_t index) { ++static_cast<Calls*>(self)->made[index]; }
};

TEST(ThreadPool, MakesEveryCallOnceBeforeItReturns) {
  for (const size_t threads : {1, 2, 3, 8, 64}) {
    const std::unique_ptr<ThreadPool> pool = make_pool(threads);
    ASSERT_TRUE(pool);
    for (const size_t count : {0, 1, 2, 3, 7, 8, 9, 100, 1000}) {
      Calls calls(count);
      for (int run = 0; run < 5; ++run) pool->run(Calls::make, &calls, count);
      for (size_t i = 0; i < count; ++i)
        ASSERT_EQ(calls.made[i], 5) << i << " of " << count << ", " << threads;
    }
  }
}

// Runs follow one another while late workers still look for work of the run before, and calls are long enough
// to be taken by the others.
TEST(ThreadPool, RunsFollowOneAnother) {
  const std::unique_ptr<ThreadPool> pool = make_pool(4);
  ASSERT_TRUE(pool);
  struct Work {
    Calls calls{24};
    static void make(void* self, size_t index) {
      for (volatile size_t i = 0; i < index * 20;) i = i + 1;
      Calls::make(&static_cast<Work*>(self)->calls, index);
    }
  };
  std::vector<Work> works(6);
  for (int run = 0; run < 6000; ++run) {
    const size_t i = static_cast<size_t>(run) % works.size();
    pool->run(Work::make, &works[i], 4 * (i + 1));
  }
  for (size_t i = 0; i < works.size(); ++i)
    for (size_t k = 0; k < 24; ++k) EXPECT_EQ(works[i].calls.made[k], k < 4 * (i + 1) ? 1000 : 0);
}

// Longer than a thread spins: first the workers sleep, then the caller does. Each call waits until all have
// begun, so no thread makes two.
TEST(ThreadPool, WakesThoseWhoSleep) {
  const std::unique_ptr<ThreadPool> pool = make_pool(3);
  ASSERT_TRUE(pool);
  struct Work {
    std::atomic<int> begun{0}, made{0};
    int expected = 0;
    pthread_t caller = pthread_self();
    static void make(void* self, size_t) {
      Work& work = *static_cast<Work*>(self);
      for (++work.begun; work.begun < work.expected;) std::this_thread::yield();
      if (!pthread_equal(pthread_self(), work.caller))
        std::this_thread::sleep_for(std::chrono::milliseconds(3));
      ++work.made;
    }
  } work;
  for (int run = 0; run < 20; ++run) {
    std::this_thread::sleep_for(std::chrono::milliseconds(3));
    work.expected += 3;
    pool->run(Work::make, &work, 3);
    EXPECT_EQ(work.made, work.expected);
  }
}

// Borrowed threads make the calls from then on, and are freed once, with the pool.
TEST(ThreadPool, BorrowsThreads) {
  struct Lender {
    int runs = 0, freed = 0;
  } lender;
  ThreadPool::Lent lent = {};
  lent.handle = &lender;
  lent.run = [](void* handle, ThreadPool::Task task, void* argument, size_t count) {
    ++static_cast<Lender*>(handle)->runs;
    for (size_t i = count; i-- > 0;) task(argument, i);
  };
  lent.free = [](void* handle) { ++static_cast<Lender*>(handle)->freed; };
  std::unique_ptr<ThreadPool> pool = make_pool(3);
  EXPECT_EQ(pool->threads(), 3u);
  Calls calls(100);
  pool->run(Calls::make, &calls, calls.made.size());
  EXPECT_EQ(pool->lent(), nullptr);
  pool->borrow(lent);
  EXPECT_EQ(pool->lent(), &lender);
  for (int i = 0; i < 2; ++i) pool->run(Calls::make, &calls, calls.made.size());
  EXPECT_EQ(calls.made, std::vector<int>(100, 3));
  EXPECT_EQ(lender.runs, 2);
  EXPECT_EQ(lender.freed, 0);
  pool.reset();
  EXPECT_EQ(lender.freed, 1);
}

TEST(ThreadPool, EndsWithWorkersThatSleepOrNeverBegan) {
  for (int i = 0; i < 50; ++i) make_pool(4);
  const std::unique_ptr<ThreadPool> pool = make_pool(4);
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
}

#if defined(__linux__) && !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)
// Address space for a few stacks only. The emulator does not hold processes to such a limit.
TEST(ThreadPoolDeathTest, ThreadsThatCannotStartAreAnError) {
  const auto create_in_little_memory = [] {
    long pages = 0;
    if (FILE* file = fopen("/proc/self/statm", "r")) {
      if (fscanf(file, "%ld", &pages) != 1) pages = 0;
      fclose(file);
    }
    const rlim_t bytes = static_cast<rlim_t>(pages * sysconf(_SC_PAGESIZE)) + (8u << 20);
    const rlimit limit = {bytes, bytes};
    if (setrlimit(RLIMIT_AS, &limit) != 0) _exit(3);
    std::unique_ptr<ThreadPool> pool;
    const Status status = ThreadPool::create(200, &pool);
    if (status.ok()) _exit(2);
    fprintf(stderr, "%s\n", status.message().c_str());
    _exit(pool ? 1 : 0);
  };
#if defined(__x86_64__)
  EXPECT_EXIT(create_in_little_memory(), testing::ExitedWithCode(0), "cannot start 200 threads: .* behind ");
#else
  EXPECT_EXIT(
      create_in_little_memory(), [](int) { return true; }, "");
#endif
}
#endif

}  // namespace
}  // namespace octet
