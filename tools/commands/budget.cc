// SPDX-License-Identifier: Apache-2.0
#include "tools/commands/budget.h"

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>

#include "tools/input/labels.h"
#include "tools/input/sample.h"

namespace octet::tools {
namespace {

namespace fs = std::filesystem;

std::string canonical(const std::string& path) {
  std::error_code code;
  const fs::path result = fs::weakly_canonical(path, code);
  return code ? path : result.string();
}

Status parse_one(const char* option, const std::string& text, double* number) {
  char* end = nullptr;
  *number = strtod(text.c_str(), &end);
  if (end == text.c_str() || *end != '\0' || !std::isfinite(*number))
    return error(StatusCode::kInvalidArgument, "%s %s: must be a number", option, text.c_str());
  return Status();
}

// The class of each calibration sample, -1 where the labels do not name it.
Status label_calibration(const Arguments& arguments, const std::vector<std::string>& calibration,
                         converter::BudgetOptions* budget) {
  const fs::path source = arguments.calibration;
  const std::string folder = (fs::is_directory(source) ? source : source.parent_path()).string();
  std::vector<Labelled> files;
  OCTET_RETURN_IF_ERROR(read_labels(arguments.labels, folder, &files));
  std::map<std::string, int> classes;
  for (const Labelled& file : files) classes[canonical(file.path)] = static_cast<int>(file.label);
  size_t found = 0;
  for (const std::string& path : calibration) {
    const auto label = classes.find(canonical(path));
    budget->labels.push_back(label != classes.end() ? label->second : -1);
    found += label != classes.end();
  }
  if (found > 0) return Status();
  return error(
      StatusCode::kInvalidArgument,
      "--labels %s: names none of the calibration samples; --validation DIR says where its files are",
      arguments.labels.c_str());
}

}  // namespace

Status parse_budget_options(const Arguments& arguments, converter::BudgetOptions* budget) {
  double number = 0;
  if (!arguments.min_sqnr.empty()) {
    OCTET_RETURN_IF_ERROR(parse_one("--min-sqnr", arguments.min_sqnr, &number));
    budget->min_sqnr_db = number;
  }
  if (!arguments.max_drop.empty()) {
    OCTET_RETURN_IF_ERROR(parse_one("--max-drop", arguments.max_drop, &number));
    budget->max_drop = number;
  }
  if (!arguments.confidence.empty())
    OCTET_RETURN_IF_ERROR(parse_one("--confidence", arguments.confidence, &budget->confidence));
  const bool more =
      !(arguments.confidence.empty() && arguments.validation.empty() && arguments.labels.empty());
  if (more && !budget->asked())
    return error(StatusCode::kInvalidArgument,
                 "--validation, --labels and --confidence need --min-sqnr or --max-drop");
  if (budget->min_sqnr_db && budget->max_drop)
    return error(StatusCode::kInvalidArgument, "--min-sqnr and --max-drop: one of them can be asked for");
  if (budget->max_drop && arguments.labels.empty())
    return error(StatusCode::kInvalidArgument,
                 "--max-drop %s: needs --labels FILE, and --validation DIR unless the "
                 "labels are those of the calibration samples",
                 arguments.max_drop.c_str());
  if (budget->asked() && arguments.precision == "fp32")
    return error(StatusCode::kInvalidArgument, "--min-sqnr and --max-drop need --precision int8");
  return Status();
}

Status list_validation(const Arguments& arguments, const std::vector<std::string>& calibration,
                       std::vector<std::string>* paths, converter::BudgetOptions* budget) {
  paths->clear();
  if (!budget->asked()) return Status();
  if (arguments.validation.empty())
    return arguments.labels.empty() ? Status() : label_calibration(arguments, calibration, budget);
  std::vector<Labelled> files;
  if (!arguments.labels.empty()) {
    OCTET_RETURN_IF_ERROR(read_labels(arguments.labels, arguments.validation, &files));
  } else {
    std::vector<std::string> found;
    OCTET_RETURN_IF_ERROR(list_samples(arguments.validation, &found));
    for (const std::string& path : found) files.push_back({path, -1});
  }
  std::set<std::string> seen;
  for (const std::string& path : calibration) seen.insert(canonical(path));
  for (const Labelled& file : files) {
    if (seen.count(canonical(file.path)) != 0) continue;
    paths->push_back(file.path);
    if (!arguments.labels.empty()) budget->labels.push_back(static_cast<int>(file.label));
  }
  const size_t shared = files.size() - paths->size();
  budget->validation_name = std::to_string(paths->size()) + " samples of " + arguments.validation;
  if (shared > 0) budget->validation_name += " (without " + std::to_string(shared) + " that calibrate)";
  if (paths->empty())
    return error(StatusCode::kInvalidArgument,
                 "--validation %s: all of its %zu samples are calibration samples",
                 arguments.validation.c_str(), shared);
  return Status();
}

}  // namespace octet::tools
