// SPDX-License-Identifier: Apache-2.0
//
// A float island as one operator: an XNNPACK runtime and the tensors bound to it.
//
// Both APIs pack weights and plan memory when the runtime is created. Then 2022 sizes its tables in
// the first xnn_setup_runtime, and 2024 in xnn_reshape_runtime; both happen in prepare, with made-up
// addresses. A later set-up only exchanges addresses and allocates nothing.
#include "runtime/xnnpack/provider.h"

#include <xnnpack.h>

#include <algorithm>
#include <new>
#include <set>

#include "runtime/xnnpack/island_builder.h"
#include "runtime/xnnpack/shared_threads.h"

namespace octet {
namespace {

bool initialize_xnnpack() {
  static const bool initialized = xnn_initialize(nullptr) == xnn_status_success;
  return initialized;
}

struct DeleteRuntime {
  void operator()(xnn_runtime_t runtime) const { xnn_delete_runtime(runtime); }
};
using RuntimePointer = std::unique_ptr<xnn_runtime, DeleteRuntime>;

class XnnpackIsland final : public Op {
 public:
  XnnpackIsland(RuntimePointer runtime, std::vector<Tensor*> tensors)
      : runtime_(std::move(runtime)), tensors_(std::move(tensors)), external_(tensors_.size()) {}

  // Sizes everything that XNNPACK allocates, with addresses that no one follows.
  xnn_status size_tables() {
    alignas(64) static uint8_t nowhere[64];
    for (size_t i = 0; i < external_.size(); ++i) external_[i] = {static_cast<uint32_t>(i), nowhere};
#if OCTET_XNNPACK_HAS_RESHAPE_RUNTIME
    const xnn_status status = xnn_reshape_runtime(runtime_.get());
    if (status != xnn_status_success) return status;
#endif
    return set_up();
  }

  void run(const RunContext&) override {
    bool moved = false;
    for (size_t i = 0; i < external_.size(); ++i) {
      moved = moved || external_[i].data != tensors_[i]->data;
      external_[i].data = tensors_[i]->data;
    }
    // Cannot fail: the same call has succeeded in prepare, and only addresses differ.
    if (moved) set_up();
    xnn_invoke_runtime(runtime_.get());
  }

  const char* kernel_name() const override { return "xnnpack"; }

 private:
  xnn_status set_up() {
#if OCTET_XNNPACK_HAS_RESHAPE_RUNTIME
    return xnn_setup_runtime_v2(runtime_.get(), external_.size(), external_.data());
#else
    return xnn_setup_runtime(runtime_.get(), external_.size(), external_.data());
#endif
  }

  RuntimePointer runtime_;
  std::vector<Tensor*> tensors_;  // by external id
  std::vector<xnn_external_value> external_;
};

// The operators that something needs, in order: an output outside, or an operator that is needed.
// XNNPACK must not see a value that nobody reads.
std::vector<const OpView*> needed_operators(const std::vector<OpView>& views,
                                            const std::vector<Tensor*>& outputs) {
  std::set<const Tensor*> needed(outputs.begin(), outputs.end());
  std::vector<const OpView*> operators;
  for (size_t i = views.size(); i-- > 0;) {
    if (needed.count(views[i].output(0)) == 0) continue;
    operators.push_back(&views[i]);
    needed.insert(views[i].inputs.begin(), views[i].inputs.end());
  }
  std::reverse(operators.begin(), operators.end());
  return operators;
}

// The activations that `operators` read and none of them writes.
std::vector<Tensor*> outside_inputs(const std::vector<const OpView*>& operators) {
  std::set<const Tensor*> known;
  std::vector<Tensor*> inputs;
  for (const OpView* view : operators) {
    for (Tensor* input : view->inputs)
      if (input && !input->is_constant() && known.insert(input).second) inputs.push_back(input);
    known.insert(view->output(0));
  }
  return inputs;
}

Status refused(const OpView& first, const char* step, xnn_status status) {
  return error(StatusCode::kUnsupported, "XNNPACK: %s of the float island at '%s' gave status %d", step,
               first.name(), static_cast<int>(status));
}

}  // namespace

Status prepare_xnnpack_island(const std::vector<OpView>& views, const std::vector<Tensor*>& outputs,
                              PrepareContext* context, std::unique_ptr<Op>* op) {
  if (!initialize_xnnpack()) return error(StatusCode::kUnsupported, "XNNPACK does not run on this CPU");
  const std::vector<const OpView*> operators = needed_operators(views, outputs);
  std::vector<Tensor*> tensors = outside_inputs(operators);
  IslandBuilder builder(context->memory);
  xnn_status status = builder.begin(tensors, outputs);
  for (size_t i = 0; i < operators.size() && status == xnn_status_success; ++i)
    status = builder.add(*operators[i]);
  if (status != xnn_status_success) return refused(views[0], "definition", status);

  pthreadpool* threads = nullptr;
  OCTET_RETURN_IF_ERROR(share_threads(context->pool, &threads));
  xnn_runtime_t created = nullptr;
  status = xnn_create_runtime_v2(builder.subgraph(), threads, 0, &created);
  if (status != xnn_status_success) return refused(views[0], "creation", status);
  RuntimePointer runtime(created);

  tensors.insert(tensors.end(), outputs.begin(), outputs.end());
  std::unique_ptr<XnnpackIsland> island(new (std::nothrow)
                                            XnnpackIsland(std::move(runtime), std::move(tensors)));
  if (!island)
    return error(StatusCode::kOutOfMemory, "no memory for the float island at '%s'", views[0].name());
  status = island->size_tables();
  if (status != xnn_status_success) return refused(views[0], "set-up", status);
  *op = std::move(island);
  return Status();
}

}  // namespace octet
