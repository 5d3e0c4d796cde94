// SPDX-License-Identifier: Apache-2.0
#include "runtime/partition.h"

#include <algorithm>
#include <utility>

namespace octet {
namespace {

Status prepare_operator(const OpView& view, int index, PrepareContext* context, std::vector<Step>* steps) {
  const size_t most = std::exchange(context->scratch_bytes, 0);
  Step step;
  step.first_operator = index;
  OCTET_RETURN_IF_ERROR(find_op(view.definition->type())->prepare(view, context, &step.op));
  context->scratch_bytes = std::max(context->scratch_bytes, most);
  steps->push_back(std::move(step));
  return Status();
}

}  // namespace

Status partition_operators(const Model&, const SessionOptions&, const std::vector<OpView>& views,
                           PrepareContext* context, std::vector<Step>* steps) {
  for (size_t i = 0; i < views.size(); ++i)
    OCTET_RETURN_IF_ERROR(prepare_operator(views[i], static_cast<int>(i), context, steps));
  return Status();
}

}  // namespace octet
