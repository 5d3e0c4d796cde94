// SPDX-License-Identifier: Apache-2.0
//
// Running kernels::ConvS16 as an operator: shared by Conv2D and FullyConnected.
#pragma once

#include <memory>

#include "kernels/conv_s16.h"
#include "runtime/op.h"
#include "runtime/ops/conv_checks.h"
#include "runtime/status.h"

namespace octet {

// An Op that runs one convolution from view.input(0) to view.output(0). `conv` has the geometry; the rest is
// taken from the operator.
Status make_conv_s16_op(const OpView& view, const ConvOutputOptions& options, kernels::ConvS16 conv,
                        PrepareContext* context, std::unique_ptr<Op>* op);

}  // namespace octet
