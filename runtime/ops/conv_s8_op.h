// SPDX-License-Identifier: Apache-2.0
//
// Running kernels::ConvS8 as an operator: shared by Conv2D, FullyConnected and
// ConvTranspose2D.
#pragma once

#include <memory>
#include <vector>

#include "kernels/conv_s8.h"
#include "runtime/op.h"
#include "runtime/ops/conv_checks.h"
#include "runtime/status.h"

namespace octet {

// For an output of s8, s16 or f32: sets zero points, clamp, weights, bias, requantization, scale and table of
// `conv` from the operator.
// A requantization with one entry is spread over the channels, into `memory`.
Status set_conv_s8_parameters(const OpView& view, const ConvOutputOptions& options, SessionMemory* memory,
                              kernels::ConvS8* conv);

// One convolution with its kernel and packed weights.
struct PreparedConvS8 {
  kernels::ConvS8 conv;
  const kernels::ConvS8Kernel* kernel = nullptr;
  const kernels::ConvS8Kernel* passed_over = nullptr;  // see select_conv_s8
  const void* packed = nullptr;
  size_t items = 0;
  size_t minimum_items = 1;  // fewer are not worth a thread
};

// Whether what a kernel computes from the lengths of c - bytes of packed weights and of scratch, places
// within them, and what leads to them - stays below `most`, with a margin. A tensor's limit does not ensure
// that where addresses have 32 bits: packed weights are padded to the kernel's panels and steps.
bool conv_s8_fits(const kernels::ConvS8& c, uint64_t most);

// kUnsupported where it does not fit in this machine's addresses.
Status check_conv_s8_fits(const OpView& view, const kernels::ConvS8& conv);

// Selects and packs; raises context->scratch_bytes.
Status prepare_conv_s8(const OpView& view, const kernels::ConvS8& conv, PrepareContext* context,
                       PreparedConvS8* prepared);

// Splits the items of `prepared` over the threads.
void run_conv_s8(const PreparedConvS8& prepared, const RunContext& context, const int8_t* input,
                 void* output);

// An Op that runs one convolution from view.input(0) to view.output(0).
Status make_conv_s8_op(const OpView& view, const kernels::ConvS8& conv, PrepareContext* context,
                       std::unique_ptr<Op>* op);

}  // namespace octet
