// SPDX-License-Identifier: Apache-2.0
//
// Reshape: the same elements under another shape. The memory planner gives the output the input's
// bytes; where it could not (a graph input or output, a constant) they are copied.
#include <cstring>

#include "runtime/ops/op_checks.h"
#include "runtime/ops/ops.h"

namespace octet {
namespace {

class ReshapeOp final : public Op {
 public:
  explicit ReshapeOp(const OpView& view) : input_(view.input(0)), output_(view.output(0)) {}

  void run(const RunContext&) override {
    if (input_->data != output_->data && output_->bytes > 0)
      std::memcpy(output_->data, input_->data, output_->bytes);
  }
  const char* kernel_name() const override { return "reshape"; }

 private:
  const Tensor* input_;
  Tensor* output_;
};

}  // namespace

// Checks: one input, one output of the same type, quantization and number of elements.
Status validate_reshape(const OpView& view) {
  OCTET_RETURN_IF_ERROR(check_operands(view, 1, 1));
  const Tensor &input = *view.input(0), &output = *view.output(0);
  OCTET_RETURN_IF_ERROR(check_same_meaning(view, input, output));
  if (input.bytes != output.bytes)
    return invalid(view, "%s to %s; the number of elements must stay", shape_text(input.shape).c_str(),
                   shape_text(output.shape).c_str());
  return Status();
}

Status prepare_reshape(const OpView& view, PrepareContext*, OpPointer* op) {
  op->reset(new ReshapeOp(view));
  return Status();
}

}  // namespace octet
