/* SPDX-License-Identifier: Apache-2.0
 *
 * Holds a library to AVX2 or AVX-VNNI. held.py copies the library and writes the bytes 06 A2, which are no
 * x86-64 instruction, over each CPUID (0F A2); here the resulting SIGILL runs CPUID and clears the bits of
 * the instruction sets that OCTET_COMPARE_HOLD ("avx2" or "avxvnni") does not allow. Loaded before the
 * library, with LD_PRELOAD.
 */
#define _GNU_SOURCE
#include <cpuid.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

/* Leaf 7: AVX512 F DQ IFMA PF ER CD BW VL; VBMI VBMI2 VNNI BITALG VPOPCNTDQ; 4VNNIW 4FMAPS VP2INTERSECT FP16,
 * AMX. */
static const uint32_t kLeaf7Ebx =
    1u << 16 | 1u << 17 | 1u << 21 | 1u << 26 | 1u << 27 | 1u << 28 | 1u << 30 | 1u << 31;
static const uint32_t kLeaf7Ecx = 1u << 1 | 1u << 6 | 1u << 11 | 1u << 12 | 1u << 14;
static const uint32_t kLeaf7Edx = 1u << 2 | 1u << 3 | 1u << 8 | 1u << 22 | 1u << 23 | 1u << 24 | 1u << 25;
/* Leaf 7.1: AVX512_BF16, AMX-FP16, AVX-IFMA; AVX-VNNI-INT8, NE-CONVERT, AMX-COMPLEX, AVX-VNNI-INT16, AVX10,
 * APX. */
static const uint32_t kLeaf71Eax = 1u << 5 | 1u << 21 | 1u << 23;
static const uint32_t kLeaf71AvxVnni = 1u << 4;
static const uint32_t kLeaf71Edx = 1u << 4 | 1u << 5 | 1u << 8 | 1u << 10 | 1u << 19 | 1u << 21;

static int keeps_avxvnni;

static void held_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t r[4]) {
  __cpuid_count(leaf, subleaf, r[0], r[1], r[2], r[3]);
  if (leaf == 7 && subleaf == 0) {
    r[1] &= ~kLeaf7Ebx;
    r[2] &= ~kLeaf7Ecx;
    r[3] &= ~kLeaf7Edx;
  } else if (leaf == 7 && subleaf == 1) {
    r[0] &= ~(kLeaf71Eax | (keeps_avxvnni ? 0 : kLeaf71AvxVnni));
    r[3] &= ~kLeaf71Edx;
  } else if (leaf == 0x24) {
    memset(r, 0, 4 * sizeof *r);
  }
}

static void on_illegal(int number, siginfo_t* info, void* context) {
  (void)info;
  greg_t* registers = ((ucontext_t*)context)->uc_mcontext.gregs;
  const uint8_t* code = (const uint8_t*)registers[REG_RIP];
  if (code[0] != 0x06 || code[1] != 0xA2) {
    signal(number, SIG_DFL); /* a real one: let it kill */
    return;
  }
  uint32_t r[4];
  held_cpuid((uint32_t)registers[REG_RAX], (uint32_t)registers[REG_RCX], r);
  registers[REG_RAX] = r[0];
  registers[REG_RBX] = r[1];
  registers[REG_RCX] = r[2];
  registers[REG_RDX] = r[3];
  registers[REG_RIP] += 2;
}

__attribute__((constructor)) static void hold(void) {
  const char* to = getenv("OCTET_COMPARE_HOLD");
  keeps_avxvnni = to && strcmp(to, "avxvnni") == 0;
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = on_illegal;
  action.sa_flags = SA_SIGINFO | SA_NODEFER;
  sigaction(SIGILL, &action, NULL);
}
