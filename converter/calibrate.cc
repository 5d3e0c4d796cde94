// SPDX-License-Identifier: Apache-2.0
//
// Calibration: lowers the float graph, runs it on the runtime over the samples,
// and lets one observer per f32 activation see every sample. One pass; memory is
// that of the network and of the observers, whatever the number of samples.
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "converter/observers/observer.h"
#include "converter/stages.h"
#include "runtime/session.h"

namespace octet::converter {
namespace {

constexpr size_t kFewSamples = 10;

// An activation under observation.
struct Watched {
  ValueId value = kNoValue;
  size_t tensor = 0;
  std::unique_ptr<Observer> observer;
};

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

class Calibration {
 public:
  Calibration(const Graph& graph, const ConvertOptions& options) : graph_(graph), options_(options) {}

  Status prepare() {
    const ObserverRow* row = nullptr;
    OCTET_RETURN_IF_ERROR(find_observer(options_.method, &row));
    Diagnostics unused;  // the final lowering says it all again
    OCTET_RETURN_IF_ERROR(lower(graph_, LowerOptions(), &lowered_, &unused));
    OCTET_RETURN_IF_ERROR(Model::load_memory(lowered_.data(), lowered_.bytes, &model_));
    SessionOptions session_options;
    session_options.threads = options_.threads;
    session_options.keep_all_tensors = true;
    OCTET_RETURN_IF_ERROR(Session::create(*model_, session_options, &session_));
    for (size_t id = 0; id < graph_.values.size(); ++id) {
      const Value& value = graph_.values[id];
      const int tensor = id < lowered_.value_to_tensor.size() ? lowered_.value_to_tensor[id] : -1;
      if (tensor < 0 || value.is_constant() || value.type != schema::TensorType_F32) continue;
      watched_.push_back({static_cast<ValueId>(id), static_cast<size_t>(tensor), row->make()});
    }
    return Status();
  }

  // Runs all samples; *count says how many there were.
  Status run(size_t* count) {
    SampleSource& samples = *options_.samples;
    OCTET_RETURN_IF_ERROR(samples.rewind());
    std::vector<std::vector<uint8_t>> inputs(graph_.inputs.size());
    for (*count = 0;; ++*count) {
      bool done = false;
      OCTET_RETURN_IF_ERROR(samples.next(&inputs, &done));
      if (done) break;
      OCTET_RETURN_IF_ERROR(run_sample(*count + 1, inputs));
      if (options_.progress) options_.progress("calibrate", *count + 1, samples.size());
    }
    if (*count == 0)
      return error(StatusCode::kInvalidArgument,
                   "calibration: no samples; INT8 needs at least 1, better 30 to 100");
    return Status();
  }

  void ranges(Ranges* ranges) const {
    for (const Watched& watched : watched_) (*ranges)[watched.value] = watched.observer->range();
  }

 private:
  Status run_sample(size_t number, const std::vector<std::vector<uint8_t>>& inputs) {
    if (inputs.size() != graph_.inputs.size())
      return error(StatusCode::kInvalidArgument, "calibration sample %zu: %zu inputs; the network has %zu",
                   number, inputs.size(), graph_.inputs.size());
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (graph_.inputs[i].type == schema::TensorType_F32)
        OCTET_RETURN_IF_ERROR(check(number, "input", graph_.inputs[i].name,
                                    reinterpret_cast<const float*>(inputs[i].data()), inputs[i].size() / 4));
      const Status status = session_->set_input(i, inputs[i].data(), inputs[i].size());
      if (!status.ok())
        return error(status.code(), "calibration sample %zu: %s", number, status.message().c_str());
    }
    session_->run();
    for (Watched& watched : watched_) {
      const Tensor& tensor = session_->tensor(watched.tensor);
      if (tensor.data == nullptr) continue;
      const float* data = tensor.as<float>();
      const size_t elements = tensor.shape.elements();
      OCTET_RETURN_IF_ERROR(check(number, "tensor", graph_.value(watched.value).name, data, elements));
      watched.observer->observe(data, elements);
    }
    return Status();
  }

  static Status check(size_t number, const char* what, const std::string& name, const float* data,
                      size_t elements) {
    if (all_finite(data, elements)) return Status();
    return error(StatusCode::kInvalidArgument, "calibration sample %zu: %s in %s '%s'; must be finite",
                 number, first_bad(data, elements), what, name.c_str());
  }

  const Graph& graph_;
  const ConvertOptions& options_;
  LoweredModel lowered_;
  std::unique_ptr<Model> model_;
  std::unique_ptr<Session> session_;
  std::vector<Watched> watched_;
};

}  // namespace

Status calibrate(const Graph& graph, const ConvertOptions& options, Ranges* ranges, Diagnostics* diagnostics,
                 size_t* samples) {
  *samples = 0;
  const ObserverRow* row = nullptr;
  OCTET_RETURN_IF_ERROR(find_observer(options.method, &row));
  if (options.samples == nullptr)
    return error(StatusCode::kInvalidArgument,
                 "calibration: no samples given; INT8 conversion of a float network needs them");
  if (row->caution != nullptr) diagnostics->warning("calibrate", "", row->caution);
  Calibration calibration(graph, options);
  OCTET_RETURN_IF_ERROR(calibration.prepare());
  OCTET_RETURN_IF_ERROR(calibration.run(samples));
  if (*samples < kFewSamples)
    diagnostics->warning("calibrate", "",
                         "only " + std::to_string(*samples) +
                             " calibration samples; 30 to 100 see the ranges "
                             "that the network meets in use");
  ranges->clear();
  calibration.ranges(ranges);
  for (const auto& [id, range] : *ranges)
    if (range.min == range.max)
      diagnostics->detail("calibrate", "",
                          "'" + graph.value(id).name + "' is " + std::to_string(range.min) +
                              " in every element of every sample");
  return Status();
}

}  // namespace octet::converter
