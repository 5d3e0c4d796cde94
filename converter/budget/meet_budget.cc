// SPDX-License-Identifier: Apache-2.0
#include "converter/budget/meet_budget.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>

#include "converter/budget/judge.h"
#include "converter/budget/paired_bound.h"
#include "converter/budget/promotions.h"
#include "converter/budget/report_budget.h"

namespace octet::converter {
namespace {

using Chosen = std::vector<size_t>;  // of the steps, ascending

Chosen first_steps(size_t count) {
  Chosen chosen(count);
  std::iota(chosen.begin(), chosen.end(), 0);
  return chosen;
}

class Search {
 public:
  Search(const BudgetTask& task, Diagnostics* diagnostics)
      : task_(task),
        budget_(task.options.budget),
        diagnostics_(*diagnostics),
        judge_(budget_.validation, budget_.labels, std::max<size_t>(task.options.threads, 1)) {}

  Status run(Graph* graph, BudgetReport* report) {
    OCTET_RETURN_IF_ERROR(judge_.listen(task_.reference));
    if (budget_.max_drop) OCTET_RETURN_IF_ERROR(check_labelled());
    OCTET_RETURN_IF_ERROR(attempt({}, &base_));
    Trial best;
    if (holds(base_, kFirstShare)) {
      best = base_.copy();
    } else {
      OCTET_RETURN_IF_ERROR(find_steps());
      OCTET_RETURN_IF_ERROR(budget_.min_sqnr_db ? search_sqnr(&best) : search_drop(&best));
      OCTET_RETURN_IF_ERROR(check_integers_left(best));
    }
    for (const Diagnostic& item : best.diagnostics.items()) diagnostics_.add(item);
    return finish(&best, graph, report);
  }

 private:
  // The doubt 1 - confidence is shared by the test without promotions and those with.
  static constexpr double kFirstShare = 0.2;

  struct Trial {
    Chosen chosen;
    Graph graph;
    Diagnostics diagnostics;
    Judgement judgement;

    Trial copy() const { return {chosen, graph.clone(), diagnostics, judgement}; }
  };

  double level(double share) const {
    return budget_.confidence > 0.5 ? 1 - share * (1 - budget_.confidence) : 0.5;
  }

  double bound_points(const Judgement& seen, double share) const {
    return 100 * drop_bound({seen.labelled, seen.lost, seen.gained}, level(share));
  }

  bool holds(const Trial& trial, double share = 1 - kFirstShare) const {
    const Judgement& seen = trial.judgement;
    if (budget_.min_sqnr_db) return seen.sqnr_db() - seen.sqnr_error_db >= *budget_.min_sqnr_db;
    return bound_points(trial.judgement, share) <= *budget_.max_drop;
  }

  Status check_labelled() const {
    const size_t needed = samples_needed(*budget_.max_drop / 100, level(1 - kFirstShare));
    if (judge_.labelled() > 0 && judge_.labelled() >= needed) return Status();
    return error(
        StatusCode::kInvalidArgument,
        "max-drop %g: %zu labelled samples to measure on; at least %zu are needed to promise it for others "
        "with confidence %g (0.5 measures without a promise)",
        *budget_.max_drop, judge_.labelled(), std::max<size_t>(needed, 1), budget_.confidence);
  }

  // Quantizes with these steps, and measures.
  Status attempt(const Chosen& chosen, Trial* trial) {
    ConvertOptions options = task_.options;
    options.progress = nullptr;
    for (const size_t i : chosen) {
      PrecisionOptions& precision = options.precision_options;
      auto& names = steps_[i].to_float ? precision.keep_float : precision.int16;
      names.insert(names.end(), steps_[i].names.begin(), steps_[i].names.end());
    }
    *trial = Trial();
    trial->chosen = chosen;
    trial->graph = task_.source.clone();
    OCTET_RETURN_IF_ERROR(task_.quantize(options, &trial->graph, &trial->diagnostics));
    OCTET_RETURN_IF_ERROR(judge_.judge(trial->graph, &trial->judgement));
    diagnostics_.detail("budget", "", describe_trial(chosen.size(), trial->judgement));
    ++trials_;
    if (task_.options.progress)
      task_.options.progress("budget", trials_, std::max(trials_ + 1, kUsualTrials));
    return Status();
  }

  Status find_steps() {
    std::vector<Sample> samples;
    OCTET_RETURN_IF_ERROR(pick_samples(task_.options.samples, task_.source.inputs.size(),
                                       sensitivity_samples(base_.graph), &samples));
    if (samples.empty())
      return error(StatusCode::kInvalidArgument,
                   "budget: needs calibration samples to find what is sensitive");
    const auto progress = [this](size_t done, size_t total) {
      if (task_.options.progress) task_.options.progress("sensitivity", done, total);
    };
    OCTET_RETURN_IF_ERROR(
        measure_sensitivity({task_.source, base_.graph, samples, task_.options.threads, progress}, &items_));
    steps_ = promotions_of(base_.graph, items_, task_.options.precision_options);
    if (steps_.empty())
      return error(StatusCode::kInvalidArgument, "%s: %s in INT8, and nothing is left to promote",
                   describe_budget(budget_).c_str(), describe_judgement(base_.judgement).c_str());
    return Status();
  }

  // Fewer where the network is large, so that the measurement ends in about a minute.
  static size_t sensitivity_samples(const Graph& graph) {
    constexpr double kMostMacs = 2e12;
    double macs = 1;
    for (const auto& node : graph.nodes) macs += static_cast<double>(count_macs(graph, *node));
    const double runs = 2 * static_cast<double>(graph.nodes.size()) * macs;
    return std::clamp(static_cast<size_t>(kMostMacs / runs), size_t{8}, kSensitivitySamples);
  }

  // So many steps that the noise they leave is foretold to be small enough.
  size_t foretell() const {
    double total = 0, left = 0;
    for (const Sensitivity& item : items_) total += item.noise;
    const double now = base_.judgement.noise / std::max(base_.judgement.signal, 1e-300);
    const double wanted = std::pow(10, -(*budget_.min_sqnr_db + base_.judgement.sqnr_error_db) / 10);
    left = total;
    for (size_t i = 0; i < steps_.size(); ++i) {
      left -= steps_[i].noise;
      if (now * left <= wanted * total) return i + 1;
    }
    return steps_.size();
  }

  Status search_sqnr(Trial* best) {
    size_t failed = 0, steps = foretell();
    OCTET_RETURN_IF_ERROR(attempt(first_steps(steps), best));
    while (!holds(*best)) {
      if (steps == steps_.size()) return cannot_hold(*best);
      failed = steps;
      steps = std::min(2 * steps, steps_.size());
      OCTET_RETURN_IF_ERROR(attempt(first_steps(steps), best));
    }
    while (steps - failed > 1) {
      const size_t middle = failed + (steps - failed) / 2;
      Trial trial;
      OCTET_RETURN_IF_ERROR(attempt(first_steps(middle), &trial));
      if (holds(trial)) {
        *best = std::move(trial);
        steps = middle;
      } else {
        failed = middle;
      }
    }
    return prune(best);
  }

  Status prune(Trial* best) {
    if (best->chosen.size() < 2 || best->chosen.size() > kMostPruned) return Status();
    for (size_t i = best->chosen.size() - 1;
         i-- > 0;) {  // the last one is needed: without it the search failed
      Chosen fewer = best->chosen;
      fewer.erase(fewer.begin() + static_cast<ptrdiff_t>(i));
      Trial trial;
      OCTET_RETURN_IF_ERROR(attempt(fewer, &trial));
      if (holds(trial)) *best = std::move(trial);
    }
    return Status();
  }

  Status search_drop(Trial* best) {
    Trial trial;
    bool any = false;
    for (size_t steps = steps_.size(); steps > 0;) {
      steps = steps * 2 / 3;
      if (steps == 0)
        trial = base_.copy();  // now with more of the doubt
      else
        OCTET_RETURN_IF_ERROR(attempt(first_steps(steps), &trial));
      if (!holds(trial)) break;
      *best = std::move(trial);
      any = true;
    }
    return any ? Status() : cannot_hold(trial);
  }

  Status cannot_hold(const Trial& trial) const {
    return error(StatusCode::kInvalidArgument, "%s: does not hold: %s in INT8, %s with %zu of %zu promotions",
                 describe_budget(budget_).c_str(), describe_judgement(base_.judgement).c_str(),
                 describe_judgement(trial.judgement).c_str(), trial.chosen.size(), steps_.size());
  }

  static size_t integer_layers(const Graph& graph) {
    return static_cast<size_t>(std::count_if(graph.nodes.begin(), graph.nodes.end(), [&](const auto& node) {
      return count_macs(graph, *node) > 0 && graph.value(node->inputs[1]).type == schema::TensorType_S8;
    }));
  }

  Status check_integers_left(const Trial& best) const {
    if (integer_layers(base_.graph) == 0 || integer_layers(best.graph) > 0) return Status();
    return error(StatusCode::kInvalidArgument,
                 "%s: holds only with every layer in float: %s in INT8; convert with --precision fp32",
                 describe_budget(budget_).c_str(), describe_judgement(base_.judgement).c_str());
  }

  Status finish(Trial* best, Graph* graph, BudgetReport* report) {
    const double share = best->chosen.empty() && holds(base_, kFirstShare) ? kFirstShare : 1 - kFirstShare;
    const double bound = budget_.max_drop ? bound_points(best->judgement, share) : 0;
    fill_report({budget_, items_, steps_, best->chosen, base_.judgement, best->judgement, bound}, report);
    const std::string count = std::to_string(report->samples) + " samples";
    report->measured_on = task_.held_out                    ? count + " (" + budget_.validation_name + ")"
                          : budget_.validation_name.empty() ? count + " for validation"
                                                            : budget_.validation_name;
    for (const std::string& name : report->keep_float)
      for (const auto& node : best->graph.nodes)
        if (node->name == name) node->float_reason = "promoted for " + report->asked;
    if (!best->chosen.empty())
      OCTET_RETURN_IF_ERROR(measure_times(base_.graph, best->graph, &report->int8_ms, &report->model_ms));
    add_notes(&diagnostics_, report);
    *graph = std::move(best->graph);
    return Status();
  }

  static constexpr size_t kUsualTrials = 8;

  const BudgetTask& task_;
  const BudgetOptions& budget_;
  Diagnostics& diagnostics_;
  Judge judge_;
  Trial base_;
  std::vector<Sensitivity> items_;
  std::vector<Promotion> steps_;
  size_t trials_ = 0;
};

}  // namespace

Status meet_budget(const BudgetTask& task, Graph* graph, Diagnostics* diagnostics, BudgetReport* report) {
  return Search(task, diagnostics).run(graph, report);
}

}  // namespace octet::converter
