// SPDX-License-Identifier: Apache-2.0
//
// Lifetimes -> offsets in one arena.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace octet {

// Execution is a sequence of steps. A buffer is live from the step that writes it
// to the last step that reads it, both included; two buffers may share memory only
// if no step has both live. The planner places buffers greedily:
//
//   1. Take the buffers in an order: the largest first (ties: the earlier one).
//   2. Of the buffers already placed, those live at the same time as this one are
//      obstacles. Sorted by offset, they leave gaps; the buffer goes into the lowest
//      gap that holds it, or behind the last obstacle.
//
// The large buffers of a network decide the size of its arena, and in this order they
// find the arena empty; small ones fill what is left between them. A second order
// starts with the buffers of the busiest step (the most bytes live), since that step bounds
// the arena from below; the smaller of the two arenas wins.
//
// Every place starts on a 64-byte boundary and has kSlackBytes behind it, because
// XNNPACK and vector kernels may read (never use) some bytes past the end of an input.
//
// Invariant, which find_conflict() checks and a test asks of random graphs: the places of
// any two buffers that are live in the same step are disjoint, slack included.
class MemoryPlanner {
 public:
  static constexpr size_t kAlignment = 64;
  static constexpr size_t kSlackBytes = 64;

  // Adds a buffer live in the steps [first_step, last_step]; returns its index.
  // bytes <= SIZE_MAX / 4.
  size_t add(size_t bytes, int first_step, int last_step);

  // Places every buffer.
  void plan();

  size_t count() const { return buffers_.size(); }
  size_t offset(size_t buffer) const { return buffers_[buffer].offset; }

  // Of all places; saturates at SIZE_MAX.
  size_t arena_bytes() const { return arena_bytes_; }

  // No arena can be smaller: the bytes live in the busiest step.
  size_t lower_bound_bytes() const;

  // The first pair of buffers that breaks the invariant; false if none does.
  bool find_conflict(size_t* a, size_t* b) const;

 private:
  struct Buffer {
    size_t place_bytes;  // aligned, slack included
    int first_step, last_step;
    size_t offset;
    bool live_with(const Buffer& other) const {
      return first_step <= other.last_step && other.first_step <= last_step;
    }
  };
  // Places the buffers in this order; returns the arena's bytes.
  size_t place(const std::vector<size_t>& order);
  int busiest_step(size_t* bytes) const;

  std::vector<Buffer> buffers_;
  size_t arena_bytes_ = 0;
};

}  // namespace octet
