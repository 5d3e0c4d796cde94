// SPDX-License-Identifier: Apache-2.0
#include "runtime/session_plan.h"

#include <algorithm>

#include "runtime/memory_planner.h"

namespace octet {
namespace {

constexpr int kNever = -1;

struct Lifetime {
  int first = kNever, last = kNever;
  bool internal = false;  // to one island
  size_t root = 0;        // the tensor whose place this one shares; itself if none
  void include(int step) {
    first = first == kNever ? step : std::min(first, step);
    last = std::max(last, step);
  }
};

class SessionPlanner {
 public:
  SessionPlanner(const Model& model, const std::vector<OpView>& views, const std::vector<Step>& steps)
      : model_(model),
        views_(views),
        steps_(steps),
        lifetimes_(model.tensors().size()),
        last_step_(steps.empty() ? 0 : static_cast<int>(steps.size()) - 1) {
    for (size_t i = 0; i < lifetimes_.size(); ++i) lifetimes_[i].root = i;
  }

  ArenaPlan plan(bool keep_all) {
    find_lifetimes();
    keep_borders();
    if (keep_all)
      for (Lifetime& lifetime : lifetimes_) {
        if (lifetime.first == kNever) continue;
        lifetime = {0, last_step_, false, lifetime.root};
      }
    else
      share_reshapes();
    return place();
  }

 private:
  size_t index_of(const flatbuffers::Vector<int32_t>& indices, size_t i) const {
    return static_cast<size_t>(indices.Get(static_cast<flatbuffers::uoffset_t>(i)));
  }

  void include(const flatbuffers::Vector<int32_t>* indices, int step) {
    if (indices == nullptr) return;
    for (const int32_t index : *indices)
      if (index >= 0) lifetimes_[static_cast<size_t>(index)].include(step);
  }

  void find_lifetimes() {
    for (size_t s = 0; s < steps_.size(); ++s)
      for (int k = 0; k < steps_[s].operator_count; ++k) {
        const schema::Operator& op = *views_[static_cast<size_t>(steps_[s].first_operator + k)].definition;
        include(op.inputs(), static_cast<int>(s));
        include(op.outputs(), static_cast<int>(s));
      }
    for (Lifetime& lifetime : lifetimes_)
      lifetime.internal = lifetime.first != kNever && lifetime.first == lifetime.last &&
                          steps_[static_cast<size_t>(lifetime.first)].operator_count > 1;
  }

  void keep_borders() {
    if (model_.root().inputs())
      for (const schema::Input* input : *model_.root().inputs())
        lifetimes_[input->tensor()] = {0, last_step_, false, input->tensor()};
    for (const schema::Output* output : *model_.root().outputs()) {
      Lifetime& lifetime = lifetimes_[output->tensor()];
      lifetime.include(last_step_);
      lifetime.internal = false;
    }
  }

  bool is_graph_input(size_t tensor) const {
    if (model_.root().inputs() == nullptr) return false;
    for (const schema::Input* input : *model_.root().inputs())
      if (input->tensor() == tensor) return true;
    return false;
  }

  void share_reshapes() {
    for (const Step& step : steps_) {
      const schema::Operator& op = *views_[static_cast<size_t>(step.first_operator)].definition;
      if (op.type() != schema::OperatorType_Reshape || step.is_island) continue;
      const size_t input = index_of(*op.inputs(), 0), output = index_of(*op.outputs(), 0);
      const size_t root = lifetimes_[input].root;
      if (model_.tensors()[root].is_constant() || is_graph_input(root)) continue;
      lifetimes_[output].root = root;
      lifetimes_[root].include(lifetimes_[output].last);
    }
  }

  ArenaPlan place() {
    const std::vector<Tensor>& tensors = model_.tensors();
    MemoryPlanner planner;
    std::vector<size_t> buffers(tensors.size());
    const auto has_place = [&](size_t i) {
      return !tensors[i].is_constant() && lifetimes_[i].first != kNever && !lifetimes_[i].internal;
    };
    for (size_t i = 0; i < tensors.size(); ++i)
      if (has_place(i) && lifetimes_[i].root == i)
        buffers[i] = planner.add(tensors[i].bytes, lifetimes_[i].first, lifetimes_[i].last);
    planner.plan();
    ArenaPlan plan;
    plan.bytes = planner.arena_bytes();
    plan.offsets.assign(tensors.size(), ArenaPlan::kNoPlace);
    for (size_t i = 0; i < tensors.size(); ++i)
      if (has_place(i)) plan.offsets[i] = planner.offset(buffers[lifetimes_[i].root]);
    return plan;
  }

  const Model& model_;
  const std::vector<OpView>& views_;
  const std::vector<Step>& steps_;
  std::vector<Lifetime> lifetimes_;
  const int last_step_;
};

}  // namespace

ArenaPlan plan_session(const Model& model, const std::vector<OpView>& views, const std::vector<Step>& steps,
                       bool keep_all) {
  return SessionPlanner(model, views, steps).plan(keep_all);
}

}  // namespace octet
