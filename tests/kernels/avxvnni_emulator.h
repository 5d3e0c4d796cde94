// SPDX-License-Identifier: Apache-2.0
//
// Runs AVX-VNNI code (VEX encoded vpdpbusd and vpdpwssd) on x86-64 Linux CPUs that
// lack it, so that the very objects which ship can be tested anywhere: the CPU
// raises SIGILL, the handler decodes the instruction, computes on the ymm registers in
// the signal frame and goes on behind it. About a microsecond for each.
#pragma once

#include <cstddef>
#include <cstdint>

namespace octet::testing {

// One instruction VEX.{128,256}.66.0F38.W0 {50,52} /r.
struct VnniInstruction {
  bool words;          // vpdpwssd (s16 * s16), else vpdpbusd (u8 * s8)
  bool wide;           // 256 bits, else 128
  int target, source;  // acc and first factor: register numbers
  int second;          // second factor: its register, or -1: in memory at
                       //   (base) + (index) * scale + displacement
  int base, index;     // numbers of general registers, -1: none
  int scale;
  bool from_next;  // relative to the next instruction
  int64_t displacement;
  size_t length;  // bytes
};

// False if `code` is anything else.
bool decode_vnni(const uint8_t* code, VnniInstruction* instruction);

// Null if AVX-VNNI code can run in this process from now on, natively or because this call installed
// the handler; otherwise why not.
const char* enable_avxvnni();

// How many instructions the handler has executed; 0 where the CPU does it itself.
uint64_t emulated_instructions();

}  // namespace octet::testing
