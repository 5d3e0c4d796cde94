// SPDX-License-Identifier: Apache-2.0
#include "converter/statistics/collect.h"

#include <cmath>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "converter/repair/workers.h"
#include "runtime/session.h"

namespace octet::converter {
namespace {

using Inputs = std::vector<std::vector<uint8_t>>;

// x * 0 is 0 for finite x and NaN otherwise; the sums keep the NaN. Sixteen of them run side by side.
bool all_finite(const float* data, size_t count) {
  constexpr size_t kLanes = 16;
  float sums[kLanes] = {};
  size_t i = 0;
  for (; i + kLanes <= count; i += kLanes)
    for (size_t lane = 0; lane < kLanes; ++lane) sums[lane] += data[i + lane] * 0.0f;
  for (; i < count; ++i) sums[0] += data[i] * 0.0f;
  float sum = 0;
  for (float lane : sums) sum += lane;
  return sum == 0.0f;
}

const char* first_bad(const float* data, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    if (std::isnan(data[i])) return "NaN";
    if (std::isinf(data[i])) return "Inf";
  }
  return "NaN";
}

Status check_finite(size_t number, const char* what, const std::string& name, const float* data,
                    size_t elements) {
  if (all_finite(data, elements)) return Status();
  return error(StatusCode::kInvalidArgument, "calibration sample %zu: %s in %s '%s'; must be finite", number,
               first_bad(data, elements), what, name.c_str());
}

// An activation under observation.
struct Watched {
  ValueId value;
  size_t tensor;
};

// A session, and the statistics of the samples that it ran.
struct Worker {
  std::unique_ptr<Session> session;
  std::vector<TensorStatistics> statistics;  // one per watched; without `recent`
};

class Collection {
 public:
  Collection(const Graph& graph, const ConvertOptions& options) : graph_(graph), options_(options) {}

  Status prepare() {
    Diagnostics unused;  // the final lowering says it all again
    OCTET_RETURN_IF_ERROR(lower(graph_, LowerOptions(), &lowered_, &unused));
    OCTET_RETURN_IF_ERROR(Model::load_memory(lowered_.data(), lowered_.bytes, &model_));
    for (size_t id = 0; id < graph_.values.size(); ++id) {
      const Value& value = graph_.values[id];
      const int tensor = id < lowered_.value_to_tensor.size() ? lowered_.value_to_tensor[id] : -1;
      if (tensor < 0 || value.is_constant() || value.type != schema::TensorType_F32) continue;
      watched_.push_back({static_cast<ValueId>(id), static_cast<size_t>(tensor)});
    }
    recent_.resize(watched_.size());
    size_t threads = std::max<size_t>(options_.threads, 1);
    if (options_.samples->size() > 0) threads = std::min(threads, options_.samples->size());
    workers_.resize(threads);
    SessionOptions session_options;
    session_options.keep_all_tensors = true;
    for (Worker& worker : workers_) {
      OCTET_RETURN_IF_ERROR(Session::create(*model_, session_options, &worker.session));
      worker.statistics.resize(watched_.size());
    }
    return ThreadPool::create(threads, &pool_);
  }

  Status run() {
    OCTET_RETURN_IF_ERROR(options_.samples->rewind());
    Workers(pool_.get()).run(workers_.size(), [this](size_t i) { work(&workers_[i]); });
    OCTET_RETURN_IF_ERROR(failure_);
    if (finished_ > 0) return Status();
    return error(StatusCode::kInvalidArgument,
                 "calibration: no samples; INT8 needs at least 1, better 30 to 100");
  }

  size_t samples() const { return finished_; }

  Statistics statistics() {
    Statistics result;
    for (size_t i = 0; i < watched_.size(); ++i) {
      TensorStatistics& whole = result[watched_[i].value];
      for (const Worker& worker : workers_) whole.merge(worker.statistics[i]);
      whole.recent = std::move(recent_[i]);
    }
    return result;
  }

 private:
  // Takes samples until there are none. Reading is one at a time and in order.
  void work(Worker* worker) {
    Inputs inputs(graph_.inputs.size());
    std::vector<Range> extremes(watched_.size());
    for (;;) {
      size_t index = 0;
      {
        const std::lock_guard<std::mutex> lock(reading_);
        if (done_) return;
        const Status status = options_.samples->next(&inputs, &done_);
        if (!status.ok()) return fail(taken_, status);
        if (done_) return;
        index = taken_++;
      }
      const Status status = run_sample(index + 1, inputs, worker, &extremes);
      if (!status.ok()) return fail_locked(index, status);
      finish(index, extremes);
    }
  }

  void fail_locked(size_t index, const Status& status) {
    const std::lock_guard<std::mutex> lock(reading_);
    fail(index, status);
  }

  // The first sample's failure counts: those before it have all been taken, and their workers come here as
  // well.
  void fail(size_t index, const Status& status) {
    if (failure_.ok() || index < failed_) {
      failure_ = status;
      failed_ = index;
    }
    done_ = true;
  }

  // Extremes enter `recent_` in the order of the samples.
  void finish(size_t index, const std::vector<Range>& extremes) {
    const std::lock_guard<std::mutex> lock(finishing_);
    waiting_[index] = extremes;
    for (auto next = waiting_.find(finished_); next != waiting_.end(); next = waiting_.find(finished_)) {
      for (size_t i = 0; i < recent_.size(); ++i) recent_[i].append(next->second[i]);
      waiting_.erase(next);
      ++finished_;
    }
    if (options_.progress) options_.progress("calibrate", finished_, options_.samples->size());
  }

  Status run_sample(size_t number, const Inputs& inputs, Worker* worker, std::vector<Range>* extremes) {
    if (inputs.size() != graph_.inputs.size())
      return error(StatusCode::kInvalidArgument, "calibration sample %zu: %zu inputs; the network has %zu",
                   number, inputs.size(), graph_.inputs.size());
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (graph_.inputs[i].type == schema::TensorType_F32)
        OCTET_RETURN_IF_ERROR(check_finite(number, "input", graph_.inputs[i].name,
                                           reinterpret_cast<const float*>(inputs[i].data()),
                                           inputs[i].size() / 4));
      const Status status = worker->session->set_input(i, inputs[i].data(), inputs[i].size());
      if (!status.ok())
        return error(status.code(), "calibration sample %zu: %s", number, status.message().c_str());
    }
    worker->session->run();
    for (size_t i = 0; i < watched_.size(); ++i) {
      const Tensor& tensor = worker->session->tensor(watched_[i].tensor);
      if (tensor.data == nullptr) continue;
      const Value& value = graph_.value(watched_[i].value);
      const float* data = tensor.as<float>();
      const size_t elements = tensor.shape.elements();
      OCTET_RETURN_IF_ERROR(check_finite(number, "tensor", value.name, data, elements));
      const size_t last_axis = value.shape.empty() ? 1 : static_cast<size_t>(value.shape.back());
      (*extremes)[i] = worker->statistics[i].add(data, elements, last_axis);
    }
    return Status();
  }

  const Graph& graph_;
  const ConvertOptions& options_;
  LoweredModel lowered_;
  std::unique_ptr<Model> model_;
  std::unique_ptr<ThreadPool> pool_;
  std::vector<Watched> watched_;
  std::vector<Worker> workers_;

  std::mutex reading_;  // guards the source and these
  bool done_ = false;
  size_t taken_ = 0, failed_ = 0;
  Status failure_;

  std::mutex finishing_;  // guards these
  std::map<size_t, std::vector<Range>> waiting_;
  std::vector<RecentExtremes> recent_;  // one per watched
  size_t finished_ = 0;
};

}  // namespace

Status collect_statistics(const Graph& graph, const ConvertOptions& options, Statistics* statistics,
                          size_t* samples) {
  Collection collection(graph, options);
  OCTET_RETURN_IF_ERROR(collection.prepare());
  OCTET_RETURN_IF_ERROR(collection.run());
  *samples = collection.samples();
  *statistics = collection.statistics();
  return Status();
}

}  // namespace octet::converter
