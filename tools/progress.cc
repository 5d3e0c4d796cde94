// SPDX-License-Identifier: Apache-2.0
#include "tools/progress.h"

#include <unistd.h>

#include <cstdio>
#include <utility>

namespace octet::tools {

Progress::Progress(std::string label)
    : label_(std::move(label)),
      terminal_(isatty(STDERR_FILENO) != 0),
      start_(std::chrono::steady_clock::now()),
      last_(start_) {}

void Progress::update(size_t done, size_t total) {
  if (!terminal_) return;
  const auto now = std::chrono::steady_clock::now();
  if (shown_ && done != total && now - last_ < std::chrono::milliseconds(100)) return;
  last_ = now;
  shown_ = true;
  if (total == 0) {
    fprintf(stderr, "\r\033[K%s %zu", label_.c_str(), done);
    fflush(stderr);
    return;
  }
  constexpr size_t kWidth = 30;
  const size_t filled = done * kWidth / total;
  const double seconds = std::chrono::duration<double>(now - start_).count();
  const double left = done > 0 ? seconds / static_cast<double>(done) * static_cast<double>(total - done) : 0;
  fprintf(stderr, "\r\033[K%s [%s%s] %zu/%zu, %.0f s left", label_.c_str(), std::string(filled, '#').c_str(),
          std::string(kWidth - filled, '.').c_str(), done, total, left);
  fflush(stderr);
}

void Progress::finish() {
  if (!shown_) return;
  fputs("\r\033[K", stderr);
  fflush(stderr);
  shown_ = false;
}

}  // namespace octet::tools
