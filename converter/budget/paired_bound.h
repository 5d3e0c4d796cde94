// SPDX-License-Identifier: Apache-2.0
//
// drop_bound: how large the drop in accuracy may be beyond the samples at hand.
//
// Of n samples float alone answers `lost` rightly and the quantized network alone `gained`; the others tell
// nothing about the difference, since both answer alike. Measured drop: (lost - gained) / n. The bound is the
// largest drop d that a one-sided score test of paired samples does not reject (T. Tango, Statistics in
// Medicine 17, 1998): with q the most likely share of `gained` among networks whose drop is d,
//
//   (lost - gained - n d) / sqrt(n (2 q + d (1 - d))) >= -z,    q = (sqrt(B^2 - 4 A C) - B) / (2 A),
//   A = 2 n,  B = -lost - gained + (2 n - lost + gained) d,  C = -gained d (1 - d),
//
// where z is the quantile of the normal distribution. With lost = gained = 0: d = z^2 / (n + z^2).
#pragma once

#include <cstddef>

namespace octet::converter {

struct PairedCounts {
  size_t samples = 0, lost = 0, gained = 0;
};

// In [0, 1]; the measured drop where confidence is 0.5; 1 without samples.
double drop_bound(const PairedCounts& counts, double confidence);

// z with P(normal <= z) = probability, in (0, 1).
double normal_quantile(double probability);

// The least number of samples without any difference that bounds the drop by `drop`.
size_t samples_needed(double drop, double confidence);

}  // namespace octet::converter
