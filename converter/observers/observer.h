// SPDX-License-Identifier: Apache-2.0
//
// An observer watches one tensor over the calibration samples and answers with
// the range of real values that s8 should cover. One file per observer, one row
// in observer_table(). Memory does not depend on the number of samples.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "converter/stages.h"

namespace octet::converter {

class Observer {
 public:
  virtual ~Observer() = default;
  // Sees the `count` elements that the tensor has for one sample; all are finite.
  virtual void observe(const float* data, size_t count) = 0;
  // The range so far; {0, 0} if nothing was seen.
  virtual Range range() const = 0;
};

struct ObserverRow {
  const char* name;  // = file = ConvertOptions::method
  std::unique_ptr<Observer> (*make)();
  const char* caution;  // a warning for whoever chooses it, or null
};

std::unique_ptr<Observer> make_minmax_observer();
std::unique_ptr<Observer> make_entropy_observer();

const std::vector<ObserverRow>& observer_table();

// The row called `name`; an unknown name is an error that lists the names.
Status find_observer(const std::string& name, const ObserverRow** row);

}  // namespace octet::converter
