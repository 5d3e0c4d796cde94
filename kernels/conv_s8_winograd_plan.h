// SPDX-License-Identifier: Apache-2.0
//
// Exact integer Winograd F(4x4, 3x3) for conv_s8: how the work is cut, what stands where, when it is exact
// and when it pays. conv_s8_winograd.h runs it.
//
// A tile is 4x4 outputs, its window 6x6 inputs. With X the window, W the 3x3 weights and * elementwise,
//
//   24^2 * outputs = A^T ((G W G^T) * (B^T X B)) A          summed over input channels inside the brackets
//
//   B^T =  4  0 -5  0  1  0     G = 6  0  0     A^T =  1  1  1  1  1  0     with columns 1, 2 times -4
//          0 -4 -4  1  1  0         1  1  1            0  1 -1  2 -2  0     and columns 3, 4, 0, 5 times 1
//          0  4 -4 -1  1  0         1 -1  1            0  1  1  4  4  0
//          0 -2 -1  2  1  0         1  2  4            0  1 -1  8 -8  4
//          0  2 -1 -2  1  0         1 -2  4
//          0  4  0 -5  0  1         0  0  6
//
// so a convolution becomes 36 matrix products, one for each point of the 6x6: tiles x input channels by
// input channels x output channels, with a quarter of the multiplications.
//
// Why it is exact. Everything after the transforms is computed modulo 2^32, which additions and products
// respect, so only these bounds are needed:
//   V = B^T X B: rows of B^T sum to at most 10 in magnitude, |q| <= 128: |V| <= 100 * 128 = 12800 < 2^15.
//   U = G W G^T: rows of G sum to at most 7, |w| <= 127: |U| <= 49 * 127 = 6223 < 2^15.
//   The products U * V are s16 x s16; even two of them add without overflow (2 * 12800 * 6223 < 2^31).
//   A^T's rows 0 to 3 are used divided by 1, 2, 4, 4, which leaves no fractions. Row i, column k of the
//   result is then 9 f_i f_k * sum with f = 8, 4, 2, 2. Times the inverse of 9 modulo 2^32, 0x38e38e39
//   (9 * 0x38e38e39 = 2 * 2^32 + 1), and 64 / (f_i f_k), it is 64 * sum modulo 2^32.
//   The coefficient of point (1, 1) in it is f_i f_k / 4, so 36 * (bias - zero_point * sum of weights +
//   rounding term) added there makes it 64 * x modulo 2^32 with x = acc + rounding term; where
//   -2^25 <= x < 2^25, that is 64 * x itself, and x >> p = (64 x) >> (p + 6).
// accumulators_fit() proves the last bound for every output channel from the weights themselves.
//
// A file that includes this compiles its own copy: everything is in an anonymous namespace, and Isa is a
// struct of that file. Here it gives
//   kRows           tiles of a micro-tile
//   kPanel          output channels of a panel: the s32 of two vectors, the s16 of one
//   kInterleave     input channels that stand side by side for each output channel in U: those the multiply
//                   instruction adds up
//   kStep           input channels that the product takes at a time, a multiple of kInterleave; the last step
//                   is filled up with zeros
//   kChunk          input channels that stand together in V, a multiple of kStep
//   kTogether       tiles that the product takes at least: blocks but for the last are multiples of it, and
//                   have memory for them
//   kSlack          bytes that the product may read behind the last U
//   limits(caches)  WinogradLimits
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/cache_sizes.h"
#include "kernels/conv_s8.h"

namespace octet::kernels {
namespace {

constexpr size_t kTile = 4, kWindow = 6, kPoints = 36, kTaps = 9;
constexpr size_t kPiecesWanted = 16;  // blocks by panels, so that threads find work in small images too
constexpr size_t kMostItems = 240;    // nearly equal ones, so that threads get as much
constexpr int kHeadroomBits = 25;     // |x| < 2^25, above
constexpr int kScaleBits = 6;         // 64 * x is what stands in the s32
constexpr uint32_t kBiasFactor = 36;  // of point (1, 1), above

inline size_t divide_up(size_t a, size_t b) { return (a + b - 1) / b; }
inline size_t min_size(size_t a, size_t b) { return a < b ? a : b; }
inline size_t max_size(size_t a, size_t b) { return a > b ? a : b; }
inline size_t align_64(size_t bytes) { return (bytes + 63) & ~size_t{63}; }

// What the caches allow.
struct WinogradLimits {
  size_t most_stored;               // bytes of U; of more, every run makes it
  size_t part_channels;             // input channels whose U is made at once, a multiple of Isa::kChunk
  size_t block_stored, block_made;  // bytes of V, M and a part of U where U is stored and where it is not
  size_t least_tiles;               // of a block, whatever they take
};

// An odd number of cache lines: then the 36 points of one place fall into different sets of the cache.
inline size_t odd_lines(size_t bytes) { return align_64(bytes) | 64; }

// Packed memory: the plan, then for each panel of Isa::kPanel output channels a header and weights. The
// weights are U (stored), or s8 from which every run makes U: eight times less to fetch from memory.
//   header   s32 bias[kPanel]        36 * (bias - zero_point * sum of weights + rounding term), for point (1,
//   1)
//            s32 shift[kPanel]       p + 6
//            s16 multiplier[kPanel]
//            s32 has_left_shift      a shift is negative
//   U        [point][line][kPanel][kInterleave] s16; a line is kInterleave input channels
//   s8       [line][tap][kPanel][kInterleave]
// Scratch, per thread: V [point][chunk][tile of the block][Isa::kChunk] s16; U of one part, unless stored;
// M [point][tile][kPanel] s32, the products; a pixel of zero points, which stands for padding.
struct WinogradPlan {
  size_t tiles_x, image_tiles, tiles;  // of a row, of an image, of all images
  size_t together, groups;             // Isa::kTogether; so many tiles are a group
  size_t block, blocks;                // tiles, at most, that pass the steps together
  size_t shares;                       // of a block, equal in tiles: items are shares by panels
  size_t panels, lines;
  size_t chunks, chunk_channels;     // channels of all chunks
  size_t part_lines;                 // lines whose U stands together
  bool stored;                       // U is in packed memory
  size_t v_bytes, u_bytes, m_bytes;  // from one point to the next
  size_t header_bytes, panel_bytes;
  ConvS8OutputStrides output;
};

// Blocks differ by at most one time `together` tiles.
inline size_t first_tile(const WinogradPlan& p, size_t block) {
  return min_size(p.groups * block / p.blocks * p.together, p.tiles);
}

inline bool has_winograd_geometry(const ConvS8& c) {
  return c.kernel_height == 3 && c.kernel_width == 3 && c.stride_height == 1 && c.stride_width == 1 &&
         c.dilation_height == 1 && c.dilation_width == 1 && c.groups == 1 && !c.accumulator_scale;
}

// Sums of a channel's weights.
struct WeightSums {
  int32_t sum, magnitude;
};

inline WeightSums sum_weights(const int8_t* weights, size_t count) {
  int32_t sum = 0, magnitude = 0;
  for (size_t i = 0; i < count; ++i) {
    const int32_t w = weights[i];
    sum += w;
    magnitude += w < 0 ? -w : w;
  }
  return {sum, magnitude};
}

// The rounding term 2^(p-1). From p = 26 on it is left out: |acc| < 2^25 <= 2^(p-1), so that acc >> p is 0
// with it and 0 or -1 without, and both requantize to the zero point.
inline int32_t winograd_rounding_term(int right_shift) {
  return right_shift > 0 && right_shift <= kHeadroomBits ? 1 << (right_shift - 1) : 0;
}

// Whether acc + rounding term is in [-2^25, 2^25) for every input in [-128, 127], in every channel. Positive
// and negative weights reach their extremes with opposite inputs: with P and N the sums of their magnitudes,
//   bias - P (z + 128) - N (127 - z) <= acc <= bias + P (127 - z) + N (z + 128).
inline bool accumulators_fit(const ConvS8& c) {
  const size_t count = kTaps * c.input_channels;
  if (count > (size_t{1} << 24))
    return false;  // the sums fit in s32 below that, and such layers do not exist
  const int64_t bound = int64_t{1} << kHeadroomBits, z = c.input_zero_point;
  for (size_t o = 0; o < c.output_channels; ++o) {
    const WeightSums w = sum_weights(c.weights + o * count, count);
    const int64_t positive = (int64_t{w.magnitude} + w.sum) / 2,
                  negative = (int64_t{w.magnitude} - w.sum) / 2;
    const int64_t bias = c.bias ? c.bias[o] : 0;
    const int64_t low = bias - positive * (z + 128) - negative * (127 - z);
    const int64_t high = bias + positive * (127 - z) + negative * (z + 128);
    if (low < -bound || high + winograd_rounding_term(c.right_shift[o]) >= bound) return false;
  }
  return true;
}

// Tiles of a block: V, M and a part of U stay in their share of L2. Blocks by panels are enough for a few
// threads; shares make the items of more threads even: of at least half a micro-tile, and only where U is
// stored, as two threads would else make the same U.
template <class Isa>
void choose_block(WinogradPlan* p, const WinogradLimits& limits) {
  const size_t tile_bytes = kPoints * (2 * Isa::kChunk * p->chunks + 4 * Isa::kPanel);
  const size_t part_bytes = p->stored ? 0 : kPoints * p->u_bytes;
  const size_t budget = p->stored ? limits.block_stored : limits.block_made;
  const size_t room = budget > part_bytes ? budget - part_bytes : 0;
  const size_t most = max_size(room / tile_bytes, limits.least_tiles);
  const size_t wanted = divide_up(p->stored ? kPiecesWanted : kPiecesWanted / 2, p->panels);
  const size_t shortest = divide_up(p->tiles, Isa::kRows);  // blocks of one micro-tile
  p->blocks = max_size(max_size(divide_up(p->tiles, most), min_size(wanted, shortest)), 1);
  const size_t groups = max_size(divide_up(p->groups, p->blocks), 1);  // of a block
  p->blocks = divide_up(p->groups, groups);
  p->block = groups * p->together;
  const size_t shares = p->stored ? max_size(2 * p->block / Isa::kRows, 1) : 1;
  p->shares = min_size(min_size(groups, shares), divide_up(kMostItems, p->blocks * p->panels));
}

template <class Isa>
constexpr size_t line_elements() {
  return Isa::kPanel * Isa::kInterleave;
}

template <class Isa>
WinogradPlan make_plan(const ConvS8& c) {
  const WinogradLimits limits = Isa::limits(cache_sizes());
  WinogradPlan p = {};
  p.tiles_x = divide_up(c.output_width, kTile);
  p.image_tiles = p.tiles_x * divide_up(c.output_height, kTile);
  p.tiles = c.batch * p.image_tiles;
  p.together = Isa::kTogether;
  p.groups = divide_up(p.tiles, p.together);
  p.panels = divide_up(c.output_channels, Isa::kPanel);
  p.chunks = divide_up(c.input_channels, Isa::kChunk);
  p.chunk_channels = p.chunks * Isa::kChunk;
  p.lines = divide_up(c.input_channels, Isa::kStep) * (Isa::kStep / Isa::kInterleave);
  const size_t u_bytes = kPoints * 2 * c.input_channels * c.output_channels;
  p.stored = u_bytes <= limits.most_stored;
  p.part_lines = p.stored ? p.lines : min_size(p.lines, limits.part_channels / Isa::kInterleave);
  p.u_bytes = odd_lines(p.part_lines * line_elements<Isa>() * 2);
  choose_block<Isa>(&p, limits);
  p.v_bytes = odd_lines(p.chunks * p.block * 2 * Isa::kChunk);
  p.m_bytes = odd_lines(p.block * 4 * Isa::kPanel);
  p.header_bytes = align_64(10 * Isa::kPanel + sizeof(int32_t));
  p.panel_bytes =
      p.header_bytes + (p.stored ? kPoints * p.u_bytes : align_64(p.lines * kTaps * line_elements<Isa>()));
  p.output = conv_s8_output_strides(c);
  return p;
}

template <class Isa>
size_t packed_bytes(const ConvS8& c) {
  const WinogradPlan p = make_plan<Isa>(c);
  return align_64(sizeof(WinogradPlan)) + p.panels * p.panel_bytes + Isa::kSlack;
}

template <class Isa>
size_t items(const ConvS8& c) {
  const WinogradPlan p = make_plan<Isa>(c);
  return p.blocks * p.panels * p.shares;
}

// ---- when it pays ----

// Cycles of one core. The constants of Isa are measured (benchmarks/conv_s8_bench.cc), and only their ratios
// matter:
//   kProductMacs, kDirectMacs   multiply-accumulates a cycle of the products; of the row below, which would
//                               be taken instead
//   kInputCycles, kOutputCycles per tile: of one vector of input channels, of one panel of output channels
//   kWeightCycles               per line of a panel, to make U where it is not stored
// Where U does not fit in L2 it comes from L3 while it is multiplied, and may set the pace.
template <class Isa>
double winograd_cycles(const ConvS8& c) {
  constexpr double kBytesACycle = 12;  // from L3
  const WinogradPlan p = make_plan<Isa>(c);
  const size_t vectors = divide_up(c.input_channels, Isa::kPanel);  // a vector of s16 has as many lanes
  const auto tiles = static_cast<double>(p.tiles), panels = static_cast<double>(p.panels);
  const auto lines = static_cast<double>(p.lines), blocks = static_cast<double>(p.blocks);
  const double transforms =
      tiles * (static_cast<double>(vectors) * Isa::kInputCycles + panels * Isa::kOutputCycles);
  const double product = kPoints * tiles * lines * panels * line_elements<Isa>() / Isa::kProductMacs;
  if (!p.stored) return transforms + product + blocks * lines * panels * Isa::kWeightCycles;
  const auto u_bytes = static_cast<double>(p.panels * kPoints * p.u_bytes);
  const double fetch =
      u_bytes <= static_cast<double>(cache_sizes().l2) / 2 ? 0 : blocks * u_bytes / kBytesACycle;
  return transforms + (product > fetch ? product : fetch);
}

// A twentieth less than the direct convolution at least: that much the model may err.
template <class Isa>
bool pays(const ConvS8& c) {
  const double macs = static_cast<double>(c.batch * c.output_height * c.output_width) *
                      static_cast<double>(kTaps * c.input_channels * c.output_channels);
  return winograd_cycles<Isa>(c) < 0.95 * macs / Isa::kDirectMacs;
}

// Whether the convolution is exact here, on the weights as they are.
inline bool supports(const ConvS8& c) { return has_winograd_geometry(c) && accumulators_fit(c); }

}  // namespace
}  // namespace octet::kernels
