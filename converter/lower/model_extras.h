// SPDX-License-Identifier: Apache-2.0
//
// What finish_model measures on a lowered model and writes into its final
// form: facts, golden runs and usual ranges.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "model_generated.h"

namespace octet::converter {

struct GoldenInputData {
  schema::GoldenKind kind = schema::GoldenKind_Noise;
  uint64_t seed = 0;
  std::vector<uint8_t> data;
  int mosaic_height = 0, mosaic_width = 0;
};

struct TensorHashData {
  uint32_t tensor = 0;
  uint32_t operator_index = 0;
  uint64_t hash = 0;
};

struct GoldenData {
  std::vector<GoldenInputData> inputs;  // one per model input
  std::vector<TensorHashData> hashes;
};

// schema Tensor.usual_low and usual_high; low may be empty.
struct UsualRange {
  std::vector<uint8_t> low, high;
};
using UsualRanges = std::map<uint32_t, UsualRange>;  // by tensor

struct ModelExtras {
  uint64_t arena_bytes = 0;
  uint64_t weights_bytes = 0;
  std::vector<GoldenData> golden;
  UsualRanges usual_ranges;
};

}  // namespace octet::converter
