// SPDX-License-Identifier: Apache-2.0
//
// What a person reads about a budget: texts, and the fields of BudgetReport.
#pragma once

#include "converter/budget/judge.h"
#include "converter/budget/promotions.h"
#include "octet_converter/budget_report.h"

namespace octet::converter {

std::string describe_budget(const BudgetOptions& budget);    // "min-sqnr 28 dB"
std::string describe_judgement(const Judgement& judgement);  // "25.9 dB (+- 0.2)", "lost 3, gained 1 of 900"
std::string describe_trial(size_t promotions, const Judgement& judgement);

struct BudgetFindings {
  const BudgetOptions& budget;
  const std::vector<Sensitivity>& items;
  const std::vector<Promotion>& steps;
  const std::vector<size_t>& chosen;
  const Judgement& base;
  const Judgement& final;
  double drop_bound = 0;  // in points
};

// All fields but measured_on and the times.
void fill_report(const BudgetFindings& findings, BudgetReport* report);

// Fills report->lines, and says them as notes, with a detail for each activation and layer.
void add_notes(Diagnostics* diagnostics, BudgetReport* report);

}  // namespace octet::converter
