// SPDX-License-Identifier: Apache-2.0
#include "converter/budget/answers.h"

#include <mutex>

#include "converter/repair/workers.h"
#include "runtime/model.h"

namespace octet::converter {

Status make_runnable(const Graph& graph, const SessionOptions& options, Runnable* runnable) {
  OCTET_RETURN_IF_ERROR(lower(graph, LowerOptions(), &runnable->lowered, nullptr));
  OCTET_RETURN_IF_ERROR(
      Model::load_memory(runnable->lowered.data(), runnable->lowered.bytes, &runnable->model));
  return Session::create(*runnable->model, options, &runnable->session);
}

Status answer_sample(const Sample& sample, Session* session, Answer* answer) {
  for (size_t i = 0; i < sample.size(); ++i)
    OCTET_RETURN_IF_ERROR(session->set_input(i, sample[i].data(), sample[i].size()));
  session->run();
  answer->clear();
  const auto& outputs = *session->model().root().outputs();
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (outputs[static_cast<flatbuffers::uoffset_t>(i)]->type() != schema::TensorType_F32) continue;
    const size_t begin = answer->size(), elements = session->output(i).shape.elements();
    answer->resize(begin + elements);
    OCTET_RETURN_IF_ERROR(session->get_output(i, answer->data() + begin, elements * sizeof(float)));
  }
  return Status();
}

size_t first_output_elements(const Graph& graph) {
  if (graph.outputs.empty() || graph.outputs[0].type != schema::TensorType_F32) return 0;
  size_t elements = 1;
  for (const int64_t dim : graph.outputs[0].shape) elements *= static_cast<size_t>(dim);
  return elements;
}

namespace {

// The samples that workers share: taken one at a time, in order.
class Queue {
 public:
  Queue(SampleSource* source, const std::function<void(size_t, const Answer&)>& take)
      : source_(*source), take_(take) {}

  bool next(Sample* sample, size_t* index) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (done_) return false;
    const Status status = source_.next(sample, &done_);
    *index = taken_;
    if (!status.ok()) keep_failure(taken_, status);
    if (!done_) ++taken_;
    return !done_;
  }

  void finish(size_t index, const Status& status, const Answer& answer) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (status.ok())
      take_(index, answer);
    else
      keep_failure(index, status);
  }

  Status failure() const { return failure_; }

 private:
  // The first sample's counts, whoever meets it first.
  void keep_failure(size_t index, const Status& status) {
    if (failure_.ok() || index < failed_) failure_ = status, failed_ = index;
    done_ = true;
  }

  SampleSource& source_;
  const std::function<void(size_t, const Answer&)>& take_;
  std::mutex mutex_;
  bool done_ = false;
  size_t taken_ = 0, failed_ = 0;
  Status failure_;
};

}  // namespace

Status answer_all(const Graph& graph, SampleSource* samples, size_t threads,
                  const std::function<void(size_t, const Answer&)>& take) {
  OCTET_RETURN_IF_ERROR(samples->rewind());
  Runnable first;
  OCTET_RETURN_IF_ERROR(make_runnable(graph, SessionOptions(), &first));
  std::vector<std::unique_ptr<Session>> sessions;
  sessions.push_back(std::move(first.session));
  while (sessions.size() < threads) {
    sessions.emplace_back();
    OCTET_RETURN_IF_ERROR(Session::create(*first.model, SessionOptions(), &sessions.back()));
  }
  std::unique_ptr<ThreadPool> pool;
  OCTET_RETURN_IF_ERROR(ThreadPool::create(sessions.size(), &pool));
  Queue queue(samples, take);
  Workers(pool.get()).run(sessions.size(), [&](size_t worker) {
    Sample sample(graph.inputs.size());
    Answer answer;
    for (size_t index = 0; queue.next(&sample, &index);) {
      const Status status = answer_sample(sample, sessions[worker].get(), &answer);
      queue.finish(index, status, answer);
    }
  });
  return queue.failure();
}

}  // namespace octet::converter
