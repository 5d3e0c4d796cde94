// SPDX-License-Identifier: Apache-2.0
//
// minmax: the range is [smallest, largest] value ever seen. Nothing is clipped,
// so outliers cost resolution; with per-channel weights this is the safe choice.
#include <algorithm>

#include "converter/observers/observer.h"

namespace octet::converter {
namespace {

class MinMaxObserver : public Observer {
 public:
  void observe(const float* data, size_t count) override {
    if (count == 0) return;
    constexpr size_t kLanes = 16;  // side by side, for the vector unit
    float lows[kLanes], highs[kLanes];
    std::fill(lows, lows + kLanes, seen_ ? range_.min : data[0]);
    std::fill(highs, highs + kLanes, seen_ ? range_.max : data[0]);
    size_t i = 0;
    for (; i + kLanes <= count; i += kLanes) {
      for (size_t lane = 0; lane < kLanes; ++lane) {
        const float x = data[i + lane];
        lows[lane] = x < lows[lane] ? x : lows[lane];
        highs[lane] = x > highs[lane] ? x : highs[lane];
      }
    }
    float low = *std::min_element(lows, lows + kLanes), high = *std::max_element(highs, highs + kLanes);
    for (; i < count; ++i) {
      low = std::min(low, data[i]);
      high = std::max(high, data[i]);
    }
    range_ = {low, high};
    seen_ = true;
  }
  Range range() const override { return range_; }

 private:
  Range range_;
  bool seen_ = false;
};

}  // namespace

std::unique_ptr<Observer> make_minmax_observer() { return std::make_unique<MinMaxObserver>(); }

}  // namespace octet::converter
