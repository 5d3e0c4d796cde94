// SPDX-License-Identifier: Apache-2.0
//
// Scales in 16 bits that a quantized network gives an activation. Octet's own 16-bit values have zero point 0
// and half as many steps (quantize/wide_values.h), so that such a scale is no pin, which would be taken
// exactly: it states the range that the value covers. On Value::quantization it stands as channel_scales =
// {low, high} with channel_axis = -2, which passes carry along like any other.
#pragma once

#include <string>
#include <vector>

#include "converter/stages.h"

namespace octet::converter {

// Of q in [low, high] with real = scale * (q - zero_point).
Quantization wide_pin(double scale, int64_t zero_point, int64_t low, int64_t high);
bool is_wide_pin(const Quantization& quantization);

// Moves the wide pins of all activations into *ranges, and their names into *int16.
void take_wide_pins(Graph* graph, Ranges* ranges, std::vector<std::string>* int16);

}  // namespace octet::converter
