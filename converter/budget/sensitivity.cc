// SPDX-License-Identifier: Apache-2.0
#include "converter/budget/sensitivity.h"

#include <algorithm>
#include <map>
#include <mutex>

#include "converter/quantize/s8_rules.h"
#include "converter/quantize/scales.h"
#include "converter/repair/correct_bias.h"
#include "converter/repair/workers.h"
#include "converter/simulate_quantization.h"
#include "runtime/model.h"

namespace octet::converter {
namespace {

using Means = std::vector<double>;  // per channel of the last axis

size_t last_axis(const Value& value) {
  return value.shape.empty() ? 1 : static_cast<size_t>(value.shape.back());
}

class Measurement {
 public:
  explicit Measurement(const SensitivityInputs& inputs) : inputs_(inputs) {
    for (const auto& node : inputs.reference.nodes) float_nodes_[node->name] = node.get();
  }

  Status run(std::vector<Sensitivity>* result) {
    find_activations(result);
    for (const auto& node : inputs_.quantized.nodes)
      if (is_s8_linear(inputs_.quantized, *node) && float_node(*node) != nullptr)
        result->push_back({node->name, {}, node.get(), 0});
    OCTET_RETURN_IF_ERROR(answer_in_float());
    OCTET_RETURN_IF_ERROR(measure_input_means(*result));
    return measure_all(result);
  }

 private:
  // The node in float whose weights have the same shape, or null.
  const Node* float_node(const Node& node) const {
    const auto found = float_nodes_.find(node.name);
    if (found == float_nodes_.end() || found->second->op != node.op) return nullptr;
    const Value& weights = inputs_.reference.value(found->second->inputs[1]);
    const bool same = weights.is_constant() && weights.type == schema::TensorType_F32 &&
                      weights.shape == inputs_.quantized.value(node.inputs[1]).shape;
    return same ? found->second : nullptr;
  }

  bool is_rounded(ValueId id) const {
    if (id == kNoValue || static_cast<size_t>(id) >= inputs_.reference.values.size()) return false;
    const Value& value = inputs_.quantized.value(id);
    return !value.is_constant() && value.type == schema::TensorType_S8 &&
           inputs_.reference.value(id).type == schema::TensorType_F32;
  }

  // s8 values in groups: same-scale operators join what has the same quantization.
  void find_activations(std::vector<Sensitivity>* result) const {
    std::map<ValueId, size_t> group_of;
    const auto place = [&](ValueId id, size_t group) {
      if (!is_rounded(id) || !group_of.emplace(id, group).second) return;
      if (group == result->size()) result->push_back({inputs_.quantized.value(id).name, {}, nullptr, 0});
      (*result)[group].values.push_back(id);
    };
    for (const GraphPort& port : inputs_.quantized.inputs) place(port.value, result->size());
    for (const auto& node : inputs_.quantized.nodes) {
      const S8Rule* rule = find_s8_rule(*node);
      for (const ValueId output : node->outputs) {
        size_t group = result->size();
        for (const ValueId input : node->inputs)
          if (rule != nullptr && rule->same_scale && is_rounded(input) && is_rounded(output) &&
              same_quantization(inputs_.quantized.value(input).quantization,
                                inputs_.quantized.value(output).quantization))
            group = std::min(group, group_of.at(input));
        place(output, group);
      }
    }
  }

  Status answer_in_float() {
    Runnable runnable;
    OCTET_RETURN_IF_ERROR(make_runnable(inputs_.reference, SessionOptions(), &runnable));
    answers_.resize(inputs_.samples.size());
    for (size_t s = 0; s < answers_.size(); ++s) {
      OCTET_RETURN_IF_ERROR(answer_sample(inputs_.samples[s], runnable.session.get(), &answers_[s]));
      for (const float y : answers_[s]) signal_ += static_cast<double>(y) * y;
    }
    return Status();
  }

  Status measure_input_means(const std::vector<Sensitivity>& items) {
    SessionOptions options;
    options.keep_all_tensors = true;
    Runnable runnable;
    OCTET_RETURN_IF_ERROR(make_runnable(inputs_.reference, options, &runnable));
    for (const Sensitivity& item : items)
      if (item.node != nullptr) {
        const ValueId input = float_node(*item.node)->inputs[0];
        means_[input] = Means(last_axis(inputs_.reference.value(input)), 0);
      }
    Answer unused;
    for (const Sample& sample : inputs_.samples) {
      OCTET_RETURN_IF_ERROR(answer_sample(sample, runnable.session.get(), &unused));
      for (auto& [id, means] : means_) {
        const Tensor& tensor = runnable.session->tensor(
            static_cast<size_t>(runnable.lowered.value_to_tensor[static_cast<size_t>(id)]));
        const size_t elements = tensor.shape.elements(), channels = means.size();
        const double weight = static_cast<double>(channels) /
                              static_cast<double>(std::max<size_t>(elements, 1)) /
                              static_cast<double>(inputs_.samples.size());
        for (size_t i = 0; i < elements && tensor.is_f32(); ++i)
          means[i % channels] += weight * tensor.as<float>()[i];
      }
    }
    return Status();
  }

  Status measure_all(std::vector<Sensitivity>* result) {
    const size_t threads = std::max<size_t>(inputs_.threads, 1);
    std::unique_ptr<ThreadPool> pool;
    OCTET_RETURN_IF_ERROR(ThreadPool::create(threads, &pool));
    std::vector<Status> failures(result->size());
    std::mutex mutex;
    size_t done = 0;
    Workers(pool.get()).run(result->size(), [&](size_t i) {
      failures[i] = measure(&(*result)[i]);
      const std::lock_guard<std::mutex> lock(mutex);
      if (inputs_.progress) inputs_.progress(++done, result->size());
    });
    for (const Status& failure : failures) OCTET_RETURN_IF_ERROR(failure);
    return Status();
  }

  Status measure(Sensitivity* item) const {
    Graph graph = inputs_.reference.clone();
    if (item->node != nullptr) {
      round_weights_of(*item->node, &graph);
    } else {
      for (const ValueId id : item->values)
        graph.value(id).quantization = inputs_.quantized.value(id).quantization;
      simulate_pinned_scales(&graph);
    }
    Runnable runnable;
    OCTET_RETURN_IF_ERROR(make_runnable(graph, SessionOptions(), &runnable));
    double noise = 0;
    Answer answer;
    for (size_t s = 0; s < inputs_.samples.size(); ++s) {
      OCTET_RETURN_IF_ERROR(answer_sample(inputs_.samples[s], runnable.session.get(), &answer));
      for (size_t i = 0; i < answer.size(); ++i) {
        const double difference = static_cast<double>(answer[i]) - answers_[s][i];
        noise += difference * difference;
      }
    }
    item->noise = signal_ > 0 ? noise / signal_ : 0;
    return Status();
  }

  void round_weights_of(const Node& rounded, Graph* graph) const {
    const Node& source = *float_node(rounded);
    Node& node = *std::find_if(graph->nodes.begin(), graph->nodes.end(), [&](const auto& candidate) {
                    return candidate->name == source.name;
                  })->get();
    const Value weights = graph->value(node.inputs[1]);
    const Value& q = inputs_.quantized.value(rounded.inputs[1]);
    const Means& means = means_.at(node.inputs[0]);
    const size_t channels = static_cast<size_t>(weights.shape[0]),
                 per_channel = weights.constant->elements() / std::max<size_t>(channels, 1),
                 inner = static_cast<size_t>(weights.shape.back());
    const auto groups = static_cast<size_t>(node.integer("group", 1));
    std::vector<float> values(weights.constant->elements()), bias(channels, 0);
    if (node.input(2) != kNoValue)
      std::copy_n(graph->value(node.inputs[2]).constant->as<float>(), channels, bias.begin());
    for (size_t c = 0; c < channels; ++c) {
      const size_t first_input = c / std::max<size_t>(channels / groups, 1) * inner;
      double shift = 0;
      for (size_t i = c * per_channel; i < (c + 1) * per_channel; ++i) {
        values[i] = q.quantization.channel_scales[c] * static_cast<float>(q.constant->as<int8_t>()[i]);
        const double change = static_cast<double>(weights.constant->as<float>()[i]) - values[i];
        shift += change * means[std::min(first_input + i % inner, means.size() - 1)];
      }
      bias[c] += static_cast<float>(shift);
    }
    node.inputs.resize(std::max<size_t>(node.inputs.size(), 3), kNoValue);
    node.inputs[1] = graph->add_constant(weights.name + "/rounded", make_f32(weights.shape, values));
    node.inputs[2] = graph->add_constant(weights.name + "/bias", make_f32({weights.shape[0]}, bias));
  }

  const SensitivityInputs& inputs_;
  std::map<std::string, const Node*> float_nodes_;
  std::map<ValueId, Means> means_;
  std::vector<Answer> answers_;
  double signal_ = 0;
};

}  // namespace

Status measure_sensitivity(const SensitivityInputs& inputs, std::vector<Sensitivity>* result) {
  result->clear();
  return Measurement(inputs).run(result);
}

uint64_t count_macs(const Graph& graph, const Node& node) {
  if (node.op != "Conv" && node.op != "ConvTranspose" && node.op != "FullyConnected") return 0;
  const Value& pixels = graph.value(node.op == "ConvTranspose" ? node.inputs[0] : node.outputs[0]);
  const Value& weights = graph.value(node.inputs[1]);
  if (!weights.is_constant()) return 0;
  uint64_t count = 1;
  for (size_t i = 0; i + 1 < pixels.shape.size(); ++i) count *= static_cast<uint64_t>(pixels.shape[i]);
  return count * weights.constant->elements();
}

}  // namespace octet::converter
