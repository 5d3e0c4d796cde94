// SPDX-License-Identifier: Apache-2.0
//
// conv_s16 as a matrix product on sdot: 8 output pixels by 8 output channels, any geometry and groups but
// depthwise. An activation is split into two s8, x = 256 * high + low + 128, so that
//
//   sum x * w = 256 * (sum high * w) + (sum low * w) + 128 * (sum w)
//
// modulo 2^32, as the reference's sums are: high is the upper byte of x, low its lower one less 128. Two sdot
// make 16 products where smlal, which A76 issues half as often, makes 4. conv_s16_windows.h gathers
// the windows of a tile, which are split once for all panels; the multiplications are those of
// conv_s8_gemm_sdot.h, with the high bytes first.
//
// A packed panel of 8 channels: the header of conv_s16_output_neon.h with 128 * (sum w) in the bias, then s8
// weights[step][8][4], four consecutive elements of a window together. Scratch: the windows, then the high
// bytes of all pixels of a tile, then the low ones.
#include "kernels/arm/conv_s16_output_neon.h"
#include "kernels/arm/conv_s8_gemm_sdot.h"
#include "kernels/conv_s16_windows.h"

namespace octet::kernels {
namespace {

size_t quads(const WindowsPlan& p) { return (p.elements + 3) / 4; }

struct WideDot {
  static constexpr size_t kPanel = kWideEight, kRows = 8;
};

size_t panel_bytes(const WindowsPlan& p) { return kWideEightHeader + quads(p) * 4 * kWideEight; }

void pack_panel(const ConvS16& c, const WindowsPlan& p, const ChannelPanel& panel, uint8_t* to) {
  pack_wide_eight_header(c, panel.first, panel.columns, to);
  auto* bias = reinterpret_cast<uint32_t*>(to);
  auto* weights = reinterpret_cast<int8_t*>(to + kWideEightHeader);
  for (size_t quad = 0; quad < quads(p); ++quad)
    for (size_t i = 0; i < kWideEight; ++i)
      for (size_t k = 4 * quad; k < 4 * quad + 4; ++k) {
        const int16_t w = i < panel.columns ? window_weight(c, p, panel.first + i, k) : int16_t{0};
        bias[i] += 128u * static_cast<uint32_t>(int32_t{w});
        *weights++ = static_cast<int8_t>(w);
      }
}

size_t packed_bytes(const ConvS16& c) {
  const WindowsPlan p = windows_plan<WideDot>(c);
  return c.groups * p.panels_per_group * panel_bytes(p);
}

void pack(const ConvS16& c, void* packed) {
  const WindowsPlan p = windows_plan<WideDot>(c);
  auto* to = static_cast<uint8_t*>(packed);
  for (size_t i = 0; i < c.groups * p.panels_per_group; ++i, to += panel_bytes(p))
    pack_panel(c, p, channel_panel<WideDot>(p, i), to);
}

size_t plane_bytes(const WindowsPlan& p) { return p.tile * quads(p) * 4; }
size_t split_bytes(const ConvS16& c) { return 2 * plane_bytes(windows_plan<WideDot>(c)); }
size_t wide_scratch_bytes(const ConvS16& c) { return scratch_bytes<WideDot>(c) + split_bytes(c); }

// The windows of a tile, then their high and low bytes, `pitch` bytes from one pixel to the next.
struct Planes {
  int16_t* windows;
  int8_t *high, *low;
  size_t pitch, first, pixels;
};

// One window. What is missing to whole quads meets weights of 0.
void split_window(const int16_t* from, size_t elements, size_t pitch, int8_t* high, int8_t* low) {
  size_t k = 0;
  for (; k + 16 <= elements; k += 16) {
    const int8x16_t a = vreinterpretq_s8_s16(vld1q_s16(from + k));
    const int8x16_t b = vreinterpretq_s8_s16(vld1q_s16(from + k + 8));
    vst1q_s8(high + k, vuzp2q_s8(a, b));
    vst1q_s8(low + k, veorq_s8(vuzp1q_s8(a, b), vdupq_n_s8(-128)));
  }
  for (; k < pitch; ++k) {
    const int32_t x = k < elements ? from[k] : 0;
    high[k] = static_cast<int8_t>(x >> 8);
    low[k] = static_cast<int8_t>((x & 255) - 128);
  }
}

// kCount pixels of a tile from pixel m on, by one panel.
template <size_t kCount>
__attribute__((noinline)) void run_pixels(const Planes& planes, size_t m, const uint8_t* packed,
                                          const WideTarget& target, const WideEpilogue& e) {
  const int8_t *high[kCount], *low[kCount];
  int32x4_t acc[kCount][2];
#pragma GCC unroll 8
  for (size_t i = 0; i < kCount; ++i) {
    high[i] = planes.high + (m + i) * planes.pitch;
    low[i] = planes.low + (m + i) * planes.pitch;
    acc[i][0] = acc[i][1] = vdupq_n_s32(0);
  }
  const auto* weights = reinterpret_cast<const int8_t*>(packed + kWideEightHeader);
  multiply_run(high, 0, planes.pitch / 4, weights, acc);
  const int32x4_t bias0 = vld1q_s32(wide_bias(packed)), bias1 = vld1q_s32(wide_bias(packed) + 4);
#pragma GCC unroll 8
  for (size_t i = 0; i < kCount; ++i) {
    acc[i][0] = vaddq_s32(vshlq_n_s32(acc[i][0], 8), bias0);
    acc[i][1] = vaddq_s32(vshlq_n_s32(acc[i][1], 8), bias1);
  }
  multiply_run(low, 0, planes.pitch / 4, weights, acc);
  WideTarget from_m = target;
  from_m.first += m * target.stride;
  finish_wide(packed, acc, from_m, e);
}

void run_panel(const Planes& planes, const uint8_t* packed, const WideTarget& target, const WideEpilogue& e) {
  size_t m = 0;
  for (; m + 8 <= planes.pixels; m += 8) run_pixels<8>(planes, m, packed, target, e);
  for (; m + 4 <= planes.pixels; m += 4) run_pixels<4>(planes, m, packed, target, e);
  for (; m < planes.pixels; ++m) run_pixels<1>(planes, m, packed, target, e);
}

// Gathers the windows of one group, if they do not lie in the input, and splits them.
void split_group(const ConvS16& c, const WindowsPlan& p, size_t group, const void* input,
                 const Planes& planes) {
  int16_t* const windows = planes.windows;
  const int16_t* from = windows;
  size_t stride = 2 * p.steps;
  int16_t* const rows = windows + windows_elements(p);
  if (p.in_place) {
    stride = c.input_channels;
    from = static_cast<const int16_t*>(input) + planes.first * stride + group * p.group_channels;
  } else if (c.input_s16) {
    gather_windows(c, p, group, static_cast<const int16_t*>(input), planes.first, planes.pixels, rows,
                   windows);
  } else {
    gather_windows(c, p, group, static_cast<const int8_t*>(input), planes.first, planes.pixels, rows,
                   windows);
  }
  for (size_t i = 0; i < planes.pixels; ++i, from += stride)
    split_window(from, p.elements, planes.pitch, planes.high + i * planes.pitch,
                 planes.low + i * planes.pitch);
}

void run(const ConvS16& c, const void* packed, const void* input, void* output, size_t first_item,
         size_t last_item, void* scratch) {
  const WindowsPlan p = windows_plan<WideDot>(c);
  const WideEpilogue e(c);
  auto* const windows = static_cast<int16_t*>(scratch);
  auto* const high = static_cast<int8_t*>(scratch) + scratch_bytes<WideDot>(c);
  for (size_t item = first_item; item < last_item; ++item) {
    const size_t first = item * p.tile, left = p.pixels - first;
    const Planes planes = {windows,      high,  high + plane_bytes(p),
                           quads(p) * 4, first, left < p.tile ? left : p.tile};
    const auto* panel = static_cast<const uint8_t*>(packed);
    for (size_t i = 0; i < c.groups * p.panels_per_group; ++i, panel += panel_bytes(p)) {
      const ChannelPanel channels = channel_panel<WideDot>(p, i);
      if (i % p.panels_per_group == 0) split_group(c, p, channels.group, input, planes);
      run_panel(planes, panel,
                {output, first * c.output_channels + channels.first, c.output_channels, channels.columns}, e);
    }
  }
}

// Depthwise convolutions have rows of their own.
bool supports(const ConvS16& c) {
  return c.groups == 1 || c.groups != c.input_channels || c.output_channels != c.input_channels;
}

}  // namespace

extern const ConvS16Kernel conv_s16_gemm_dotprod_kernel;
const ConvS16Kernel conv_s16_gemm_dotprod_kernel = {
    "conv_s16_gemm_dotprod", kDotprod, supports, packed_bytes, pack, wide_scratch_bytes, items<WideDot>, run};

}  // namespace octet::kernels
