// SPDX-License-Identifier: Apache-2.0
#include "converter/budget/paired_bound.h"

#include <algorithm>
#include <cmath>

namespace octet::converter {
namespace {

// How far the counts lie above what a drop of d makes likely, in standard deviations.
double score(const PairedCounts& counts, double d) {
  const auto n = static_cast<double>(counts.samples), lost = static_cast<double>(counts.lost),
             gained = static_cast<double>(counts.gained);
  const double a = 2 * n, b = -lost - gained + (2 * n - lost + gained) * d, c = -gained * d * (1 - d);
  const double q = (std::sqrt(std::max(b * b - 4 * a * c, 0.0)) - b) / (2 * a);
  const double variance = n * (2 * q + d * (1 - d));
  return variance > 0 ? (lost - gained - n * d) / std::sqrt(variance) : 0;
}

}  // namespace

double normal_quantile(double probability) {
  double low = -40, high = 40;
  for (int i = 0; i < 100; ++i) {
    const double middle = 0.5 * (low + high);
    (0.5 * std::erfc(-middle / std::sqrt(2.0)) < probability ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

double drop_bound(const PairedCounts& counts, double confidence) {
  if (counts.samples == 0) return 1;
  const double measured = (static_cast<double>(counts.lost) - static_cast<double>(counts.gained)) /
                          static_cast<double>(counts.samples);
  const double z = normal_quantile(confidence);
  if (z < 1e-9) return measured;
  double low = std::max(measured, 0.0), high = 1;
  if (measured < 0 && score(counts, 0) < -z) return 0;  // better than float, beyond doubt
  for (int i = 0; i < 100; ++i) {
    const double middle = 0.5 * (low + high);
    (score(counts, middle) >= -z ? low : high) = middle;
  }
  return high;
}

size_t samples_needed(double drop, double confidence) {
  const double z = normal_quantile(confidence);
  return static_cast<size_t>(std::ceil(z * z * (1 - drop) / drop));
}

}  // namespace octet::converter
