// SPDX-License-Identifier: Apache-2.0
#include "converter/repair/rounding.h"

namespace octet::converter {
namespace {

constexpr RoundingRow kRows[] = {
    {"nearest", nullptr},
    {"gptq", round_gptq},
    {"descent", round_descent},
    {"admm", round_admm},
};

}  // namespace

std::string rounding_names() {
  std::string names;
  for (const RoundingRow& row : kRows) names += (names.empty() ? "" : ", ") + std::string(row.name);
  return names;
}

Status find_rounding(const std::string& name, const RoundingRow** row) {
  for (const RoundingRow& candidate : kRows)
    if (name == candidate.name) {
      *row = &candidate;
      return Status();
    }
  return error(StatusCode::kInvalidArgument, "rounding '%s': must be one of %s", name.c_str(),
               rounding_names().c_str());
}

double output_error(const Gram& gram, const std::vector<double>& e) {
  double error = 0;
  for (size_t i = 0; i < gram.size; ++i) {
    if (e[i] == 0) continue;
    const double* row = gram.values.data() + i * gram.size;
    error += e[i] * (2 * dot_product(row, e.data(), i) + row[i] * e[i]);
  }
  return error;
}

}  // namespace octet::converter
