// SPDX-License-Identifier: Apache-2.0
//
// What the converter tells a person: which pass did what, what stays float and
// why, what to worry about. Nothing is skipped in silence.
#pragma once

#include <string>
#include <vector>

namespace octet::converter {

enum class Severity { kDetail, kNote, kWarning };

struct Diagnostic {
  Severity severity;
  std::string stage;    // "fold_batch_norm_into_conv", "calibrate", ...
  std::string node;     // may be empty
  std::string message;
};

class Diagnostics {
 public:
  void detail(std::string stage, std::string node, std::string message) {
    items_.push_back({Severity::kDetail, std::move(stage), std::move(node), std::move(message)});
  }
  void note(std::string stage, std::string node, std::string message) {
    items_.push_back({Severity::kNote, std::move(stage), std::move(node), std::move(message)});
  }
  void warning(std::string stage, std::string node, std::string message) {
    items_.push_back({Severity::kWarning, std::move(stage), std::move(node), std::move(message)});
  }
  void add(Diagnostic item) { items_.push_back(std::move(item)); }
  const std::vector<Diagnostic>& items() const { return items_; }

 private:
  std::vector<Diagnostic> items_;
};

}  // namespace octet::converter
