// SPDX-License-Identifier: Apache-2.0
//
// Helpers for networks that came with their own scales (pinned on values by import_qdq).
#pragma once

#include "converter/graph.h"

namespace octet::converter {

// Relu, and a Clip whose bounds are steps of the scale or lie beyond them, select such steps too: the same holds.
// A same-scale operator with a scale on one side only gets it on the other, which is exact: forward
// always (for Concat if all inputs agree); backward where it is the only reader of its input and only
// selects elements (not for Resize and Pad, which make new ones). Repeats until nothing changes.
void spread_pinned_scales(Graph* graph);

}  // namespace octet::converter
