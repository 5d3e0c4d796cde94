// SPDX-License-Identifier: Apache-2.0
//
// Session: the stages of create(), and run().
#include "runtime/session.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <utility>

#include "runtime/partition.h"
#include "runtime/session_plan.h"
#include "runtime/session_state.h"
#include "runtime/validate.h"

namespace octet {
namespace {

constexpr size_t kMaxThreads = 256;
constexpr size_t kMaxScratchBytes = std::numeric_limits<size_t>::max() / 4;

constexpr size_t round_up(size_t bytes) { return (bytes + 63) / 64 * 64; }

// About what a session takes: packed weights a little larger than the constants, and an arena for the
// operator whose inputs and outputs are the largest.
size_t expected_bytes(const std::vector<Tensor>& tensors, const std::vector<OpView>& views) {
  size_t constants = 0, most = 0;
  for (const Tensor& tensor : tensors)
    if (tensor.is_constant()) constants += tensor.bytes;
  for (const OpView& view : views) {
    size_t bytes = 0;
    for (const std::vector<Tensor*>* list : {&view.inputs, &view.outputs})
      for (const Tensor* tensor : *list) bytes += tensor && !tensor->is_constant() ? tensor->bytes : 0;
    most = std::max(most, bytes);
  }
  return constants + constants / 8 + most;
}

uint64_t now_ns() {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(since).count());
}

}  // namespace

Session::Session() : state_(new State()) {}
Session::~Session() = default;

Status Session::create(const Model& model, const SessionOptions& options, std::unique_ptr<Session>* session) {
  if (options.threads < 1 || options.threads > kMaxThreads)
    return error(StatusCode::kInvalidArgument, "%zu threads; must be in [1, %zu]", options.threads,
                 kMaxThreads);
  std::unique_ptr<Session> created(new Session());
  created->model_ = &model;
  created->options_ = options;
  OCTET_RETURN_IF_ERROR(created->set_up());
  *session = std::move(created);
  return Status();
}

Status Session::set_up() {
  OCTET_RETURN_IF_ERROR(choose_cpu());
  tensors_ = model_->tensors();
  state_->views = model_->resolve_operators(&tensors_);
  if (model_->root().inputs())
    for (const schema::Input* input : *model_->root().inputs())
      state_->inputs.push_back(make_binding(*input, tensors_, cpu_));
  for (const schema::Output* output : *model_->root().outputs())
    state_->outputs.push_back(make_binding(*output, tensors_, cpu_));
  if (options_.threads > 1) OCTET_RETURN_IF_ERROR(ThreadPool::create(options_.threads, &state_->pool));
  OCTET_RETURN_IF_ERROR(prepare_steps());
  OCTET_RETURN_IF_ERROR(plan_arena());
  return allocate_scratch();
}

Status Session::choose_cpu() {
  cpu_ = kernels::detect_cpu_features();
  const char* variable = std::getenv("OCTET_CPU_FEATURES");
  const bool from_options = !options_.cpu_features.empty();
  const char* mask = from_options ? options_.cpu_features.c_str() : variable ? variable : "";
  std::string unknown;
  if (kernels::mask_cpu_features(mask, &cpu_, &unknown)) return Status();
  return error(StatusCode::kInvalidArgument, "CPU feature '%s' in %s '%s' is unknown", unknown.c_str(),
               from_options ? "option cpu_features" : "OCTET_CPU_FEATURES", mask);
}

Status Session::prepare_steps() {
  State& state = *state_;
  PrepareContext context;
  context.cpu = cpu_;
  context.threads = options_.threads;
  context.pool = state.pool.get();
  state.memory.expect(expected_bytes(tensors_, state.views));
  context.memory = &state.memory;
  context.model = model_;
  OCTET_RETURN_IF_ERROR(partition_operators(*model_, options_, state.views, &context, &state.steps));
  packed_bytes_ = state.memory.bytes();
  state.thread_scratch_bytes = context.scratch_bytes;
  state.step_of_operator.resize(state.views.size());
  profile_.resize(state.steps.size());
  for (size_t i = 0; i < state.steps.size(); ++i) {
    const Step& step = state.steps[i];
    for (int k = 0; k < step.operator_count; ++k)
      state.step_of_operator[static_cast<size_t>(step.first_operator + k)] = static_cast<int>(i);
    profile_[i] = {step.first_operator, step.operator_count, step.op->kernel_name(), 0, 0, 0};
  }
  return Status();
}

Status Session::plan_arena() {
  State& state = *state_;
  const ArenaPlan plan = plan_session(*model_, state.views, state.steps, options_.keep_all_tensors);
  if (plan.bytes > kMaxArenaBytes)
    return error(StatusCode::kUnsupported, "the activations need %zu bytes; this build allows %llu",
                 plan.bytes, static_cast<unsigned long long>(kMaxArenaBytes));
  arena_bytes_ = plan.bytes;
  auto* arena = static_cast<uint8_t*>(state.memory.allocate(arena_bytes_));
  if (!arena) return error(StatusCode::kOutOfMemory, "no memory for an arena of %zu bytes", arena_bytes_);
  state.own_data.resize(tensors_.size());
  for (size_t i = 0; i < tensors_.size(); ++i) {
    if (plan.offsets[i] != ArenaPlan::kNoPlace) tensors_[i].data = arena + plan.offsets[i];
    state.own_data[i] = tensors_[i].data;
  }
  for (const Binding& binding : state.inputs)
    std::memset(tensors_[binding.tensor].data, 0, tensors_[binding.tensor].bytes);
  return Status();
}

Status Session::allocate_scratch() {
  State& state = *state_;
  if (state.thread_scratch_bytes > kMaxScratchBytes / options_.threads)
    return error(StatusCode::kOutOfMemory, "an operator wants %zu bytes of scratch for each thread",
                 state.thread_scratch_bytes);
  state.context.pool = state.pool.get();
  state.context.threads = options_.threads;
  state.context.scratch_stride = round_up(state.thread_scratch_bytes);
  scratch_bytes_ = state.context.scratch_stride * options_.threads;
  for (const std::vector<Binding>* bindings : {&state.inputs, &state.outputs})  // never while running
    for (const Binding& binding : *bindings) scratch_bytes_ = std::max(scratch_bytes_, binding.staging_bytes);
  state.context.scratch = static_cast<uint8_t*>(state.memory.allocate(scratch_bytes_));
  if (!state.context.scratch)
    return error(StatusCode::kOutOfMemory, "no memory for scratch of %zu bytes", scratch_bytes_);
  return Status();
}

void Session::run() {
  State& state = *state_;
  if (options_.profile || state.observer) return run_observed();
  for (const Step& step : state.steps) step.op->run(state.context);
}

void Session::run_observed() {
  State& state = *state_;
  for (size_t i = 0; i < state.steps.size(); ++i) {
    const Step& step = state.steps[i];
    const uint64_t start = now_ns();
    step.op->run(state.context);
    const uint64_t elapsed = now_ns() - start;
    StepProfile& profile = profile_[i];
    profile.min_ns = profile.runs == 0 ? elapsed : std::min(profile.min_ns, elapsed);
    profile.total_ns += elapsed;
    ++profile.runs;
    if (state.observer)
      state.observer(state.observer_argument, step.first_operator + step.operator_count - 1, *this);
  }
}

void Session::set_observer(Observer observer, void* argument) {
  state_->observer = observer;
  state_->observer_argument = argument;
}

const char* Session::kernel_name(int operator_index) const {
  return state_->step_of(operator_index).op->kernel_name();
}

const char* Session::passed_over(int operator_index) const {
  return state_->step_of(operator_index).op->passed_over();
}

size_t Session::items(int operator_index) const { return state_->step_of(operator_index).op->items(); }

size_t Session::packed_bytes(int operator_index) const {
  const Step& step = state_->step_of(operator_index);
  return step.first_operator == operator_index ? step.packed_bytes : 0;
}

}  // namespace octet
