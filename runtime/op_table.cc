// SPDX-License-Identifier: Apache-2.0
//
// The table of operators: one row per type of the schema.
#include "runtime/op.h"
#include "runtime/ops/ops.h"

namespace octet {
namespace {

constexpr OpRow kOps[] = {
    {schema::OperatorType_Conv2D, "Conv2D", validate_conv_2d, prepare_conv_2d},
    {schema::OperatorType_ConvTranspose2D, "ConvTranspose2D", validate_conv_transpose_2d,
     prepare_conv_transpose_2d},
    {schema::OperatorType_FullyConnected, "FullyConnected", validate_fully_connected,
     prepare_fully_connected},
    {schema::OperatorType_MatMul, "MatMul", validate_mat_mul, prepare_mat_mul},
    {schema::OperatorType_Unary, "Unary", validate_unary, prepare_unary},
    {schema::OperatorType_Where, "Where", validate_where, prepare_where},
    {schema::OperatorType_Cast, "Cast", validate_cast, prepare_cast},
};

}  // namespace

const OpRow* find_op(schema::OperatorType type) {
  for (const OpRow& row : kOps)
    if (row.type == type) return &row;
  return nullptr;
}

}  // namespace octet
