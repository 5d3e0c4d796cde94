// SPDX-License-Identifier: Apache-2.0
//
// How much a network may lose by quantization; the converter gives single activations 16 bits, and layers
// f32, until it holds (docs/quantization.md).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace octet::converter {

class SampleSource;

// At most one of the two is set.
struct BudgetOptions {
  std::optional<double> min_sqnr_db;  // of the outputs against float's, with one standard error to spare
  std::optional<double> max_drop;     // of top-1, in points, at most; with `confidence` for other samples
  double confidence = 0.95;           // in [0.5, 1); 0.5: what was measured, without a promise
  // What the budget is measured on; null: a part of ConvertOptions::samples, which nothing else sees then.
  SampleSource* validation = nullptr;
  std::string validation_name;  // for messages: what `validation` is
  // The class of each sample of `validation` (of ConvertOptions::samples where it is null); -1: none.
  std::vector<int> labels;

  bool asked() const { return min_sqnr_db.has_value() || max_drop.has_value(); }
};

}  // namespace octet::converter
