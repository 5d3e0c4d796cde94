// SPDX-License-Identifier: Apache-2.0
//
// Table: s8 -> s8 of the same shape through 256 entries; kernels/table_s8.h.
#include "kernels/table_s8.h"
#include "runtime/ops/op_checks.h"
#include "runtime/ops/ops.h"
#include "runtime/parallel.h"

namespace octet {
namespace {

class TableOp final : public Op {
 public:
  TableOp(const OpView& view, const PrepareContext& context)
      : input_(view.input(0)),
        output_(view.output(0)),
        table_(reinterpret_cast<const int8_t*>(view.options<schema::TableOptions>()->table()->data())),
        kernel_(kernels::table_s8_kernels().best(context.cpu)) {}

  void run(const RunContext& context) override {
    parallel_for(context, output_->bytes, minimum_items(2), [&](size_t first, size_t last, size_t) {
      kernel_.run(table_, input_->as<int8_t>() + first, output_->as<int8_t>() + first, last - first);
    });
  }
  const char* kernel_name() const override { return kernel_.name; }

 private:
  const Tensor* input_;
  Tensor* output_;
  const int8_t* table_;
  const kernels::KernelRow<kernels::TableS8Function>& kernel_;
};

}  // namespace

// Checks: one s8 input, one s8 output, same shape; TableOptions with 256 entries.
Status validate_table(const OpView& view) {
  OCTET_RETURN_IF_ERROR(check_operands(view, 1, 1));
  OCTET_RETURN_IF_ERROR(check_type(view, *view.input(0), "input", schema::TensorType_S8));
  OCTET_RETURN_IF_ERROR(check_type(view, *view.output(0), "output", schema::TensorType_S8));
  OCTET_RETURN_IF_ERROR(check_shape(view, *view.output(0), "output", view.input(0)->shape));
  const auto* options = view.options<schema::TableOptions>();
  if (options == nullptr) return invalid(view, "no TableOptions");
  if (vector_length(options->table()) != 256)
    return invalid(view, "table of %zu entries; must be 256", vector_length(options->table()));
  return Status();
}

Status prepare_table(const OpView& view, PrepareContext* context, OpPointer* op) {
  op->reset(new TableOp(view, *context));
  return Status();
}

}  // namespace octet
