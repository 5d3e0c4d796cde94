// SPDX-License-Identifier: Apache-2.0
#include "converter/repair/gram.h"

#include <algorithm>
#include <cmath>

namespace octet::converter {
namespace {

constexpr size_t kLanes = 8;   // sums side by side, added in a fixed order
constexpr size_t kPanel = 32;  // columns that a step of the factorization finishes

int32_t dot(const int16_t* a, const int16_t* b, size_t count) {
  int32_t sum = 0;
  for (size_t i = 0; i < count; ++i) sum += a[i] * b[i];
  return sum;
}

}  // namespace

double dot_product(const double* a, const double* b, size_t count) {
  double lanes[kLanes] = {};
  size_t i = 0;
  for (; i + kLanes <= count; i += kLanes)
    for (size_t lane = 0; lane < kLanes; ++lane) lanes[lane] += a[i + lane] * b[i + lane];
  double sum = 0;
  for (double lane : lanes) sum += lane;
  for (; i < count; ++i) sum += a[i] * b[i];
  return sum;
}

Gram compute_gram(const std::vector<int16_t>& rows, size_t positions, const Workers& workers) {
  Gram gram;
  gram.size = positions == 0 ? 0 : rows.size() / positions;
  gram.values.resize(gram.size * gram.size);
  workers.run(gram.size, [&](size_t i) {
    for (size_t j = 0; j <= i; ++j)
      gram.values[i * gram.size + j] =
          dot(rows.data() + i * positions, rows.data() + j * positions, positions);
  });
  for (size_t i = 0; i < gram.size; ++i)
    for (size_t j = 0; j < i; ++j) gram.values[j * gram.size + i] = gram.values[i * gram.size + j];
  return gram;
}

double damping_of(const Gram& gram, double share) {
  double trace = 0;
  for (size_t i = 0; i < gram.size; ++i) trace += gram.at(i, i);
  return trace > 0 ? share * trace / static_cast<double>(gram.size) : 1.0;
}

void factor(double share, const Workers& workers, Gram* gram) {
  const size_t n = gram->size;
  double* c = gram->values.data();
  const double added = damping_of(*gram, share);
  for (size_t i = 0; i < n; ++i) c[i * n + i] += added;
  for (size_t first = 0; first < n; first += kPanel) {
    const size_t last = std::min(first + kPanel, n);
    // The block on the diagonal, then the rows below it, which need no other row of their kind.
    const auto finish_row = [&](size_t i) {
      for (size_t j = first; j < std::min(i, last); ++j)
        c[i * n + j] = (c[i * n + j] - dot_product(c + i * n, c + j * n, j)) / c[j * n + j];
    };
    for (size_t i = first; i < last; ++i) {
      finish_row(i);
      const double pivot = c[i * n + i] - dot_product(c + i * n, c + i * n, i);
      c[i * n + i] = std::sqrt(std::max(pivot, added));
    }
    workers.run(n - last, [&](size_t i) { finish_row(last + i); });
  }
}

}  // namespace octet::converter
