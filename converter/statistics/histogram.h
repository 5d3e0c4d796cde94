// SPDX-License-Identifier: Apache-2.0
//
// How often a tensor has which values, in constant memory and integers only.
//
//   x > 0 falls into bin  floor( x / width),      bins 0 .. 2047
//   x < 0 falls into bin -floor(-x / width) - 1,  bins -1 .. -2048      width = 2^exponent
//
// The exponent is the least at which the largest |x| seen falls into a bin (1024 to 2047 of the larger side
// are in use). Growing merges bins 2i and 2i + 1: floor(floor(y) / 2) = floor(y / 2), so the counts are those
// that the wider bins would have had from the start. They are therefore a function of the values alone:
// neither the order, nor shards merged later, nor threads can show. Zeros are counted apart, as every scale
// represents them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace octet::converter {

class Histogram {
 public:
  static constexpr int kSideBins = 2048;
  static constexpr int kLeastExponent = -100;  // values below 2^-89 share the first bins

  // All values are finite; `largest` is the largest magnitude among them.
  void add(const float* data, size_t count, float largest);
  void merge(const Histogram& other);

  // The number of values in bin `bin`, -kSideBins <= bin < kSideBins.
  uint64_t count(int bin) const {
    return counts_.empty() ? 0 : counts_[static_cast<size_t>(bin + kSideBins)];
  }
  uint64_t zeros() const { return zeros_; }
  // Of all bins and the zeros.
  uint64_t total() const;
  int exponent() const { return exponent_; }
  double width() const;
  // The bins in use are [first(), last()); both 0 if none is.
  int first() const;
  int last() const;
  // Counts of |x|, up to the last bin in use; without the zeros.
  std::vector<uint64_t> magnitudes() const;

  // For caches: `counts` are those of bins first, first + 1, ...; false if they do not fit or the exponent is
  // none that add() could have come to.
  bool restore(int exponent, int first, const std::vector<uint64_t>& counts, uint64_t zeros);

  bool operator==(const Histogram& other) const;

 private:
  void grow(int exponent);

  std::vector<uint64_t> counts_;  // 2 * kSideBins, or empty before the first non-zero value
  uint64_t zeros_ = 0;
  int exponent_ = kLeastExponent;
};

}  // namespace octet::converter
