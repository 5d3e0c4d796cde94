// SPDX-License-Identifier: Apache-2.0
//
// The ways to round the weights of a layer: one file (round_<name>.cc) and one row (rounding_table.cc) each.
#pragma once

#include <string>
#include <vector>

#include "converter/repair/gram.h"
#include "runtime/status.h"

namespace octet::converter {

// Output channels that read the same inputs. A method looks for s8 weights q near `weights` for which
// (q - weights)^T G (q - weights), the error at the channel's output, is small.
struct RoundingProblem {
  const Gram& gram;  // [size][size]
  size_t channels;
  const std::vector<double>& weights;  // [channels][size], in steps of the channel's scale

  size_t size() const { return gram.size; }
};

struct RoundingRow {
  const char* name;
  // *rounded holds the nearest integers and gets better ones, in [-127, 127]. Null: nearest.
  void (*round)(const RoundingProblem& problem, const Workers& workers, std::vector<int8_t>* rounded);
};

// Added to G's diagonal, as a share of its mean: weights with few or dead inputs stay near their own value.
// GPTQ's 1% fits the samples more closely and others less (docs/quantization.md).
constexpr double kRoundingDamping = 0.05;

// Names in the table's order, for messages: "nearest, gptq, ...".
std::string rounding_names();
Status find_rounding(const std::string& name, const RoundingRow** row);

// e^T G e.
double output_error(const Gram& gram, const std::vector<double>& e);

void round_gptq(const RoundingProblem& problem, const Workers& workers, std::vector<int8_t>* rounded);
void round_descent(const RoundingProblem& problem, const Workers& workers, std::vector<int8_t>* rounded);
void round_admm(const RoundingProblem& problem, const Workers& workers, std::vector<int8_t>* rounded);

}  // namespace octet::converter
