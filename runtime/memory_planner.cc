// SPDX-License-Identifier: Apache-2.0
#include "runtime/memory_planner.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace octet {
namespace {

constexpr size_t kMaximum = std::numeric_limits<size_t>::max();

size_t add_saturated(size_t a, size_t b) { return a > kMaximum - b ? kMaximum : a + b; }

}  // namespace

size_t MemoryPlanner::add(size_t bytes, int first_step, int last_step) {
  const size_t place = (bytes + kSlackBytes + kAlignment - 1) / kAlignment * kAlignment;
  buffers_.push_back({place, first_step, std::max(first_step, last_step), 0});
  return buffers_.size() - 1;
}

size_t MemoryPlanner::place(const std::vector<size_t>& order) {
  std::vector<const Buffer*> placed;  // by offset
  placed.reserve(order.size());
  size_t arena = 0;
  for (const size_t index : order) {
    Buffer& buffer = buffers_[index];
    size_t offset = 0;
    for (const Buffer* obstacle : placed) {
      if (!buffer.live_with(*obstacle)) continue;
      if (obstacle->offset >= offset && obstacle->offset - offset >= buffer.place_bytes) break;
      offset = std::max(offset, add_saturated(obstacle->offset, obstacle->place_bytes));
    }
    buffer.offset = offset;
    arena = std::max(arena, add_saturated(offset, buffer.place_bytes));
    placed.insert(std::upper_bound(placed.begin(), placed.end(), &buffer,
                                   [](const Buffer* a, const Buffer* b) { return a->offset < b->offset; }),
                  &buffer);
  }
  return arena;
}

void MemoryPlanner::plan() {
  std::vector<size_t> by_size(buffers_.size());
  std::iota(by_size.begin(), by_size.end(), size_t{0});
  std::stable_sort(by_size.begin(), by_size.end(),
                   [this](size_t a, size_t b) { return buffers_[a].place_bytes > buffers_[b].place_bytes; });
  std::vector<size_t> busiest_first = by_size;
  const int step = busiest_step(nullptr);
  std::stable_partition(busiest_first.begin(), busiest_first.end(), [this, step](size_t i) {
    return buffers_[i].first_step <= step && step <= buffers_[i].last_step;
  });
  const size_t busiest_bytes = place(busiest_first);
  arena_bytes_ = place(by_size);
  if (busiest_bytes < arena_bytes_) arena_bytes_ = place(busiest_first);
}

int MemoryPlanner::busiest_step(size_t* bytes) const {
  struct Change {
    int step;
    bool starts;
    size_t bytes;
  };
  std::vector<Change> changes;
  changes.reserve(2 * buffers_.size());
  for (const Buffer& buffer : buffers_) {
    changes.push_back({buffer.first_step, true, buffer.place_bytes});
    changes.push_back({buffer.last_step, false, buffer.place_bytes});
  }
  std::sort(changes.begin(), changes.end(), [](const Change& a, const Change& b) {
    return a.step != b.step ? a.step < b.step : a.starts && !b.starts;  // a last step still counts
  });
  size_t live = 0, most = 0;
  int busiest = 0;
  for (const Change& change : changes) {
    live = change.starts ? live + change.bytes : live - change.bytes;
    if (live > most) {
      most = live;
      busiest = change.step;
    }
  }
  if (bytes) *bytes = most;
  return busiest;
}

size_t MemoryPlanner::lower_bound_bytes() const {
  size_t bytes = 0;
  busiest_step(&bytes);
  return bytes;
}

bool MemoryPlanner::find_conflict(size_t* a, size_t* b) const {
  for (size_t i = 0; i < buffers_.size(); ++i)
    for (size_t k = i + 1; k < buffers_.size(); ++k) {
      const Buffer &x = buffers_[i], &y = buffers_[k];
      const bool disjoint = x.offset + x.place_bytes <= y.offset || y.offset + y.place_bytes <= x.offset;
      if (x.live_with(y) && !disjoint) {
        *a = i;
        *b = k;
        return true;
      }
    }
  return false;
}

}  // namespace octet
