// SPDX-License-Identifier: Apache-2.0
//
// The rows of op_table.inc, or of the file OCTET_OPERATOR_ROWS where a build has some operators only.
#include "runtime/op.h"
#include "runtime/ops/ops.h"

namespace octet {
namespace {

#define OCTET_OP_ROW(type, function, prepare_s8, prepare_s16, prepare_f32) \
  {schema::OperatorType_##type, #type, validate_##function, prepare_s8, prepare_s16, prepare_f32},
#define OCTET_OP(type, function) \
  OCTET_OP_ROW(type, function, prepare_##function, prepare_##function, prepare_##function)
#define OCTET_FLOAT_OP(type, function) OCTET_OP(type, function)
#define OCTET_S16_OP(type, function) OCTET_OP(type, function)
#define OCTET_OP_FORMS(type, function) \
  OCTET_OP_ROW(type, function, prepare_##function##_s8, nullptr, prepare_##function##_f32)
#define OCTET_OP_WIDE_FORMS(type, function) \
  OCTET_OP_ROW(type, function, prepare_##function##_s8, prepare_##function##_s16, prepare_##function##_f32)

constexpr OpRow kOps[] = {
#if defined(OCTET_OPERATOR_ROWS)
#include OCTET_OPERATOR_ROWS
#else
#include "runtime/op_table.inc"
#endif
};

#if !defined(OCTET_OPERATOR_ROWS)
static_assert(sizeof kOps / sizeof kOps[0] == schema::OperatorType_MAX + 1, "a row for every type");
#endif

OpForm form_of(const OpView& view) {
  for (const auto* tensors : {&view.inputs, &view.outputs})
    for (const Tensor* tensor : *tensors)
      if (tensor && tensor->is_s16()) return OpForm::kS16;
  return view.input(0) && view.input(0)->is_s8() ? OpForm::kS8 : OpForm::kF32;
}

}  // namespace

const OpRow* find_op(schema::OperatorType type) {
  for (const OpRow& row : kOps)
    if (row.type == type) return &row;
  return nullptr;
}

Status prepare_op(const OpView& view, PrepareContext* context, std::unique_ptr<Op>* op) {
  constexpr const char* kTypes[] = {"s8", "s16", "types other than s8 and s16"};  // by OpForm
  const OpRow& row = *find_op(view.definition->type());
  const OpForm form = form_of(view);
  OpRow::Prepare* const prepare = row.prepare(form);
  if (prepare == nullptr)
    return error(StatusCode::kUnsupported,
                 "%s '%s': %s for %s is not in this build (CMake option OCTET_OPERATORS)", row.name,
                 view.name(), row.name, kTypes[static_cast<size_t>(form)]);
  return prepare(view, context, op);
}

}  // namespace octet
