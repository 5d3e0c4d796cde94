// SPDX-License-Identifier: Apache-2.0
//
// The sums behind SQNR and cosine: of values q against float's x. Sums of parts are added in a fixed order,
// so that the result does not depend on threads.
#pragma once

#include <cmath>
#include <cstddef>

namespace octet::converter {

struct ErrorSums {
  double signal = 0, noise = 0;    // sum x^2, sum (q - x)^2
  double product = 0, energy = 0;  // sum x q, sum q^2
  double largest = 0;              // max |q - x|

  void add(const float* reference, const float* values, size_t count) {
    for (size_t i = 0; i < count; ++i) {
      const double x = reference[i], q = values[i];
      signal += x * x;
      noise += (q - x) * (q - x);
      product += x * q;
      energy += q * q;
      largest = std::fmax(largest, std::fabs(q - x));
    }
  }
  void add(const ErrorSums& other) {
    signal += other.signal;
    noise += other.noise;
    product += other.product;
    energy += other.energy;
    largest = std::fmax(largest, other.largest);
  }
  // 10 log10(signal / noise): infinity where the values are equal, 0 where float is 0 everywhere and they are
  // not.
  double sqnr_db() const {
    return !(noise > 0) ? INFINITY : signal > 0 ? 10 * std::log10(signal / noise) : 0;
  }
  double cosine() const {
    const double norms = std::sqrt(signal) * std::sqrt(energy);
    return norms > 0 ? product / norms : noise > 0 ? 0 : 1;
  }
};

}  // namespace octet::converter
