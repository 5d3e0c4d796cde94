// SPDX-License-Identifier: Apache-2.0
#include "converter/repair/correct_bias.h"

#include <algorithm>
#include <cmath>

#include "converter/lower/linear.h"
#include "runtime/session.h"

namespace octet::converter {
namespace {

constexpr int kRounds = 2;

size_t channels_of(const Value& value) {
  return value.shape.empty() ? 1 : static_cast<size_t>(value.shape.back());
}

template <class T>
void add_sums(const T* data, size_t elements, std::vector<double>* sums) {
  const size_t channels = sums->size();
  for (size_t i = 0; i < elements; i += channels)
    for (size_t c = 0; c < channels; ++c) (*sums)[c] += static_cast<double>(data[i + c]);
}

}  // namespace

bool is_s8_linear(const Graph& graph, const Node& node) {
  if (node.op != "Conv" && node.op != "ConvTranspose" && node.op != "FullyConnected") return false;
  return is_quantized(graph.value(node.inputs[0]));
}

void shift_bias(const std::vector<double>& by, Node* node, Graph* graph) {
  const Value weights = graph->value(node->inputs[1]);
  const double input_scale = graph->value(node->inputs[0]).quantization.scale;
  const std::vector<float>& scales = weights.quantization.channel_scales;
  Constant bias;
  Quantization quantization;
  if (node->input(2) != kNoValue) {
    bias = *graph->value(node->inputs[2]).constant;
    quantization = graph->value(node->inputs[2]).quantization;
  } else {
    bias.type = schema::TensorType_S32;
    bias.shape = {static_cast<int64_t>(scales.size())};
    bias.bytes.assign(scales.size() * 4, 0);
    for (float scale : scales) quantization.channel_scales.push_back(static_cast<float>(input_scale * scale));
    quantization.channel_axis = 0;
  }
  for (size_t c = 0; c < scales.size() && c < by.size(); ++c) {
    const double step = std::nearbyint(by[c] / (input_scale * scales[c]));
    const double sum = bias.as<int32_t>()[c] + std::clamp(step, -1073741824.0, 1073741824.0);
    bias.as<int32_t>()[c] = static_cast<int32_t>(std::clamp(sum, -2147483647.0, 2147483647.0));
  }
  node->inputs.resize(std::max<size_t>(node->inputs.size(), 3), kNoValue);
  node->inputs[2] = graph->add_constant(weights.name + "/corrected_bias", std::move(bias));
  graph->value(node->inputs[2]).quantization = quantization;
}

Status BiasCorrection::measure_reference(const Graph& reference, const std::vector<Sample>& samples,
                                         size_t threads) {
  LoweredModel lowered;
  OCTET_RETURN_IF_ERROR(lower(reference, LowerOptions(), &lowered, nullptr));
  std::unique_ptr<Model> model;
  OCTET_RETURN_IF_ERROR(Model::load_memory(lowered.data(), lowered.bytes, &model));
  SessionOptions options;
  options.threads = threads;
  options.keep_all_tensors = true;
  std::unique_ptr<Session> session;
  OCTET_RETURN_IF_ERROR(Session::create(*model, options, &session));
  for (const auto& node : graph_.nodes) {
    if (!is_s8_linear(graph_, *node)) continue;
    const size_t id = static_cast<size_t>(node->outputs[0]);
    if (id < lowered.value_to_tensor.size() && lowered.value_to_tensor[id] >= 0 &&
        id < reference.values.size())
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

void BiasCorrection::divide(ValueId id, size_t samples, Means* sums) const {
  size_t elements = 1;
  for (int64_t dim : graph_.value(id).shape) elements *= static_cast<size_t>(dim);
  const double count = static_cast<double>(elements / std::max<size_t>(sums->size(), 1) * samples);
  for (double& sum : *sums) sum /= std::max(count, 1.0);
}

BiasCorrection::Means BiasCorrection::measure(ValueId id, size_t samples, const NodeWalk& walk) const {
  const Value& value = graph_.value(id);
  Means means(channels_of(value), 0);
  for (size_t s = 0; s < samples; ++s) {
    const Bytes& bytes = walk.bytes(id, s);
    if (value.type == schema::TensorType_S8)
      add_sums(reinterpret_cast<const int8_t*>(bytes.data()), bytes.size(), &means);
    else if (value.type == schema::TensorType_S16)
      add_sums(reinterpret_cast<const int16_t*>(bytes.data()), bytes.size() / 2, &means);
    else
      add_sums(reinterpret_cast<const float*>(bytes.data()), bytes.size() / 4, &means);
  }
  divide(id, samples, &means);
  if (is_quantized(value))
    for (double& mean : means) mean = value.quantization.scale * (mean - value.quantization.zero_point);
  return means;
}

Status BiasCorrection::correct(Node* node, size_t samples, NodeWalk* walk, bool* fits) {
  const Means& target = means_.at(node->outputs[0]);
  for (int round = 0; round < kRounds; ++round) {
    const ValueId before = node->input(2);
    Means by = measure(node->outputs[0], samples, *walk);
    for (size_t c = 0; c < by.size() && c < target.size(); ++c) by[c] = target[c] - by[c];
    shift_bias(by, node, &graph_);
    *fits = prove_accumulator(graph_, *node).ok();
    if (!*fits) {  // keep what does
      node->inputs[2] = before;
      if (before == kNoValue) node->inputs.pop_back();
      return walk->run(*node);
    }
    OCTET_RETURN_IF_ERROR(walk->run(*node));
  }
  return Status();
}

}  // namespace octet::converter
