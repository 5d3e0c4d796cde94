// SPDX-License-Identifier: Apache-2.0
#include "converter/statistics/tensor_statistics.h"

#include <algorithm>
#include <cmath>

namespace octet::converter {
namespace {

constexpr size_t kLanes = 16;  // side by side, for the vector unit

struct Totals {
  Range range;
  double sum = 0, squares = 0;
};

Totals totals(const float* data, size_t count) {
  float lows[kLanes], highs[kLanes];
  double sums[kLanes] = {}, squares[kLanes] = {};
  std::fill(lows, lows + kLanes, data[0]);
  std::fill(highs, highs + kLanes, data[0]);
  const auto take = [&](size_t lane, float x) {
    lows[lane] = x < lows[lane] ? x : lows[lane];
    highs[lane] = x > highs[lane] ? x : highs[lane];
    const double wide = static_cast<double>(x);
    sums[lane] += wide;
    squares[lane] += wide * wide;
  };
  size_t i = 0;
  for (; i + kLanes <= count; i += kLanes)
    for (size_t lane = 0; lane < kLanes; ++lane) take(lane, data[i + lane]);
  for (; i < count; ++i) take(0, data[i]);
  Totals result;
  // + 0: a zero is never negative, whichever came first.
  result.range = {*std::min_element(lows, lows + kLanes) + 0.0f,
                  *std::max_element(highs, highs + kLanes) + 0.0f};
  for (size_t lane = 0; lane < kLanes; ++lane) {
    result.sum += sums[lane];
    result.squares += squares[lane];
  }
  return result;
}

void add_channels(const float* data, size_t count, std::vector<Range>* channels) {
  const size_t width = channels->size();
  for (size_t i = 0; i + width <= count; i += width) {
    for (size_t c = 0; c < width; ++c) {
      Range& channel = (*channels)[c];
      const float x = data[i + c];
      channel.min = x < channel.min ? x : channel.min;
      channel.max = x > channel.max ? x : channel.max;
    }
  }
}

}  // namespace

Range unite(Range a, Range b) { return {std::min(a.min, b.min), std::max(a.max, b.max)}; }

void RecentExtremes::append(Range sample) {
  kept_.push_back(sample);
  while (kept_.size() > kKept) {
    before_ = dropped_ == 0 ? kept_.front() : unite(before_, kept_.front());
    ++dropped_;
    kept_.pop_front();
  }
}

void RecentExtremes::merge(const RecentExtremes& later) {
  if (later.dropped_ > 0) {  // then later.kept_ is full: all of ours stand before it
    for (const Range& sample : kept_) {
      before_ = dropped_ == 0 ? sample : unite(before_, sample);
      ++dropped_;
    }
    before_ = dropped_ == 0 ? later.before_ : unite(before_, later.before_);
    dropped_ += later.dropped_;
    kept_.clear();
  }
  for (const Range& sample : later.kept_) append(sample);
}

void RecentExtremes::restore(uint64_t dropped, Range before, std::deque<Range> kept) {
  dropped_ = dropped;
  before_ = before;
  kept_ = std::move(kept);
}

Range TensorStatistics::add(const float* data, size_t elements, size_t last_axis) {
  if (elements == 0) return Range();
  const Totals sample = totals(data, elements);
  const bool first = histogram.total() == 0;
  range = first ? sample.range : unite(range, sample.range);
  sum.add(sample.sum);
  sum_of_squares.add(sample.squares);
  histogram.add(data, elements, std::max(std::fabs(sample.range.min), std::fabs(sample.range.max)));
  if (first && last_axis <= kMostChannels) {
    channels.clear();
    for (size_t c = 0; c < last_axis; ++c) channels.push_back({data[c] + 0.0f, data[c] + 0.0f});
  }
  if (!channels.empty()) add_channels(data, elements, &channels);
  return sample.range;
}

void TensorStatistics::merge(const TensorStatistics& later) {
  recent.merge(later.recent);
  if (later.count() == 0) return;
  const bool first = count() == 0;
  range = first ? later.range : unite(range, later.range);
  sum.merge(later.sum);
  sum_of_squares.merge(later.sum_of_squares);
  histogram.merge(later.histogram);
  if (first) channels = later.channels;
  for (size_t c = 0; c < std::min(channels.size(), later.channels.size()); ++c)
    channels[c] = unite(channels[c], later.channels[c]);
}

}  // namespace octet::converter
