// SPDX-License-Identifier: Apache-2.0
//
// Measures the loops of the architecture, several rounds of short runs, and keeps the best of each.
#include "tools/hardware/limits.h"

#include <algorithm>
#include <chrono>
#include <cstddef>

#include "tools/hardware/limit_loops.h"

namespace octet::tools {
namespace {

constexpr size_t kIterations = 1000;  // some microseconds: an interruption spoils few of the runs
constexpr int kRounds = 150;

double run_ns(const LimitLoop& loop) {
  const auto start = std::chrono::steady_clock::now();
  loop.run(kIterations);
  return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count();
}

std::vector<Limit> measure_limits() {
  std::vector<LimitLoop> loops;
  for (const LimitLoop& loop : limit_loops())
    if (kernels::detect_cpu_features().has(loop.feature)) loops.push_back(loop);
  std::vector<double> best_ns(loops.size(), 1e30);
  for (int round = 0; round < kRounds; ++round)
    for (size_t i = 0; i < loops.size(); ++i) best_ns[i] = std::min(best_ns[i], run_ns(loops[i]));
  std::vector<Limit> limits;
  for (size_t i = 0; i < loops.size(); ++i) {
    const double gmacs = static_cast<double>(loops[i].macs * kIterations) / best_ns[i];
    const auto same = std::find_if(limits.begin(), limits.end(), [&](const Limit& limit) {
      return std::string(limit.name) == loops[i].name;
    });
    if (same == limits.end())
      limits.push_back({loops[i].name, loops[i].instructions, gmacs});
    else if (same->gmacs < gmacs)
      *same = {loops[i].name, loops[i].instructions, gmacs};
  }
  return limits;
}

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

}  // namespace

const std::vector<Limit>& hardware_limits() {
  static const std::vector<Limit> limits = measure_limits();
  return limits;
}

double hardware_limit(const std::string& name) {
  for (const Limit& limit : hardware_limits())
    if (name == limit.name) return limit.gmacs;
  return 0;
}

double hardware_limit_s8(kernels::CpuFeature feature) {
  const uint32_t instructions = feature & ~static_cast<uint32_t>(kernels::kInOrder);
  return hardware_limit(feature == kernels::kAvxVnniEvex
                            ? "avxvnni"
                            : kernels::cpu_feature_names(kernels::CpuFeatures{instructions}));
}

double hardware_limit_of_kernel(const std::string& kernel, kernels::CpuFeatures cpu) {
  if (kernel == "xnnpack") {
    double best = 0;
    for (const LimitLoop& loop : limit_loops())
      if (loop.is_f32 && cpu.has(loop.feature)) best = std::max(best, hardware_limit(loop.name));
    return best;
  }
  if (kernel.find("_f32_") != std::string::npos) return 0;  // portable float: nobody's limit
  if (ends_with(kernel, "_evex")) return hardware_limit("avxvnni");
  if (ends_with(kernel, "_aarch64") || ends_with(kernel, "_armv7")) return hardware_limit("neon");
  for (const Limit& limit : hardware_limits())
    if (ends_with(kernel, std::string("_") + limit.name)) return limit.gmacs;
  return 0;
}

}  // namespace octet::tools
