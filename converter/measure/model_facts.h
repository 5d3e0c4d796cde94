// SPDX-License-Identifier: Apache-2.0
//
// What the converted model says of itself.
#pragma once

#include "converter/stages.h"
#include "runtime/model.h"

namespace octet::converter {

// Sizes, the activations (report->tensors), and the operators between them (report->layers). Nothing is
// measured.
void fill_facts(const Model& model, const LoweredModel& lowered, ConvertReport* report);

// Says of every layer with a 16-bit output why it has one: the budget (report->budget), or options.
void explain_int16(const ConvertOptions& options, ConvertReport* report);

// For each tensor of the model its index in report->tensors, -1 for constants. As fill_facts numbers them.
std::vector<int> activation_indices(const Model& model);

}  // namespace octet::converter
