// SPDX-License-Identifier: Apache-2.0
#include "converter/quantize/correct_bias.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>

#include "converter/lower/linear.h"
#include "converter/quantize/node_walk.h"
#include "runtime/session.h"

namespace octet::converter {
namespace {

constexpr size_t kLargestWalkBytes = size_t{1} << 30;
constexpr int kRounds = 2;

using Means = std::vector<double>;  // per channel of the last axis
using Sample = std::vector<std::vector<uint8_t>>;

bool is_s8_linear(const Graph& graph, const Node& node) {
  if (node.op != "Conv" && node.op != "ConvTranspose" && node.op != "FullyConnected") return false;
  return graph.value(node.inputs[0]).type == schema::TensorType_S8;
}

size_t channels_of(const Value& value) {
  return value.shape.empty() ? 1 : static_cast<size_t>(value.shape.back());
}

template <class T>
void add_sums(const T* data, size_t elements, Means* sums) {
  const size_t channels = sums->size();
  for (size_t i = 0; i < elements; i += channels)
    for (size_t c = 0; c < channels; ++c) (*sums)[c] += static_cast<double>(data[i + c]);
}

// Some samples spread over all of them, if the source knows how many there are.
Status pick_samples(SampleSource* source, size_t inputs, size_t wanted, std::vector<Sample>* samples) {
  OCTET_RETURN_IF_ERROR(source->rewind());
  const size_t total = source->size();
  const size_t step = std::max<size_t>(total / std::max<size_t>(wanted, 1), 1);
  for (size_t i = 0; samples->size() < wanted; ++i) {
    Sample sample(inputs);
    bool done = false;
    OCTET_RETURN_IF_ERROR(source->next(&sample, &done));
    if (done) break;
    if (i % step == 0) samples->push_back(std::move(sample));
  }
  return Status();
}

class BiasCorrection {
 public:
  BiasCorrection(const Graph& reference, const ConvertOptions& options, Graph* graph)
      : reference_(reference), options_(options), graph_(*graph) {}

  Status run(size_t* corrected, size_t* used) {
    size_t nodes = 0;  // up to the last layer to correct
    for (size_t i = 0; i < graph_.nodes.size(); ++i)
      if (is_s8_linear(graph_, *graph_.nodes[i])) nodes = i + 1;
    if (nodes == 0) return Status();
    const size_t most = kLargestWalkBytes / std::max<size_t>(peak_activation_bytes(graph_), 1);
    std::vector<Sample> samples;
    OCTET_RETURN_IF_ERROR(
        pick_samples(options_.samples, graph_.inputs.size(), std::min(kCorrectionSamples, most), &samples));
    *used = samples.size();
    if (samples.empty()) return Status();
    OCTET_RETURN_IF_ERROR(measure_reference(samples));
    NodeWalk walk(graph_, samples.size());
    OCTET_RETURN_IF_ERROR(feed(samples, &walk));
    for (size_t i = 0; i < nodes; ++i) {
      Node* node = graph_.nodes[i].get();
      OCTET_RETURN_IF_ERROR(walk.run(*node));
      const auto target = means_.find(node->outputs.empty() ? kNoValue : node->outputs[0]);
      if (target != means_.end() && is_s8_linear(graph_, *node)) {
        OCTET_RETURN_IF_ERROR(correct(node, target->second, samples.size(), &walk));
        ++*corrected;
      }
      walk.release(*node);
      if (options_.progress) options_.progress("correct", i + 1, nodes);
    }
    return Status();
  }

 private:
  // Float means of every output of a layer to correct.
  Status measure_reference(const std::vector<Sample>& samples) {
    LoweredModel lowered;
    OCTET_RETURN_IF_ERROR(lower(reference_, LowerOptions(), &lowered, nullptr));
    std::unique_ptr<Model> model;
    OCTET_RETURN_IF_ERROR(Model::load_memory(lowered.data(), lowered.bytes, &model));
    SessionOptions options;
    options.threads = options_.threads;
    options.keep_all_tensors = true;
    std::unique_ptr<Session> session;
    OCTET_RETURN_IF_ERROR(Session::create(*model, options, &session));
    for (const auto& node : graph_.nodes) {
      if (!is_s8_linear(graph_, *node)) continue;
      const size_t id = static_cast<size_t>(node->outputs[0]);
      if (id < lowered.value_to_tensor.size() && lowered.value_to_tensor[id] >= 0 &&
          id < reference_.values.size())
        means_[node->outputs[0]] = Means(channels_of(graph_.value(node->outputs[0])), 0);
    }
    for (const Sample& sample : samples) {
      for (size_t i = 0; i < sample.size(); ++i)
        OCTET_RETURN_IF_ERROR(session->set_input(i, sample[i].data(), sample[i].size()));
      session->run();
      for (auto& [id, sums] : means_) {
        const Tensor& tensor =
            session->tensor(static_cast<size_t>(lowered.value_to_tensor[static_cast<size_t>(id)]));
        if (tensor.is_f32() && tensor.data != nullptr)
          add_sums(tensor.as<float>(), tensor.shape.elements(), &sums);
      }
    }
    for (auto& [id, sums] : means_) divide(id, samples.size(), &sums);
    return Status();
  }

  void divide(ValueId id, size_t samples, Means* sums) const {
    size_t elements = 1;
    for (int64_t dim : graph_.value(id).shape) elements *= static_cast<size_t>(dim);
    const double count = static_cast<double>(elements / std::max<size_t>(sums->size(), 1) * samples);
    for (double& sum : *sums) sum /= std::max(count, 1.0);
  }

  // The samples in the quantized graph's own form.
  Status feed(const std::vector<Sample>& samples, NodeWalk* walk) {
    LoweredModel lowered;
    OCTET_RETURN_IF_ERROR(lower(graph_, LowerOptions(), &lowered, nullptr));
    std::unique_ptr<Model> model;
    OCTET_RETURN_IF_ERROR(Model::load_memory(lowered.data(), lowered.bytes, &model));
    std::unique_ptr<Session> session;
    OCTET_RETURN_IF_ERROR(Session::create(*model, SessionOptions(), &session));
    for (size_t s = 0; s < samples.size(); ++s) {
      for (size_t i = 0; i < graph_.inputs.size(); ++i) {
        OCTET_RETURN_IF_ERROR(session->set_input(i, samples[s][i].data(), samples[s][i].size()));
        const auto* data = static_cast<const uint8_t*>(session->input(i).data);
        walk->set_input(graph_.inputs[i].value, s, Bytes(data, data + session->input(i).bytes));
      }
    }
    return Status();
  }

  Means measure(ValueId id, size_t samples, const NodeWalk& walk) const {
    const Value& value = graph_.value(id);
    Means means(channels_of(value), 0);
    for (size_t s = 0; s < samples; ++s) {
      const Bytes& bytes = walk.bytes(id, s);
      if (value.type == schema::TensorType_S8)
        add_sums(reinterpret_cast<const int8_t*>(bytes.data()), bytes.size(), &means);
      else
        add_sums(reinterpret_cast<const float*>(bytes.data()), bytes.size() / 4, &means);
    }
    divide(id, samples, &means);
    if (value.type == schema::TensorType_S8)
      for (double& mean : means) mean = value.quantization.scale * (mean - value.quantization.zero_point);
    return means;
  }

  Status correct(Node* node, const Means& target, size_t samples, NodeWalk* walk) {
    for (int round = 0; round < kRounds; ++round) {
      const ValueId before = node->input(2);
      const Means now = measure(node->outputs[0], samples, *walk);
      shift_bias(node, target, now);
      if (!prove_accumulator(graph_, *node).ok()) {  // keep what fits
        node->inputs[2] = before;
        if (before == kNoValue) node->inputs.pop_back();
        return walk->run(*node);
      }
      OCTET_RETURN_IF_ERROR(walk->run(*node));
    }
    return Status();
  }

  void shift_bias(Node* node, const Means& target, const Means& now) {
    const Value weights = graph_.value(node->inputs[1]);
    const double input_scale = graph_.value(node->inputs[0]).quantization.scale;
    const std::vector<float>& scales = weights.quantization.channel_scales;
    Constant bias;
    Quantization quantization;
    if (node->input(2) != kNoValue) {
      bias = *graph_.value(node->inputs[2]).constant;
      quantization = graph_.value(node->inputs[2]).quantization;
    } else {
      bias.type = schema::TensorType_S32;
      bias.shape = {static_cast<int64_t>(scales.size())};
      bias.bytes.assign(scales.size() * 4, 0);
      for (float scale : scales)
        quantization.channel_scales.push_back(static_cast<float>(input_scale * scale));
      quantization.channel_axis = 0;
    }
    for (size_t c = 0; c < scales.size() && c < target.size(); ++c) {
      const double step = std::nearbyint((target[c] - now[c]) / (input_scale * scales[c]));
      const double sum = bias.as<int32_t>()[c] + std::clamp(step, -1073741824.0, 1073741824.0);
      bias.as<int32_t>()[c] = static_cast<int32_t>(std::clamp(sum, -2147483647.0, 2147483647.0));
    }
    node->inputs.resize(std::max<size_t>(node->inputs.size(), 3), kNoValue);
    node->inputs[2] = graph_.add_constant(weights.name + "/corrected_bias", std::move(bias));
    graph_.value(node->inputs[2]).quantization = quantization;
  }

  const Graph& reference_;
  const ConvertOptions& options_;
  Graph& graph_;
  std::map<ValueId, Means> means_;
};

}  // namespace

Status correct_bias(const Graph& reference, const ConvertOptions& options, Graph* graph,
                    Diagnostics* diagnostics) {
  if (options.samples == nullptr) return Status();
  size_t corrected = 0, used = 0;
  OCTET_RETURN_IF_ERROR(BiasCorrection(reference, options, graph).run(&corrected, &used));
  diagnostics->note("correct_bias", "",
                    std::to_string(corrected) + " layers, on " + std::to_string(used) + " samples");
  return Status();
}

}  // namespace octet::converter
