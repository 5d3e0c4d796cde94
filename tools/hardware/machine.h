// SPDX-License-Identifier: Apache-2.0
//
// What machine this is, for people who compare measurements: its cores, clock and caches.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "kernels/cache_sizes.h"

namespace octet::tools {

// Cores of one kind.
struct CoreKind {
  std::string name;  // "Cortex-A76", "AMD EPYC"; of an unknown ARM core its MIDR
  size_t count = 0;
  bool in_order = false;
  double max_mhz = 0;  // of the first of them; 0: unknown
};

struct Machine {
  std::string board;     // the device tree's model ("Raspberry Pi 4 Model B Rev 1.4"); empty: unknown
  std::string governor;  // of the first core: anything but "performance" makes timings vary; empty: unknown
  std::vector<CoreKind> cores;
  kernels::CacheSizes caches;
};

// Asks the operating system, which need not answer: what it does not tell is empty or zero.
Machine describe_machine();

// "4 x Cortex-A53 (in order, 1200 MHz)".
std::string core_text(const CoreKind& kind);

// The name of an ARM core: "Cortex-A53", or "core 0x410fd999" if unknown.
std::string arm_core_name(uint32_t midr);

}  // namespace octet::tools
