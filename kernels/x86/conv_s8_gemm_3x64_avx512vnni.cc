// SPDX-License-Identifier: Apache-2.0
//
// conv_s8 as a matrix product on AVX512-VNNI: 3 output pixels by 64 or 48 output
// channels (2 where sums are short), 4 by 32 or 24, 8 by 16, any geometry and groups.
// conv_s8_strip.h cuts the work.
//
// Exact: vpdpbusd adds four u8 * s8 products to an s32 without saturation. The
// strip holds inputs as q + 128 (the sign bit flipped), and the bias takes
// (input_zero_point + 128) * sum of weights back, modulo 2^32. Inputs that are read in
// place are flipped on the way into the register.
//
// Why so few pixels: one vpdpbusd a cycle needs only its latency of accumulators, and loads
// of weights are cheap, but on the way to the output a pixel takes 15 operations a panel, and
// a CPU starts the oldest that can start. So a tile's accumulators wait in a second set of registers
// until the products of the next tile stand before them in the program: those come first, and the way
// out fills what they leave. With 32 input channels that is 35 cycles a pixel of 64 outputs, where 34
// would be all that the multipliers can, and 38 with tiles of 3 that end before the next begins.
// conv_s8_gemm_512.h describes the packed panels.
#include "kernels/x86/conv_s8_gemm_512.h"
#include "kernels/x86/conv_s8_gemm_512_paired.h"
#include "kernels/x86/conv_s8_tile_512.h"

namespace octet::kernels {
namespace {

// flip: what makes q + 128 of q in place. Not a constant, or clang flips before it broadcasts.
struct Epilogue : Epilogue512 {
  __m512i flip;
  explicit Epilogue(const ConvS8& c) : Epilogue512(c), flip(_mm512_set1_epi8(-128)) {}
};

struct Avx512Vnni : Gemm512 {
  using Epilogue = kernels::Epilogue;

  static constexpr size_t kMostRows = 8;
  static constexpr size_t rows(size_t width) { return width == 16 ? kMostRows : width <= 32 ? 4 : 3; }
  static bool reads_in_place(const ConvS8& c);
  static void pack_panel(const ConvS8& c, const StripPlan& plan, const Panel& panel, uint8_t* to);
  static void run_tiles(const MicroTile<Avx512Vnni>& t, size_t first, size_t rows, size_t tiles,
                        const Epilogue& epilogue);
  static void run_single(const ConvS8& c, const PackedStrip& packed, const PanelRange& range,
                         const int8_t* input, void* output);
};

// Sums of more steps have weights that do not fit in L1: three pixels read them less often than two, and what
// is between the tiles does not show.
constexpr size_t kMostStepsOfTwo = 128;

// Flipping in place takes one operation to one to four products, which hides in long sums; copying takes a
// load and a store for 64 inputs, once for all panels. For a single pixel, the copy is not worth its
// preparation.
bool Avx512Vnni::reads_in_place(const ConvS8& c) {
  const size_t channels = c.input_channels / c.groups;
  const bool single = c.batch * c.output_height * c.output_width == 1;
  return channels % kStep == 0 && (single || channels >= 64);
}

void Avx512Vnni::pack_panel(const ConvS8& c, const StripPlan& plan, const Panel& panel, uint8_t* to) {
  pack_header(c, panel, c.input_zero_point + 128, to);
  pack_columns<kStep>(
      c, plan, panel, [&panel](size_t i) { return channel_at(panel.width, i); },
      reinterpret_cast<int8_t*>(to + header_bytes(panel.width)));
}

// Where a pixel's inputs are.
enum class Source {
  kInPlace,  // in the input, one run
  kRun,      // in the strip, one run
  kRuns,     // in the strip, several runs
};

// Four inputs as q + 128 in every lane.
template <Source kSource>
inline __m512i broadcast_four(const uint8_t* from, __m512i flip) {
  int32_t four;
  std::memcpy(&four, from, sizeof(four));
  const __m512i fours = _mm512_set1_epi32(four);
  return kSource == Source::kInPlace ? _mm512_xor_si512(fours, flip) : fours;
}

// A register, where gcc would load again for every product.
inline __m512i load_once(const uint8_t* from) {
  __m512i v = load(from);
  asm("" : "+v"(v));
  return v;
}

// acc += the products of all runs. On the way, the next panel is brought to L2, half a line a step; short
// sums come with small panels and leave that, as does a single pixel, which waits for its own weights.
template <size_t kRows, size_t kVectors, Source kSource>
__attribute__((always_inline)) inline void multiply_runs(const MicroTile<Avx512Vnni>& t, size_t first,
                                                         __m512i flip, __m512i (&acc)[kRows][kVectors]) {
  constexpr bool kLooksAhead = kSource != Source::kRun && kRows > 1;
  const uint8_t* weights = t.panel + Gemm512::header_bytes(16 * kVectors);
  const uint8_t* ahead = t.next_panel + first * t.next_bytes_per_pixel;
  for (size_t run = 0; run < (kSource == Source::kRuns ? t.runs : 1); ++run) {
    if constexpr (kSource == Source::kRuns) asm("" : : : "memory");  // or gcc keeps the pointers in vectors
    const size_t offset = kSource == Source::kRuns ? t.run_offsets[run] : 0;
    const uint8_t* a[kRows];
#pragma GCC unroll 8
    for (size_t i = 0; i < kRows; ++i) a[i] = t.pixels[first + i] + offset;
    for (size_t k = 0; k < 4 * t.steps; k += 4) {
      __m512i b[kVectors];
#pragma GCC unroll 4
      for (size_t j = 0; j < kVectors; ++j) b[j] = load_once(weights + 16 * kVectors * k + 64 * j);
      if constexpr (kLooksAhead) _mm_prefetch(ahead + 8 * k, _MM_HINT_T1);
#pragma GCC unroll 8
      for (size_t i = 0; i < kRows; ++i) {
        const __m512i four = broadcast_four<kSource>(a[i] + k, flip);
#pragma GCC unroll 4
        for (size_t j = 0; j < kVectors; ++j) multiply_add(four, b[j], &acc[i][j]);
      }
    }
    weights += 64 * kVectors * t.steps;
    ahead += 32 * t.steps;
  }
}

// The way out of a tile stands behind the products of the next. Copies of the parameters can live in
// registers. The pixels are counted by one index: of two pointers gcc makes a vector, and then the next
// addresses wait behind all products.
template <size_t kRows, size_t kWidth, Source kSource, Way kWay>
void run_micro_tiles(const MicroTile<Avx512Vnni>& tile, size_t first, size_t tiles, const Epilogue& e) {
  constexpr size_t kVectors = kWidth / 16;
  const MicroTile<Avx512Vnni> t = tile;
  const __m512i flip = e.flip;
  const Narrow512<kWay, kWidth> narrow(t.panel, e);
  const Bias<kVectors, kSource != Source::kRun> bias(t.panel);
  __m512i acc[kRows][kVectors], before[kRows][kVectors];
  if constexpr (kRows * kVectors > 8) {  // there are no registers for a second set
    for (; tiles > 0; --tiles, first += kRows) {
      bias.start(acc);
      multiply_runs<kRows, kVectors, kSource>(t, first, flip, acc);
      finish_micro_tile(t, first, acc, narrow);
    }
    return;
  }
  bias.start(acc);
  multiply_runs<kRows, kVectors, kSource>(t, first, flip, acc);
  for (; tiles > 1; --tiles) {
    copy_tile(acc, before);
    bias.start(acc);
    multiply_runs<kRows, kVectors, kSource>(t, first + kRows, flip, acc);
    finish_micro_tile(t, first, before, narrow);
    first += kRows;
  }
  finish_micro_tile(t, first, acc, narrow);
}

// The products of all runs, of 24 channels.
template <size_t kRows, Source kSource>
__attribute__((always_inline)) inline void multiply_paired(const MicroTile<Avx512Vnni>& t, size_t first,
                                                           __m512i flip, __m512i (&whole)[kRows][1],
                                                           __m256i (&tails)[kRows]) {
  const uint8_t* weights = t.panel + Gemm512::header_bytes(kPairedWidth);
  for (size_t run = 0; run < (kSource == Source::kRuns ? t.runs : 1); ++run) {
    if constexpr (kSource == Source::kRuns) asm("" : : : "memory");  // as above
    const size_t offset = kSource == Source::kRuns ? t.run_offsets[run] : 0;
    const uint8_t* a[kRows];
#pragma GCC unroll 8
    for (size_t i = 0; i < kRows; ++i) a[i] = t.pixels[first + i] + offset;
    for (size_t k = 0; k < 4 * t.steps; k += 4) {
      const __m512i b = load_once(weights + kPairedWidth * k);
      __m256i b_last = load_half(weights + kPairedWidth * k + 64);
      asm("" : "+v"(b_last));  // as load_once
#pragma GCC unroll 8
      for (size_t i = 0; i < kRows; ++i) {
        const __m512i four = broadcast_four<kSource>(a[i] + k, flip);
        multiply_add(four, b, &whole[i][0]);
        multiply_add(_mm512_castsi512_si256(four), b_last, &tails[i]);
      }
    }
    weights += 4 * kPairedWidth * t.steps;
  }
}

// As run_micro_tiles, of 24 channels.
template <size_t kRows, Source kSource, Way kWay>
void run_paired_tiles(const MicroTile<Avx512Vnni>& tile, size_t first, size_t tiles, const Epilogue& e) {
  const MicroTile<Avx512Vnni> t = tile;
  const __m512i flip = e.flip;
  const Narrow512<kWay, kPairedWidth> narrow(t.panel, e);
  const __m512i bias = load(t.panel);
  const __m256i last_bias = load_half(t.panel + 64);
  __m512i whole[kRows][1], before[kRows][1], pairs[pairs_of(kRows)];
  __m256i tails[kRows];
  start_paired(bias, last_bias, whole, tails);
  multiply_paired<kRows, kSource>(t, first, flip, whole, tails);
  for (bool more = true; more; first += kRows) {
    copy_tile(whole, before);
    join_tails(tails, pairs);
    more = --tiles > 0;
    if (more) {
      start_paired(bias, last_bias, whole, tails);
      multiply_paired<kRows, kSource>(t, first + kRows, flip, whole, tails);
    }
    finish_paired_tile(t, first, before, pairs, narrow);
  }
}

using RunTiles = void (*)(const MicroTile<Avx512Vnni>&, size_t, size_t, const Epilogue&);

template <size_t kRows, size_t kWidth, Source kSource, Way kWay>
constexpr RunTiles run_way() {
  if constexpr (kWidth == kPairedWidth)
    return run_paired_tiles<kRows, kSource, kWay>;
  else
    return run_micro_tiles<kRows, kWidth, kSource, kWay>;
}

template <size_t kRows, size_t kWidth, Source kSource>
RunTiles run_width(Way way) {
  RunTiles run_tiles = nullptr;
  with_way(way, [&run_tiles](auto constant) {
    run_tiles = run_way<kRows, kWidth, kSource, decltype(constant)::value>();
  });
  return run_tiles;
}

// Tiles of rows(width) pixels, or one less.
template <size_t kWidth>
RunTiles find_run_tiles(size_t rows, Source source, Way way) {
  constexpr size_t kRows = Avx512Vnni::rows(kWidth);
  if (source == Source::kInPlace)
    return rows == kRows ? run_width<kRows, kWidth, Source::kInPlace>(way)
                         : run_width<kRows - 1, kWidth, Source::kInPlace>(way);
  if (source == Source::kRun)
    return rows == kRows ? run_width<kRows, kWidth, Source::kRun>(way)
                         : run_width<kRows - 1, kWidth, Source::kRun>(way);
  return rows == kRows ? run_width<kRows, kWidth, Source::kRuns>(way)
                       : run_width<kRows - 1, kWidth, Source::kRuns>(way);
}

RunTiles find_run_tiles(size_t width, size_t rows, Source source, Way way) {
  return width == 16             ? find_run_tiles<16>(rows, source, way)
         : width == kPairedWidth ? find_run_tiles<kPairedWidth>(rows, source, way)
         : width == 32           ? find_run_tiles<32>(rows, source, way)
         : width == 48           ? find_run_tiles<48>(rows, source, way)
                                 : find_run_tiles<64>(rows, source, way);
}

// A single tile of fewer pixels: the last one repeats.
void run_padded(const MicroTile<Avx512Vnni>& t, size_t first, size_t rows, RunTiles run_tiles,
                size_t padded_rows, const Epilogue& e) {
  const uint8_t* pixels[Avx512Vnni::kMostRows];
  size_t outputs[Avx512Vnni::kMostRows];
  for (size_t i = 0; i < padded_rows; ++i) {
    pixels[i] = t.pixels[first + min_size(i, rows - 1)];
    outputs[i] = t.outputs[first + min_size(i, rows - 1)];
  }
  MicroTile<Avx512Vnni> padded = t;
  padded.pixels = pixels;
  padded.outputs = outputs;
  run_tiles(padded, 0, 1, e);
}

// Threes become twos, all but the last of an odd number, where that pays.
void Avx512Vnni::run_tiles(const MicroTile<Avx512Vnni>& t, size_t first, size_t rows, size_t tiles,
                           const Epilogue& e) {
  const Source source = t.in_place ? Source::kInPlace : t.runs == 1 ? Source::kRun : Source::kRuns;
  const Way way = way_out(t.panel, t.width).way;
  if (rows == 3 && t.width >= 48 && t.runs * t.steps <= kMostStepsOfTwo) {
    const size_t last = tiles % 2, twos = (tiles - last) / 2 * 3;
    if (twos > 0) find_run_tiles(t.width, 2, source, way)(t, first, twos, e);
    if (last == 0) return;
    first += 2 * twos;
    tiles = last;
  }
  const size_t least = Avx512Vnni::rows(t.width) - 1;
  const RunTiles run_tiles = find_run_tiles(t.width, rows < least ? least : rows, source, way);
  rows < least ? run_padded(t, first, rows, run_tiles, least, e) : run_tiles(t, first, tiles, e);
}

// A panel and where its outputs go, for one pixel.
struct SinglePixel {
  const uint8_t* panel;
  void* output;
  size_t columns, width;
  size_t outputs[1];
};

// acc += kSteps steps of one pixel; with few vectors, each step has accumulators of its own.
template <size_t kSteps, size_t kVectors, size_t kParts>
__attribute__((always_inline)) inline void multiply_steps(const uint8_t* input, const uint8_t* weights,
                                                          __m512i flip, __m512i (&acc)[kParts][kVectors]) {
#pragma GCC unroll 4
  for (size_t s = 0; s < kSteps; ++s) {
    const __m512i four = broadcast_four<Source::kInPlace>(input + 4 * s, flip);
#pragma GCC unroll 4
    for (size_t j = 0; j < kVectors; ++j)
      acc[s % kParts][j] =
          _mm512_dpbusd_epi32(acc[s % kParts][j], four, load(weights + 64 * (kVectors * s + j)));
  }
}

// One pixel by one panel: its weights come once and from L2, which takes two cycles a vector. So that they
// never wait, four steps are one round, and between the panels there is nothing but the way out.
template <size_t kVectors>
void run_single_panel(const SinglePixel& t, const uint8_t* input, size_t steps, const Epilogue& epilogue) {
  constexpr size_t kParts = 4 / kVectors;
  const uint8_t* weights = t.panel + Gemm512::header_bytes(16 * kVectors);
  __m512i acc[kParts][kVectors] = {};
#pragma GCC unroll 4
  for (size_t j = 0; j < kVectors; ++j) acc[0][j] = load(t.panel + 64 * j);
  for (; steps >= 4; steps -= 4, input += 16, weights += 256 * kVectors)
    multiply_steps<4>(input, weights, epilogue.flip, acc);
  for (; steps > 0; --steps, input += 4, weights += 64 * kVectors)
    multiply_steps<1>(input, weights, epilogue.flip, acc);
  __m512i sum[1][kVectors];
#pragma GCC unroll 4
  for (size_t j = 0; j < kVectors; ++j) {
    sum[0][j] = acc[0][j];
#pragma GCC unroll 4
    for (size_t i = 1; i < kParts; ++i) sum[0][j] = _mm512_add_epi32(sum[0][j], acc[i][j]);
  }
  with_way(
      way_out(t.panel, t.width).way, [&](auto way) __attribute__((always_inline)) {
        finish_micro_tile(t, 0, sum, Narrow512<decltype(way)::value, 16 * kVectors>(t.panel, epilogue));
      });
}

// As run_single_panel, of 24 channels; the pixel has no partner.
void run_single_paired(const SinglePixel& t, const uint8_t* input, size_t steps, const Epilogue& epilogue) {
  const uint8_t* weights = t.panel + Gemm512::header_bytes(kPairedWidth);
  __m512i whole[1][1] = {{load(t.panel)}}, pairs[1];
  __m256i tails[1] = {load_half(t.panel + 64)};
  for (size_t k = 0; k < 4 * steps; k += 4) {
    const __m512i four = broadcast_four<Source::kInPlace>(input + k, epilogue.flip);
    multiply_add(four, load(weights + kPairedWidth * k), &whole[0][0]);
    multiply_add(_mm512_castsi512_si256(four), load_half(weights + kPairedWidth * k + 64), &tails[0]);
  }
  join_tails(tails, pairs);
  with_way(
      way_out(t.panel, t.width).way, [&](auto way) __attribute__((always_inline)) {
        finish_paired_tile(t, 0, whole, pairs,
                           Narrow512<decltype(way)::value, kPairedWidth>(t.panel, epilogue));
      });
}

void Avx512Vnni::run_single(const ConvS8& c, const PackedStrip& packed, const PanelRange& range,
                            const int8_t* input, void* output) {
  const Epilogue epilogue(c);
  const size_t steps = packed.plan->run_steps, element_bytes = c.accumulator_scale ? sizeof(float) : 1;
  const auto* pixel = reinterpret_cast<const uint8_t*>(input);
  for (size_t i = range.first; i < range.last; ++i) {
    const Panel& panel = packed.panels[i];
    const SinglePixel t = {packed.base + panel.offset,
                           static_cast<uint8_t*>(output) + panel.first * element_bytes,
                           panel.columns,
                           panel.width,
                           {0}};
    if (panel.width == 64) {
      run_single_panel<4>(t, pixel, steps, epilogue);
    } else if (panel.width == 48) {
      run_single_panel<3>(t, pixel, steps, epilogue);
    } else if (panel.width == 32) {
      run_single_panel<2>(t, pixel, steps, epilogue);
    } else if (panel.width == kPairedWidth) {
      run_single_paired(t, pixel, steps, epilogue);
    } else {
      run_single_panel<1>(t, pixel, steps, epilogue);
    }
  }
}

bool supports(const ConvS8&) { return true; }

}  // namespace

extern const ConvS8Kernel conv_s8_gemm_3x64_avx512vnni_kernel;
const ConvS8Kernel conv_s8_gemm_3x64_avx512vnni_kernel = {"conv_s8_gemm_3x64_avx512vnni",
                                                          kAvx512Vnni,
                                                          supports,
                                                          packed_bytes<Avx512Vnni>,
                                                          pack<Avx512Vnni>,
                                                          scratch_bytes<Avx512Vnni>,
                                                          items<Avx512Vnni>,
                                                          run<Avx512Vnni>};

}  // namespace octet::kernels
