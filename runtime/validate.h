// SPDX-License-Identifier: Apache-2.0
//
// Validation of an untrusted model file, in order:
//
//   verify_model_bytes   the FlatBuffers Verifier: every offset stays inside the bytes
//   validate_tensors     shapes, sizes, quantization, constant buffers
//   expand_constants     (stored_constant.h) constants that are stored as integers
//   validate_operators   indices, order of execution, requantization, each operator's own row
//   validate_bindings    inputs, outputs, preprocessing
//   validate_golden      golden runs
//
// Afterwards everything else trusts the file. The definitions list what they check.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "runtime/op.h"
#include "runtime/status.h"
#include "runtime/tensor.h"

namespace octet {

class Model;

// The schema version that this build writes and reads.
constexpr uint32_t kSchemaVersion = 1;

// What a file may ask for, so that a hostile one cannot demand absurd memory or time.
constexpr size_t kMaxModelBytes = size_t{0x7fffffff} - 64;  // FlatBuffers offsets are 31 bits
constexpr size_t kMaxTensors = 65536;
constexpr size_t kMaxOperators = 65536;
constexpr size_t kMaxOperatorTensors = 1024;  // inputs or outputs of one operator
constexpr uint64_t kMaxTensorBytes = sizeof(size_t) > 4 ? uint64_t{1} << 32 : uint64_t{1} << 28;
constexpr uint64_t kMaxArenaBytes = sizeof(size_t) > 4 ? uint64_t{1} << 32 : uint64_t{1} << 30;

// A file's length is a multiple of this, so that one cut short is noticed.
constexpr size_t kModelMultiple = 64;

// Every constant ends at least this far before the end of the file: vector
// kernels may read, never use, so many bytes behind it.
constexpr size_t kConstantSlackBytes = 64;

Status verify_model_bytes(const uint8_t* data, size_t bytes, const schema::Model** root);
Status validate_tensors(const uint8_t* data, size_t bytes, const schema::Model& root,
                        std::vector<Tensor>* tensors);
Status validate_operators(const Model& model);
Status validate_bindings(const schema::Model& root, const std::vector<Tensor>& tensors);
Status validate_golden(const schema::Model& root, const std::vector<Tensor>& tensors);

// Copies a schema shape into *shape. Rank <= kMaxRank, every dimension >= 0, and the product
// of the nonzero dimensions times element_size is at most kMaxTensorBytes. `what` names the
// thing for the message: "tensor 5 'x'".
Status validate_shape(const flatbuffers::Vector<int32_t>* dims, size_t element_size, const char* what,
                      Shape* shape);

// The number of elements of a vector of the file; 0 when it is absent.
template <class T>
size_t length(const flatbuffers::Vector<T>* vector) {
  return vector ? vector->size() : 0;
}

}  // namespace octet
