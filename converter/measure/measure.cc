// SPDX-License-Identifier: Apache-2.0
#include "converter/measure/measure.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <mutex>

#include "converter/measure/error_sums.h"
#include "converter/measure/layers_alone.h"
#include "converter/measure/model_facts.h"
#include "converter/measure/real_values.h"
#include "converter/pick_samples.h"
#include "converter/repair/workers.h"
#include "converter/statistics/histogram.h"
#include "runtime/session.h"

namespace octet::converter {
namespace {

constexpr size_t kMostBins = 96;

// A graph as a session that keeps all of its tensors.
struct Program {
  LoweredModel own;
  const LoweredModel* lowered = nullptr;
  std::unique_ptr<Model> loaded;
  const Model* model = nullptr;

  Status lower_graph(const Graph& graph) {
    OCTET_RETURN_IF_ERROR(lower(graph, LowerOptions(), &own, nullptr));
    OCTET_RETURN_IF_ERROR(Model::load_memory(own.data(), own.bytes, &loaded));
    lowered = &own;
    model = loaded.get();
    return Status();
  }
  Status open(std::unique_ptr<Session>* session) const {
    SessionOptions options;
    options.keep_all_tensors = true;
    return Session::create(*model, options, session);
  }
  // -1: the value has no tensor.
  int tensor(ValueId id) const {
    const size_t index = static_cast<size_t>(id);
    return index < lowered->value_to_tensor.size() ? lowered->value_to_tensor[index] : -1;
  }
};

// An activation that both networks have.
struct Watched {
  size_t reference, converted;  // tensors of the two models
  size_t report;                // ConvertReport::tensors
  double least, most;           // beyond them a value is clipped: half a step outside of the range
};

// A layer whose own error is measured.
struct Alone {
  LayersAlone::Layer layer;
  size_t report;  // ConvertReport::layers
};

// What one sample gives.
struct SampleSums {
  std::vector<ErrorSums> watched, alone, outputs;
  std::vector<uint64_t> zeros, clipped, counts;  // of float's values, per watched
  std::vector<Range> seen;
  bool same_top1 = false;
};

struct Worker {
  std::unique_ptr<Session> reference, converted, alone;
  std::vector<Histogram> histograms;  // per watched
  std::vector<float> x, q;
};

ErrorReport report_of(const ErrorSums& sums) { return {sums.sqnr_db(), sums.cosine()}; }

size_t largest(const std::vector<float>& values) {
  return static_cast<size_t>(std::max_element(values.begin(), values.end()) - values.begin());
}

class Measurement {
 public:
  Measurement(const Conversion& conversion, const ConvertOptions& options, ConvertReport* report)
      : conversion_(conversion),
        options_(options),
        report_(*report),
        reference_graph_(conversion.reference.clone()) {
    for (const auto& node : reference_graph_.nodes)  // of a network with its own scales: in float, nothing
      if (node->op == "Requantize") node->op = "Identity";
    for (Value& value : reference_graph_.values)
      if (value.type == schema::TensorType_F32) value.quantization = Quantization();
  }

  Status run() {
    OCTET_RETURN_IF_ERROR(prepare());
    std::vector<Sample> samples;
    OCTET_RETURN_IF_ERROR(pick_samples(options_.samples, conversion_.quantized.inputs.size(),
                                       options_.report.samples, &samples));
    sums_.resize(samples.size());
    OCTET_RETURN_IF_ERROR(open_workers(samples.size()));
    std::unique_ptr<ThreadPool> pool;
    OCTET_RETURN_IF_ERROR(ThreadPool::create(workers_.size(), &pool));
    Workers(pool.get()).run(workers_.size(), [&](size_t w) {
      for (size_t s = next_++; s < samples.size(); s = next_++) run_sample(samples[s], s, &workers_[w]);
    });
    OCTET_RETURN_IF_ERROR(failure_);
    if (!samples.empty()) fill_report();
    return Status();
  }

 private:
  Status prepare() {
    reference_.lowered = nullptr;
    OCTET_RETURN_IF_ERROR(reference_.lower_graph(reference_graph_));
    converted_.lowered = &conversion_.lowered;
    converted_.model = &conversion_.model;
    find_watched();
    alone_graphs_ = std::make_unique<LayersAlone>(reference_graph_, conversion_.quantized);
    find_alone();
    return alone_graphs_->layers().empty() ? Status() : alone_.lower_graph(alone_graphs_->graph());
  }

  void find_watched() {
    const std::vector<int> indices = activation_indices(conversion_.model);
    std::vector<bool> taken(report_.tensors.size(), false);
    for (size_t id = 0; id < reference_graph_.values.size(); ++id) {
      const Value& value = reference_graph_.values[id];
      if (value.is_constant() || value.type != schema::TensorType_F32) continue;
      const int reference = reference_.tensor(static_cast<ValueId>(id));
      const int converted = converted_.tensor(static_cast<ValueId>(id));
      if (reference < 0 || converted < 0 || indices[static_cast<size_t>(converted)] < 0) continue;
      const size_t index = static_cast<size_t>(indices[static_cast<size_t>(converted)]);
      if (taken[index]) continue;
      taken[index] = true;
      const TensorReport& tensor = report_.tensors[index];
      const double half = tensor.scale > 0 ? tensor.scale / 2 : INFINITY;
      watched_.push_back({static_cast<size_t>(reference), static_cast<size_t>(converted), index,
                          tensor.range_min - half, tensor.range_max + half});
    }
  }

  void find_alone() {
    const std::vector<int> indices = activation_indices(conversion_.model);
    std::map<size_t, size_t> writers;  // activation -> the last layer that writes it
    for (size_t i = 0; i < report_.layers.size(); ++i)
      for (const size_t output : report_.layers[i].outputs) writers[output] = i;
    for (const LayersAlone::Layer& layer : alone_graphs_->layers()) {
      const int tensor = converted_.tensor(layer.output);
      if (tensor < 0 || indices[static_cast<size_t>(tensor)] < 0) continue;
      const auto writer = writers.find(static_cast<size_t>(indices[static_cast<size_t>(tensor)]));
      if (writer != writers.end()) alone_layers_.push_back({layer, writer->second});
    }
  }

  Status open_workers(size_t samples) {
    workers_.resize(std::max<size_t>(std::min(options_.threads, samples), 1));
    for (Worker& worker : workers_) {
      OCTET_RETURN_IF_ERROR(reference_.open(&worker.reference));
      OCTET_RETURN_IF_ERROR(converted_.open(&worker.converted));
      if (alone_.model != nullptr) OCTET_RETURN_IF_ERROR(alone_.open(&worker.alone));
      worker.histograms.resize(watched_.size());
    }
    return Status();
  }

  void fail(const Status& status) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (failure_.ok()) failure_ = status;
  }

  void run_sample(const Sample& sample, size_t index, Worker* worker) {
    for (size_t i = 0; i < sample.size(); ++i)
      for (Session* session : {worker->reference.get(), worker->converted.get()}) {
        const Status status = session->set_input(i, sample[i].data(), sample[i].size());
        if (!status.ok()) return fail(status);
      }
    worker->reference->run();
    worker->converted->run();
    SampleSums* sums = &sums_[index];
    measure_activations(worker, sums);
    measure_outputs(worker, sums);
    if (worker->alone != nullptr) measure_alone(worker, sums);
    const std::lock_guard<std::mutex> lock(mutex_);
    if (options_.progress) options_.progress("measure", ++finished_, sums_.size());
  }

  void measure_activations(Worker* worker, SampleSums* sums) {
    const size_t count = watched_.size();
    sums->watched.resize(count);
    sums->zeros.resize(count);
    sums->clipped.resize(count);
    sums->counts.resize(count);
    sums->seen.resize(count);
    for (size_t i = 0; i < count; ++i) {
      const Watched& watched = watched_[i];
      read_real(worker->reference->tensor(watched.reference), &worker->x);
      read_real(worker->converted->tensor(watched.converted), &worker->q);
      if (worker->x.size() != worker->q.size() || worker->x.empty()) continue;
      sums->watched[i].add(worker->x.data(), worker->q.data(), worker->x.size());
      sums->counts[i] = worker->x.size();
      Range range = {worker->x[0], worker->x[0]};
      for (const float x : worker->x) {
        range.min = std::min(range.min, x);
        range.max = std::max(range.max, x);
        sums->zeros[i] += x == 0;
        sums->clipped[i] += static_cast<double>(x) < watched.least || static_cast<double>(x) > watched.most;
      }
      sums->seen[i] = range;
      const float magnitude = std::max(std::fabs(range.min), std::fabs(range.max));
      if (options_.report.histograms && std::isfinite(magnitude))
        worker->histograms[i].add(worker->x.data(), worker->x.size(), magnitude);
    }
  }

  void measure_outputs(Worker* worker, SampleSums* sums) {
    const auto& ports = conversion_.quantized.outputs;
    sums->outputs.resize(ports.size());
    for (size_t i = 0; i < ports.size(); ++i) {
      read_real(worker->reference->output(i), &worker->x);
      read_real(worker->converted->output(i), &worker->q);
      if (worker->x.size() != worker->q.size() || worker->x.empty()) continue;
      sums->outputs[i].add(worker->x.data(), worker->q.data(), worker->x.size());
      if (i == 0) sums->same_top1 = largest(worker->x) == largest(worker->q);
    }
  }

  void measure_alone(Worker* worker, SampleSums* sums) {
    Session& alone = *worker->alone;
    for (size_t i = 0; i < alone_graphs_->feeds().size(); ++i) {
      const Tensor& from = converted_tensor(*worker->converted, alone_graphs_->feeds()[i]);
      Tensor& to = alone.input(i);
      if (from.type == to.type && from.bytes == to.bytes) {
        std::memcpy(to.data, from.data, to.bytes);
        continue;
      }
      read_real(from, &worker->q);
      if (worker->q.size() * sizeof(float) != to.bytes)
        return fail(error(StatusCode::kInternal, "measure: '%s' has %zu bytes; must be %zu", from.name,
                          worker->q.size() * sizeof(float), to.bytes));
      std::memcpy(to.data, worker->q.data(), to.bytes);
    }
    alone.run();
    sums->alone.resize(alone_layers_.size());
    for (size_t i = 0; i < alone_layers_.size(); ++i) {
      const LayersAlone::Layer& layer = alone_layers_[i].layer;
      read_real(layer.port >= 0 ? alone.output(static_cast<size_t>(layer.port))
                                : converted_tensor(*worker->converted, layer.input),
                &worker->x);
      read_real(converted_tensor(*worker->converted, layer.output), &worker->q);
      if (worker->x.size() == worker->q.size())
        sums->alone[i].add(worker->x.data(), worker->q.data(), worker->x.size());
    }
  }

  const Tensor& converted_tensor(const Session& session, ValueId id) const {
    return session.tensor(static_cast<size_t>(converted_.tensor(id)));
  }

  void fill_report() {
    report_.measured.samples = sums_.size();
    for (size_t i = 0; i < watched_.size(); ++i) fill_tensor(i);
    for (size_t i = 0; i < alone_layers_.size(); ++i) {
      ErrorSums all;
      for (const SampleSums& sample : sums_)
        if (i < sample.alone.size()) all.add(sample.alone[i]);
      report_.layers[alone_layers_[i].report].own_error = report_of(all);
    }
    fill_outputs();
  }

  void fill_tensor(size_t i) {
    TensorReport& tensor = report_.tensors[watched_[i].report];
    ErrorSums all;
    TensorReport::Seen seen;
    uint64_t count = 0, zeros = 0, clipped = 0;
    Range range = sums_[0].seen[i];
    for (const SampleSums& sample : sums_) {
      all.add(sample.watched[i]);
      count += sample.counts[i];
      zeros += sample.zeros[i];
      clipped += sample.clipped[i];
      range = {std::min(range.min, sample.seen[i].min), std::max(range.max, sample.seen[i].max)};
    }
    if (count == 0) return;
    seen.min = range.min;
    seen.max = range.max;
    seen.zeros = static_cast<double>(zeros) / static_cast<double>(count);
    seen.clipped = static_cast<double>(clipped) / static_cast<double>(count);
    Histogram histogram;
    for (const Worker& worker : workers_) histogram.merge(worker.histograms[i]);
    seen.histogram = fold(histogram);
    tensor.seen = std::move(seen);
    tensor.error = report_of(all);
  }

  // At most kMostBins bins, each of several neighbours.
  static HistogramReport fold(const Histogram& histogram) {
    HistogramReport folded;
    const int first = histogram.first(), last = histogram.last();
    const int group =
        std::max((last - first + static_cast<int>(kMostBins) - 1) / static_cast<int>(kMostBins), 1);
    folded.first = first * histogram.width();
    folded.width = group * histogram.width();
    for (int bin = first; bin < last; bin += group) {
      folded.counts.push_back(0);
      for (int i = bin; i < std::min(bin + group, last); ++i) folded.counts.back() += histogram.count(i);
    }
    return folded;
  }

  void fill_outputs() {
    const auto& ports = conversion_.quantized.outputs;
    for (size_t i = 0; i < ports.size(); ++i) {
      ErrorSums all;
      for (const SampleSums& sample : sums_) all.add(sample.outputs[i]);
      report_.measured.outputs.push_back({ports[i].name, report_of(all), all.largest});
    }
    if (ports.empty()) return;
    const Dims& shape = ports[0].shape;  // a vector of several classes?
    int64_t elements = 1;
    for (const int64_t dim : shape) elements *= dim;
    if (shape.empty() || elements < 2 || *std::max_element(shape.begin(), shape.end()) != elements) return;
    report_.measured.same_top1 =
        std::count_if(sums_.begin(), sums_.end(), [](const SampleSums& sample) { return sample.same_top1; });
  }

  const Conversion& conversion_;
  const ConvertOptions& options_;
  ConvertReport& report_;
  Graph reference_graph_;
  Program reference_, converted_, alone_;
  std::unique_ptr<LayersAlone> alone_graphs_;
  std::vector<Watched> watched_;
  std::vector<Alone> alone_layers_;
  std::vector<Worker> workers_;
  std::vector<SampleSums> sums_;  // per sample
  std::atomic<size_t> next_{0};

  std::mutex mutex_;  // guards these
  Status failure_;
  size_t finished_ = 0;
};

}  // namespace

Status measure(const Conversion& conversion, const ConvertOptions& options, ConvertReport* report) {
  if (options.samples == nullptr || options.report.samples == 0) return Status();
  return Measurement(conversion, options, report).run();
}

}  // namespace octet::converter
