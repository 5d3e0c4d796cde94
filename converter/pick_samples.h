// SPDX-License-Identifier: Apache-2.0
//
// Some of the samples, for stages that keep them.
#pragma once

#include "converter/repair/node_walk.h"

namespace octet::converter {

// At most `wanted` samples, spread over all of them if the source knows how many there are; `inputs` is the
// number of the network's inputs.
Status pick_samples(SampleSource* source, size_t inputs, size_t wanted, std::vector<Sample>* samples);

}  // namespace octet::converter
