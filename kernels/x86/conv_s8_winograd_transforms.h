// SPDX-License-Identifier: Apache-2.0
//
// The transforms of Winograd F(4x4, 3x3): G W G^T of weights, B^T X B of a window, A^T M A of a tile.
// conv_s8_winograd_plan.h has the matrices and why 9 f_y f_x is divided out.
#pragma once

#include "kernels/conv_s8_winograd.h"

namespace octet::kernels {
namespace {

// ---- weights ----

// One row of U from a row of G W: the products with G^T's columns.
template <class Isa>
inline void store_weight_row(const typename Isa::Vec (&w)[3], uint8_t* u, size_t u_bytes) {
  const auto even = Isa::add16(w[0], w[2]), far = Isa::add16(w[0], Isa::shift16(w[2], 2));
  const auto twice = Isa::add16(w[1], w[1]);
  Isa::store(u, Isa::six16(w[0]));
  Isa::store(u + u_bytes, Isa::add16(even, w[1]));
  Isa::store(u + 2 * u_bytes, Isa::sub16(even, w[1]));
  Isa::store(u + 3 * u_bytes, Isa::add16(far, twice));
  Isa::store(u + 4 * u_bytes, Isa::sub16(far, twice));
  Isa::store(u + 5 * u_bytes, Isa::six16(w[2]));
}

// U of `lines` lines from their s8. Rows 0 and 5 of G W are 6 times rows 0 and 2 of W, and
// the others come in pairs of a sum and a difference, so that few registers are needed at a time.
template <class Isa>
void transform_weights(const int8_t* weights, size_t lines, uint8_t* u, size_t u_bytes) {
  using Vec = typename Isa::Vec;
  constexpr size_t kTapBytes = line_elements<Isa>(), kRowBytes = 3 * kTapBytes, kVectors = Isa::kInterleave;
  for (size_t i = 0; i < lines * kVectors; ++i, u += sizeof(Vec)) {
    const int8_t* w = weights + i / kVectors * kTaps * kTapBytes + i % kVectors * Isa::kPanel;
    // The next part's weights, which come while the product of this one runs: nothing else fetches them.
    if (i % kVectors == 0)
      for (size_t k = 0; k < kTaps * kTapBytes; k += 64)
        __builtin_prefetch(w + lines * kTaps * kTapBytes + k, 0, 2);
    Vec low[3], high[3], sum[3], difference[3];
#pragma GCC unroll 3
    for (size_t x = 0; x < 3; ++x) {
      const Vec even =
          Isa::add16(Isa::widen(w + x * kTapBytes), Isa::widen(w + 2 * kRowBytes + x * kTapBytes));
      const Vec middle = Isa::widen(w + kRowBytes + x * kTapBytes);
      sum[x] = Isa::add16(even, middle);
      difference[x] = Isa::sub16(even, middle);
    }
    store_weight_row<Isa>(sum, u + 6 * u_bytes, u_bytes);
    store_weight_row<Isa>(difference, u + 12 * u_bytes, u_bytes);
#pragma GCC unroll 3
    for (size_t x = 0; x < 3; ++x) {
      low[x] = Isa::widen(w + x * kTapBytes);
      high[x] = Isa::widen(w + 2 * kRowBytes + x * kTapBytes);
      const Vec far = Isa::add16(low[x], Isa::shift16(high[x], 2));
      const Vec middle = Isa::widen(w + kRowBytes + x * kTapBytes), twice = Isa::add16(middle, middle);
      sum[x] = Isa::add16(far, twice);
      difference[x] = Isa::sub16(far, twice);
      low[x] = Isa::six16(low[x]);
      high[x] = Isa::six16(high[x]);
    }
    store_weight_row<Isa>(sum, u + 18 * u_bytes, u_bytes);
    store_weight_row<Isa>(difference, u + 24 * u_bytes, u_bytes);
    store_weight_row<Isa>(low, u, u_bytes);
    store_weight_row<Isa>(high, u + 30 * u_bytes, u_bytes);
  }
}

// ---- inputs ----

// Six vectors of a line or a column of the window. Named, as gcc keeps arrays of vectors in memory.
template <class Isa>
struct Six {
  typename Isa::Vec a, b, c, d, e, f;
};

// One line of B^T X.
template <class Isa>
inline Six<Isa> transform_input_line(const Six<Isa>& x) {
  const auto s = Isa::sub16(x.e, x.c), d = Isa::sub16(x.d, x.b), d2 = Isa::add16(d, d);
  const auto even = Isa::sub16(x.e, Isa::shift16(x.c, 2)), odd = Isa::sub16(x.d, Isa::shift16(x.b, 2));
  return {Isa::add16(Isa::shift16(Isa::sub16(x.a, x.c), 2), s),
          Isa::add16(even, odd),
          Isa::sub16(even, odd),
          Isa::add16(s, d2),
          Isa::sub16(s, d2),
          Isa::sub16(Isa::sub16(x.f, x.d), Isa::add16(d2, d2))};
}

// Channels [c, c + count) of one row of pixels; kPart: fewer than a vector.
template <class Isa, bool kPart>
inline Six<Isa> load_row(const int8_t* const* pixels, size_t c, size_t count) {
  const auto widen = [=](const int8_t* from) {
    return kPart ? Isa::widen_part(from + c, count) : Isa::widen(from + c);
  };
  return {widen(pixels[0]), widen(pixels[1]), widen(pixels[2]),
          widen(pixels[3]), widen(pixels[4]), widen(pixels[5])};
}

template <class Isa>
inline void store_column(const Six<Isa>& v, uint8_t* to, size_t v_bytes) {
  Isa::store(to, v.a);
  Isa::store(to + 6 * v_bytes, v.b);
  Isa::store(to + 12 * v_bytes, v.c);
  Isa::store(to + 18 * v_bytes, v.d);
  Isa::store(to + 24 * v_bytes, v.e);
  Isa::store(to + 30 * v_bytes, v.f);
}

// One vector of channels of one window. By itself: inlined, gcc spills twice as much.
template <class Isa, bool kPart>
__attribute__((noinline)) void transform_window(const int8_t* const* pixels, size_t c, size_t count,
                                                uint8_t* v, size_t v_bytes) {
  const auto row = [=](size_t y) {
    const Six<Isa> r = transform_input_line<Isa>(load_row<Isa, kPart>(pixels + kWindow * y, c, count));
    return Six<Isa>{Isa::pinned(r.a), Isa::pinned(r.b), Isa::pinned(r.c),
                    Isa::pinned(r.d), Isa::pinned(r.e), Isa::pinned(r.f)};
  };
  const Six<Isa> r0 = row(0), r1 = row(1), r2 = row(2), r3 = row(3), r4 = row(4), r5 = row(5);
  const auto column = [=](const Six<Isa>& x, size_t point) {
    store_column(transform_input_line<Isa>(x), v + point * v_bytes, v_bytes);
  };
  column({r0.a, r1.a, r2.a, r3.a, r4.a, r5.a}, 0);
  column({r0.b, r1.b, r2.b, r3.b, r4.b, r5.b}, 1);
  column({r0.c, r1.c, r2.c, r3.c, r4.c, r5.c}, 2);
  column({r0.d, r1.d, r2.d, r3.d, r4.d, r5.d}, 3);
  column({r0.e, r1.e, r2.e, r3.e, r4.e, r5.e}, 4);
  column({r0.f, r1.f, r2.f, r3.f, r4.f, r5.f}, 5);
}

// The 36 pixels of the tile's window; `pad` where they are outside the input.
inline void find_pixels(const ConvS8& c, const WinogradTile& t, const int8_t* input, const int8_t* pad,
                        const int8_t** pixels) {
  const size_t top = kTile * t.y - c.pad_top, left = kTile * t.x - c.pad_left;  // wrap, if they are negative
  const int8_t* image = input + t.n * c.input_height * c.input_width * c.input_channels;
  const size_t last_top = top + kWindow - 1, last_left = left + kWindow - 1;
  const bool inside =
      top < c.input_height && left < c.input_width && last_top < c.input_height && last_left < c.input_width;
  for (size_t y = 0; y < kWindow; ++y, pixels += kWindow) {
    if (inside) {
      const int8_t* pixel = image + ((top + y) * c.input_width + left) * c.input_channels;
      for (size_t x = 0; x < kWindow; ++x, pixel += c.input_channels) {
        asm("" : "+r"(pixel));  // no vectors: their stores would stall the loads of single pointers
        pixels[x] = pixel;
      }
      continue;
    }
    for (size_t x = 0; x < kWindow; ++x) {
      const size_t in_y = top + y, in_x = left + x;
      const bool in = in_y < c.input_height && in_x < c.input_width;
      const int8_t* pixel = in ? image + (in_y * c.input_width + in_x) * c.input_channels : pad;
      asm("" : "+r"(pixel));
      pixels[x] = pixel;
    }
  }
}

template <class Isa>
void transform_inputs(const ConvS8& c, const WinogradPlan& p, size_t block, const int8_t* input,
                      const WinogradScratch& s) {
  constexpr size_t kLanes = sizeof(typename Isa::Vec) / 2;
  const size_t first = first_tile(p, block), count = first_tile(p, block + 1) - first;
  WinogradTile tile = find_tile(p, first);
  for (size_t i = 0; i < count; ++i, next_tile(c, p, &tile)) {
    const int8_t* pixels[kPoints];
    find_pixels(c, tile, input, s.pad, pixels);
    for (size_t k = 0; k < c.input_channels; k += kLanes) {
      uint8_t* v = s.v + ((k / Isa::kChunk * p.block + i) * Isa::kChunk + k % Isa::kChunk) * 2;
      if (k + kLanes <= c.input_channels) {
        transform_window<Isa, false>(pixels, k, kLanes, v, p.v_bytes);
      } else {
        transform_window<Isa, true>(pixels, k, c.input_channels - k, v, p.v_bytes);
      }
    }
  }
}

// ---- outputs ----

// Four vectors of a column of the tile.
template <class Isa>
struct Four {
  typename Isa::Vec a, b, c, d;
};

template <class Isa>
inline Four<Isa> add(const Four<Isa>& x, const Four<Isa>& y) {
  return {Isa::add32(x.a, y.a), Isa::add32(x.b, y.b), Isa::add32(x.c, y.c), Isa::add32(x.d, y.d)};
}
template <class Isa>
inline Four<Isa> subtract(const Four<Isa>& x, const Four<Isa>& y) {
  return {Isa::sub32(x.a, y.a), Isa::sub32(x.b, y.b), Isa::sub32(x.c, y.c), Isa::sub32(x.d, y.d)};
}
template <class Isa>
inline Four<Isa> times_four(const Four<Isa>& x) {
  return {Isa::shift32(x.a, 2), Isa::shift32(x.b, 2), Isa::shift32(x.c, 2), Isa::shift32(x.d, 2)};
}

// One column of A^T M, rows divided by 1, 2, 4, 4.
template <class Isa>
inline Four<Isa> transform_column(const uint8_t* m, size_t m_bytes, typename Isa::Vec m1) {
  const auto m2 = Isa::load(m + 12 * m_bytes);
  const auto m3 = Isa::load(m + 18 * m_bytes), m4 = Isa::load(m + 24 * m_bytes);
  const auto s = Isa::add32(m1, m2), d = Isa::sub32(m1, m2);
  const auto far_s = Isa::add32(m3, m4), far_d = Isa::sub32(m3, m4);
  return {Isa::pinned(Isa::sub32(Isa::add32(Isa::load(m), far_s), Isa::shift32(s, 2))),
          Isa::pinned(Isa::sub32(far_d, Isa::add32(d, d))), Isa::pinned(Isa::sub32(far_s, s)),
          Isa::pinned(Isa::add32(Isa::sub32(Isa::add32(far_d, far_d), d), Isa::load(m + 30 * m_bytes)))};
}

// Column x of the tile, for one of the panel's two vectors; outputs stand two vectors apart.
template <class Isa, size_t kX>
inline void store_column(const Four<Isa>& sums, const typename Isa::Finish& f, typename Isa::Vec* t) {
  t[2 * kX] = f.finish(sums.a, output_factor(0, kX));
  t[2 * (4 + kX)] = f.finish(sums.b, output_factor(1, kX));
  t[2 * (8 + kX)] = f.finish(sums.c, output_factor(2, kX));
  t[2 * (12 + kX)] = f.finish(sums.d, output_factor(3, kX));
}

template <class Isa>
inline Four<Isa> transform_column(const uint8_t* m, size_t m_bytes) {
  return transform_column<Isa>(m, m_bytes, Isa::load(m + 6 * m_bytes));
}

// The 16 outputs of a tile, for one vector, stored two vectors apart: Isa::Finish(header, vector) turns
// 9 f_y f_x * sum into 64 * x or what else its requantize_two() wants. The lines of the second
// transform (the same as in transform_column) are taken apart into pairs of columns, so that few registers
// are needed at a time. Not inlined as above.
template <class Isa>
__attribute__((noinline)) void transform_tile(const uint8_t* m, size_t m_bytes, const PanelHeader<Isa>& h,
                                              size_t vector, typename Isa::Vec* t) {
  const typename Isa::Finish f(h, vector);
  Four<Isa> a = transform_column<Isa>(m + m_bytes, m_bytes, Isa::add32(Isa::load(m + 7 * m_bytes), f.bias));
  Four<Isa> b = transform_column<Isa>(m + 2 * m_bytes, m_bytes);
  const Four<Isa> s = add<Isa>(a, b), d = subtract<Isa>(a, b);
  a = transform_column<Isa>(m + 3 * m_bytes, m_bytes);
  b = transform_column<Isa>(m + 4 * m_bytes, m_bytes);
  const Four<Isa> far_s = add<Isa>(a, b), far_d = subtract<Isa>(a, b);
  store_column<Isa, 1>(subtract<Isa>(far_d, add<Isa>(d, d)), f, t);
  store_column<Isa, 2>(subtract<Isa>(far_s, s), f, t);
  const Four<Isa> first = subtract<Isa>(far_s, times_four<Isa>(s));
  const Four<Isa> last = subtract<Isa>(add<Isa>(far_d, far_d), d);
  store_column<Isa, 0>(add<Isa>(first, transform_column<Isa>(m, m_bytes)), f, t);
  store_column<Isa, 3>(add<Isa>(last, transform_column<Isa>(m + 5 * m_bytes, m_bytes)), f, t);
  f.finish_tile(t);
}

template <class Isa>
inline void requantize_tile(const typename Isa::Vec (*t)[2], const WinogradTarget to,
                            const typename Isa::Epilogue e) {
  const bool whole = to.columns == Isa::kPanel;
  for (size_t y = 0; y < to.height; ++y) {
    int8_t* row = to.output + y * to.row;
    for (size_t x = 0; x < to.width; x += 2, row += 2 * to.pixel) {
      const auto q = Isa::requantize_two(t[4 * y + x], t[4 * y + x + 1], e);
      if (whole) {
        Isa::store_low(row, q);
        if (x + 1 < to.width) Isa::store_high(row + to.pixel, q);
      } else {
        Isa::store_low_part(row, q, to.columns);
        if (x + 1 < to.width) Isa::store_high_part(row + to.pixel, q, to.columns);
      }
    }
  }
}

template <class Isa>
inline void transform_outputs_of_tile(const uint8_t* m, size_t m_bytes, const PanelHeader<Isa>& h,
                                      const typename Isa::Epilogue& e, const WinogradTarget& to) {
  typename Isa::Vec t[kTile * kTile][2];
#pragma GCC unroll 1
  for (size_t vector = 0; vector < 2; ++vector, m += sizeof(typename Isa::Vec))
    transform_tile<Isa>(m, m_bytes, h, vector, &t[0][vector]);
  requantize_tile<Isa>(t, to, e);
}

}  // namespace
}  // namespace octet::kernels
