// SPDX-License-Identifier: Apache-2.0
//
// An operator from a lambda: what it captured is its state, its body is run().
//
//   return make_op("softmax_f32_portable", [=](const RunContext& context) { ... }, op);
#pragma once

#include <memory>
#include <new>
#include <utility>

#include "runtime/op.h"
#include "runtime/status.h"

namespace octet {

template <class Body>
class LambdaOp final : public Op {
 public:
  LambdaOp(const char* kernel_name, Body body) : kernel_name_(kernel_name), body_(std::move(body)) {}
  void run(const RunContext& context) override { body_(context); }
  const char* kernel_name() const override { return kernel_name_; }

 private:
  const char* kernel_name_;
  Body body_;
};

// kernel_name must live forever (a literal).
template <class Body>
Status make_op(const char* kernel_name, Body body, std::unique_ptr<Op>* op) {
  op->reset(new (std::nothrow) LambdaOp<Body>(kernel_name, std::move(body)));
  if (!*op) return error(StatusCode::kOutOfMemory, "no memory for operator %s", kernel_name);
  return Status();
}

}  // namespace octet
