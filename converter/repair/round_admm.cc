// SPDX-License-Identifier: Apache-2.0
//
// admm: alternating directions, as MNN and TNN use them for weights (after "Extremely Low Bit Neural Network:
// Squeeze the Last Bit Out with ADMM", Leng et al. 2018). Weights x that may be any numbers and integers q
// are drawn together:
//
//   x = (G + rho I)^-1 (G w + rho (q - u)),   q = round(x + u),   u = u + x - q
//
// for kSteps steps with rho = 1% of the mean of G's diagonal; the q of least error e^T G e (with gptq's
// damping) is taken. In terms of d = x - w the first line is (G + rho I) d = rho (q - u - w), one pair of
// triangular solutions with the factor of G + rho I.
#include <algorithm>
#include <cmath>

#include "converter/repair/rounding.h"

namespace octet::converter {
namespace {

constexpr int kSteps = 30;
constexpr double kPull = 0.01;

// C C^T x = b, in place.
void solve(const Gram& factor, std::vector<double>* b) {
  const size_t size = factor.size;
  std::vector<double>& x = *b;
  for (size_t i = 0; i < size; ++i) {
    const double* row = factor.values.data() + i * size;
    x[i] = (x[i] - dot_product(row, x.data(), i)) / row[i];
  }
  for (size_t i = size; i-- > 0;) {
    const double* row = factor.values.data() + i * size;
    x[i] /= row[i];
    for (size_t j = 0; j < i; ++j) x[j] -= row[j] * x[i];
  }
}

class Channel {
 public:
  Channel(const Gram& gram, const double* weights, int8_t* rounded)
      : gram_(gram), damping_(damping_of(gram, kRoundingDamping)), weights_(weights), rounded_(rounded) {}

  void run(const Gram& factor, double pull) {
    const size_t size = gram_.size;
    std::vector<double> q(rounded_, rounded_ + size), u(size, 0), d(size);
    double least = error_of(q);
    for (int step = 0; step < kSteps; ++step) {
      for (size_t i = 0; i < size; ++i) d[i] = pull * (q[i] - u[i] - weights_[i]);
      solve(factor, &d);
      for (size_t i = 0; i < size; ++i) {
        const double x = weights_[i] + d[i];
        q[i] = std::clamp(std::nearbyint(x + u[i]), -127.0, 127.0);
        u[i] += x - q[i];
      }
      const double error = error_of(q);
      if (!(error < least)) continue;
      least = error;
      for (size_t i = 0; i < size; ++i) rounded_[i] = static_cast<int8_t>(q[i]);
    }
  }

 private:
  double error_of(const std::vector<double>& q) const {
    std::vector<double> e(q);
    for (size_t i = 0; i < e.size(); ++i) e[i] -= weights_[i];
    return output_error(gram_, e) + damping_ * dot_product(e.data(), e.data(), e.size());
  }

  const Gram& gram_;
  double damping_;
  const double* weights_;
  int8_t* rounded_;
};

}  // namespace

void round_admm(const RoundingProblem& problem, const Workers& workers, std::vector<int8_t>* rounded) {
  Gram root = problem.gram;
  factor(kPull, workers, &root);
  const double pull = damping_of(problem.gram, kPull);
  const size_t size = problem.size();
  workers.run(problem.channels, [&](size_t c) {
    Channel(problem.gram, problem.weights.data() + c * size, rounded->data() + c * size).run(root, pull);
  });
}

}  // namespace octet::converter
