// SPDX-License-Identifier: Apache-2.0
//
// add_s8, mul_s8 and prelu_s8: each kernel equals its reference on every broadcast and ragged size, and
// each reference is within one step of the ideally rounded real result.
#include "kernels/add_s8.h"
#include "kernels/mul_s8.h"
#include "kernels/prelu_s8.h"
#include "tests/kernels/s8_case.h"

namespace octet::kernels {
namespace {

using testing::Random;

// Geometry of an elementwise case; the strides say what is repeated.
struct Form {
  size_t rows, columns, a_row_stride, b_row_stride, a_stride, b_stride;
};

size_t extent(size_t rows, size_t row_stride, size_t columns, size_t stride) {
  return rows == 0 || columns == 0 ? 0 : (rows - 1) * row_stride + (columns - 1) * stride + 1;
}

// Runs every row of the family on the form and compares with the reference.
template <class Params, class Function>
void expect_equal_rows(const Params& params, KernelRows<Function> rows, const Form& f, Random* random) {
  const std::vector<int8_t> a = random_s8(random, extent(f.rows, f.a_row_stride, f.columns, f.a_stride));
  const std::vector<int8_t> b = random_s8(random, extent(f.rows, f.b_row_stride, f.columns, f.b_stride));
  Guarded<int8_t> ga(a), gb(b);
  Poisoned<int8_t> expected(f.rows * f.columns);
  ElementwiseS8 e = {ga.data(),      gb.data(),      expected.data(), f.rows,    f.columns,
                     f.a_row_stride, f.b_row_stride, f.a_stride,      f.b_stride};
  rows.rows[rows.count - 1].run(params, e);  // the reference is last
  for (const auto& row : runnable(rows)) {
    Poisoned<int8_t> output(f.rows * f.columns);
    e.output = output.data();
    row.run(params, e);
    EXPECT_TRUE(output == expected) << row.name << ": " << f.rows << " x " << f.columns << ", row strides "
                                    << f.a_row_stride << " " << f.b_row_stride << ", strides " << f.a_stride
                                    << " " << f.b_stride;
  }
}

// Every combination of strides on ragged sizes; `params` makes random parameters.
template <class Function, class MakeParams>
void expect_equal_forms(KernelRows<Function> rows, const MakeParams& params, Random* random) {
  for (size_t columns = 0; columns < 140; columns += columns < 40 ? 1 : 7) {
    for (const size_t sa : {0, 1}) {
      for (const size_t sb : {0, 1}) {
        const size_t count = columns % 3 + 1;
        const size_t ra = random->one_in(3) ? 0 : columns * sa + random->next() % 2 * 5;
        const size_t rb = random->one_in(3) ? 0 : columns * sb + random->next() % 2 * 3;
        expect_equal_rows(params(), rows, {count, columns, ra, rb, sa, sb}, random);
      }
    }
  }
}

// One row against many dense ones, on either side.
template <class Function, class MakeParams>
void expect_equal_repeated(KernelRows<Function> rows, const MakeParams& params, Random* random) {
  for (size_t columns = 1; columns < 140; ++columns) {
    const auto count = static_cast<size_t>(random->in_range(1, 60));
    expect_equal_rows(params(), rows, {count, columns, columns, 0, 1, 1}, random);
    expect_equal_rows(params(), rows, {count, columns, 0, columns, 1, 1}, random);
  }
}

AddS8 random_add(Random* random) {
  AddS8 add = {random_zero_point(random),
               random_zero_point(random),
               random_zero_point(random),
               static_cast<int32_t>(random->in_range(-32767, 32767)),
               static_cast<int32_t>(random->in_range(-32767, 32767)),
               static_cast<int32_t>(random->in_range(0, 6)),
               -128,
               127};
  if (random->one_in(4)) add.multiplier_a = random->one_in(2) ? 32767 : -32767;
  if (random->one_in(4)) add.multiplier_b = random->one_in(2) ? 32767 : -32767;
  if (random->one_in(2)) {
    add.output_min = static_cast<int32_t>(random->in_range(-128, 0));
    add.output_max = static_cast<int32_t>(random->in_range(0, 127));
  }
  return add;
}

MulS8 random_mul(Random* random) {
  MulS8 mul = {random_zero_point(random),
               random_zero_point(random),
               random_zero_point(random),
               static_cast<int32_t>(random->in_range(16384, 32767)),
               static_cast<int32_t>(random->in_range(-16, 31)),
               -128,
               127};
  if (random->one_in(2)) mul.right_shift = static_cast<int32_t>(random->in_range(-6, 6));
  if (random->one_in(8)) mul.multiplier = 0;
  if (random->one_in(2)) {
    mul.output_min = static_cast<int32_t>(random->in_range(-128, 0));
    mul.output_max = static_cast<int32_t>(random->in_range(0, 127));
  }
  return mul;
}

// Every pair (a, b): a runs along the columns, b along the rows.
template <class Params, class Function>
std::vector<int8_t> all_pairs(const Params& params, Function* run) {
  std::vector<int8_t> values, output(65536);
  for (int q = -128; q < 128; ++q) values.push_back(static_cast<int8_t>(q));
  run(params, {values.data(), values.data(), output.data(), 256, 256, 0, 1, 1, 0});
  return output;
}

template <class Params, class Function>
void expect_equal_pairs(const Params& params, KernelRows<Function> rows) {
  const std::vector<int8_t> expected = all_pairs(params, rows.rows[rows.count - 1].run);
  for (const auto& row : runnable(rows)) EXPECT_EQ(all_pairs(params, row.run), expected) << row.name;
}

TEST(AddS8, RowsEqualReference) {
  Random random = seeded(10);
  for (int trial = 0; trial < 4; ++trial)
    expect_equal_forms(add_s8_kernels(), [&] { return random_add(&random); }, &random);
  expect_equal_repeated(add_s8_kernels(), [&] { return random_add(&random); }, &random);
}

TEST(AddS8, RowsEqualReferenceOnAllPairs) {
  Random random = seeded(11);
  for (int trial = 0; trial < 60; ++trial) expect_equal_pairs(random_add(&random), add_s8_kernels());
}

// Parameters as the converter makes them; the sign of the second multiplier makes Sub.
AddS8 converted_add(double ka, double kb, Random* random) {
  int f = 6;
  while (f > 0 && std::fmax(std::fabs(ka), std::fabs(kb)) * std::exp2(f + 8) > 32767) --f;
  return {random_zero_point(random),
          random_zero_point(random),
          random_zero_point(random),
          static_cast<int32_t>(std::lround(ka * std::exp2(f + 8))),
          static_cast<int32_t>(std::lround(kb * std::exp2(f + 8))),
          f,
          -128,
          127};
}

// The bound of reference/add_s8.cc: with f >= 2 at most 1 from the ideally rounded value.
TEST(AddS8, ReferenceIsWithinOneOfIdeal) {
  Random random = seeded(12);
  for (int trial = 0; trial < 60; ++trial) {
    const double ka = std::exp2(random.f32(-6, 4.9f)),
                 kb = std::exp2(random.f32(-6, 4.9f)) * (trial % 2 ? 1 : -1);
    const AddS8 add = converted_add(ka, kb, &random);
    ASSERT_GE(add.fractional_bits, 2);
    const std::vector<int8_t> output = all_pairs(add, add_s8_reference);
    for (int b = -128; b < 128; ++b) {
      for (int a = -128; a < 128; ++a) {
        const int32_t ideal =
            ideal_s8(ka * (a - add.a_zero_point) + kb * (b - add.b_zero_point), add.output_zero_point);
        ASSERT_LE(std::abs(output[static_cast<size_t>((b + 128) * 256 + a + 128)] - ideal), 1)
            << a << " * " << ka << " + " << b << " * " << kb;
      }
    }
  }
}

// With f = 6 and equal scales the sum is exact: k = 1, m = 2^14.
TEST(AddS8, EqualScalesAreExact) {
  const AddS8 add = {3, -7, 11, 16384, 16384, 6, -128, 127};
  const std::vector<int8_t> output = all_pairs(add, add_s8_reference);
  for (int b = -128; b < 128; ++b)
    for (int a = -128; a < 128; ++a)
      ASSERT_EQ(output[static_cast<size_t>((b + 128) * 256 + a + 128)], ideal_s8(a - 3 + b + 7, 11));
}

TEST(MulS8, RowsEqualReference) {
  Random random = seeded(13);
  for (int trial = 0; trial < 4; ++trial)
    expect_equal_forms(mul_s8_kernels(), [&] { return random_mul(&random); }, &random);
  expect_equal_repeated(mul_s8_kernels(), [&] { return random_mul(&random); }, &random);
}

TEST(MulS8, RowsEqualReferenceOnAllPairs) {
  Random random = seeded(14);
  for (int trial = 0; trial < 60; ++trial) expect_equal_pairs(random_mul(&random), mul_s8_kernels());
}

// requantize is at most 1 from the ideally rounded value.
TEST(MulS8, ReferenceIsWithinOneOfIdeal) {
  Random random = seeded(15);
  for (int trial = 0; trial < 60; ++trial) {
    const double scale = std::exp2(random.f32(-16, 0));
    const FixedPoint k = fixed_point(scale);
    const MulS8 mul = {random_zero_point(&random),
                       random_zero_point(&random),
                       random_zero_point(&random),
                       k.multiplier,
                       k.right_shift,
                       -128,
                       127};
    const std::vector<int8_t> output = all_pairs(mul, mul_s8_reference);
    for (int b = -128; b < 128; ++b) {
      for (int a = -128; a < 128; ++a) {
        const int32_t ideal =
            ideal_s8(scale * (a - mul.a_zero_point) * (b - mul.b_zero_point), mul.output_zero_point);
        ASSERT_LE(std::abs(output[static_cast<size_t>((b + 128) * 256 + a + 128)] - ideal), 1)
            << a << " * " << b << " * " << scale;
      }
    }
  }
}

TEST(PReluS8, RowsEqualReferenceAndReferenceIsWithinOneOfIdeal) {
  Random random = seeded(16);
  for (size_t channels = 1; channels < 80; ++channels) {
    const size_t rows = channels % 5 + 1;
    const bool shared = random.one_in(3);
    const double positive = std::exp2(random.f32(-4, 0.9f));
    std::vector<double> slopes;
    std::vector<int16_t> negative;
    for (size_t c = 0; c < (shared ? 1 : channels); ++c) {
      slopes.push_back(positive * random.f32(-1, 1));
      negative.push_back(static_cast<int16_t>(std::lround(slopes.back() * 16384)));
    }
    const PReluS8 prelu = {random_zero_point(&random),
                           random_zero_point(&random),
                           static_cast<int32_t>(std::lround(positive * 16384)),
                           negative.data(),
                           shared ? size_t{0} : size_t{1},
                           6,
                           channels};
    const std::vector<int8_t> input = random_s8(&random, rows * channels);
    Poisoned<int8_t> expected(input.size());
    prelu_s8_reference(prelu, input.data(), expected.data(), rows);
    for (size_t i = 0; i < input.size(); ++i) {
      const int32_t a = input[i] - prelu.input_zero_point;
      const double k = a >= 0 ? positive : slopes[shared ? 0 : i % channels];
      ASSERT_LE(std::abs(expected.data()[i] - ideal_s8(k * a, prelu.output_zero_point)), 1)
          << a << " * " << k;
    }
    for (const auto& row : runnable(prelu_s8_kernels())) {
      Guarded<int8_t> guarded(input);
      Poisoned<int8_t> output(input.size());
      row.run(prelu, guarded.data(), output.data(), rows);
      EXPECT_TRUE(output == expected) << row.name << ", " << channels << " channels";
    }
  }
}

}  // namespace
}  // namespace octet::kernels
