// SPDX-License-Identifier: Apache-2.0
//
// softmax_s8 on NEON. NEON has no gather: the exps are looked up one by one; their sum, the maximum and the
// quotients are vectors. A row of more than 256 values looks its results up in a table over d = max - input.
//
// The s8 quotient floor(E * M / (256 * S) + 1/2), M = output_multiplier, is estimated in f32 without a
// division: t = E * k, with k = M / (256 * S) rounded to f32. Both are within 2^-24 of exact, relatively; so
// below 256 t is off by less than 2^-15, and adding 1/2 - kBand or 1/2 + kBand, kBand = 2^-13, rounds by
// 2^-16 at most. The exact t + 1/2 lies between the two sums, then; where both have one integer part it is
// the quotient, and where they differ the reference's division decides: one lane in 4096, and lanes near a
// tie. From 256 on both saturate.
//
// f32 results are divisions, which ARMv7's NEON lacks: those, and rows of one, of two and of more than 2^20
// values, are the portable kernel's.
#include "kernels/arm/neon_widths.h"
#include "kernels/arm/table_neon.h"
#include "kernels/softmax_s8.h"

namespace octet::kernels {
namespace {

constexpr size_t kBlock = 256;
constexpr size_t kColumns = size_t{1} << 20;
constexpr float kBand = 1.0f / 8192;

// The largest of n > 0 values.
__attribute__((noinline)) int32_t max_of(const int8_t* row, size_t n) {
  if (n < 16) {
    int8_t max = row[0];
    for (size_t i = 1; i < n; ++i) max = row[i] > max ? row[i] : max;
    return max;
  }
  int8x16_t max = vld1q_s8(row + n - 16);
  for (size_t i = 0; i + 16 <= n; i += 16) max = vmaxq_s8(max, vld1q_s8(row + i));
  return max_of_lanes(max);
}

// E of n <= kBlock values, and their sum.
__attribute__((noinline)) uint32_t look_up(const uint32_t* table, int32_t max, const int8_t* input,
                                           uint32_t* e, size_t n) {
  uint32_t sum = 0;
#pragma GCC unroll 4
  for (size_t i = 0; i < n; ++i) sum += e[i] = table[max - input[i]];
  return sum;
}

// Quotients of one row, by type of output: store_8 stores eight.
struct QuotientS8 {
  using Output = int8_t;
  uint64_t sum;
  uint32_t multiplier;
  int32_t zero_point;
  float32x4_t k;

  QuotientS8(const SoftmaxS8& softmax, uint64_t s)
      : sum(s), multiplier(softmax.output_multiplier), zero_point(softmax.zero_point) {
    const double divisor = 256.0 * static_cast<double>(static_cast<int64_t>(s));
    k = vdupq_n_f32(static_cast<float>(static_cast<double>(multiplier) / divisor));
  }

  int8_t exact(uint32_t e) const {
    const uint64_t quotient = (uint64_t{e} * multiplier + (sum << 7)) / (sum << 8);
    const int32_t q = static_cast<int32_t>(quotient > 255 ? 255 : quotient) + zero_point;
    return static_cast<int8_t>(q > 127 ? 127 : q);
  }

  // Quotients of four; bits of *open where the two sums differ.
  int16x4_t estimate(const uint32_t* e, uint32x4_t* open) const {
    const float32x4_t t = vminq_f32(vmulq_f32(vcvtq_f32_u32(vld1q_u32(e)), k), vdupq_n_f32(300));
    const uint32x4_t low = vcvtq_u32_f32(vaddq_f32(t, vdupq_n_f32(0.5f - kBand)));
    const uint32x4_t high = vcvtq_u32_f32(vaddq_f32(t, vdupq_n_f32(0.5f + kBand)));
    *open = vorrq_u32(*open, veorq_u32(low, high));
    return vreinterpret_s16_u16(vmovn_u32(low));
  }

  void store_8(const uint32_t* e, int8_t* output) const {
    uint32x4_t open = vdupq_n_u32(0);
    const int16x8_t quotients =
        vminq_s16(vcombine_s16(estimate(e, &open), estimate(e + 4, &open)), vdupq_n_s16(255));
    vst1_s8(output, vqmovn_s16(vaddq_s16(quotients, vdupq_n_s16(static_cast<int16_t>(zero_point)))));
    if (any_bit(open))
      for (size_t i = 0; i < 8; ++i) output[i] = exact(e[i]);
  }
};

#if defined(__aarch64__)
struct QuotientF32 {
  using Output = float;
  float32x4_t sum;

  QuotientF32(const SoftmaxS8&, uint64_t s) : sum(vdupq_n_f32(static_cast<float>(static_cast<int64_t>(s)))) {}

  void store_8(const uint32_t* e, float* output) const {
    vst1q_f32(output, vdivq_f32(vcvtq_f32_u32(vld1q_u32(e)), sum));
    vst1q_f32(output + 4, vdivq_f32(vcvtq_f32_u32(vld1q_u32(e + 4)), sum));
  }
};
#endif

// n quotients; e is readable up to a multiple of eight. The last eight overlap those before them.
template <class Quotient>
void store_quotients(const Quotient& quotient, const uint32_t* e, typename Quotient::Output* output,
                     size_t n) {
  if (n < 8) {
    typename Quotient::Output rest[8];
    quotient.store_8(e, rest);
    for (size_t i = 0; i < n; ++i) output[i] = rest[i];
    return;
  }
  for (size_t i = 0; i < n; i += 8) {
    if (i + 8 > n) i = n - 8;
    quotient.store_8(e + i, output + i);
  }
}

// output[x] = results[max - row[x]]
template <class Output>
void look_up_results(const Output* results, int32_t max, const int8_t* row, Output* output, size_t n) {
#pragma GCC unroll 4
  for (size_t x = 0; x < n; ++x) output[x] = results[max - row[x]];
}

#if defined(__aarch64__)
void look_up_results(const int8_t* results, int32_t max, const int8_t* row, int8_t* output, size_t n) {
  const TableParts parts(results, results + 128);
  const int8x16_t largest = vdupq_n_s8(static_cast<int8_t>(max));
  for (size_t x = 0; x < n; x += 16) {  // n > 256; the last 16 together with some of those before them
    if (x + 16 > n) x = n - 16;
    uint8x16_t v = vreinterpretq_u8_s8(vsubq_s8(largest, vld1q_s8(row + x)));
    parts.look_up<1>(&v);
    vst1q_s8(output + x, vreinterpretq_s8_u8(v));
  }
}
#endif

template <class Quotient>
void softmax_row(const SoftmaxS8& softmax, const int8_t* row, typename Quotient::Output* output) {
  const size_t columns = softmax.columns;
  const int32_t max = max_of(row, columns);
  uint32_t e[kBlock];
  for (size_t i = 0; i < 8; ++i) e[i] = 0;
  uint64_t sum = 0;
  for (size_t x = 0; x < columns; x += kBlock)
    sum += look_up(softmax.exp_table, max, row + x, e, columns - x < kBlock ? columns - x : kBlock);
  const Quotient quotient(softmax, sum);
  if (columns <= kBlock) return store_quotients(quotient, e, output, columns);
  typename Quotient::Output results[256];
  store_quotients(quotient, softmax.exp_table, results, 256);
  look_up_results(results, max, row, output, columns);
}

template <class Quotient>
void softmax_rows(const SoftmaxS8& softmax, const int8_t* input, void* output, size_t rows) {
  auto* out = static_cast<typename Quotient::Output*>(output);
  for (size_t y = 0; y < rows; ++y)
    softmax_row<Quotient>(softmax, input + y * softmax.columns, out + y * softmax.columns);
}

}  // namespace

void softmax_s8_neon(const SoftmaxS8& softmax, const int8_t* input, void* output, size_t rows) {
  if (softmax.columns > 2 && softmax.columns <= kColumns) {
    if (!softmax.output_f32) return softmax_rows<QuotientS8>(softmax, input, output, rows);
#if defined(__aarch64__)
    return softmax_rows<QuotientF32>(softmax, input, output, rows);
#endif
  }
  softmax_s8_portable(softmax, input, output, rows);
}

}  // namespace octet::kernels
