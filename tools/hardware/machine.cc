// SPDX-License-Identifier: Apache-2.0
#include "tools/hardware/machine.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "kernels/arm/core_ids.h"

namespace octet::tools {
namespace {

struct Part {
  uint32_t part;
  const char* name;
};

// Part numbers of Arm's own designs (their Technical Reference Manuals, MIDR_EL1).
constexpr Part kArmParts[] = {
    {0xc05, "Cortex-A5"},    {0xc07, "Cortex-A7"},   {0xc08, "Cortex-A8"},   {0xc09, "Cortex-A9"},
    {0xc0d, "Cortex-A17"},   {0xc0f, "Cortex-A15"},  {0xd01, "Cortex-A32"},  {0xd02, "Cortex-A34"},
    {0xd03, "Cortex-A53"},   {0xd04, "Cortex-A35"},  {0xd05, "Cortex-A55"},  {0xd07, "Cortex-A57"},
    {0xd08, "Cortex-A72"},   {0xd09, "Cortex-A73"},  {0xd0a, "Cortex-A75"},  {0xd0b, "Cortex-A76"},
    {0xd0c, "Neoverse-N1"},  {0xd0d, "Cortex-A77"},  {0xd40, "Neoverse-V1"}, {0xd41, "Cortex-A78"},
    {0xd42, "Cortex-A78AE"}, {0xd44, "Cortex-X1"},   {0xd46, "Cortex-A510"}, {0xd47, "Cortex-A710"},
    {0xd48, "Cortex-X2"},    {0xd49, "Neoverse-N2"}, {0xd4d, "Cortex-A715"}, {0xd4e, "Cortex-X3"},
    {0xd4f, "Neoverse-V2"},  {0xd80, "Cortex-A520"}, {0xd81, "Cortex-A720"}, {0xd82, "Cortex-X4"},
};

// The first line of a file, without what a device tree ends it with; empty if there is none.
std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  while (!line.empty() && (line.back() == '\0' || line.back() == '\n')) line.pop_back();
  return line;
}

double max_mhz(size_t core) {
  const std::string khz =
      first_line("/sys/devices/system/cpu/cpu" + std::to_string(core) + "/cpufreq/cpuinfo_max_freq");
  return std::atof(khz.c_str()) / 1e3;
}

// "model name : AMD EPYC" of /proc/cpuinfo.
std::string cpuinfo_model() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const size_t colon = line.find(": ");
    if (line.compare(0, 10, "model name") == 0 && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown core";
}

std::vector<CoreKind> core_kinds() {
  constexpr size_t kMost = 256;
  std::vector<uint32_t> midrs(kMost);
#if defined(__aarch64__) || defined(__arm__)
  midrs.resize(kernels::core_midrs(midrs.data(), kMost));
#else
  midrs.clear();
#endif
  if (midrs.empty())
    return {{cpuinfo_model(), std::max(1u, std::thread::hardware_concurrency()), false, max_mhz(0)}};
  std::vector<CoreKind> kinds;
  for (size_t core = 0; core < midrs.size(); ++core) {
    const std::string name = arm_core_name(midrs[core]);
    const auto known =
        std::find_if(kinds.begin(), kinds.end(), [&](const CoreKind& kind) { return kind.name == name; });
    if (known == kinds.end())
      kinds.push_back({name, 1, kernels::is_in_order_core(midrs[core]), max_mhz(core)});
    else
      ++known->count;
  }
  return kinds;
}

}  // namespace

std::string arm_core_name(uint32_t midr) {
  if (midr >> 24 == 0x41)
    for (const Part& known : kArmParts)
      if (known.part == (midr >> 4 & 0xfff)) return known.name;
  char text[24];
  std::snprintf(text, sizeof text, "core 0x%08x", midr);
  return text;
}

Machine describe_machine() {
  Machine machine;
  machine.board = first_line("/proc/device-tree/model");
  machine.governor = first_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
  machine.cores = core_kinds();
  machine.caches = kernels::cache_sizes();
  return machine;
}

std::string core_text(const CoreKind& kind) {
  std::string notes = kind.in_order ? "in order" : "";
  if (kind.max_mhz > 0) {
    char mhz[32];
    std::snprintf(mhz, sizeof mhz, "%s%.0f MHz", notes.empty() ? "" : ", ", kind.max_mhz);
    notes += mhz;
  }
  return std::to_string(kind.count) + " x " + kind.name + (notes.empty() ? "" : " (" + notes + ")");
}

}  // namespace octet::tools
