// SPDX-License-Identifier: Apache-2.0
#include "tests/kernels/avxvnni_emulator.h"

#include <cstring>

#include "kernels/cpu_features.h"

#if defined(__x86_64__) && defined(__linux__)
#include <cpuid.h>
#include <signal.h>
#include <ucontext.h>
#endif

namespace octet::testing {
namespace {

// Reads ModRM's memory form from `at` on (behind the ModRM byte); returns the first byte behind it.
const uint8_t* decode_memory(const uint8_t* at, int mod, int rm, bool index_high, bool base_high,
                             VnniInstruction* v) {
  v->index = -1;
  v->scale = 1;
  int base = rm;
  if (rm == 4) {  // SIB
    const int sib = *at++;
    const int index = (sib >> 3 & 7) | (index_high ? 8 : 0);
    if (index != 4) v->index = index;
    v->scale = 1 << (sib >> 6);
    base = sib & 7;
  }
  const bool none = mod == 0 && base == 5;
  v->from_next = none && rm == 5;
  v->base = none ? -1 : base | (base_high ? 8 : 0);
  v->displacement = 0;
  if (mod == 1) {
    v->displacement = static_cast<int8_t>(*at++);
  } else if (mod == 2 || none) {
    int32_t displacement;
    std::memcpy(&displacement, at, sizeof(displacement));
    v->displacement = displacement;
    at += sizeof(displacement);
  }
  return at;
}

}  // namespace

bool decode_vnni(const uint8_t* code, VnniInstruction* v) {
  // C4, inverted R X B and map 2 (0F38), W 0 with inverted source, L and prefix 1 (66).
  if (code[0] != 0xc4 || (code[1] & 0x1f) != 2 || (code[2] & 0x83) != 1) return false;
  if (code[3] != 0x50 && code[3] != 0x52) return false;
  const int modrm = code[4], mod = modrm >> 6, rm = modrm & 7;
  const bool index_high = (code[1] & 0x40) == 0, base_high = (code[1] & 0x20) == 0;
  *v = {};
  v->words = code[3] == 0x52;
  v->wide = (code[2] & 4) != 0;
  v->target = (modrm >> 3 & 7) | ((code[1] & 0x80) == 0 ? 8 : 0);
  v->source = ~(code[2] >> 3) & 15;
  v->second = mod == 3 ? rm | (base_high ? 8 : 0) : -1;
  const uint8_t* end = code + 5;
  if (mod != 3) end = decode_memory(end, mod, rm, index_high, base_high, v);
  v->length = static_cast<size_t>(end - code);
  return true;
}

#if defined(__x86_64__) && defined(__linux__)
namespace {

// The signal frame's XSAVE area: legacy region, header, then the components of CPUID leaf 0xD.
constexpr size_t kXmm = 160, kHeader = 512;
constexpr uint64_t kSse = 1u << 1, kAvx = 1u << 2, kZmmHigh = 1u << 6;  // bits of xstate_bv
size_t ymm_high = 0, zmm_high = 0;                                      // where their components begin
volatile uint64_t emulated = 0;

size_t component_offset(unsigned component) {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  return __get_cpuid_count(0xd, component, &eax, &ebx, &ecx, &edx) != 0 ? ebx : 0;
}

// The vector registers of the interrupted code.
class VectorState {
 public:
  explicit VectorState(void* area) : area_(static_cast<uint8_t*>(area)) {
    std::memcpy(&present_, area_ + kHeader, sizeof(present_));
    // Components in their initial state are zeros which the frame need not hold.
    if ((present_ & kSse) == 0) std::memset(area_ + kXmm, 0, 16 * 16);
    if ((present_ & kAvx) == 0) std::memset(area_ + ymm_high, 0, 16 * 16);
  }
  void read(int number, uint8_t* to) const {
    std::memcpy(to, low(number), 16);
    std::memcpy(to + 16, high(number), 16);
  }
  // Writes a register; like every VEX instruction it clears the bits above.
  void write(int number, const uint8_t* from, bool wide) {
    std::memcpy(low(number), from, 16);
    if (wide) std::memcpy(high(number), from + 16, 16);
    if (!wide) std::memset(high(number), 0, 16);
    if ((present_ & kZmmHigh) != 0) std::memset(area_ + zmm_high + 32 * number, 0, 32);
    present_ |= kSse | kAvx;
    std::memcpy(area_ + kHeader, &present_, sizeof(present_));
  }

 private:
  uint8_t* low(int number) const { return area_ + kXmm + 16 * number; }
  uint8_t* high(int number) const { return area_ + ymm_high + 16 * number; }
  uint8_t* area_;
  uint64_t present_;
};

// A general register by its number in instructions.
uint64_t general_register(const mcontext_t& machine, int number) {
  static constexpr int kOrder[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                                     REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};
  return static_cast<uint64_t>(machine.gregs[kOrder[number]]);
}

const void* memory_operand(const VnniInstruction& v, const mcontext_t& machine) {
  uint64_t address = static_cast<uint64_t>(v.displacement);
  if (v.from_next) address += static_cast<uint64_t>(machine.gregs[REG_RIP]) + v.length;
  if (v.base >= 0) address += general_register(machine, v.base);
  if (v.index >= 0) address += general_register(machine, v.index) * static_cast<uint64_t>(v.scale);
  return reinterpret_cast<const void*>(address);
}

// acc + the sum of the products in each s32 lane, modulo 2^32.
void accumulate(bool words, const uint8_t* a, const uint8_t* b, uint8_t* acc) {
  for (size_t lane = 0; lane < 32; lane += 4) {
    uint32_t sum;
    std::memcpy(&sum, acc + lane, sizeof(sum));
    if (words) {
      int16_t x[2], y[2];
      std::memcpy(x, a + lane, sizeof(x));
      std::memcpy(y, b + lane, sizeof(y));
      for (int i = 0; i < 2; ++i) sum += static_cast<uint32_t>(int32_t{x[i]} * y[i]);
    } else {
      for (size_t i = lane; i < lane + 4; ++i)
        sum += static_cast<uint32_t>(int32_t{a[i]} * static_cast<int8_t>(b[i]));
    }
    std::memcpy(acc + lane, &sum, sizeof(sum));
  }
}

// An instruction that is none of ours ends the process where it stands.
void handle_illegal_instruction(int signal_number, siginfo_t*, void* context) {
  mcontext_t& machine = static_cast<ucontext_t*>(context)->uc_mcontext;
  VnniInstruction v;
  if (!decode_vnni(reinterpret_cast<const uint8_t*>(machine.gregs[REG_RIP]), &v)) {
    signal(signal_number, SIG_DFL);
    return;
  }
  VectorState state(machine.fpregs);
  uint8_t a[32], b[32] = {}, acc[32];
  state.read(v.target, acc);
  state.read(v.source, a);
  if (v.second >= 0) {
    state.read(v.second, b);
  } else {
    std::memcpy(b, memory_operand(v, machine), v.wide ? 32 : 16);
  }
  accumulate(v.words, a, b, acc);
  state.write(v.target, acc, v.wide);
  machine.gregs[REG_RIP] += static_cast<greg_t>(v.length);
  emulated = emulated + 1;
}

}  // namespace

const char* enable_avxvnni() {
  const kernels::CpuFeatures cpu = kernels::detect_cpu_features();
  if (cpu.has(kernels::kAvxVnni)) return nullptr;
  if (!cpu.has(kernels::kAvx2)) return "this CPU has no AVX2";
  ymm_high = component_offset(2);
  zmm_high = component_offset(6);
  if (ymm_high == 0) return "CPUID does not tell where ymm registers are saved";
  struct sigaction action = {};
  action.sa_sigaction = handle_illegal_instruction;
  action.sa_flags = SA_SIGINFO;
  return sigaction(SIGILL, &action, nullptr) == 0 ? nullptr : "sigaction(SIGILL) failed";
}

uint64_t emulated_instructions() { return emulated; }
#else
const char* enable_avxvnni() {
  const kernels::CpuFeatures cpu = kernels::detect_cpu_features();
  return cpu.has(kernels::kAvxVnni) ? nullptr : "AVX-VNNI is emulated on x86-64 Linux only";
}

uint64_t emulated_instructions() { return 0; }
#endif

}  // namespace octet::testing
