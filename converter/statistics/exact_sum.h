// SPDX-License-Identifier: Apache-2.0
//
// A sum of doubles that does not depend on their order: each is rounded to 36 significant bits, and mantissas
// of equal exponent are added as integers (2^27 addends fit).
#pragma once

#include <cstdint>
#include <map>

namespace octet::converter {

class ExactSum {
 public:
  void add(double value);
  void merge(const ExactSum& other);
  // Rounded once for each exponent, in ascending order.
  double value() const;

  // sum = sum over all of mantissas * 2^exponent; the terms are never 0.
  const std::map<int, int64_t>& terms() const { return terms_; }
  void add_term(int exponent, int64_t mantissa);

 private:
  std::map<int, int64_t> terms_;
};

}  // namespace octet::converter
