// SPDX-License-Identifier: Apache-2.0
//
// Where the values of s8 activations usually lie, channel by channel (schema Tensor.usual_low): hints for
// kernels that are faster where ranges are narrow. Measured on the lowered model's own bytes.
#pragma once

#include "converter/lower/model_extras.h"
#include "converter/stages.h"
#include "runtime/model.h"
#include "runtime/session.h"

namespace octet::converter {

// Of the activations that a 1x1 convolution with many channels reads, over the first samples. `session` is
// one of `model`; its inputs are overwritten. *ranges stays empty with fewer than two different samples, or
// without such convolutions, and lacks activations whose ranges differ too much from sample to sample.
// `diagnostics` may be null.
Status measure_usual_ranges(const Model& model, SampleSource* samples, Session* session, UsualRanges* ranges,
                            Diagnostics* diagnostics);

}  // namespace octet::converter
