// SPDX-License-Identifier: Apache-2.0
//
// conv_s8 as Winograd F(4x4, 3x3) on AVX512-VNNI (conv_s8_winograd_plan.h): micro-tiles of 14 tiles by 32
// output channels in vpdpwssd, which adds two s16 x s16 products to an s32 modulo 2^32.
#include "kernels/x86/conv_s8_winograd_pairs.h"
#include "kernels/x86/requantize_avx512.h"

namespace octet::kernels {
namespace {

struct WinogradAvx512Vnni : WinogradPairs<WinogradAvx512Vnni> {
  using Vec = __m512i;
  static constexpr size_t kRows = 14, kPanel = 32;
  static constexpr double kProductMacs = 31.5, kDirectMacs = 61;
  static constexpr double kInputCycles = 180, kOutputCycles = 450, kWeightCycles = 210;

  struct Epilogue {
    Requantize rule;
    __m512i multiplier;

    template <class Header>
    Epilogue(const ConvS8& c, const Header& h)
        : rule(c.output_zero_point, c.output_min, c.output_max),
          multiplier(_mm512_loadu_si512(h.multiplier)) {}
  };

  static size_t channel_at(size_t i) { return packs_channel_at<kPanel>(i); }
  static Vec load(const void* from) { return _mm512_loadu_si512(from); }
  static void store(void* to, Vec v) { _mm512_storeu_si512(to, v); }
  // The value, as the compiler cannot look into: gcc would otherwise reorder sums across the steps of a
  // transform and spill what it then keeps too long.
  static Vec pinned(Vec v) {
    asm("" : "+v"(v));
    return v;
  }
  static Vec zero() { return _mm512_setzero_si512(); }

  static Vec widen(const int8_t* from) {
    return _mm512_cvtepi8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
  }
  static Vec widen_part(const int8_t* from, size_t count) {
    return _mm512_cvtepi8_epi16(_mm256_maskz_loadu_epi8(~__mmask32{0} >> (32 - count), from));
  }
  static Vec add16(Vec a, Vec b) { return _mm512_add_epi16(a, b); }
  static Vec sub16(Vec a, Vec b) { return _mm512_sub_epi16(a, b); }
  static Vec shift16(Vec a, unsigned bits) { return _mm512_slli_epi16(a, bits); }
  static Vec six16(Vec a) { return _mm512_mullo_epi16(a, _mm512_set1_epi16(6)); }

  static Vec broadcast_pair(const uint8_t* from) {
    int32_t pair;
    std::memcpy(&pair, from, sizeof(pair));
    return _mm512_set1_epi32(pair);
  }
  static void multiply_add(Vec a, Vec b, Vec* acc) { *acc = _mm512_dpwssd_epi32(*acc, a, b); }

  static Vec add32(Vec a, Vec b) { return _mm512_add_epi32(a, b); }
  static Vec sub32(Vec a, Vec b) { return _mm512_sub_epi32(a, b); }
  static Vec shift32(Vec a, unsigned bits) { return _mm512_slli_epi32(a, bits); }
  static Vec multiply32(Vec a, int32_t b) { return _mm512_mullo_epi32(a, _mm512_set1_epi32(b)); }
  static Vec positive32(Vec a) { return _mm512_max_epi32(a, zero()); }
  static Vec shift_right32(Vec a, Vec bits) { return _mm512_srav_epi32(a, bits); }
  static Vec shift_left32(Vec a, Vec bits) { return shift_left(a, bits); }

  // The s8 of two pixels, one in each half.
  static Vec requantize_two(const Vec (&a)[2], const Vec (&b)[2], const Epilogue& e) {
    const Vec r = e.rule.to_s8(e.rule.to_s16(_mm512_packs_epi32(a[0], a[1]), e.multiplier),
                               e.rule.to_s16(_mm512_packs_epi32(b[0], b[1]), e.multiplier));
    return _mm512_permutexvar_epi64(_mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7), r);
  }
  static __m256i high(Vec q) { return _mm512_extracti64x4_epi64(q, 1); }
  static void store_low(int8_t* to, Vec q) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm512_castsi512_si256(q));
  }
  static void store_high(int8_t* to, Vec q) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), high(q)); }
  static void store_low_part(int8_t* to, Vec q, size_t count) {
    _mm256_mask_storeu_epi8(to, ~__mmask32{0} >> (32 - count), _mm512_castsi512_si256(q));
  }
  static void store_high_part(int8_t* to, Vec q, size_t count) {
    _mm256_mask_storeu_epi8(to, ~__mmask32{0} >> (32 - count), high(q));
  }
};

}  // namespace

extern const ConvS8Kernel conv_s8_winograd_avx512vnni_kernel;
const ConvS8Kernel conv_s8_winograd_avx512vnni_kernel = {"conv_s8_winograd_avx512vnni",
                                                         kAvx512Vnni,
                                                         supports,
                                                         packed_bytes<WinogradAvx512Vnni>,
                                                         pack<WinogradAvx512Vnni>,
                                                         scratch_bytes<WinogradAvx512Vnni>,
                                                         items<WinogradAvx512Vnni>,
                                                         run<WinogradAvx512Vnni>,
                                                         pays<WinogradAvx512Vnni>};

}  // namespace octet::kernels
