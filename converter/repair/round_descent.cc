// SPDX-License-Identifier: Apache-2.0
//
// descent: starts from gptq and moves single weights by one step as long as that lessens the channel's error
// E = e^T G e (G with gptq's damping). This is the problem that AdaRound poses ("Up or Down? Adaptive
// Rounding for Post-Training Quantization", Nagel et al. 2020), solved over the integers instead of by
// gradients through a soft rounding. With g = G e, one step d = +-1 of weight i changes
//
//   E by 2 d g[i] + G[i][i],   so it pays for d = -sign(g[i]) where 2 |g[i]| > G[i][i],   and g by d G[i]
//
// Weights are taken in order, in at most kSweeps rounds over all of them.
#include <cmath>
#include <cstdlib>

#include "converter/repair/rounding.h"

namespace octet::converter {
namespace {

constexpr int kSweeps = 30;

void descend(const Gram& gram, double damping, const double* weights, int8_t* rounded) {
  const size_t size = gram.size;
  std::vector<double> e(size), gradient(size);
  for (size_t i = 0; i < size; ++i) e[i] = rounded[i] - weights[i];
  for (size_t i = 0; i < size; ++i)
    gradient[i] = dot_product(gram.values.data() + i * size, e.data(), size) + damping * e[i];
  bool moved = true;
  for (int sweep = 0; sweep < kSweeps && moved; ++sweep) {
    moved = false;
    for (size_t i = 0; i < size; ++i) {
      const double* row = gram.values.data() + i * size;
      const int step = gradient[i] > 0 ? -1 : 1;
      if (!(2 * std::fabs(gradient[i]) > row[i] + damping) || std::abs(rounded[i] + step) > 127) continue;
      rounded[i] = static_cast<int8_t>(rounded[i] + step);
      for (size_t j = 0; j < size; ++j) gradient[j] += step * row[j];
      gradient[i] += step * damping;
      moved = true;
    }
  }
}

}  // namespace

void round_descent(const RoundingProblem& problem, const Workers& workers, std::vector<int8_t>* rounded) {
  round_gptq(problem, workers, rounded);
  const double damping = damping_of(problem.gram, kRoundingDamping);
  const size_t size = problem.size();
  workers.run(problem.channels, [&](size_t c) {
    descend(problem.gram, damping, problem.weights.data() + c * size, rounded->data() + c * size);
  });
}

}  // namespace octet::converter
