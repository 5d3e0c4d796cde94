// SPDX-License-Identifier: Apache-2.0
//
// One small network that touches most of the runtime: an image input with
// preprocessing, s8 convolutions, a shared Reshape, a boundary to float, a
// float island, two outputs and a golden run.
#pragma once

#include <cstdint>
#include <vector>

#include "tests/testing/model_builder.h"

namespace octet::testing {

// The operators of the sample, in order:
//
//   0 Conv2D          image[1,8,8,3] -> a[1,4,4,8]
//   1 Conv2D          depthwise, a -> b[1,4,4,8]
//   2 Binary Add      a + b -> features[1,4,4,8]     output 1, declared f32 [1,8,4,4]
//   3 Reshape         b -> flat[1,128]               shares b's memory
//   4 FullyConnected  flat -> logits f32 [1,10]
//   5 Unary Tanh      logits -> bounded f32
//   6 Softmax         bounded -> scores f32 [1,10]   output 0
//
// Input 0 is declared f32 [1,3,8,8], RGB. The golden run is noise, with the hashes of operators 2 and 0
// (in this order); `hashes` are their values, or empty for zeros.
struct Sample {
  enum Tensors {
    kImage = 0,
    kA = 3,
    kB = 6,
    kFeatures = 7,
    kFlat = 8,
    kLogits = 11,
    kBounded = 12,
    kScores = 13
  };
};
AlignedBytes sample_model(const std::vector<uint64_t>& hashes = {});

}  // namespace octet::testing
