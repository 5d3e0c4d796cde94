// SPDX-License-Identifier: Apache-2.0
#include "converter/budget/report_budget.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace octet::converter {
namespace {

template <class... Values>
std::string text(const char* format, Values... values) {
  char buffer[320];
  std::snprintf(buffer, sizeof buffer, format, values...);
  return buffer;
}

std::string joined(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "'" : ", '") + name + "'";
  return list;
}

double decibels(double noise) { return noise > 0 ? -10 * std::log10(noise) : INFINITY; }

}  // namespace

std::string describe_budget(const BudgetOptions& budget) {
  if (budget.min_sqnr_db) return text("min-sqnr %g dB", *budget.min_sqnr_db);
  return text("max-drop %g points", *budget.max_drop);
}

std::string describe_judgement(const Judgement& judgement) {
  std::string result = text("%.2f dB (standard error %.2f)", judgement.sqnr_db(), judgement.sqnr_error_db);
  if (judgement.labelled > 0)
    result += text(", top-1 %+.2f points (right in float only %zu, in the quantized model only %zu, of %zu)",
                   -judgement.drop_points(), judgement.lost, judgement.gained, judgement.labelled);
  return result;
}

std::string describe_trial(size_t promotions, const Judgement& judgement) {
  return text("%zu promotions: ", promotions) + describe_judgement(judgement);
}

void fill_report(const BudgetFindings& findings, BudgetReport* report) {
  report->asked = describe_budget(findings.budget);
  report->samples = findings.final.samples;
  report->sqnr_db = findings.final.sqnr_db();
  report->sqnr_error_db = findings.final.sqnr_error_db;
  report->sqnr_int8_db = findings.base.sqnr_db();
  report->labelled = findings.final.labelled;
  report->lost = findings.final.lost;
  report->gained = findings.final.gained;
  report->drop = findings.final.drop_points();
  report->drop_bound = findings.drop_bound;
  double total = 0;
  for (const Sensitivity& item : findings.items) total += item.noise;
  report->sensitivity.clear();
  for (const Sensitivity& item : findings.items)
    report->sensitivity.push_back(
        {item.name, item.node != nullptr, decibels(item.noise), total > 0 ? item.noise / total : 0, 0, ""});
  for (const Promotion& step : findings.steps)
    if (step.item != kNoItem) report->sensitivity[step.item].macs = step.macs;
  for (const size_t i : findings.chosen) {
    const Promotion& step = findings.steps[i];
    (step.to_float ? report->keep_float : report->int16).push_back(step.names.front());
    if (step.item != kNoItem) report->sensitivity[step.item].promotion = step.to_float ? "fp32" : "int16";
  }
  std::stable_sort(report->sensitivity.begin(), report->sensitivity.end(),
                   [](const auto& a, const auto& b) { return a.share > b.share; });
}

void add_notes(Diagnostics* diagnostics, BudgetReport* report) {
  constexpr double kUncertain = 1;  // dB
  if (report->sqnr_error_db > kUncertain)
    diagnostics->warning(
        "budget", "",
        text("the samples differ much: the SQNR measured on %zu of them has a standard error of %.1f "
             "dB; more of them (--validation) would make it certain",
             report->samples, report->sqnr_error_db));
  std::string outcome = report->asked + " holds on " + report->measured_on +
                        text(": %.2f dB (standard error %.2f)", report->sqnr_db, report->sqnr_error_db);
  if (report->labelled > 0)
    outcome += text(
        ", top-1 %+.2f points (right in float only %zu, in the quantized model only %zu, of %zu), at most "
        "%.2f points less on others",
        -report->drop, report->lost, report->gained, report->labelled, report->drop_bound);
  const bool promoted = !report->int16.empty() || !report->keep_float.empty();
  outcome += promoted ? text("; %.2f dB without promotions", report->sqnr_int8_db) : ", without promotions";
  report->lines = {outcome};
  if (!report->int16.empty()) report->lines.push_back("in 16 bits: " + joined(report->int16));
  if (!report->keep_float.empty()) report->lines.push_back("in float: " + joined(report->keep_float));
  if (promoted)
    report->lines.push_back(text("one run takes %.3f ms instead of %.3f (this machine, one thread)",
                                 report->model_ms, report->int8_ms));
  for (const std::string& line : report->lines) diagnostics->note("budget", "", line);
  for (const SensitivityReport& item : report->sensitivity)
    diagnostics->detail("sensitivity", item.name,
                        text("%s alone in 8 bits: %.1f dB at the outputs, %.1f%% of all such errors",
                             item.weights ? "its weights" : "its values", item.sqnr_db, 100 * item.share) +
                            (item.promotion.empty() ? "" : "; promoted to " + item.promotion));
}

}  // namespace octet::converter
