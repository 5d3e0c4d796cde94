// SPDX-License-Identifier: Apache-2.0
//
// Constants of f32 operators that the file stores as integers of 8 or 4 bits (schema StoredConstant): a
// quarter or an eighth of the file, at the price of expanding them once when the model is loaded.
#pragma once

#include <cstddef>
#include <vector>

#include "runtime/session_memory.h"
#include "runtime/status.h"
#include "runtime/tensor.h"

namespace octet {

// Bytes of the buffer of a constant of this shape. `stored` has bits 4 or 8 (validate_stored).
size_t stored_bytes(const schema::StoredConstant& stored, const Shape& shape);

// Where `definition` has a stored form: it is an f32 constant of rank 1 or more; bits 4 or 8; group_size at
// least 1; as many scales as groups, finite and not negative. `what` names the tensor for the message.
Status validate_stored(const schema::Tensor& definition, const Shape& shape, const char* what);

// Replaces `constant` and `data` of every tensor with a stored form by its elements, in *memory. All together
// they may take at most 8 * file_bytes: as much as 4-bit numbers become, each used once. Call it behind
// validate_tensors.
Status expand_constants(const schema::Model& root, size_t file_bytes, SessionMemory* memory,
                        std::vector<Tensor>* tensors);

}  // namespace octet
