// SPDX-License-Identifier: Apache-2.0
//
// Elementwise operators, pooling, reduction and boundaries with 16 bits: every row against the reference, and
// the references against real numbers.
#include <algorithm>
#include <limits>

#include "kernels/add_s16.h"
#include "kernels/boundary_s16.h"
#include "kernels/mul_s16.h"
#include "kernels/pool_s16.h"
#include "kernels/requantize.h"
#include "kernels/requantize_s16.h"
#include "tests/kernels/s8_case.h"

namespace octet::kernels {
namespace {

// Bytes of `count` random values of s8 or s16, the ends of the type among them.
std::vector<uint8_t> random_bytes(testing::Random* random, bool s16, size_t count) {
  std::vector<uint8_t> bytes(count * (s16 ? 2 : 1));
  for (size_t i = 0; i < count; ++i) {
    const auto wide = static_cast<int16_t>(i % 9 == 0   ? -32768
                                           : i % 9 == 1 ? 32767
                                                        : random->in_range(kS16Min, kS16Max));
    const int8_t narrow = random->s8();
    s16 ? std::memcpy(bytes.data() + 2 * i, &wide, 2) : std::memcpy(bytes.data() + i, &narrow, 1);
  }
  return bytes;
}

int32_t element(const std::vector<uint8_t>& bytes, bool s16, size_t i) {
  return s16 ? reinterpret_cast<const int16_t*>(bytes.data())[i]
             : reinterpret_cast<const int8_t*>(bytes.data())[i];
}

constexpr size_t kCounts[] = {1, 7, 15, 16, 17, 33, 64, 100};

TEST(RequantizeS16Rows, EqualTheReference) {
  testing::Random random = seeded(5);
  for (const auto& row : runnable(requantize_s16_kernels()))
    for (const size_t count : kCounts)
      for (int kind = 1; kind < 4; ++kind)
        for (int p = -16; p <= 31; ++p) {
          const bool from = kind & 1, to = kind & 2;
          const RequantizeS16 r = {from,
                                   to,
                                   from ? 0 : random.s8(),
                                   to ? 0 : random.s8(),
                                   static_cast<int32_t>(random.in_range(16384, 32767)),
                                   p,
                                   to ? -9000 : -100,
                                   to ? 12000 : 120};
          const std::vector<uint8_t> input = random_bytes(&random, from, count);
          Guarded<uint8_t> guarded(input);
          Poisoned<uint8_t> expected(count * (to ? 2 : 1)), actual(count * (to ? 2 : 1));
          requantize_s16_reference(r, input.data(), expected.data(), count);
          row.run(r, guarded.data(), actual.data(), count);
          ASSERT_TRUE(actual == expected) << row.name << " count " << count << " kind " << kind << " p " << p;
        }
}

TEST(RequantizeS16, KeepsRealNumbers) {
  const FixedPoint up = fixed_point(100.0 / 64), down = fixed_point(1 / 100.0);  // scales 0.1 and 0.001
  std::vector<int8_t> q, back(256);
  for (int i = -128; i < 128; ++i) q.push_back(static_cast<int8_t>(i));
  std::vector<int16_t> wide(256);
  requantize_s16_reference({false, true, 7, 0, up.multiplier, up.right_shift, kS16Min, kS16Max}, q.data(),
                           wide.data(), 256);
  for (size_t i = 0; i < 256; ++i) EXPECT_NEAR(wide[i], 100 * (q[i] - 7), 1);
  requantize_s16_reference({true, false, 0, 7, down.multiplier, down.right_shift, -128, 127}, wide.data(),
                           back.data(), 256);
  EXPECT_EQ(back, q);
}

template <class Params, class Rows>
void compare_rows(const Rows& rows, const Params& params, testing::Random* random) {
  const ElementwiseTypes t = params.types;
  for (const auto& row : runnable(rows))
    for (const size_t columns : kCounts)
      for (const auto& [a_stride, b_stride] : {std::pair<size_t, size_t>(1, 1), {1, 0}, {0, 1}}) {
        const size_t lines = 3;
        const std::vector<uint8_t> a = random_bytes(random, t.a_s16, a_stride ? lines * columns : lines);
        const std::vector<uint8_t> b = random_bytes(random, t.b_s16, b_stride ? columns : 1);
        Guarded<uint8_t> guarded_a(a), guarded_b(b);
        const size_t bytes = lines * columns * (t.output_s16 ? 2 : 1);
        Poisoned<uint8_t> expected(bytes), actual(bytes);
        const auto operands = [&, as = a_stride, bs = b_stride](const void* from_a, const void* from_b,
                                                                void* to) {
          return ElementwiseS16{from_a, from_b, to, lines, columns, as ? columns : 1, 0, as, bs};
        };
        rows.rows[rows.count - 1].run(params, operands(a.data(), b.data(), expected.data()));
        row.run(params, operands(guarded_a.data(), guarded_b.data(), actual.data()));
        ASSERT_TRUE(actual == expected) << row.name << " columns " << columns;
      }
}

TEST(AddS16Rows, EqualTheReference) {
  testing::Random random = seeded(9);
  for (int types = 1; types < 8; ++types)
    for (int i = 0; i < 20; ++i) {
      const bool a = types & 1, b = types & 2, out = types & 4;
      const AddS16 add = {{a, b, out},
                          a ? 0 : random.s8(),
                          b ? 0 : random.s8(),
                          out ? 0 : random.s8(),
                          static_cast<int32_t>(random.in_range(-32767, 32767)),
                          static_cast<int32_t>(random.in_range(-32767, 32767)),
                          out ? 0 : static_cast<int32_t>(random.in_range(0, 6)),
                          out ? -16384 : -120,
                          out ? 15000 : 127};
      compare_rows(add_s16_kernels(), add, &random);
    }
}

TEST(MulS16Rows, EqualTheReference) {
  testing::Random random = seeded(10);
  for (int types = 1; types < 8; ++types)
    for (int p = -3; p < 20; ++p) {
      const bool a = types & 1, b = types & 2, out = types & 4;
      const MulS16 mul = {{a, b, out},
                          a ? 0 : random.s8(),
                          b ? 0 : random.s8(),
                          out ? 0 : random.s8(),
                          static_cast<int32_t>(random.in_range(16384, 32767)),
                          p,
                          out ? -16384 : -128,
                          out ? 16383 : 100};
      compare_rows(mul_s16_kernels(), mul, &random);
    }
}

// a * 0.5 + b * 0.25 - like sums of real numbers, in each mixture of types.
TEST(AddS16, IsNearTheRealSum) {
  testing::Random random = seeded(12);
  const double wide_scale = 0.001, narrow_scale = 0.05;
  for (int types = 1; types < 8; ++types) {
    const bool a = types & 1, b = types & 2, out = types & 4;
    const double sa = a ? wide_scale : narrow_scale, sb = b ? wide_scale : narrow_scale;
    const double so = out ? 2 * wide_scale : 2 * narrow_scale;
    const int f = out ? 0 : 3;
    const auto multiplier = [&](double scale, bool s16) {
      return static_cast<int32_t>(std::lround(std::ldexp(scale / so, f + (s16 ? 14 : 8))));
    };
    const AddS16 add = {{a, b, out},        a ? 0 : 5,         b ? 0 : -9, out ? 0 : 11,
                        multiplier(sa, a),  multiplier(sb, b), f,          out ? kS16Min : -128,
                        out ? kS16Max : 127};
    std::vector<uint8_t> x(2), y(2), z(2);
    for (int i = 0; i < 2000; ++i) {
      const auto wide_x = static_cast<int16_t>(random.in_range(kS16Min, kS16Max));
      const auto wide_y = static_cast<int16_t>(random.in_range(kS16Min, kS16Max));
      std::memcpy(x.data(), &wide_x, 2);  // s8: the low byte
      std::memcpy(y.data(), &wide_y, 2);
      add_s16_reference(add, {x.data(), y.data(), z.data(), 1, 1, 0, 0, 1, 1});
      const double real =
          sa * (element(x, a, 0) - add.a_zero_point) + sb * (element(y, b, 0) - add.b_zero_point);
      const double ideal =
          std::clamp<double>(real / so + add.output_zero_point, add.output_min, add.output_max);
      ASSERT_NEAR(element(z, out, 0), ideal, out ? 1.6 : 1) << "types " << types;
    }
  }
}

Pool2D pool_geometry(size_t channels) { return {2, channels, {7, 4, 3, 2, 1, 1, 1}, {6, 3, 2, 2, 1, 0, 0}}; }

// By definition, window by window.
TEST(PoolS16, IsByDefinition) {
  testing::Random random = seeded(14);
  for (const size_t channels : {1, 5, 70}) {
    const Pool2D g = pool_geometry(channels);
    const std::vector<int32_t> counts = {4, 6};
    const std::vector<int16_t> multiplier = {20000, 27000};
    const std::vector<int8_t> shift = {1, 2};
    for (int kind = 1; kind < 4; ++kind) {
      const bool from = kind & 1, to = kind & 2;
      const std::vector<uint8_t> input = random_bytes(&random, from, 2 * 7 * 6 * channels);
      const AveragePoolS16 average = {{g, false, counts.data(), multiplier.data(), shift.data(), 2,
                                       from ? 0 : 3, to ? 0 : -4, to ? -9000 : -128, to ? 9000 : 127},
                                      {from, to}};
      std::vector<uint8_t> output(2 * 4 * 3 * channels * (to ? 2 : 1)), largest(2 * 4 * 3 * channels * 2);
      average_pool_s16(average, input.data(), output.data(), 0, 3);
      average_pool_s16(average, input.data(), output.data(), 3, 8);
      if (from)
        max_pool_s16({g, -9000, 9000}, reinterpret_cast<const int16_t*>(input.data()),
                     reinterpret_cast<int16_t*>(largest.data()), 0, 8);
      for (size_t row = 0; row < 8; ++row)
        for (size_t x = 0; x < 3; ++x)
          for (size_t c = 0; c < channels; ++c) {
            const PoolWindow wy = pool_window(g.y, row % 4), wx = pool_window(g.x, x);
            int32_t sum = 0, max = -32768;
            for (size_t ky = wy.first; ky < wy.last; ++ky)
              for (size_t kx = wx.first; kx < wx.last; ++kx) {
                const size_t iy = row % 4 * 2 + ky - 1, ix = x * 2 + kx;
                const int32_t q = element(input, from, ((row / 4 * 7 + iy) * 6 + ix) * channels + c);
                sum += q - (from ? 0 : 3);
                max = std::max(max, q);
              }
            const size_t at = (row * 3 + x) * channels + c;
            const size_t entry = (wy.last - wy.first) * (wx.last - wx.first) == 4 ? 0 : 1;
            const int32_t expected = to ? requantize_s16(sum, multiplier[entry], shift[entry], -9000, 9000)
                                        : requantize(sum, multiplier[entry], shift[entry], -4, -128, 127);
            ASSERT_EQ(element(output, to, at), expected);
            ASSERT_TRUE(!from || element(largest, true, at) == std::clamp(max, -9000, 9000));
          }
    }
  }
}

TEST(ReduceS16, IsByDefinition) {
  testing::Random random = seeded(15);
  for (const size_t inner : {1, 3, 80})
    for (int kind = 1; kind < 4; ++kind)
      for (const auto what : {ReduceKindS8::kSum, ReduceKindS8::kMax, ReduceKindS8::kMin}) {
        const bool from = kind & 1, to = kind & 2, sums = what == ReduceKindS8::kSum;
        if (!sums && kind != 3) continue;
        const size_t reduced = 9, outer = 3;
        const std::vector<uint8_t> input = random_bytes(&random, from, outer * reduced * inner);
        std::vector<uint8_t> output(outer * inner * (to ? 2 : 1));
        const ReduceS16 reduce = {
            {what, reduced, inner, from ? 0 : 3, to ? 0 : -4, 21000, 3, to ? -9000 : -128, to ? 9000 : 127},
            {from, to}};
        reduce_s16(reduce, input.data(), output.data(), 0, 2);
        reduce_s16(reduce, input.data(), output.data(), 2, outer * inner);
        for (size_t i = 0; i < outer * inner; ++i) {
          int32_t sum = 0, max = -32768, min = 32767;
          for (size_t k = 0; k < reduced; ++k) {
            const int32_t q = element(input, from, (i / inner * reduced + k) * inner + i % inner);
            sum += q - (from ? 0 : 3);
            max = std::max(max, q);
            min = std::min(min, q);
          }
          const int32_t requantized =
              to ? requantize_s16(sum, 21000, 3, -9000, 9000) : requantize(sum, 21000, 3, -4, -128, 127);
          ASSERT_EQ(element(output, to, i), sums ? requantized : what == ReduceKindS8::kMax ? max : min);
        }
      }
}

TEST(BoundaryS16, RoundsHalfToEvenAndSaturates) {
  const float infinity = std::numeric_limits<float>::infinity(),
              nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> input = {0.25f,  0.75f,    -0.25f,    -0.75f, 1e30f,
                                    -1e30f, infinity, -infinity, nan,    3.5f};
  std::vector<int16_t> q(input.size());
  quantize_f32_s16(2, input.data(), q.data(), q.size());
  EXPECT_EQ(q, (std::vector<int16_t>{0, 2, 0, -2, 16383, -16384, 16383, -16384, 0, 7}));
  std::vector<float> back(3);
  const std::vector<int16_t> values = {-32768, 3, 32767};
  dequantize_s16_f32(0.5f, values.data(), back.data(), 3);
  EXPECT_EQ(back, (std::vector<float>{-16384, 1.5f, 16383.5f}));
}

}  // namespace
}  // namespace octet::kernels
