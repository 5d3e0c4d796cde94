// SPDX-License-Identifier: Apache-2.0
//
// x86-64. The assembler knows every instruction whatever the compiler's flags; limits.cc runs only what the
// CPU has. Registers 0 to 11 accumulate, 14 and 15 are operands, 12 and 13 hold products. Multiplying what
// the registers happen to hold is fine for integers; floats start from zero.
#include "tools/hardware/limit_loops.h"

namespace octet::tools {

#if defined(__x86_64__)

namespace {

#define OCTET_LIMIT_REGISTERS                                                                             \
  "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", \
      "xmm12", "xmm13", "xmm14", "xmm15"

// vpdpbusd, 512 bits: 64 products in each of 12.
void run_avx512_vnni(size_t iterations) {
  asm volatile(
      "1:\n"
      ".irp r,0,1,2,3,4,5,6,7,8,9,10,11\n"
      "vpdpbusd %%zmm14, %%zmm15, %%zmm\\r\n"
      ".endr\n"
      "dec %0\n jnz 1b\n vzeroupper"
      : "+r"(iterations)::OCTET_LIMIT_REGISTERS);
}

// The same with 256 bits, EVEX and VEX encoded: 32 products.
void run_avx_vnni_evex(size_t iterations) {
  asm volatile(
      "1:\n"
      ".irp r,0,1,2,3,4,5,6,7,8,9,10,11\n"
      "%{evex%} vpdpbusd %%ymm14, %%ymm15, %%ymm\\r\n"
      ".endr\n"
      "dec %0\n jnz 1b\n vzeroupper"
      : "+r"(iterations)::OCTET_LIMIT_REGISTERS);
}

void run_avx_vnni(size_t iterations) {
  asm volatile(
      "1:\n"
      ".irp r,0,1,2,3,4,5,6,7,8,9,10,11\n"
      "%{vex%} vpdpbusd %%ymm14, %%ymm15, %%ymm\\r\n"
      ".endr\n"
      "dec %0\n jnz 1b\n vzeroupper"
      : "+r"(iterations)::OCTET_LIMIT_REGISTERS);
}

// u8 * s8 by vpmaddubsw (which may saturate), vpmaddwd with ones, vpaddd: 32 products.
void run_avx2_maddubs(size_t iterations) {
  asm volatile(
      "1:\n"
      ".irp r,0,1,2,3,4,5,6,7,8,9,10,11\n"
      "vpmaddubsw %%ymm14, %%ymm15, %%ymm12\n"
      "vpmaddwd %%ymm12, %%ymm14, %%ymm12\n"
      "vpaddd %%ymm12, %%ymm\\r, %%ymm\\r\n"
      ".endr\n"
      "dec %0\n jnz 1b\n vzeroupper"
      : "+r"(iterations)::OCTET_LIMIT_REGISTERS);
}

// Two vpmaddubsw added in s16 (for weights that allow it) before they widen: 64 products.
void run_avx2_maddubs_pairs(size_t iterations) {
  asm volatile(
      "1:\n"
      ".irp r,0,1,2,3,4,5,6,7,8,9,10,11\n"
      "vpmaddubsw %%ymm14, %%ymm15, %%ymm12\n"
      "vpmaddubsw %%ymm15, %%ymm14, %%ymm13\n"
      "vpaddw %%ymm13, %%ymm12, %%ymm12\n"
      "vpmaddwd %%ymm12, %%ymm14, %%ymm12\n"
      "vpaddd %%ymm12, %%ymm\\r, %%ymm\\r\n"
      ".endr\n"
      "dec %0\n jnz 1b\n vzeroupper"
      : "+r"(iterations)::OCTET_LIMIT_REGISTERS);
}

// s16 * s16 by vpmaddwd, vpaddd, always exact: 16 products.
void run_avx2_pmaddwd(size_t iterations) {
  asm volatile(
      "1:\n"
      ".irp r,0,1,2,3,4,5,6,7,8,9,10,11\n"
      "vpmaddwd %%ymm14, %%ymm15, %%ymm12\n"
      "vpaddd %%ymm12, %%ymm\\r, %%ymm\\r\n"
      ".endr\n"
      "dec %0\n jnz 1b\n vzeroupper"
      : "+r"(iterations)::OCTET_LIMIT_REGISTERS);
}

// SSE2, what portable code compiles to: 8 products.
void run_sse2_pmaddwd(size_t iterations) {
  asm volatile(
      "1:\n"
      ".irp r,0,1,2,3,4,5,6,7,8,9,10,11\n"
      "movdqa %%xmm14, %%xmm12\n"
      "pmaddwd %%xmm15, %%xmm12\n"
      "paddd %%xmm12, %%xmm\\r\n"
      ".endr\n"
      "dec %0\n jnz 1b"
      : "+r"(iterations)::OCTET_LIMIT_REGISTERS);
}

// Float multiply-add: 16 and 8 products.
void run_avx512_fma(size_t iterations) {
  asm volatile(
      ".irp r,0,1,2,3,4,5,6,7,8,9,10,11,14,15\n"
      "vpxord %%zmm\\r, %%zmm\\r, %%zmm\\r\n"
      ".endr\n"
      "1:\n"
      ".irp r,0,1,2,3,4,5,6,7,8,9,10,11\n"
      "vfmadd231ps %%zmm14, %%zmm15, %%zmm\\r\n"
      ".endr\n"
      "dec %0\n jnz 1b\n vzeroupper"
      : "+r"(iterations)::OCTET_LIMIT_REGISTERS);
}

void run_avx2_fma(size_t iterations) {
  asm volatile(
      ".irp r,0,1,2,3,4,5,6,7,8,9,10,11,14,15\n"
      "vxorps %%ymm\\r, %%ymm\\r, %%ymm\\r\n"
      ".endr\n"
      "1:\n"
      ".irp r,0,1,2,3,4,5,6,7,8,9,10,11\n"
      "vfmadd231ps %%ymm14, %%ymm15, %%ymm\\r\n"
      ".endr\n"
      "dec %0\n jnz 1b\n vzeroupper"
      : "+r"(iterations)::OCTET_LIMIT_REGISTERS);
}

#undef OCTET_LIMIT_REGISTERS

}  // namespace

std::vector<LimitLoop> limit_loops() {
  using namespace kernels;
  constexpr size_t kUnrolled = 12;
  return {
      {"avx512vnni", "vpdpbusd zmm", kAvx512Vnni, false, 64 * kUnrolled, run_avx512_vnni},
      {"avxvnni", "vpdpbusd ymm", kAvxVnni, false, 32 * kUnrolled, run_avx_vnni},
      {"avxvnni", "vpdpbusd ymm (EVEX)", kAvxVnniEvex, false, 32 * kUnrolled, run_avx_vnni_evex},
      {"avx2", "vpmaddubsw, vpmaddwd, vpaddd ymm", kAvx2, false, 32 * kUnrolled, run_avx2_maddubs},
      {"avx2_s16", "vpmaddwd, vpaddd ymm", kAvx2, false, 16 * kUnrolled, run_avx2_pmaddwd},
      {"avx2_pairs", "2 vpmaddubsw, vpaddw, vpmaddwd, vpaddd ymm", kAvx2, false, 64 * kUnrolled,
       run_avx2_maddubs_pairs},
      {"portable", "pmaddwd, paddd xmm (SSE2)", kPortable, false, 8 * kUnrolled, run_sse2_pmaddwd},
      {"f32_avx512", "vfmadd231ps zmm", kAvx512Vnni, true, 16 * kUnrolled, run_avx512_fma},
      {"f32_avx2", "vfmadd231ps ymm", kAvx2, true, 8 * kUnrolled, run_avx2_fma},
  };
}

#elif !defined(__aarch64__) && !(defined(__arm__) && defined(__ARM_NEON))  // limit_loops_arm.cc

std::vector<LimitLoop> limit_loops() { return {}; }

#endif

}  // namespace octet::tools
