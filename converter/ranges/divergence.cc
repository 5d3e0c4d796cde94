// SPDX-License-Identifier: Apache-2.0
#include "converter/ranges/divergence.h"

#include <cmath>
#include <limits>

namespace octet::converter {

double divergence(const std::vector<uint64_t>& bins, size_t kept, size_t levels, double inside,
                  double total) {
  // The clipped mass lands in a bin that Q leaves empty.
  if (bins[kept - 1] == 0 && total > inside) return std::numeric_limits<double>::infinity();
  double sum = 0;
  for (size_t level = 0; level < levels; ++level) {
    const size_t first = level * kept / levels, last = (level + 1) * kept / levels;
    double mass = 0;
    size_t filled = 0;
    for (size_t i = first; i < last; ++i) {
      mass += static_cast<double>(bins[i]);
      filled += bins[i] != 0;
    }
    if (filled == 0) continue;
    const double q = mass / static_cast<double>(filled) / inside;
    for (size_t i = first; i < last; ++i) {
      if (bins[i] == 0) continue;
      double p = static_cast<double>(bins[i]);
      if (i + 1 == kept) p += total - inside;
      p /= total;
      sum += p * std::log(p / q);
    }
  }
  return sum;
}

size_t least_divergence(std::vector<uint64_t> bins, size_t levels) {
  if (bins.size() <= levels) return bins.size();
  bins[0] = bins[1];
  double total = 0;
  for (uint64_t count : bins) total += static_cast<double>(count);
  double inside = 0;
  for (size_t i = 0; i < levels; ++i) inside += static_cast<double>(bins[i]);
  double least = std::numeric_limits<double>::infinity();
  size_t best = bins.size();
  for (size_t kept = levels; kept <= bins.size(); ++kept) {
    if (kept > levels) inside += static_cast<double>(bins[kept - 1]);
    if (inside == 0) continue;
    const double loss = divergence(bins, kept, levels, inside, total);
    if (loss <= least && loss < std::numeric_limits<double>::infinity()) {
      least = loss;
      best = kept;
    }
  }
  return best;
}

}  // namespace octet::converter
