// SPDX-License-Identifier: Apache-2.0
//
// Values of an island; its nodes are in define.cc. See island_builder.h.
#include "runtime/xnnpack/island_builder.h"

#include <algorithm>
#include <cstring>

namespace octet {
namespace {

// At least XNN_EXTRA_BYTES of either API.
constexpr size_t kSlackBytes = 128;
static_assert(kSlackBytes >= XNN_EXTRA_BYTES);

}  // namespace

std::vector<size_t> xnnpack_dims(const Tensor& tensor) {
  std::vector<size_t> dims(tensor.shape.dims, tensor.shape.dims + tensor.shape.rank);
  if (dims.empty()) dims.push_back(1);
  return dims;
}

xnn_status IslandBuilder::begin(const std::vector<Tensor*>& inputs, const std::vector<Tensor*>& outputs) {
  status_ = xnn_create_subgraph(static_cast<uint32_t>(inputs.size() + outputs.size()), 0, &subgraph_);
  if (status_ != xnn_status_success) return status_;
  uint32_t id = 0;
  for (const Tensor* input : inputs)
    values_[input] = define(xnnpack_dims(*input), nullptr, id++, XNN_VALUE_FLAG_EXTERNAL_INPUT);
  for (const Tensor* output : outputs)
    values_[output] = define(xnnpack_dims(*output), nullptr, id++, XNN_VALUE_FLAG_EXTERNAL_OUTPUT);
  return status_;
}

uint32_t IslandBuilder::value_of(const Tensor* tensor) {
  const auto known = values_.find(tensor);
  if (known != values_.end()) return known->second;
  const void* data = nullptr;
  if (tensor->is_constant()) {
    data = copy_with_slack(tensor->constant, tensor->bytes);
    if (!data) return XNN_INVALID_VALUE_ID;
  }
  return values_[tensor] = define(xnnpack_dims(*tensor), data, XNN_INVALID_VALUE_ID, 0);
}

uint32_t IslandBuilder::weights(const float* data, const std::vector<size_t>& dims) {
  return define(dims, data, XNN_INVALID_VALUE_ID, 0);
}

uint32_t IslandBuilder::filled(float value, size_t count) {
  float* data = static_cast<float*>(memory_->allocate(count * sizeof(float) + kSlackBytes));
  if (!data) {
    status_ = xnn_status_out_of_memory;
    return XNN_INVALID_VALUE_ID;
  }
  std::fill(data, data + count, value);
  return define({count}, data, XNN_INVALID_VALUE_ID, 0);
}

uint32_t IslandBuilder::define(const std::vector<size_t>& dims, const void* data, uint32_t external_id,
                               uint32_t flags) {
  uint32_t id = XNN_INVALID_VALUE_ID;
  const xnn_status status = xnn_define_tensor_value(subgraph_, xnn_datatype_fp32, dims.size(), dims.data(),
                                                    data, external_id, flags, &id);
  if (status != xnn_status_success && status_ == xnn_status_success) status_ = status;
  return id;
}

void* IslandBuilder::copy_with_slack(const void* data, size_t bytes) {
  uint8_t* copy = static_cast<uint8_t*>(memory_->allocate(bytes + kSlackBytes));
  if (!copy) {
    status_ = xnn_status_out_of_memory;
    return nullptr;
  }
  std::memcpy(copy, data, bytes);
  std::memset(copy + bytes, 0, kSlackBytes);
  return copy;
}

}  // namespace octet
