// SPDX-License-Identifier: Apache-2.0
#include "converter/statistics/exact_sum.h"

#include <cmath>

namespace octet::converter {

namespace {
constexpr int kBits = 36;
}  // namespace

void ExactSum::add(double value) {
  int exponent = 0;
  const double fraction = std::frexp(value, &exponent);  // 0 or [0.5, 1)
  add_term(exponent - kBits, std::llrint(std::ldexp(fraction, kBits)));
}

void ExactSum::merge(const ExactSum& other) {
  for (const auto& [exponent, mantissa] : other.terms_) add_term(exponent, mantissa);
}

void ExactSum::add_term(int exponent, int64_t mantissa) {
  if (mantissa == 0) return;
  int64_t& sum = terms_[exponent];
  sum = static_cast<int64_t>(static_cast<uint64_t>(sum) + static_cast<uint64_t>(mantissa));
  if (sum == 0) terms_.erase(exponent);
}

double ExactSum::value() const {
  double sum = 0;
  for (const auto& [exponent, mantissa] : terms_) sum += std::ldexp(static_cast<double>(mantissa), exponent);
  return sum;
}

}  // namespace octet::converter
