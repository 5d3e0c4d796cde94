// SPDX-License-Identifier: Apache-2.0
//
// conv_s8 as a matrix product for in-order cores without dot product (Cortex-A53, A35): 4 output pixels by 4
// output channels, 32 or 16 k at a time, any geometry and groups. conv_s8_strip.h cuts the work.
//
// These cores do one 128-bit operation a cycle. conv_s8_gemm_c16.h's sums take three for 16 products. Here
//
//   acc[lane] += sum over neighbours (a[k] * w[k] + a[k + 8] * w[k + 8] + b[k] * v[k] + b[k + 8] * v[k + 8])
//
// takes five for 32: smull, smlal2, smlal, smlal2, sadalp. The sum of four fits in s16 where the weights
// allow it: 128 * 255 = 32640. pack() proves it for each pair of blocks of 16 k that it puts together: any
// two blocks of the sum in which the magnitudes of the four weights of every lane add up to at most 255, for
// all four channels. Trained layers of 256 k and more have 8 to 10 pairs for 10; what finds no partner is
// multiplied alone.
//
// A panel: QuadsHeader (conv_s8_gemm_quads.h), with layout[2 q] the pairs of quad q and layout[2 q + 1] its
// singles; then
//   u32 offsets[quads][blocks]  of the blocks from the pixel's place on: a quad's pairs, then its singles;
//   two
//                               more zeros, to a multiple of 16 bytes
//   s8  weights[quads]          of each pair [4 channels][2 blocks][16 k], of each single [4 channels][16 k]
//   64 bytes that the loops may read
//
// The last block of a run ends where the run ends, as in conv_s8_gemm_c16.h.
#include "kernels/arm/conv_s8_gemm_quads.h"
#include "kernels/arm/multiply_chains_a53.h"

namespace octet::kernels {
namespace {

constexpr size_t kReadAhead = 64;

// Where the parts of a panel start, with `blocks` for a quad.
inline size_t weights_at(size_t quads, size_t blocks) {
  return sizeof(QuadsHeader) + round_up((quads * blocks + 2) * sizeof(uint32_t), 16);
}
inline size_t chain_panel_bytes(size_t quads, size_t blocks) {
  return weights_at(quads, blocks) + quads * blocks * kQuad * kBlock + kReadAhead;
}

// A block of a quad's weights on its way into packed memory.
struct WeightBlock {
  int8_t weights[kQuad][kBlock];
  uint8_t magnitudes[kQuad][kBlock / 2];  // |w[k]| + |w[k + 8]|
  uint32_t offset;
};

// Block `index` of run `run`: zeros where there is no channel, and where the block before has the weights.
inline WeightBlock make_block(const ConvS8& c, const StripPlan& plan, const Panel& panel, size_t first,
                              size_t run, size_t index) {
  WeightBlock block = {};
  const size_t elements = plan.run_elements, begin = index * kBlock, end = min_size(elements, begin + kBlock);
  const size_t at = end - begin < kBlock && elements >= kBlock ? elements - kBlock : begin;
  block.offset = run_offset(c, plan, run) + static_cast<uint32_t>(at);
  for (size_t i = 0; i < kQuad && first + i < panel.columns; ++i) {
    const int8_t* weights = run_weights(c, plan, panel.first + first + i, run);
    std::memcpy(block.weights[i] + begin - at, weights + begin, end - begin);
    const int8x16_t magnitudes = vabsq_s8(vld1q_s8(block.weights[i]));
    const int8x8_t sums = vadd_s8(vget_low_s8(magnitudes), vget_high_s8(magnitudes));
    vst1_u8(block.magnitudes[i], vreinterpret_u8_s8(sums));
  }
  return block;
}

// Whether no sum of four products leaves s16.
inline bool can_chain(const WeightBlock& a, const WeightBlock& b) {
  const auto over = [&a, &b](size_t i) {
    return vcgtq_u8(vld1q_u8(a.magnitudes[i]), vmvnq_u8(vld1q_u8(b.magnitudes[i])));
  };
  return vmaxvq_u8(vorrq_u8(over(0), over(2))) == 0;
}

// Where a quad's blocks go: pairs from the front, singles from the back.
struct ChainWriter {
  uint32_t* offsets;
  int8_t* weights;
  size_t pairs, last;

  void put_pair(const WeightBlock& a, const WeightBlock& b) {
    int8_t* to = weights + 2 * pairs * kQuad * kBlock;
    for (size_t i = 0; i < kQuad; ++i, to += 2 * kBlock) {
      std::memcpy(to, a.weights[i], kBlock);
      std::memcpy(to + kBlock, b.weights[i], kBlock);
    }
    offsets[2 * pairs] = a.offset;
    offsets[2 * pairs + 1] = b.offset;
    ++pairs;
  }
  void put_single(const WeightBlock& block) {
    --last;
    std::memcpy(weights + last * kQuad * kBlock, block.weights, sizeof(block.weights));
    offsets[last] = block.offset;
  }
};

// Every block with the first of the blocks before it that it can be chained to. At most kWaiting wait.
inline void put_blocks(const ConvS8& c, const StripPlan& plan, const Panel& panel, size_t first,
                       ChainWriter* writer) {
  constexpr size_t kWaiting = 32;
  WeightBlock waiting[kWaiting];
  size_t count = 0;
  for (size_t run = 0; run < plan.runs; ++run)
    for (size_t index = 0; index < plan.run_steps; ++index) {
      const WeightBlock block = make_block(c, plan, panel, first, run, index);
      size_t partner = 0;
      while (partner < count && !can_chain(waiting[partner], block)) ++partner;
      if (partner < count) {
        writer->put_pair(waiting[partner], block);
        waiting[partner] = waiting[--count];
        continue;
      }
      if (count == kWaiting) writer->put_single(waiting[--count]);
      waiting[count++] = block;
    }
  while (count > 0) writer->put_single(waiting[--count]);
}

struct Chains : GemmQuads {
  static constexpr size_t kStep = kBlock, kRows = 4;
  static constexpr bool kWholeTiles = true;  // the assembly takes four pixels

  static bool reads_in_place(const ConvS8& c) { return c.input_channels / c.groups >= kBlock; }
  static void pack_panel(const ConvS8& c, const StripPlan& plan, const Panel& panel, uint8_t* to);
  template <size_t kPixels>
  static void multiply_panel(const MicroTile<Chains>& t, const int8_t* const* pixels,
                             QuadSums<kPixels>* sums);
  static void run_tiles(const MicroTile<Chains>& t, size_t first, size_t rows, size_t tiles,
                        const Epilogue& epilogue);
  static void run_single(const ConvS8& c, const PackedStrip& packed, const PanelRange& range,
                         const int8_t* input, void* output) {
    run_single_pixel<Chains>(c, packed, range, input, output);
  }
};

template <>
size_t panel_bytes<Chains>(const ConvS8&, const StripPlan& p, const Panel& panel) {
  return chain_panel_bytes(panel.width / kQuad, p.runs * p.run_steps);
}

void Chains::pack_panel(const ConvS8& c, const StripPlan& plan, const Panel& panel, uint8_t* to) {
  const size_t quads = panel.width / kQuad, blocks = plan.runs * plan.run_steps;
  std::memset(to, 0, chain_panel_bytes(quads, blocks));
  QuadsHeader header = make_panel_header<QuadsHeader>(c, panel);
  auto* offsets = reinterpret_cast<uint32_t*>(to + sizeof(header));
  auto* weights = reinterpret_cast<int8_t*>(to + weights_at(quads, blocks));
  for (size_t q = 0; q < quads; ++q, offsets += blocks, weights += blocks * kQuad * kBlock) {
    ChainWriter writer = {offsets, weights, 0, blocks};
    put_blocks(c, plan, panel, q * kQuad, &writer);
    header.layout[2 * q] = static_cast<uint32_t>(writer.pairs);
    header.layout[2 * q + 1] = static_cast<uint32_t>(blocks - 2 * writer.pairs);
  }
  std::memcpy(to, &header, sizeof(header));
}

// products[i][j] (+)= one block of pixel i times channel j's, which stand `stride` bytes apart. What follows
// each other is independent: in-order cores wait for nothing.
template <bool kFirst, size_t kPixels>
inline void multiply_add_block(const int8x16_t (&pixel)[kPixels], const int8_t* weights, size_t stride,
                               int16x8_t (&products)[kPixels][kQuad]) {
  int8x16_t w[kQuad];
#pragma GCC unroll 4
  for (size_t j = 0; j < kQuad; ++j) {
    w[j] = vld1q_s8(weights + stride * j);
#pragma GCC unroll 2
    for (size_t i = 0; i < kPixels; ++i)
      products[i][j] = kFirst ? vmull_s8(vget_low_s8(pixel[i]), vget_low_s8(w[j]))
                              : vmlal_s8(products[i][j], vget_low_s8(pixel[i]), vget_low_s8(w[j]));
  }
#pragma GCC unroll 4
  for (size_t j = 0; j < kQuad; ++j)
#pragma GCC unroll 2
    for (size_t i = 0; i < kPixels; ++i) products[i][j] = vmlal_high_s8(products[i][j], pixel[i], w[j]);
}

template <size_t kPixels>
inline void add_products(const int16x8_t (&products)[kPixels][kQuad], int32x4_t (&acc)[kPixels][kQuad]) {
#pragma GCC unroll 2
  for (size_t i = 0; i < kPixels; ++i)
#pragma GCC unroll 4
    for (size_t j = 0; j < kQuad; ++j) acc[i][j] = vpadalq_s16(acc[i][j], products[i][j]);
}

// One quad, for fewer pixels than the assembly takes. Moves the panel behind it.
template <size_t kPixels>
inline void multiply_few(const int8_t* const (&pixels)[kPixels], ChainPanel* panel, QuadSums<kPixels>& sums) {
  const uint32_t pairs = panel->counts[0], singles = panel->counts[1], *offsets = panel->offsets;
  const int8_t* weights = panel->weights;
  int32x4_t acc[kPixels][kQuad] = {};
  int8x16_t first[kPixels], second[kPixels];
  int16x8_t products[kPixels][kQuad];
  for (uint32_t n = 0; n < pairs; ++n, offsets += 2, weights += 2 * kQuad * kBlock) {
#pragma GCC unroll 2
    for (size_t i = 0; i < kPixels; ++i) {
      first[i] = vld1q_s8(pixels[i] + offsets[0]);
      second[i] = vld1q_s8(pixels[i] + offsets[1]);
    }
    multiply_add_block<true>(first, weights, 2 * kBlock, products);
    multiply_add_block<false>(second, weights + kBlock, 2 * kBlock, products);
    add_products(products, acc);
  }
  for (uint32_t n = 0; n < singles; ++n, ++offsets, weights += kQuad * kBlock) {
#pragma GCC unroll 2
    for (size_t i = 0; i < kPixels; ++i) first[i] = vld1q_s8(pixels[i] + offsets[0]);
    multiply_add_block<true>(first, weights, kBlock, products);
    add_products(products, acc);
  }
#pragma GCC unroll 2
  for (size_t i = 0; i < kPixels; ++i)
    vst1q_s32(sums[i], add_lanes(acc[i][0], acc[i][1], acc[i][2], acc[i][3]));
  *panel = {panel->counts + 2, offsets, weights, panel->quads - 1};
}

template <size_t kPixels>
void Chains::multiply_panel(const MicroTile<Chains>& t, const int8_t* const* pixels,
                            QuadSums<kPixels>* sums) {
  const size_t quads = t.width / kQuad, blocks = t.runs * t.steps;
  const auto& header = *reinterpret_cast<const QuadsHeader*>(t.panel);
  ChainPanel panel = {header.layout, reinterpret_cast<const uint32_t*>(t.panel + sizeof(header)),
                      reinterpret_cast<const int8_t*>(t.panel + weights_at(quads, blocks)), quads};
  if constexpr (kPixels == 4) {
    const int8_t* const four[4] = {pixels[0], pixels[1], pixels[2], pixels[3]};
    multiply_chains(four, panel, sums[0][0]);
  } else if constexpr (kPixels == 3) {
    const int8_t* const four[4] = {pixels[0], pixels[1], pixels[2], pixels[2]};
    QuadSums<4> four_sums[kQuads];
    multiply_chains(four, panel, four_sums[0][0]);
    for (size_t q = 0; q < quads; ++q) std::memcpy(sums[q], four_sums[q], sizeof(sums[q]));
  } else {
    int8_t const* few[kPixels];
    for (size_t i = 0; i < kPixels; ++i) few[i] = pixels[i];
    while (panel.quads > 0) multiply_few<kPixels>(few, &panel, *sums++);
  }
}

void Chains::run_tiles(const MicroTile<Chains>& t, size_t first, size_t rows, size_t tiles,
                       const Epilogue& epilogue) {
  using Function = void (*)(const MicroTile<Chains>&, size_t, size_t, const Epilogue&);
  static constexpr Function kFunctions[kRows] = {run_micro_tiles<1, Chains>, run_micro_tiles<2, Chains>,
                                                 run_micro_tiles<3, Chains>, run_micro_tiles<4, Chains>};
  kFunctions[rows - 1](t, first, tiles, epilogue);
}

bool supports(const ConvS8& c) { return c.groups == 1 || c.output_channels / c.groups >= kQuad; }

}  // namespace

extern const ConvS8Kernel conv_s8_gemm_4x4_inorder_aarch64_kernel;
const ConvS8Kernel conv_s8_gemm_4x4_inorder_aarch64_kernel = {"conv_s8_gemm_4x4_inorder_aarch64",
                                                              static_cast<CpuFeature>(kNeon | kInOrder),
                                                              supports,
                                                              packed_bytes<Chains>,
                                                              pack<Chains>,
                                                              scratch_bytes<Chains>,
                                                              items<Chains>,
                                                              run<Chains>};

}  // namespace octet::kernels
