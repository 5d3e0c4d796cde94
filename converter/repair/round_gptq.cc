// SPDX-License-Identifier: Apache-2.0
//
// gptq: rounds the weights of a channel one after the other and lets those still to come make up for the
// error, as GPTQ does ("GPTQ: Accurate Post-Training Quantization for Generative Pre-trained Transformers",
// Frantar et al. 2022, the updates by columns of the inverse's Cholesky factor). The same numbers come from
// the factor of G itself, without an inverse: with G = C C^T (C lower triangular),
//
//   e^T G e = sum over k of C[k][k]^2 * (e[k] + sum over j > k of C[j][k] / C[k][k] * e[j])^2
//
// so from the last weight to the first each term is least for
//
//   q[k] = round(w[k] - sum over j > k of C[j][k] / C[k][k] * e[j]),   e[j] = q[j] - w[j]
//
// Weights are taken in order of falling G[k][k]: whose input is strongest is rounded first, freely. A damping
// is added to the diagonal (kRoundingDamping).
#include <algorithm>
#include <cmath>
#include <numeric>

#include "converter/repair/rounding.h"

namespace octet::converter {
namespace {

// Weights by rising G[k][k]; the last is rounded first.
std::vector<size_t> order_of(const Gram& gram) {
  std::vector<size_t> order(gram.size);
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return gram.at(a, a) < gram.at(b, b); });
  return order;
}

Gram permuted(const Gram& gram, const std::vector<size_t>& order) {
  Gram result;
  result.size = gram.size;
  result.values.resize(gram.values.size());
  for (size_t i = 0; i < gram.size; ++i)
    for (size_t j = 0; j <= i; ++j) result.values[i * gram.size + j] = gram.at(order[i], order[j]);
  return result;
}

void round_channel(const Gram& factor, const std::vector<size_t>& order, const double* weights,
                   int8_t* rounded) {
  std::vector<double> carried(factor.size, 0);  // sum over j > k of C[j][k] * e[j]
  for (size_t k = factor.size; k-- > 0;) {
    const double* row = factor.values.data() + k * factor.size;
    const double wanted = weights[order[k]] - carried[k] / row[k];
    const double q = std::clamp(std::nearbyint(wanted), -127.0, 127.0);
    rounded[order[k]] = static_cast<int8_t>(q);
    const double e = q - weights[order[k]];
    if (e == 0) continue;
    for (size_t i = 0; i < k; ++i) carried[i] += row[i] * e;
  }
}

}  // namespace

void round_gptq(const RoundingProblem& problem, const Workers& workers, std::vector<int8_t>* rounded) {
  const std::vector<size_t> order = order_of(problem.gram);
  Gram gram = permuted(problem.gram, order);
  factor(kRoundingDamping, workers, &gram);
  const size_t size = problem.size();
  workers.run(problem.channels, [&](size_t c) {
    round_channel(gram, order, problem.weights.data() + c * size, rounded->data() + c * size);
  });
}

}  // namespace octet::converter
