// SPDX-License-Identifier: Apache-2.0
//
// What rounding the weights of one output channel costs at its output, as a quadratic form. With inputs
// X[weight][position] and an error e in every weight (in weight steps), the output errs by e^T X, and the sum
// of its squares over the positions is e^T G e with G = X X^T. The sums are exact integers.
//
// G about the means of the rows (the bias correction takes a constant error out) was tried instead: it
// overfits (MobileNetV1-0.75: 25.2 dB at the logits instead of 25.8).
#pragma once

#include <cstdint>
#include <vector>

#include "converter/repair/workers.h"

namespace octet::converter {

// A symmetric matrix [size][size].
struct Gram {
  size_t size = 0;
  std::vector<double> values;

  double at(size_t i, size_t j) const { return values[i * size + j]; }
};

// Sum of a[i] * b[i], in an order that the count alone decides.
double dot_product(const double* a, const double* b, size_t count);

// From rows [size][positions], |row| <= 255, positions <= 32768 (so that a sum fits in s32).
Gram compute_gram(const std::vector<int16_t>& rows, size_t positions, const Workers& workers);

// `share` of the mean of the diagonal; 1 where that is 0.
double damping_of(const Gram& gram, double share);

// G + damping_of(G, share) I = C C^T, C lower triangular [size][size], in place of the lower triangle. share
// > 0: no pivot is below the damping but for errors of rounding, and it is what those are raised to.
void factor(double share, const Workers& workers, Gram* gram);

}  // namespace octet::converter
