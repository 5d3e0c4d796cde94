// SPDX-License-Identifier: Apache-2.0
//
// Golden runs at conversion: which tensors the contract of bit-equal results
// covers, inputs that the file can carry, and their hashes.
//
// A tensor is covered if it depends on graph inputs and constants through
// integer operators only: s8 operators, the boundaries Quantize, Dequantize,
// accumulator -> f32 and softmax -> f32 (each element correctly rounded), data
// movement, and arithmetic on integers. Whatever an f32 operator computes is not.
#pragma once

#include <vector>

#include "converter/lower/model_extras.h"
#include "converter/stages.h"
#include "runtime/model.h"
#include "runtime/session.h"

namespace octet::converter {

struct CoveredTensor {
  uint32_t tensor = 0;
  uint32_t operator_index = 0;  // writes it
  bool recorded = false;        // a graph output, or the last covered tensor before a float operator
};

// In execution order.
std::vector<CoveredTensor> find_covered_tensors(const Model& model);

// Noise for every input.
GoldenData noise_golden(const Model& model, uint64_t seed);
// The sample (declared form, one buffer per input): stored whole where the tensor is small, else a
// mosaic of it. Overwrites the session's inputs.
Status sample_golden(const std::vector<std::vector<uint8_t>>& sample, Session* session, GoldenData* golden);

// Runs `golden` on the reference kernels and on all that this CPU has, and fills golden->hashes with
// those of recorded tensors. kInternal, naming the operator, where the two differ.
Status record_hashes(const std::vector<CoveredTensor>& covered, Session* reference, Session* all_features,
                     GoldenData* golden);

}  // namespace octet::converter
