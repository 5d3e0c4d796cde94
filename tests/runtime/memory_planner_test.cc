// SPDX-License-Identifier: Apache-2.0
//
// The planner's invariant on random graphs, and its size on constructed ones.
#include "runtime/memory_planner.h"

#include <gtest/gtest.h>

#include <random>

namespace octet {
namespace {

TEST(MemoryPlanner, NoBuffersNoArena) {
  MemoryPlanner planner;
  planner.plan();
  EXPECT_EQ(planner.arena_bytes(), 0u);
}

TEST(MemoryPlanner, ChainAlternatesBetweenTwoPlaces) {
  MemoryPlanner planner;
  for (int step = 0; step < 10; ++step) planner.add(1000, step, step + 1);
  planner.plan();
  EXPECT_EQ(planner.arena_bytes(), 2u * 1088);  // 1000 + 64 slack, rounded up to 64
  for (size_t i = 0; i < 10; ++i) EXPECT_EQ(planner.offset(i), i % 2 * 1088) << i;
}

TEST(MemoryPlanner, SmallBuffersFillTheGapsBetweenLargeOnes) {
  MemoryPlanner planner;
  planner.add(64 * 100, 0, 1);
  planner.add(64 * 10, 2, 3);
  planner.add(64 * 10, 2, 3);
  planner.plan();
  EXPECT_EQ(planner.arena_bytes(), 64u * 101);
}

TEST(MemoryPlanner, BuffersThatMeetInOneStepAreApart) {
  MemoryPlanner planner;
  const size_t input = planner.add(64, 0, 3), output = planner.add(64, 3, 5), later = planner.add(64, 4, 5);
  planner.plan();
  EXPECT_NE(planner.offset(input), planner.offset(output));
  EXPECT_EQ(planner.offset(input), planner.offset(later));
}

TEST(MemoryPlanner, EmptyBuffersStillHaveSlack) {
  MemoryPlanner planner;
  planner.add(0, 0, 0);
  planner.add(0, 0, 0);
  planner.plan();
  EXPECT_EQ(planner.arena_bytes(), 128u);
}

TEST(MemoryPlanner, ConflictsAreFound) {
  MemoryPlanner planner;  // not planned: both lie at 0
  planner.add(100, 0, 2);
  planner.add(100, 2, 3);
  size_t a = 9, b = 9;
  ASSERT_TRUE(planner.find_conflict(&a, &b));
  EXPECT_EQ(a, 0u);
  EXPECT_EQ(b, 1u);
}

TEST(MemoryPlanner, RandomGraphsNeverOverlap) {
  const uint32_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int trial = 0; trial < 300; ++trial) {
    const int steps = 1 + static_cast<int>(random() % 60);
    const size_t buffers = random() % 120;
    MemoryPlanner planner;
    for (size_t i = 0; i < buffers; ++i) {
      const int first = static_cast<int>(random() % static_cast<uint32_t>(steps));
      const int life = static_cast<int>(random() % 8 == 0 ? random() % 60 : random() % 4);
      planner.add(random() % 3 == 0 ? random() % 200000 : random() % 3000, first,
                  std::min(first + life, steps));
    }
    planner.plan();
    size_t a = 0, b = 0;
    ASSERT_FALSE(planner.find_conflict(&a, &b)) << "trial " << trial << ": buffers " << a << " and " << b;
    ASSERT_GE(planner.arena_bytes(), planner.lower_bound_bytes());
    for (size_t i = 0; i < planner.count(); ++i) ASSERT_EQ(planner.offset(i) % MemoryPlanner::kAlignment, 0u);
  }
}

}  // namespace
}  // namespace octet
