// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "converter/graph.h"

namespace octet::converter {

// Rounds every f32 activation with a pinned scale as the quantized network does. Returns how many.
size_t simulate_pinned_scales(Graph* graph);

}  // namespace octet::converter
