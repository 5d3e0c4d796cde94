// SPDX-License-Identifier: Apache-2.0
//
// What keeping a budget took (budget_options.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace octet::converter {

// What rounding one activation, or the weights of one layer, to 8 bits costs while all else is in float.
struct SensitivityReport {
  std::string name;       // of the tensor, or of the node
  bool weights = false;   // of a layer, else an activation
  double sqnr_db = 0;     // of the network's outputs
  double share = 0;       // of the sum of all such errors
  uint64_t macs = 0;      // of the layers that get slower by a promotion
  std::string promotion;  // "int16", "fp32", or empty
};

struct BudgetReport {
  std::string asked;        // "min-sqnr 28 dB"; empty: no budget
  std::string measured_on;  // "25 of the 100 calibration samples, held out"
  size_t samples = 0;
  double sqnr_db = 0, sqnr_error_db = 0;  // of the model, and one standard error of that
  double sqnr_int8_db = 0;                // without promotions
  // With labels: samples that have one, right in float only, and right in the quantized model only.
  size_t labelled = 0, lost = 0, gained = 0;
  double drop = 0, drop_bound = 0;             // in points: measured, and the upper bound promised
  std::vector<std::string> int16, keep_float;  // what was promoted, most sensitive first
  double int8_ms = 0, model_ms = 0;  // one run on this machine, one thread: without and with promotions
  std::vector<SensitivityReport> sensitivity;  // most sensitive first; empty where nothing had to be promoted
  std::vector<std::string> lines;              // all of it but the sensitivities, for a person
};

}  // namespace octet::converter
