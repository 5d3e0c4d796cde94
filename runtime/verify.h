// SPDX-License-Identifier: Apache-2.0
//
// Golden runs: inputs that a model carries or describes, and the hashes of what
// they must compute on every device. Definitions in schema/README.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "model_generated.h"
#include "runtime/session.h"
#include "runtime/status.h"
#include "runtime/tensor.h"

namespace octet {

// 64-bit FNV-1a over the bytes.
uint64_t hash_bytes(const void* data, size_t bytes);

// Writes the input that `golden` describes into tensor->data (tensor->bytes long). For a golden
// input of a loaded model it cannot fail; any other is checked first.
Status make_golden_input(const schema::GoldenInput& golden, Tensor* tensor);

// Sets the session's inputs as `golden` says (in the memory they are bound to), runs, and computes
// the hash of each golden.hashes()[i].tensor right after its operator ran: (*hashes)[i].
// golden.hashes()[i].hash is not looked at: compare, or record. Uses the session's observer and
// removes it. kInvalidArgument for a tensor that has no bytes because a float island keeps it inside.
Status hash_golden(Session& session, const schema::Golden& golden, std::vector<uint64_t>* hashes);

}  // namespace octet
