// SPDX-License-Identifier: Apache-2.0
//
// What AveragePool2D and MaxPool2D check alike on untrusted bytes, and their geometry.
#pragma once

#include "kernels/pool_2d.h"
#include "model_generated.h"
#include "runtime/op.h"
#include "runtime/status.h"

namespace octet {

// One input and one output of rank 4, each s8 or s16, or both f32; Pool2DOptions present with kernel, stride
// and dilation in [1, 65536], pads in [0, 65536]; batch and channels kept; each output length is
// floor or ceil of (input + pads - window) / stride + 1, and at most 2^20; every window holds a
// position inside the input; activation_min <= activation_max.
Status validate_pool(const OpView& view);

// The geometry of a valid pool.
kernels::Pool2D pool_geometry(const OpView& view);

}  // namespace octet
