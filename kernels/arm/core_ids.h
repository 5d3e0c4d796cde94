// SPDX-License-Identifier: Apache-2.0
//
// Which cores a machine has, by their MIDR (main ID register: implementer in bits 31 to 24, part number in
// bits 15 to 4; Arm ARM D19.2.122). In-order cores want another order of instructions in the hottest loops.
#pragma once

#include <cstddef>
#include <cstdint>

namespace octet::kernels {

// True for Arm's in-order cores: Cortex-A5, A7, A8, A32, A34, A35, A53, A55, A510, A520.
bool is_in_order_core(uint32_t midr);

// The MIDR that Linux prints in one line of /proc/cpuinfo at a time, joined: *midr gets the implementer of
// "CPU implementer : 0x41" or the part of "CPU part : 0xd03". Returns true for a part, which ends the two.
bool read_cpuinfo_line(const char* line, uint32_t* midr);

// Fills midrs[0..limit) with those of the online cores and returns how many cores there are, at most `limit`;
// 0 if the machine does not tell. Asks sysfs, then /proc/cpuinfo, then (64 bits) the register itself, which
// Linux emulates.
size_t core_midrs(uint32_t* midrs, size_t limit);

}  // namespace octet::kernels
