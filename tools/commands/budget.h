// SPDX-License-Identifier: Apache-2.0
//
// The options of octet convert that set a budget, and the files that it is measured on.
#pragma once

#include <string>
#include <vector>

#include "octet_converter/converter.h"
#include "tools/arguments.h"

namespace octet::tools {

// --min-sqnr, --max-drop and --confidence; an error is wrong usage.
Status parse_budget_options(const Arguments& arguments, converter::BudgetOptions* budget);

// Which files the budget is measured on:
//   --validation DIR --labels FILE   the files that the labels name in DIR, as octet eval --data DIR --labels
//   FILE
//   --validation DIR|FILE            its samples
//   --labels FILE                    nothing new: labels of the calibration samples, by their names in its
//   folder
// Files that are calibration samples are left out. *paths stays empty without --validation; labels and the
// description go to *budget.
Status list_validation(const Arguments& arguments, const std::vector<std::string>& calibration,
                       std::vector<std::string>* paths, converter::BudgetOptions* budget);

}  // namespace octet::tools
