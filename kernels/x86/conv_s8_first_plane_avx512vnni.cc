// SPDX-License-Identifier: Apache-2.0
//
// conv_s8 of one input channel with stride 1 and up to 8 output channels on AVX512-VNNI: gray pictures.
// 16 neighbouring outputs of a row stand in the lanes, and a broadcast quad of weights belongs to one
// channel:
//
//   data[step]   lane x: four elements of its window. Of each kernel row whole quads, kx = 4 b ... + 3; the
//                kernel_width % 4 elements behind them are gathered, four of any rows at a time
//   acc[o] = bias[o] + sum over steps of data[step] . weights[step][o]
//
// so 5x5 takes 7 steps. Exact: vpdpbusd adds four u8 * s8 products without saturation; rows hold inputs
// as q + 128 with padding written out, and the bias takes (input_zero_point + 128) * sum of weights back.
// Channels are brought together again from bytes. s8 output without a table,
// left shifts (p < 0) where no accumulator leaves s32.
//
// Packed: PlanePlan, then s32 bias[8], right_shift[8], left_shift[8]; s16 multiplier[4][32] for pairs of
// channels; u32 offsets[step][4] of elements in a chunk of rows; s8 weights[step][8][4].
#include <cstring>

#include "kernels/conv_s8.h"
#include "kernels/conv_s8_strip_plan.h"
#include "kernels/x86/conv_s8_left_shift.h"
#include "kernels/x86/dot_avx512.h"
#include "kernels/x86/requantize_avx512.h"

namespace octet::kernels {
namespace {

constexpr size_t kChannels = 8, kLanes = 16;
constexpr size_t kChunkRows = 16;  // of output

struct PlanePlan {
  size_t whole, steps;  // whole quads of all kernel rows come first
  size_t pitch;         // of a row in the chunk, with room for vectors that begin in it
  bool has_left;        // left shifts
};

PlanePlan make_plan(const ConvS8& c) {
  const size_t whole = c.kernel_height * (c.kernel_width / 4);
  const size_t left_over = c.kernel_height * (c.kernel_width % 4);
  bool has_left = false;
  for (size_t o = 0; o < c.output_channels; ++o) has_left |= c.right_shift[o] < 0;
  return {whole, whole + divide_up(left_over, 4), align_64(c.output_width + c.kernel_width + kLanes) + 64,
          has_left};
}

struct PackedPlane {
  PlanePlan* plan;
  int32_t *bias, *right_shift, *left_shift;
  int16_t* multipliers;
  uint32_t* offsets;
  int8_t* weights;

  static constexpr size_t kHeader = 64 + 3 * 4 * kChannels + 4 * 64;
  static size_t bytes(const PlanePlan& p) { return kHeader + p.steps * (16 + 4 * kChannels); }
  PackedPlane(const PlanePlan& p, void* packed) {
    auto* base = static_cast<uint8_t*>(packed);
    plan = reinterpret_cast<PlanePlan*>(base);
    bias = reinterpret_cast<int32_t*>(base + 64);
    right_shift = bias + kChannels;
    left_shift = right_shift + kChannels;
    multipliers = reinterpret_cast<int16_t*>(left_shift + kChannels);
    offsets = reinterpret_cast<uint32_t*>(base + kHeader);
    weights = reinterpret_cast<int8_t*>(offsets + 4 * p.steps);
  }
};

bool supports(const ConvS8& c) {
  const bool fits = c.groups == 1 && c.input_channels == 1 && c.output_channels <= kChannels &&
                    c.stride_height == 1 && c.stride_width == 1 && c.dilation_height == 1 &&
                    c.dilation_width == 1 && c.kernel_height <= 16 && c.kernel_width <= 16 &&
                    !c.accumulator_scale && !c.output_table;
  if (!fits) return false;
  for (size_t o = 0; o < c.output_channels; ++o)
    if (c.right_shift[o] < 0 && !left_shift_fits(c, o)) return false;
  return true;
}

// Fewer outputs in a row leave too many lanes idle, and fewer channels too many products.
bool pays(const ConvS8& c) { return c.output_width >= 8 && c.output_channels > 4; }

size_t packed_bytes(const ConvS8& c) { return PackedPlane::bytes(make_plan(c)); }

// The kernel's element behind element s of a step; none: kernel_height.
struct Element {
  size_t ky, kx;
};
Element find_element(const ConvS8& c, const PlanePlan& p, size_t step, size_t s) {
  const size_t quads = c.kernel_width / 4, rest = c.kernel_width % 4;
  if (step < p.whole) return {step / quads, step % quads * 4 + s};
  const size_t index = (step - p.whole) * 4 + s;
  return {index / rest, quads * 4 + index % rest};
}

void pack(const ConvS8& c, void* memory) {
  const PlanePlan p = make_plan(c);
  const PackedPlane packed(p, memory);
  std::memset(memory, 0, PackedPlane::bytes(p));
  *packed.plan = p;
  const size_t taps = c.kernel_height * c.kernel_width;
  for (size_t o = 0; o < c.output_channels; ++o) {
    uint32_t bias = c.bias ? static_cast<uint32_t>(c.bias[o]) : 0;
    for (size_t t = 0; t < taps; ++t)
      bias -=
          static_cast<uint32_t>(c.input_zero_point + 128) * static_cast<uint32_t>(c.weights[o * taps + t]);
    const int shift = c.right_shift[o];
    if (shift > 0) bias += uint32_t{1} << (shift - 1);
    packed.bias[o] = static_cast<int32_t>(bias);
    packed.right_shift[o] = shift > 0 ? shift : 0;
    packed.left_shift[o] = shift < 0 ? -shift : 0;
    for (size_t i = 0; i < 16; ++i)  // of each lane's eight, four for either channel
      packed.multipliers[o / 2 * 32 + i / 4 * 8 + o % 2 * 4 + i % 4] = c.multiplier[o];
  }
  for (size_t step = 0; step < p.steps; ++step)
    for (size_t s = 0; s < 4; ++s) {
      const Element e = find_element(c, p, step, s);
      if (e.ky >= c.kernel_height) continue;  // weight zero
      packed.offsets[4 * step + s] = static_cast<uint32_t>(e.ky * p.pitch + e.kx);
      for (size_t o = 0; o < c.output_channels; ++o)
        packed.weights[(step * kChannels + o) * 4 + s] = c.weights[o * taps + e.ky * c.kernel_width + e.kx];
    }
}

// The chunk's rows, then the steps' data of 16 outputs, then their bytes.
size_t rows_bytes(const ConvS8& c, const PlanePlan& p) {
  return (kChunkRows + c.kernel_height - 1) * p.pitch;
}
size_t scratch_bytes(const ConvS8& c) {
  const PlanePlan p = make_plan(c);
  return rows_bytes(c, p) + 64 * p.steps + kLanes * kChannels;
}

size_t items(const ConvS8& c) { return c.batch * c.output_height; }

// Input row y as q + 128, with its padding.
void fill_row(const ConvS8& c, const int8_t* image, ptrdiff_t y, uint8_t* to) {
  const size_t elements = c.output_width + c.kernel_width - 1;
  const __m512i padding = _mm512_set1_epi8(static_cast<char>(c.input_zero_point + 128));
  for (size_t i = 0; i < elements; i += 64) store(to + i, padding);  // the pitch has room for whole vectors
  if (y < 0 || y >= static_cast<ptrdiff_t>(c.input_height) || c.pad_left >= elements) return;
  const int8_t* row = image + static_cast<size_t>(y) * c.input_width;
  const size_t count = min_size(c.input_width, elements - c.pad_left);
  for (size_t i = 0; i < count; i += 64) {
    const __mmask64 mask = count - i < 64 ? (__mmask64{1} << (count - i)) - 1 : ~__mmask64{0};
    const __m512i v = _mm512_maskz_loadu_epi8(mask, row + i);
    _mm512_mask_storeu_epi8(to + c.pad_left + i, mask, _mm512_xor_si512(v, _mm512_set1_epi8(-128)));
  }
}

// Lane x: the four elements from `from + x` on.
inline __m512i whole_quads(const uint8_t* from) {
  const __m512i places = _mm512_setr_epi32(0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4);
  const __m512i windows =
      _mm512_broadcast_i32x4(_mm_setr_epi8(0, 1, 2, 3, 1, 2, 3, 4, 2, 3, 4, 5, 3, 4, 5, 6));
  const __m256i v = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
  return _mm512_shuffle_epi8(_mm512_permutexvar_epi32(places, _mm512_castsi256_si512(v)), windows);
}

// Lane x: element x behind each of four places.
inline __m512i gathered_quads(const uint8_t* from, const uint32_t* offsets) {
  __m512i quads = _mm512_setzero_si512();
#pragma GCC unroll 4
  for (int s = 0; s < 4; ++s) {
    const __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + offsets[s]));
    quads = _mm512_or_si512(quads, _mm512_slli_epi32(_mm512_cvtepu8_epi32(v), 8 * static_cast<unsigned>(s)));
  }
  return quads;
}

void fill_steps(const PackedPlane& packed, const uint8_t* from, uint8_t* data) {
  const PlanePlan& p = *packed.plan;
  for (size_t step = 0; step < p.whole; ++step)
    store(data + 64 * step, whole_quads(from + packed.offsets[4 * step]));
  for (size_t step = p.whole; step < p.steps; ++step)
    store(data + 64 * step, gathered_quads(from, packed.offsets + 4 * step));
}

inline __m512i broadcast(const void* from) {
  int32_t value;
  std::memcpy(&value, from, sizeof(value));
  return _mm512_set1_epi32(value);
}

// s8 of four channels, [x][channel] of four outputs in each 128-bit lane.
template <bool kLeft>
inline __m512i narrow_four(const __m512i* acc, const PackedPlane& packed, size_t first, const Requantize& r) {
  __m512i s[4];
#pragma GCC unroll 4
  for (size_t o = 0; o < 4; ++o) {
    s[o] = acc[first + o];
    if (kLeft) s[o] = _mm512_sllv_epi32(s[o], broadcast(packed.left_shift + first + o));
    s[o] = _mm512_srav_epi32(s[o], broadcast(packed.right_shift + first + o));
  }
  const int16_t* multipliers = packed.multipliers + first / 2 * 32;
  const __m512i low = r.to_s16(_mm512_packs_epi32(s[0], s[1]), load(multipliers));
  const __m512i high = r.to_s16(_mm512_packs_epi32(s[2], s[3]), load(multipliers + 32));
  const __m128i turned = _mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  return _mm512_shuffle_epi8(r.to_s8(low, high), _mm512_broadcast_i32x4(turned));
}

struct Sums {
  __m512i acc[kChannels];
};

inline Sums sum_steps(const PackedPlane& packed, const uint8_t* data) {
  Sums sums;
#pragma GCC unroll 8
  for (size_t o = 0; o < kChannels; ++o) sums.acc[o] = broadcast(packed.bias + o);
  const int8_t* weights = packed.weights;
  for (size_t step = packed.plan->steps; step > 0; --step, data += 64, weights += 4 * kChannels) {
    const __m512i quads = load(data);
#pragma GCC unroll 8
    for (size_t o = 0; o < kChannels; ++o)
      sums.acc[o] = dot_u8s8(sums.acc[o], quads, broadcast(weights + 4 * o));
  }
  return sums;
}

// Up to 16 outputs, 8 bytes each.
template <bool kLeft>
inline void narrow(const PackedPlane& packed, const Sums& sums, const Requantize& r, size_t count, void* to) {
  const __m512i low = narrow_four<kLeft>(sums.acc, packed, 0, r);
  const __m512i high = narrow_four<kLeft>(sums.acc, packed, 4, r);
  const __m512i even = _mm512_unpacklo_epi32(low, high), odd = _mm512_unpackhi_epi32(low, high);
  const __m512i first = _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11);
  const __m512i second = _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15);
  const unsigned mask = (1u << count) - 1;
  _mm512_mask_storeu_epi64(to, static_cast<__mmask8>(mask), _mm512_permutex2var_epi64(even, first, odd));
  _mm512_mask_storeu_epi64(static_cast<uint8_t*>(to) + 64, static_cast<__mmask8>(mask >> 8),
                           _mm512_permutex2var_epi64(even, second, odd));
}

// Where up to 16 outputs go; count = 0: none.
struct Outputs {
  int8_t* to;
  size_t count;
};

template <bool kLeft>
inline void write_outputs(const ConvS8& c, const PackedPlane& packed, const Sums& sums, const Requantize& r,
                          const Outputs& outputs, uint8_t* bytes) {
  const size_t pixel = conv_s8_output_strides(c).pixel;
  if (pixel == kChannels && c.output_channels == kChannels)
    return narrow<kLeft>(packed, sums, r, outputs.count, outputs.to);
  narrow<kLeft>(packed, sums, r, kLanes, bytes);
  for (size_t i = 0; i < outputs.count; ++i)
    std::memcpy(outputs.to + i * pixel, bytes + i * kChannels, c.output_channels);
}

// `count` rows of output from the chunk's rows. Outputs are written while the next are summed: they take
// other ports of the CPU.
template <bool kLeft>
void run_rows(const ConvS8& c, const PackedPlane& packed, const uint8_t* rows, const Requantize& r,
              size_t count, uint8_t* data, int8_t* output) {
  const ConvS8OutputStrides strides = conv_s8_output_strides(c);
  uint8_t* bytes = data + 64 * packed.plan->steps;
  Sums before;
  Outputs waiting = {nullptr, 0};
  for (size_t y = 0; y < count; ++y)
    for (size_t x = 0; x < c.output_width; x += kLanes) {
      fill_steps(packed, rows + y * packed.plan->pitch + x, data);
      const Sums sums = sum_steps(packed, data);
      if (waiting.count > 0) write_outputs<kLeft>(c, packed, before, r, waiting, bytes);
      before = sums;
      waiting = {output + y * strides.row + x * strides.pixel, min_size(kLanes, c.output_width - x)};
    }
  write_outputs<kLeft>(c, packed, before, r, waiting, bytes);
}

void run(const ConvS8& c, const void* packed_memory, const int8_t* input, void* output, size_t first_item,
         size_t last_item, void* scratch) {
  const PlanePlan& p = *static_cast<const PlanePlan*>(packed_memory);
  const PackedPlane packed(p, const_cast<void*>(packed_memory));  // only read here
  const ConvS8OutputStrides strides = conv_s8_output_strides(c);
  const Requantize r(c.output_zero_point, c.output_min, c.output_max);
  auto* rows = static_cast<uint8_t*>(scratch);
  uint8_t* data = rows + rows_bytes(c, p);
  while (first_item < last_item) {
    const size_t n = first_item / c.output_height, y = first_item % c.output_height;
    const size_t count = min_size(min_size(kChunkRows, c.output_height - y), last_item - first_item);
    for (size_t k = 0; k < count + c.kernel_height - 1; ++k)
      fill_row(c, input + n * c.input_height * c.input_width,
               static_cast<ptrdiff_t>(y + k) - static_cast<ptrdiff_t>(c.pad_top), rows + k * p.pitch);
    int8_t* to = static_cast<int8_t*>(output) + n * strides.batch + y * strides.row;
    const auto run_some = p.has_left ? run_rows<true> : run_rows<false>;
    run_some(c, packed, rows, r, count, data, to);
    first_item += count;
  }
}

}  // namespace

extern const ConvS8Kernel conv_s8_first_plane_avx512vnni_kernel;
const ConvS8Kernel conv_s8_first_plane_avx512vnni_kernel = {"conv_s8_first_plane_avx512vnni",
                                                            kAvx512Vnni,
                                                            supports,
                                                            packed_bytes,
                                                            pack,
                                                            scratch_bytes,
                                                            items,
                                                            run,
                                                            pays};

}  // namespace octet::kernels
