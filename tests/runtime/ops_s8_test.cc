// SPDX-License-Identifier: Apache-2.0
//
// The s8 operators in a model: parameters taken from the file, broadcasting and axes resolved, work split.
// Expected values come from the kernels' reference formulas and naive index loops.
#include <algorithm>
#include <cmath>

#include "kernels/add_s8.h"
#include "kernels/average_pool_s8.h"
#include "kernels/max_pool_s8.h"
#include "kernels/mul_s8.h"
#include "kernels/prelu_s8.h"
#include "kernels/requantize.h"
#include "kernels/resize_bilinear_s8.h"
#include "kernels/softmax_s8.h"
#include "kernels/table_s8.h"
#include "tests/runtime/op_runs.h"

namespace octet {
namespace {

constexpr TensorType kS8 = schema::TensorType_S8;
constexpr TensorType kF32 = schema::TensorType_F32;

TEST(OpQuantize, WritesS8AndBack) {
  Random random(1);
  const Dims shape = {2, 40, 41, 7};
  std::vector<float> input(elements_of(shape)), back;
  std::vector<int8_t> expected;
  for (float& x : input) x = random.f32(-40, 40);
  for (const float x : input) {
    const double q = std::nearbyint(static_cast<double>(x * 4.0f)) + 3;
    expected.push_back(static_cast<int8_t>(std::min(127.0, std::max(-128.0, q))));
    back.push_back(static_cast<float>(expected.back() - 3) * 0.25f);
  }
  OpTester quantize, dequantize;
  const int x = quantize.input(kF32, shape), q = quantize.tensor(kS8, shape, 0.25f, 3);
  quantize.add(schema::OperatorType_Quantize, {x}, {q},
               schema::CreateQuantizeOptions(quantize.builder(), 4.0f));
  quantize.output(q);
  expect_run(&quantize, {bytes_of(input)}, expected);
  const int in = dequantize.input(kS8, shape, 0.25f, 3), out = dequantize.tensor(kF32, shape);
  dequantize.add(schema::OperatorType_Dequantize, {in}, {out});
  dequantize.output(out);
  expect_run(&dequantize, {bytes_of(expected)}, back);
}

TEST(OpTable, LooksUp) {
  Random random(2);
  const Dims shape = {3, 50, 333};
  const auto input = random_values<int8_t>(&random, elements_of(shape)),
             table = random_values<int8_t>(&random, 256);
  std::vector<int8_t> expected;
  for (const int8_t q : input) expected.push_back(table[static_cast<size_t>(q + 128)]);
  OpTester t;
  const int x = t.input(kS8, shape, 1, 0), y = t.tensor(kS8, shape, 2, 5);
  t.add(schema::OperatorType_Table, {x}, {y},
        schema::CreateTableOptions(t.builder(), t.builder().CreateVector(bytes_of(table))));
  t.output(y);
  expect_run(&t, {bytes_of(input)}, expected);
}

// The mask reaches the choice of the kernel, and without it the best row that the CPU can run is taken.
TEST(OpTable, MaskTakesEffect) {
  OpTester t;
  const int x = t.input(kS8, {100}, 1, 0), y = t.tensor(kS8, {100}, 2, 5);
  const auto table = t.builder().CreateVector(Bytes(256));
  t.add(schema::OperatorType_Table, {x}, {y}, schema::CreateTableOptions(t.builder(), table));
  t.output(y);
  ASSERT_TRUE(t.create(OpTester::options(1, "portable")));
  EXPECT_STREQ(t.kernel_name(), "table_s8_reference");
  ASSERT_TRUE(t.create());
  EXPECT_STREQ(t.kernel_name(), kernels::table_s8_kernels().best(t.session().cpu_features()).name);
  const bool vectors = kernels::detect_cpu_features().has(kernels::kAvx2);
  ASSERT_TRUE(t.create(OpTester::options(1, "avx2")));
  EXPECT_STREQ(t.kernel_name(), vectors ? "table_s8_avx2" : "table_s8_reference");
}

struct BinaryShapes {
  Dims a, b, output;
};

const BinaryShapes kBinaryShapes[] = {
    {{1, 40, 40, 24}, {1, 40, 40, 24}, {1, 40, 40, 24}},  // residual
    {{2, 40, 40, 24}, {2, 1, 1, 24}, {2, 40, 40, 24}},    // squeeze and excite
    {{2, 1, 1, 24}, {2, 40, 40, 24}, {2, 40, 40, 24}},
    {{2, 40, 40, 24}, {2, 40, 40, 1}, {2, 40, 40, 24}},  // spatial attention
    {{2, 40, 40, 24}, {24}, {2, 40, 40, 24}},            // per channel
    {{2, 40, 40, 24}, {}, {2, 40, 40, 24}},              // scalar
    {{1}, {40000}, {40000}},
    {{4, 1, 5, 1, 3}, {2, 1, 7, 1}, {4, 2, 5, 7, 3}},
    {{3, 1, 4, 1, 2}, {1, 6, 1, 5, 1}, {3, 6, 4, 5, 2}},
    {{2, 0, 3}, {1, 1, 3}, {2, 0, 3}},
};

// One element at a time by `one(a, b)`.
template <class One>
std::vector<int8_t> naive_binary(const BinaryShapes& s, const std::vector<int8_t>& a,
                                 const std::vector<int8_t>& b, const One& one) {
  std::vector<int8_t> output(elements_of(s.output));
  for (size_t i = 0; i < output.size(); ++i) {
    const Dims at = coordinates(i, s.output);
    output[i] = one(a[broadcast_offset(at, s.a)], b[broadcast_offset(at, s.b)]);
  }
  return output;
}

TEST(OpBinary, AddAndSubBroadcast) {
  Random random(3);
  for (const BinaryShapes& s : kBinaryShapes) {
    const kernels::AddS8 add = {3, -9, 20, 14000, -9000, 6, -100, 90};
    const auto a = random_values<int8_t>(&random, elements_of(s.a)),
               b = random_values<int8_t>(&random, elements_of(s.b));
    const auto expected = naive_binary(s, a, b, [&](int8_t va, int8_t vb) {
      int8_t q = 0;
      kernels::add_s8_reference(add, {&va, &vb, &q, 1, 1, 0, 0, 1, 1});
      return q;
    });
    for (const auto kind : {schema::BinaryKind_Add, schema::BinaryKind_Sub}) {
      OpTester t;
      const int ta = t.input(kS8, s.a, 0.5f, 3), tb = t.input(kS8, s.b, 0.3f, -9),
                y = t.tensor(kS8, s.output, 1, 20);
      const auto range = t.requantization({}, {}, -100, 90);
      schema::BinaryOptionsBuilder options(t.builder());
      options.add_kind(kind);
      options.add_multiplier_a(14000);
      options.add_multiplier_b(-9000);
      options.add_fractional_bits(6);
      options.add_requantization(range);
      t.add(schema::OperatorType_Binary, {ta, tb}, {y}, options.Finish());
      t.output(y);
      expect_run(&t, {bytes_of(a), bytes_of(b)}, expected);
    }
  }
}

TEST(OpBinary, MulBroadcasts) {
  Random random(4);
  for (const BinaryShapes& s : kBinaryShapes) {
    const auto a = random_values<int8_t>(&random, elements_of(s.a)),
               b = random_values<int8_t>(&random, elements_of(s.b));
    const auto expected = naive_binary(s, a, b, [&](int8_t va, int8_t vb) {
      return kernels::requantize((va - 3) * (vb + 9), 20000, 2, 20, -100, 90);
    });
    OpTester t;
    const int ta = t.input(kS8, s.a, 0.5f, 3), tb = t.input(kS8, s.b, 0.3f, -9),
              y = t.tensor(kS8, s.output, 1, 20);
    const auto requantization = t.requantization({20000}, {2}, -100, 90);
    schema::BinaryOptionsBuilder options(t.builder());
    options.add_kind(schema::BinaryKind_Mul);
    options.add_requantization(requantization);
    t.add(schema::OperatorType_Binary, {ta, tb}, {y}, options.Finish());
    t.output(y);
    expect_run(&t, {bytes_of(a), bytes_of(b)}, expected);
  }
}

TEST(OpPRelu, PerChannelAndShared) {
  Random random(5);
  const Dims shape = {2, 30, 30, 20};
  const auto input = random_values<int8_t>(&random, elements_of(shape));
  for (const size_t slopes : {1, 20}) {
    std::vector<int16_t> negative;
    for (size_t c = 0; c < slopes; ++c)
      negative.push_back(static_cast<int16_t>(random.in_range(-8000, 8000)));
    std::vector<int8_t> expected(input.size());
    kernels::prelu_s8_reference({4, -6, 15000, negative.data(), slopes > 1, 6, 20}, input.data(),
                                expected.data(), input.size() / 20);
    OpTester t;
    const int x = t.input(kS8, shape, 0.5f, 4), y = t.tensor(kS8, shape, 0.5f, -6);
    t.add(schema::OperatorType_PRelu, {x}, {y},
          schema::CreatePReluOptions(t.builder(), 15000, t.builder().CreateVector(negative), 6));
    t.output(y);
    expect_run(&t, {bytes_of(input)}, expected);
  }
}

// A pool of 3x2, stride 2x1, pads 1 0 1 1 on [2, 37, 41, 19].
kernels::Pool2D test_pool() { return {2, 19, {37, 19, 3, 2, 1, 1, 1}, {41, 41, 2, 1, 1, 0, 1}}; }

template <class Builder>
void add_pool_geometry(Builder* options) {
  options->add_kernel_height(3);
  options->add_kernel_width(2);
  options->add_stride_height(2);
  options->add_stride_width(1);
  options->add_pad_top(1);
  options->add_pad_bottom(1);
  options->add_pad_right(1);
}

TEST(OpAveragePool, EachWindowSize) {
  Random random(6);
  const auto input = random_values<int8_t>(&random, 2 * 37 * 41 * 19);
  for (const bool include_pad : {false, true}) {
    const std::vector<int32_t> counts =
        include_pad ? std::vector<int32_t>{6} : std::vector<int32_t>{2, 3, 4, 6};
    std::vector<int16_t> multiplier = {30000, 20000, 30001, 20002};
    std::vector<int8_t> right_shift = {-6, -6, -5, -5};
    multiplier.resize(counts.size());
    right_shift.resize(counts.size());
    const kernels::AveragePoolS8 pool = {
        test_pool(), include_pad, counts.data(), multiplier.data(), right_shift.data(), counts.size(), 5, -7,
        -90,         100};
    std::vector<int8_t> expected(2 * 19 * 41 * 19);
    kernels::average_pool_s8_reference(pool, input.data(), expected.data(), 0, 2 * 19);
    OpTester t;
    const int x = t.input(kS8, {2, 37, 41, 19}, 0.5f, 5), y = t.tensor(kS8, {2, 19, 41, 19}, 0.5f, -7);
    const auto requantization = t.requantization(multiplier, right_shift, -90, 100);
    const auto stored_counts = t.builder().CreateVector(counts);
    schema::Pool2DOptionsBuilder options(t.builder());
    add_pool_geometry(&options);
    options.add_count_include_pad(include_pad);
    options.add_counts(stored_counts);
    options.add_requantization(requantization);
    t.add(schema::OperatorType_AveragePool2D, {x}, {y}, options.Finish());
    t.output(y);
    expect_run(&t, {bytes_of(input)}, expected);
  }
}

TEST(OpMaxPool, WithAndWithoutClamp) {
  Random random(7);
  const auto input = random_values<int8_t>(&random, 2 * 37 * 41 * 19);
  for (const bool clamped : {false, true}) {
    std::vector<int8_t> expected(2 * 19 * 41 * 19);
    kernels::max_pool_s8_reference({test_pool(), clamped ? -10 : -128, clamped ? 60 : 127}, input.data(),
                                   expected.data(), 0, 2 * 19);
    OpTester t;
    const int x = t.input(kS8, {2, 37, 41, 19}, 0.5f, 5), y = t.tensor(kS8, {2, 19, 41, 19}, 0.5f, 5);
    const auto range = t.requantization({}, {}, -10, 60);
    schema::Pool2DOptionsBuilder options(t.builder());
    add_pool_geometry(&options);
    if (clamped) options.add_requantization(range);
    t.add(schema::OperatorType_MaxPool2D, {x}, {y}, options.Finish());
    t.output(y);
    expect_run(&t, {bytes_of(input)}, expected);
  }
}

// The elements of `input` that fall on each output of a reduction.
std::vector<std::vector<int8_t>> reduction_groups(const Dims& shape, const std::vector<int>& axes,
                                                  const std::vector<int8_t>& input) {
  Dims kept = shape;
  for (const int axis : axes) kept[static_cast<size_t>(axis)] = 1;
  std::vector<std::vector<int8_t>> groups(elements_of(kept));
  for (size_t i = 0; i < input.size(); ++i)
    groups[broadcast_offset(coordinates(i, shape), kept)].push_back(input[i]);
  return groups;
}

void check_reduce(const Dims& shape, const std::vector<int>& axes, schema::ReduceKind kind, Random* random) {
  const auto input = random_values<int8_t>(random, elements_of(shape));
  std::vector<int8_t> expected;
  for (const std::vector<int8_t>& group : reduction_groups(shape, axes, input)) {
    int32_t acc = 0;
    for (const int8_t q : group) acc += q - 4;
    if (kind == schema::ReduceKind_Max) expected.push_back(*std::max_element(group.begin(), group.end()));
    else if (kind == schema::ReduceKind_Min)
      expected.push_back(*std::min_element(group.begin(), group.end()));
    else expected.push_back(kernels::requantize(acc, 20000, 1, -3, -110, 120));
  }
  const bool extreme = kind == schema::ReduceKind_Max || kind == schema::ReduceKind_Min;
  for (const bool keep_dims : {true, false}) {
    Dims output;
    for (size_t d = 0; d < shape.size(); ++d) {
      const bool reduced = std::count(axes.begin(), axes.end(), static_cast<int>(d)) > 0;
      if (!reduced) output.push_back(shape[d]);
      if (reduced && keep_dims) output.push_back(1);
    }
    OpTester t;
    const int x = t.input(kS8, shape, 0.5f, 4), y = t.tensor(kS8, output, 0.5f, extreme ? 4 : -3);
    const auto requantization = t.requantization({20000}, {1}, -110, 120);
    const auto stored_axes = t.ints(axes);
    t.add(schema::OperatorType_Reduce, {x}, {y},
          schema::CreateReduceOptions(t.builder(), kind, stored_axes, keep_dims, requantization));
    t.output(y);
    expect_run(&t, {bytes_of(input)}, expected);
  }
}

TEST(OpReduce, EverySetOfAxes) {
  Random random(8);
  const schema::ReduceKind kinds[] = {schema::ReduceKind_Mean, schema::ReduceKind_Sum, schema::ReduceKind_Max,
                                      schema::ReduceKind_Min};
  for (int set = 0; set < 16; ++set) {
    std::vector<int> axes;
    for (int d = 0; d < 4; ++d)
      if (set >> d & 1) axes.push_back(d);
    check_reduce({3, 5, 6, 7}, axes, kinds[set % 4], &random);
    check_reduce({2, 1, 9, 33}, axes, kinds[(set + 1) % 4], &random);
  }
  check_reduce({2, 30, 30, 40}, {1, 2}, schema::ReduceKind_Mean, &random);
  check_reduce({40, 20, 50}, {0, 2}, schema::ReduceKind_Mean, &random);
  check_reduce({}, {}, schema::ReduceKind_Mean, &random);
}

TEST(OpArgReduce, EachTypeAndAxis) {
  Random random(9);
  const Dims shape = {3, 9, 10};
  const auto values = random_values<int8_t>(&random, elements_of(shape));
  std::vector<int64_t> expected;
  for (int n = 0; n < 3; ++n) {
    for (int c = 0; c < 10; ++c) {
      int best = 0;
      for (int r = 0; r < 9; ++r)
        if (values[offset_of({n, r, c}, shape)] < values[offset_of({n, best, c}, shape)]) best = r;
      expected.push_back(best);
    }
  }
  const Bytes inputs[] = {bytes_of(values), bytes_of(std::vector<float>(values.begin(), values.end())),
                          bytes_of(std::vector<int32_t>(values.begin(), values.end())),
                          bytes_of(std::vector<int64_t>(values.begin(), values.end()))};
  const TensorType types[] = {kS8, kF32, schema::TensorType_S32, schema::TensorType_S64};
  for (int i = 0; i < 4; ++i) {
    OpTester t;
    const int x = t.input(types[i], shape, i == 0 ? 0.5f : 0.0f, i == 0 ? 7 : 0);
    const int y = t.tensor(schema::TensorType_S64, {3, 10});
    t.add(schema::OperatorType_ArgReduce, {x}, {y},
          schema::CreateArgReduceOptions(t.builder(), 1, false, false, true));
    t.output(y);
    expect_run(&t, {inputs[i]}, expected);
  }
}

TEST(OpSoftmax, S8AndF32Output) {
  Random random(10);
  const Dims shape = {50, 3, 30};
  const auto input = random_values<int8_t>(&random, elements_of(shape));
  std::vector<uint32_t> table;
  for (int d = 0; d < 256; ++d)
    table.push_back(static_cast<uint32_t>(std::lround(65536 * std::exp(-0.1 * d))));
  kernels::SoftmaxS8 softmax = {30, table.data(), 65536, -128, false};
  std::vector<int8_t> expected(input.size());
  std::vector<float> expected_f32(input.size());
  kernels::softmax_s8_reference(softmax, input.data(), expected.data(), 150);
  softmax.output_f32 = true;
  kernels::softmax_s8_reference(softmax, input.data(), expected_f32.data(), 150);
  for (const TensorType type : {kS8, kF32}) {
    OpTester t;
    const int x = t.input(kS8, shape, 0.1f, 4);
    const int y = type == kS8 ? t.tensor(kS8, shape, 1.0f / 256, -128) : t.tensor(kF32, shape);
    const auto stored = t.builder().CreateVector(table);
    t.add(schema::OperatorType_Softmax, {x}, {y},
          schema::CreateSoftmaxOptions(t.builder(), 2, false, stored, 65536));
    t.output(y);
    if (type == kS8) expect_run(&t, {bytes_of(input)}, expected);
    else expect_run(&t, {bytes_of(input)}, expected_f32);
  }
}

TEST(OpResize, NearestAndBilinear) {
  Random random(11);
  const auto input = random_values<int8_t>(&random, 2 * 10 * 12 * 21);
  std::vector<int32_t> y0, y1, x0, x1;
  std::vector<int16_t> wy, wx;
  for (int y = 0; y < 31; ++y) {
    y0.push_back(static_cast<int32_t>(random.in_range(0, 9)));
    y1.push_back(static_cast<int32_t>(random.in_range(0, 9)));
    wy.push_back(static_cast<int16_t>(random.in_range(0, 2048)));
  }
  for (int x = 0; x < 33; ++x) {
    x0.push_back(static_cast<int32_t>(random.in_range(0, 11)));
    x1.push_back(static_cast<int32_t>(random.in_range(0, 11)));
    wx.push_back(static_cast<int16_t>(random.in_range(0, 2048)));
  }
  std::vector<int8_t> bilinear(2 * 31 * 33 * 21), nearest(bilinear.size());
  kernels::resize_bilinear_s8_reference(
      {2, 10, 12, 21, 31, 33, y0.data(), y1.data(), wy.data(), x0.data(), x1.data(), wx.data()}, input.data(),
      bilinear.data(), 0, 62);
  for (size_t i = 0; i < nearest.size(); ++i) {
    const Dims at = coordinates(i, {2, 31, 33, 21});
    nearest[i] = input[offset_of(
        {at[0], y0[static_cast<size_t>(at[1])], x0[static_cast<size_t>(at[2])], at[3]}, {2, 10, 12, 21})];
  }
  for (const auto mode : {schema::ResizeMode_Nearest, schema::ResizeMode_Bilinear}) {
    OpTester t;
    const int x = t.input(kS8, {2, 10, 12, 21}, 0.5f, 4), y = t.tensor(kS8, {2, 31, 33, 21}, 0.5f, 4);
    t.add(schema::OperatorType_Resize2D, {x}, {y},
          schema::CreateResize2DOptionsDirect(t.builder(), mode, &y0, &y1, &wy, nullptr, &x0, &x1, &wx));
    t.output(y);
    expect_run(&t, {bytes_of(input)}, mode == schema::ResizeMode_Nearest ? nearest : bilinear);
  }
}

}  // namespace
}  // namespace octet
