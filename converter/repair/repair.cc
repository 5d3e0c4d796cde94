// SPDX-License-Identifier: Apache-2.0
#include "converter/repair/repair.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <memory>

#include "converter/lower/linear.h"
#include "converter/pick_samples.h"
#include "converter/repair/correct_bias.h"
#include "converter/repair/round_weights.h"

namespace octet::converter {
namespace {

constexpr size_t kLargestWalkBytes = size_t{1} << 30;

double decibels(double signal, double error) {
  return signal > 0 && error > 0 ? 10 * std::log10(signal / error) : signal > 0 ? INFINITY : 0;
}

class Repair {
 public:
  Repair(const Graph& reference, const ConvertOptions& options, const RoundingRow& rounding, Graph* graph,
         Diagnostics* diagnostics)
      : reference_(reference),
        options_(options),
        rounding_(rounding),
        graph_(*graph),
        diagnostics_(*diagnostics),
        bias_(graph) {
    for (const auto& node : reference.nodes) float_nodes_[node->name] = node.get();
  }

  Status run() {
    size_t nodes = 0;  // up to the last layer to repair
    for (size_t i = 0; i < graph_.nodes.size(); ++i)
      if (is_s8_linear(graph_, *graph_.nodes[i])) nodes = i + 1;
    if (nodes == 0) return Status();
    const size_t most = kLargestWalkBytes / std::max<size_t>(peak_activation_bytes(graph_), 1);
    std::vector<Sample> samples;
    OCTET_RETURN_IF_ERROR(
        pick_samples(options_.samples, graph_.inputs.size(), std::min(kRepairSamples, most), &samples));
    samples_ = samples.size();
    if (samples.empty()) {
      diagnostics_.warning("repair", "", "nothing is repaired: the activations of one sample pass 1 GB");
      return Status();
    }
    OCTET_RETURN_IF_ERROR(ThreadPool::create(std::max<size_t>(options_.threads, 1), &pool_));
    OCTET_RETURN_IF_ERROR(bias_.measure_reference(reference_, samples, options_.threads));
    NodeWalk walk(graph_, samples_);
    OCTET_RETURN_IF_ERROR(feed_walk(graph_, samples, &walk));
    for (size_t i = 0; i < nodes; ++i) {
      Node* node = graph_.nodes[i].get();
      OCTET_RETURN_IF_ERROR(repair_node(node, &walk));
      walk.release(*node);
      if (options_.progress) options_.progress("repair", i + 1, nodes);
    }
    summarize();
    return Status();
  }

 private:
  Status repair_node(Node* node, NodeWalk* walk) {
    const bool linear = is_s8_linear(graph_, *node);
    const bool correct = linear && options_.repair.correct_bias && bias_.can_correct(*node);
    if (linear && rounding_.round != nullptr) round(node, *walk);
    OCTET_RETURN_IF_ERROR(walk->run(*node));
    if (!correct) return Status();
    bool fits = true;
    OCTET_RETURN_IF_ERROR(bias_.correct(node, samples_, walk, &fits));
    if (!fits) diagnostics_.detail("correct_bias", node->name, "a correction would not fit the accumulator");
    ++corrected_;
    return Status();
  }

  // The float weights of `node`, or null where they are not to be found.
  const Constant* float_weights(const Node& node) const {
    const auto found = float_nodes_.find(node.name);
    if (found == float_nodes_.end() || found->second->op != node.op) return nullptr;
    const Value& weights = reference_.value(found->second->inputs[1]);
    const bool same = weights.is_constant() && weights.type == schema::TensorType_F32 &&
                      weights.shape == graph_.value(node.inputs[1]).shape;
    return same ? weights.constant.get() : nullptr;
  }

  void round(Node* node, const NodeWalk& walk) {
    const Constant* reference = float_weights(*node);
    const Value weights = graph_.value(node->inputs[1]);
    if (reference == nullptr || weights.constant->elements() == 0) {
      diagnostics_.detail("round", node->name, "weights stay at the nearest integers: no float weights");
      return;
    }
    const size_t per_channel = weights.constant->elements() / static_cast<size_t>(weights.shape[0]);
    const LayerInputs inputs(graph_, *node, walk, samples_, wanted_positions(per_channel));
    const int8_t* before = weights.constant->as<int8_t>();
    std::vector<int8_t> rounded(before, before + weights.constant->elements());
    RoundingResult result =
        round_weights({graph_, *node, *reference, inputs}, rounding_, Workers(pool_.get()), &rounded);
    Constant constant = *weights.constant;
    std::copy(rounded.begin(), rounded.end(), constant.as<int8_t>());
    const ValueId old = node->inputs[1];
    node->inputs[1] = graph_.add_constant(weights.name + "/rounded", std::move(constant));
    graph_.value(node->inputs[1]).quantization = weights.quantization;
    const Status fits = prove_accumulator(graph_, *node);
    if (!fits.ok()) {
      node->inputs[1] = old;
      result.kept = fits.message();
    }
    report(*node, result);
  }

  void report(const Node& node, const RoundingResult& result) {
    if (!result.kept.empty()) {
      diagnostics_.note("round", node.name, "weights stay at the nearest integers: " + result.kept);
      return;
    }
    const double before = decibels(result.signal, result.before),
                 after = decibels(result.signal, result.after);
    char text[200];
    std::snprintf(text, sizeof text,
                  "output SQNR of its weights %.1f -> %.1f dB at %zu positions, %zu of %zu weights moved",
                  before, after, result.positions, result.changed, result.weights);
    std::string message = text;
    if (result.parts > 1) message += ", in " + std::to_string(result.parts) + " parts of its input channels";
    diagnostics_.detail("round", node.name, message);
    ++rounded_;
    if (result.before > 0 && result.after > 0) gain_ += decibels(result.before, result.after);
  }

  void summarize() {
    const std::string on = " layers, on " + std::to_string(samples_) + " samples";
    if (rounding_.round != nullptr) {
      char gain[80];
      std::snprintf(gain, sizeof gain, "; %.1f dB less error of their weights in the mean",
                    rounded_ > 0 ? gain_ / static_cast<double>(rounded_) : 0);
      diagnostics_.note("round", "", rounding_.name + (" " + std::to_string(rounded_)) + on + gain);
    }
    if (options_.repair.correct_bias) diagnostics_.note("correct_bias", "", std::to_string(corrected_) + on);
  }

  const Graph& reference_;
  const ConvertOptions& options_;
  const RoundingRow& rounding_;
  Graph& graph_;
  Diagnostics& diagnostics_;
  BiasCorrection bias_;
  std::map<std::string, const Node*> float_nodes_;
  std::unique_ptr<ThreadPool> pool_;
  size_t samples_ = 0, rounded_ = 0, corrected_ = 0;
  double gain_ = 0;
};

}  // namespace

Status check_repair_options(const RepairOptions& options) {
  const RoundingRow* row = nullptr;
  return find_rounding(options.round, &row);
}

Status repair(const Graph& reference, const ConvertOptions& options, Graph* graph, Diagnostics* diagnostics) {
  const RoundingRow* rounding = nullptr;
  OCTET_RETURN_IF_ERROR(find_rounding(options.repair.round, &rounding));
  if (options.samples == nullptr || (rounding->round == nullptr && !options.repair.correct_bias))
    return Status();
  return Repair(reference, options, *rounding, graph, diagnostics).run();
}

}  // namespace octet::converter
