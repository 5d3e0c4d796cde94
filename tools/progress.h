// SPDX-License-Identifier: Apache-2.0
//
// A progress bar with the time left, on a terminal only; elsewhere it prints
// nothing.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace octet::tools {

class Progress {
 public:
  explicit Progress(std::string label);
  ~Progress() { finish(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // Shows `done` of `total` (total 0: unknown). Redraws at most ten times a second.
  void update(size_t done, size_t total);
  // Clears the line.
  void finish();

 private:
  std::string label_;
  bool terminal_;
  bool shown_ = false;
  std::chrono::steady_clock::time_point start_, last_;
};

}  // namespace octet::tools
