// SPDX-License-Identifier: Apache-2.0
//
// What clipping and rounding a distribution loses, as the entropy calibrators see it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace octet::converter {

// KL(P || Q) for keeping the first `kept` of `bins`, kept >= levels:
//   P = bins[0, kept) with everything beyond added to bin kept - 1 (what clipping does);
//   Q = bins[0, kept) rounded to `levels` steps: each step's mean over its non-empty bins;
//   KL(P || Q) = sum p log(p / q), both normalized; infinite where q = 0 < p.
// `inside` = the sum of the kept bins, above 0; `total` that of all.
double divergence(const std::vector<uint64_t>& bins, size_t kept, size_t levels, double inside, double total);

// The number of bins to keep, in [levels, bins.size()], of least divergence, the larger among equals;
// bins.size() if every candidate is infinite or there are at most `levels` bins. Bin 0 counts as much as bin
// 1: what is nearly 0 says nothing about the range.
size_t least_divergence(std::vector<uint64_t> bins, size_t levels);

}  // namespace octet::converter
