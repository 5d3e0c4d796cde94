// SPDX-License-Identifier: Apache-2.0
//
// What a budget asks of the options: numbers in bounds, and samples of its own.
#include <cmath>

#include "converter/budget/meet_budget.h"
#include "converter/budget/paired_bound.h"

namespace octet::converter {

Status check_budget_options(const ConvertOptions& options) {
  const BudgetOptions& budget = options.budget;
  if (!budget.asked()) return Status();
  if (budget.min_sqnr_db && budget.max_drop)
    return error(StatusCode::kInvalidArgument, "budget: min-sqnr and max-drop; one of them can be asked for");
  if (budget.min_sqnr_db && !(*budget.min_sqnr_db > 0 && *budget.min_sqnr_db <= 140))
    return error(StatusCode::kInvalidArgument, "min-sqnr %g: must be above 0 and at most 140 dB",
                 *budget.min_sqnr_db);
  if (!budget.max_drop) return Status();
  if (!(*budget.max_drop > 0 && *budget.max_drop <= 100))
    return error(StatusCode::kInvalidArgument, "max-drop %g: must be above 0 and at most 100 points",
                 *budget.max_drop);
  if (!(budget.confidence >= 0.5 && budget.confidence < 1))
    return error(StatusCode::kInvalidArgument, "confidence %g: must be at least 0.5 and below 1",
                 budget.confidence);
  if (budget.labels.empty())
    return error(StatusCode::kInvalidArgument, "max-drop %g: needs labels", *budget.max_drop);
  return Status();
}

Status hold_out_samples(ConvertOptions* options, SampleParts* parts) {
  constexpr size_t kFewest = 8;
  BudgetOptions& budget = options->budget;
  if (!budget.asked() || budget.validation != nullptr) return Status();
  if (options->samples == nullptr)
    return error(StatusCode::kInvalidArgument, "budget: needs samples: calibration or validation");
  const size_t total = options->samples->size();
  if (total > 0 && total < kFewest)
    return error(
        StatusCode::kInvalidArgument,
        "budget: %zu calibration samples; at least %zu are needed to hold some of them out, or a validation "
        "set",
        total, kFewest);
  const size_t period = budget.labels.empty() ? 4 : 2;
  parts->kept = std::make_unique<PartOfSamples>(options->samples, period, false);
  parts->held_out = std::make_unique<PartOfSamples>(options->samples, period, true);
  std::vector<int> labels;
  for (size_t i = 0; i < budget.labels.size(); ++i)
    if (parts->held_out->contains(i)) labels.push_back(budget.labels[i]);
  budget.labels = labels;
  budget.validation_name =
      std::string("every ") + (period == 4 ? "fourth" : "second") + " calibration sample, held out";
  budget.validation = parts->held_out.get();
  options->samples = parts->kept.get();
  return Status();
}

}  // namespace octet::converter
