// SPDX-License-Identifier: Apache-2.0
//
// Session: what goes in and what comes out.
#include <cinttypes>

#include "runtime/session.h"
#include "runtime/session_state.h"

namespace octet {
namespace {

// The index exists, the data is there, and it has the bytes expected.
Status check_transfer(const char* side, size_t i, size_t count, const void* data, size_t bytes,
                      size_t expected) {
  if (i >= count) return error(StatusCode::kInvalidArgument, "%s %zu; the model has %zu", side, i, count);
  if (data == nullptr && expected > 0)
    return error(StatusCode::kInvalidArgument, "%s %zu: data is null", side, i);
  if (bytes != expected)
    return error(StatusCode::kInvalidArgument, "%s %zu: %zu bytes; must be %zu", side, i, bytes, expected);
  return Status();
}

size_t declared_bytes(const std::vector<Binding>& bindings, size_t i) {
  return i < bindings.size() ? bindings[i].declared_bytes : 0;
}

Status bind_tensor(const char* side, size_t i, const std::vector<Binding>& bindings,
                   const std::vector<void*>& own_data, void* data, std::vector<Tensor>* tensors) {
  if (i >= bindings.size())
    return error(StatusCode::kInvalidArgument, "%s %zu; the model has %zu", side, i, bindings.size());
  Tensor& tensor = (*tensors)[bindings[i].tensor];
  if (data == nullptr) {
    tensor.data = own_data[bindings[i].tensor];
    return Status();
  }
  if (tensor.is_constant())
    return error(StatusCode::kInvalidArgument, "%s %zu is a constant; it cannot be bound", side, i);
  if (reinterpret_cast<uintptr_t>(data) % 64 != 0)
    return error(StatusCode::kInvalidArgument,
                 "%s %zu: address ends in 0x%02" PRIxPTR "; must be 64-byte aligned", side, i,
                 reinterpret_cast<uintptr_t>(data) % 256);
  tensor.data = data;
  return Status();
}

}  // namespace

size_t Session::input_count() const { return state_->inputs.size(); }
size_t Session::output_count() const { return state_->outputs.size(); }

Tensor& Session::input(size_t i) { return tensors_[state_->inputs[i].tensor]; }
Tensor& Session::output(size_t i) { return tensors_[state_->outputs[i].tensor]; }

Status Session::set_input(size_t i, const void* data, size_t bytes) {
  const std::vector<Binding>& inputs = state_->inputs;
  OCTET_RETURN_IF_ERROR(check_transfer("input", i, inputs.size(), data, bytes, declared_bytes(inputs, i)));
  write_tensor(inputs[i], data, state_->context.scratch, &tensors_[inputs[i].tensor]);
  return Status();
}

Status Session::set_input_pixels(size_t i, const uint8_t* pixels, size_t bytes) {
  const std::vector<Binding>& inputs = state_->inputs;
  if (i < inputs.size() && !inputs[i].has_pixels)
    return error(StatusCode::kInvalidArgument,
                 "input %zu takes no pixels: the model has no preprocessing for it", i);
  const size_t expected = i < inputs.size() ? tensors_[inputs[i].tensor].shape.elements() : 0;
  OCTET_RETURN_IF_ERROR(check_transfer("input", i, inputs.size(), pixels, bytes, expected));
  write_pixels(inputs[i], pixels, &tensors_[inputs[i].tensor]);
  return Status();
}

Status Session::get_output(size_t i, void* data, size_t bytes) const {
  const std::vector<Binding>& outputs = state_->outputs;
  OCTET_RETURN_IF_ERROR(check_transfer("output", i, outputs.size(), data, bytes, declared_bytes(outputs, i)));
  read_tensor(outputs[i], tensors_[outputs[i].tensor], state_->context.scratch, data);
  return Status();
}

Status Session::bind_input(size_t i, void* data) {
  return bind_tensor("input", i, state_->inputs, state_->own_data, data, &tensors_);
}

Status Session::bind_output(size_t i, void* data) {
  return bind_tensor("output", i, state_->outputs, state_->own_data, data, &tensors_);
}

}  // namespace octet
