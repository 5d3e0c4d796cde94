// SPDX-License-Identifier: Apache-2.0
//
// Builds the XNNPACK subgraph of one island: values for tensors, nodes for operators.
#pragma once

#include <xnnpack.h>

#include <map>
#include <vector>

#include "runtime/op.h"

namespace octet {

class IslandBuilder {
 public:
  explicit IslandBuilder(SessionMemory* memory) : memory_(memory) {}
  ~IslandBuilder() { xnn_delete_subgraph(subgraph_); }
  IslandBuilder(const IslandBuilder&) = delete;
  IslandBuilder& operator=(const IslandBuilder&) = delete;

  // Begins the subgraph: `inputs` come from outside, `outputs` are needed outside. Their
  // XNNPACK ids are their positions in the two lists, one after the other.
  xnn_status begin(const std::vector<Tensor*>& inputs, const std::vector<Tensor*>& outputs);

  // Adds the nodes of one operator that xnnpack_supports accepted.
  xnn_status add(const OpView& view);

  xnn_subgraph_t subgraph() const { return subgraph_; }

  // The value of a tensor: external, defined before, a constant (copied to packed memory with
  // slack, as XNNPACK reads past it), or new and internal. On failure status() tells.
  uint32_t value_of(const Tensor* tensor);

  // A static value for weights: XNNPACK packs them when the runtime is created, without reading past.
  uint32_t weights(const float* data, const std::vector<size_t>& dims);

  // A static value with `count` elements of its own.
  uint32_t filled(float value, size_t count);

  // A new internal value.
  uint32_t internal(const std::vector<size_t>& dims) {
    return define(dims, nullptr, XNN_INVALID_VALUE_ID, 0);
  }

  xnn_status status() const { return status_; }

 private:
  uint32_t define(const std::vector<size_t>& dims, const void* data, uint32_t external_id, uint32_t flags);
  void* copy_with_slack(const void* data, size_t bytes);

  SessionMemory* memory_;
  xnn_subgraph_t subgraph_ = nullptr;
  std::map<const Tensor*, uint32_t> values_;
  xnn_status status_ = xnn_status_success;
};

// The dimensions of a tensor for XNNPACK; a scalar becomes [1].
std::vector<size_t> xnnpack_dims(const Tensor& tensor);

}  // namespace octet
