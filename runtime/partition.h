// SPDX-License-Identifier: Apache-2.0
//
// Operators -> steps.
#pragma once

#include <vector>

#include "runtime/model.h"
#include "runtime/session.h"
#include "runtime/session_state.h"

namespace octet {

// Prepares every operator, in order, as one step each; but with use_xnnpack a maximal run of
// consecutive operators that XNNPACK takes becomes one step, an island. With keep_all_tensors
// an island has one operator.
// context->scratch_bytes becomes the most that any step asks for.
Status partition_operators(const Model& model, const SessionOptions& options,
                           const std::vector<OpView>& views, PrepareContext* context,
                           std::vector<Step>* steps);

}  // namespace octet
