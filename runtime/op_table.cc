// SPDX-License-Identifier: Apache-2.0
//
// The table of operators: one row per type of the schema.
#include "runtime/op.h"
#include "runtime/ops/ops.h"

namespace octet {
namespace {

constexpr OpRow kOps[] = {
    {schema::OperatorType_Quantize, "Quantize", nullptr, nullptr},  // each row follows its file
};

}  // namespace

const OpRow* find_op(schema::OperatorType type) {
  for (const OpRow& row : kOps)
    if (row.type == type && row.prepare != nullptr) return &row;
  return nullptr;
}

}  // namespace octet
