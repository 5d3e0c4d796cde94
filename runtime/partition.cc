// SPDX-License-Identifier: Apache-2.0
#include "runtime/partition.h"

#include <algorithm>
#include <utility>

#if OCTET_WITH_XNNPACK
#include "runtime/xnnpack/provider.h"
#endif

namespace octet {
namespace {

#if OCTET_WITH_XNNPACK
constexpr bool kHasXnnpack = true;
#else
constexpr bool kHasXnnpack = false;
bool xnnpack_supports(const OpView&) { return false; }
Status prepare_xnnpack_island(const std::vector<OpView>&, const std::vector<Tensor*>&, PrepareContext*,
                              std::unique_ptr<Op>*) {
  return Status(StatusCode::kUnsupported, "built without XNNPACK");
}
#endif

class Partitioner {
 public:
  Partitioner(const Model& model, const SessionOptions& options, const std::vector<OpView>& views,
              PrepareContext* context, std::vector<Step>* steps)
      : views_(views),
        use_xnnpack_(kHasXnnpack && options.use_xnnpack),
        alone_(options.keep_all_tensors),
        context_(context),
        steps_(steps),
        last_reader_(model.tensors().size(), -1) {
    for (size_t i = 0; i < views.size(); ++i)
      if (const auto* inputs = views[i].definition->inputs())
        for (const int32_t input : *inputs)
          if (input >= 0) last_reader_[static_cast<size_t>(input)] = static_cast<int>(i);
    for (const schema::Output* output : *model.root().outputs())
      last_reader_[output->tensor()] = static_cast<int>(views.size());
  }

  Status partition() {
    for (size_t first = 0; first < views_.size();) {
      size_t end = first;
      while (use_xnnpack_ && end < views_.size() && xnnpack_supports(views_[end])) {
        ++end;
        if (alone_) break;
      }
      // A Reshape by itself shares memory, where XNNPACK would copy.
      const bool lone_reshape =
          end == first + 1 && views_[first].definition->type() == schema::OperatorType_Reshape;
      if (end == first || lone_reshape)
        OCTET_RETURN_IF_ERROR(add_operator(first++));
      else
        OCTET_RETURN_IF_ERROR(add_island(first, end));
      first = std::max(first, end);
    }
    return Status();
  }

 private:
  // What the operators [first, end) write and somebody behind them reads.
  std::vector<Tensor*> outputs_of(size_t first, size_t end) const {
    std::vector<Tensor*> outputs;
    for (size_t i = first; i < end; ++i)
      for (size_t k = 0; k < views_[i].outputs.size(); ++k) {
        if (views_[i].outputs[k] == nullptr) continue;
        const int32_t index = views_[i].definition->outputs()->Get(static_cast<flatbuffers::uoffset_t>(k));
        const bool is_read_behind = last_reader_[static_cast<size_t>(index)] >= static_cast<int>(end);
        // An island of one is like an operator: all its outputs have a place.
        if (is_read_behind || end - first == 1) outputs.push_back(views_[i].outputs[k]);
      }
    return outputs;
  }

  Status add_island(size_t first, size_t end) {
    const std::vector<OpView> island(views_.begin() + static_cast<std::ptrdiff_t>(first),
                                     views_.begin() + static_cast<std::ptrdiff_t>(end));
    Step step;
    step.first_operator = static_cast<int>(first);
    step.operator_count = static_cast<int>(end - first);
    step.is_island = true;
    const size_t most = std::exchange(context_->scratch_bytes, 0), packed = context_->memory->bytes();
    const Status status = prepare_xnnpack_island(island, outputs_of(first, end), context_, &step.op);
    context_->scratch_bytes = std::max(context_->scratch_bytes, most);
    if (status.ok()) {
      step.packed_bytes = context_->memory->bytes() - packed;
      steps_->push_back(std::move(step));
      return Status();
    }
    if (status.code() != StatusCode::kUnsupported) return status;
    for (size_t i = first; i < end; ++i) OCTET_RETURN_IF_ERROR(add_operator(i));
    return Status();
  }

  Status add_operator(size_t index) {
    Step step;
    step.first_operator = static_cast<int>(index);
    const size_t most = std::exchange(context_->scratch_bytes, 0), packed = context_->memory->bytes();
    const OpView& view = views_[index];
    OCTET_RETURN_IF_ERROR(prepare_op(view, context_, &step.op));
    context_->scratch_bytes = std::max(context_->scratch_bytes, most);
    step.packed_bytes = context_->memory->bytes() - packed;
    steps_->push_back(std::move(step));
    return Status();
  }

  const std::vector<OpView>& views_;
  const bool use_xnnpack_, alone_;
  PrepareContext* const context_;
  std::vector<Step>* const steps_;
  std::vector<int> last_reader_;  // by tensor: the last operator that reads it; behind all for graph outputs
};

}  // namespace

Status partition_operators(const Model& model, const SessionOptions& options,
                           const std::vector<OpView>& views, PrepareContext* context,
                           std::vector<Step>* steps) {
  return Partitioner(model, options, views, context, steps).partition();
}

}  // namespace octet
