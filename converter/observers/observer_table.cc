// SPDX-License-Identifier: Apache-2.0
//
// The table of calibration methods.
#include "converter/observers/observer.h"

namespace octet::converter {

const std::vector<ObserverRow>& observer_table() {
  static const std::vector<ObserverRow> rows = {
      {"minmax", make_minmax_observer, nullptr},
      {"entropy", make_entropy_observer,
       "entropy (KL) cuts the tails of activations and is known to cost accuracy on networks with linear "
       "bottlenecks; compare with minmax"},
  };
  return rows;
}

Status find_observer(const std::string& name, const ObserverRow** row) {
  std::string names;
  for (const ObserverRow& candidate : observer_table()) {
    if (name == candidate.name) {
      *row = &candidate;
      return Status();
    }
    names += names.empty() ? "" : ", ";
    names += candidate.name;
  }
  return error(StatusCode::kInvalidArgument, "calibration method '%s' is unknown; must be one of: %s",
               name.c_str(), names.c_str());
}

}  // namespace octet::converter
