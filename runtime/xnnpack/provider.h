// SPDX-License-Identifier: Apache-2.0
//
// Float islands on XNNPACK: consecutive f32 operators that run as one XNNPACK
// subgraph. Only built with OCTET_WITH_XNNPACK.
#pragma once

#include <memory>
#include <vector>

#include "runtime/op.h"
#include "runtime/status.h"

namespace octet {

// True if XNNPACK computes this (validated) operator; its tensors have their final
// shapes. False sends it to its own prepare, which has portable kernels.
bool xnnpack_supports(const OpView& view);

// Prepares `views`, consecutive operators that xnnpack_supports accepted, as one step.
// `outputs` are the tensors written inside that are needed outside; they and the activations
// that come from outside have their bytes at Tensor::data in every run (it may change between runs).
// Tensors written and read only inside have no bytes: data is null.
// kUnsupported makes the session run the operators one by one instead.
Status prepare_xnnpack_island(const std::vector<OpView>& views, const std::vector<Tensor*>& outputs,
                              PrepareContext* context, std::unique_ptr<Op>* op);

}  // namespace octet
