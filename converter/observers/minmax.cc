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
    float low = seen_ ? range_.min : data[0];
    float high = seen_ ? range_.max : data[0];
    for (size_t i = 0; i < count; ++i) {
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
