// SPDX-License-Identifier: Apache-2.0
//
// Inputs made from nothing but a seed, for networks without samples. An image is noise with as much contrast
// at every scale, as photographs have: octaves of values on grids of 1, 2, 4, ... cells a side, interpolated
// between, of equal weight; three quarters of it the same in all channels. Each image has its own brightness
// and contrast. What is no image is normally distributed, with three deviations from the middle of its range
// to the ends of it.
#pragma once

#include <vector>

#include "converter/graph.h"
#include "octet_converter/converter.h"

namespace octet::converter {

// What an input can hold: `known` by the preprocessing or fixed by the user, else a guess.
struct InputRange {
  float min = -4, max = 4;
  const char* source = nullptr;  // null: a guess
};

// Of input i of the graph.
InputRange range_of_input(const Graph& graph, size_t i, const ConvertOptions& options);

class SyntheticSamples : public SampleSource {
 public:
  SyntheticSamples(const Graph& graph, const ConvertOptions& options, size_t count);

  size_t size() const override { return count_; }
  Status rewind() override;
  Status next(std::vector<std::vector<uint8_t>>* inputs, bool* done) override;

 private:
  const Graph& graph_;
  const ConvertOptions& options_;
  size_t count_, next_ = 0;
};

}  // namespace octet::converter
