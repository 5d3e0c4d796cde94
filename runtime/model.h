// SPDX-License-Identifier: Apache-2.0
//
// A model: bytes that were mapped or lent, verified once, and the tables the
// session works from. Immutable after load; any number of sessions share it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "runtime/op.h"
#include "runtime/session_memory.h"
#include "runtime/status.h"
#include "runtime/tensor.h"

namespace octet {

class Model {
 public:
  // Maps `path` read-only. The file must not change while the model lives.
  static Status load_file(const char* path, std::unique_ptr<Model>* model);

  // Uses [data, data + bytes) in place: 64-byte aligned, and it must outlive
  // the model and all its sessions.
  static Status load_memory(const void* data, size_t bytes, std::unique_ptr<Model>* model);

  ~Model();
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  const schema::Model& root() const { return *root_; }
  const uint8_t* data() const { return data_; }
  size_t bytes() const { return bytes_; }

  // One per schema tensor; `constant` is set, `data` is null for activations.
  const std::vector<Tensor>& tensors() const { return tensors_; }

  // Says that [data, data + bytes), which the file or memory holds, will hardly be read again: whole pages of
  // a mapped file in it leave memory. Reading them stays correct, and brings them back from the file.
  void release(const void* data, size_t bytes) const;

  // The operators with tensors resolved against `tensors` (the session's own
  // copies, same indices).
  std::vector<OpView> resolve_operators(std::vector<Tensor>* tensors) const;

 private:
  Model() = default;
  // Everything that is checked on untrusted bytes; see validate.cc for the list.
  Status verify_and_validate();

  const uint8_t* data_ = nullptr;
  size_t bytes_ = 0;
  bool mapped_ = false;
  const schema::Model* root_ = nullptr;
  std::vector<Tensor> tensors_;
  SessionMemory expanded_;  // constants that the file stores as integers
};

}  // namespace octet
