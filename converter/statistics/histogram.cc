// SPDX-License-Identifier: Apache-2.0
#include "converter/statistics/histogram.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace octet::converter {
namespace {

constexpr int kSideBits = 11;
static_assert(Histogram::kSideBins == 1 << kSideBits, "bins of a side");

// The least exponent at which `largest` < kSideBins * 2^exponent.
int exponent_for(float largest) {
  return std::max(std::ilogb(largest) + 1 - kSideBits, Histogram::kLeastExponent);
}

}  // namespace

double Histogram::width() const { return std::ldexp(1.0, exponent_); }

void Histogram::grow(int exponent) {
  if (counts_.empty()) {
    counts_.assign(2 * kSideBins, 0);
    exponent_ = exponent;
  }
  if (exponent <= exponent_) return;
  const int shift = std::min(exponent - exponent_, kSideBits);
  std::vector<uint64_t> merged(counts_.size(), 0);
  for (int bin = 0; bin < kSideBins; ++bin) {
    merged[static_cast<size_t>(kSideBins + (bin >> shift))] += counts_[static_cast<size_t>(kSideBins + bin)];
    merged[static_cast<size_t>(kSideBins - 1 - (bin >> shift))] +=
        counts_[static_cast<size_t>(kSideBins - 1 - bin)];
  }
  counts_ = std::move(merged);
  exponent_ = exponent;
}

void Histogram::add(const float* data, size_t count, float largest) {
  if (largest == 0) {
    zeros_ += count;
    return;
  }
  grow(exponent_for(largest));
  const float per_unit = std::ldexp(1.0f, -exponent_);
  constexpr size_t kBlock = 1024;
  uint64_t zeros = 0;
  for (size_t first = 0; first < count; first += kBlock) {
    const size_t block = std::min(kBlock, count - first);
    int32_t bins[kBlock];
    int32_t block_zeros = 0;
    for (size_t i = 0; i < block; ++i) {
      const float x = data[first + i];
      const int32_t magnitude = static_cast<int32_t>(std::fabs(x) * per_unit), negative = -(x < 0);
      bins[i] = (magnitude ^ negative) + kSideBins;  // ~m = -m - 1
      block_zeros += x == 0;
    }
    for (size_t i = 0; i < block; ++i) ++counts_[static_cast<size_t>(bins[i])];
    zeros += static_cast<uint64_t>(block_zeros);
  }
  counts_[kSideBins] -= zeros;
  zeros_ += zeros;
}

void Histogram::merge(const Histogram& other) {
  zeros_ += other.zeros_;
  if (other.counts_.empty()) return;
  Histogram widened = other;
  grow(other.exponent_);
  widened.grow(exponent_);
  for (size_t i = 0; i < counts_.size(); ++i) counts_[i] += widened.counts_[i];
}

uint64_t Histogram::total() const { return std::accumulate(counts_.begin(), counts_.end(), zeros_); }

int Histogram::first() const {
  int bin = -kSideBins;
  while (bin < kSideBins && count(bin) == 0) ++bin;
  return bin == kSideBins ? 0 : bin;
}

int Histogram::last() const {
  int bin = kSideBins;
  while (bin > -kSideBins && count(bin - 1) == 0) --bin;
  return bin == -kSideBins ? 0 : bin;
}

std::vector<uint64_t> Histogram::magnitudes() const {
  std::vector<uint64_t> result(static_cast<size_t>(std::max(last(), -first())), 0);
  for (size_t i = 0; i < result.size(); ++i)
    result[i] = count(static_cast<int>(i)) + count(-static_cast<int>(i) - 1);
  return result;
}

bool Histogram::restore(int exponent, int first, const std::vector<uint64_t>& counts, uint64_t zeros) {
  counts_.clear();
  exponent_ = kLeastExponent;
  zeros_ = zeros;
  if (counts.empty()) return true;
  const bool fits = exponent >= kLeastExponent && exponent <= 127 - 10 && first >= -kSideBins &&
                    first < kSideBins && counts.size() <= static_cast<size_t>(kSideBins - first);
  if (!fits) return false;
  grow(exponent);
  std::copy(counts.begin(), counts.end(), counts_.begin() + first + kSideBins);
  return true;
}

bool Histogram::operator==(const Histogram& other) const {
  return counts_ == other.counts_ && zeros_ == other.zeros_ &&
         (counts_.empty() || exponent_ == other.exponent_);
}

}  // namespace octet::converter
