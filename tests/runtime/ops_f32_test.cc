// SPDX-License-Identifier: Apache-2.0
//
// The float operators in a model: options taken from the file, axes resolved, work split over threads,
// and each rule of their validation. The kernels' arithmetic is tested in tests/kernels.
#include <cmath>
#include <limits>

#include "tests/runtime/op_runs.h"

namespace octet {
namespace {

constexpr TensorType kF32 = schema::TensorType_F32;
constexpr TensorType kS32 = schema::TensorType_S32;
constexpr TensorType kS64 = schema::TensorType_S64;
constexpr TensorType kBool = schema::TensorType_BOOL;
constexpr float kInfinity = std::numeric_limits<float>::infinity();

std::vector<float> floats(Random* random, size_t count) {
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(random->in_range(-8, 8));  // sums are exact
  return values;
}

// The product of numpy's rules, for operands of rank 2 and more.
std::vector<float> product(const Dims& a_dims, const std::vector<float>& a, const Dims& b_dims,
                           const std::vector<float>& b, const Dims& out_dims) {
  std::vector<float> out;
  for (size_t i = 0; i < elements_of(out_dims); ++i) {
    const Dims at = coordinates(i, out_dims);
    float sum = 0;
    for (int p = 0; p < a_dims.back(); ++p) {
      Dims at_a = at, at_b = at;
      at_a.back() = p;
      at_b[at_b.size() - 2] = p;
      sum += a[broadcast_offset(at_a, a_dims)] * b[broadcast_offset(at_b, b_dims)];
    }
    out.push_back(sum);
  }
  return out;
}

int mat_mul(OpTester* t, const Dims& a, const Dims& b, const Dims& out) {
  const int x = t->input(kF32, a), y = t->input(kF32, b), z = t->tensor(kF32, out);
  t->add(schema::OperatorType_MatMul, {x, y}, {z});
  t->output(z);
  return z;
}

TEST(OpMatMul, BroadcastsBatches) {
  Random random(testing::test_seed(1));
  struct Case {
    Dims a, b, out;
  };
  for (const Case& c : {Case{{5, 7}, {7, 9}, {5, 9}}, Case{{2, 1, 30, 40}, {3, 40, 50}, {2, 3, 30, 50}},
                        Case{{4, 5, 6}, {6, 3}, {4, 5, 3}}, Case{{5, 6}, {2, 6, 3}, {2, 5, 3}}}) {
    const std::vector<float> a = floats(&random, elements_of(c.a)), b = floats(&random, elements_of(c.b));
    OpTester t;
    mat_mul(&t, c.a, c.b, c.out);
    expect_run(&t, {bytes_of(a), bytes_of(b)}, product(c.a, a, c.b, b, c.out));
  }
}

TEST(OpMatMul, Vectors) {
  const std::vector<float> v = {1, 2, 3}, m = {1, 2, 3, 4, 5, 6};
  OpTester dot, left, right;
  mat_mul(&dot, {3}, {3}, {});
  expect_run<float>(&dot, {bytes_of(v), bytes_of(v)}, {14});
  mat_mul(&left, {3}, {3, 2}, {2});
  expect_run<float>(&left, {bytes_of(v), bytes_of(m)}, {22, 28});
  mat_mul(&right, {2, 3}, {3}, {2});
  expect_run<float>(&right, {bytes_of(m), bytes_of(v)}, {14, 32});
}

TEST(OpMatMul, Refuses) {
  OpTester inner, batch, output, scalar;
  mat_mul(&inner, {2, 3}, {4, 5}, {2, 5});
  expect_refused(&inner, "inner dimensions 3 and 4 differ");
  mat_mul(&batch, {2, 2, 3}, {3, 3, 5}, {2, 2, 5});
  expect_refused(&batch, "batch dimensions do not broadcast");
  mat_mul(&output, {2, 3}, {3, 5}, {2, 4});
  expect_refused(&output, "output shape");
  mat_mul(&scalar, {}, {3}, {});
  expect_refused(&scalar, "rank 0");
}

void unary(OpTester* t, TensorType in, TensorType out, schema::UnaryKind kind, const Dims& shape = {3}) {
  const int x = t->input(in, {3}), y = t->tensor(out, shape);
  t->add(schema::OperatorType_Unary, {x}, {y}, schema::CreateUnaryOptions(t->builder(), kind, 0.5f));
  t->output(y);
}

TEST(OpUnary, TypesAndOptions) {
  OpTester leaky, negate, logical, nan;
  unary(&leaky, kF32, kF32, schema::UnaryKind_LeakyRelu);
  expect_run<float>(&leaky, {bytes_of<float>({-2, 0, 2})}, {-1, 0, 2});
  unary(&negate, kS64, kS64, schema::UnaryKind_Neg);
  expect_run<int64_t>(&negate, {bytes_of<int64_t>({-2, 0, 2})}, {2, 0, -2});
  unary(&logical, kBool, kBool, schema::UnaryKind_Not);
  expect_run<uint8_t>(&logical, {bytes_of<uint8_t>({0, 1, 1})}, {1, 0, 0});
  unary(&nan, kF32, kBool, schema::UnaryKind_IsNaN);
  expect_run<uint8_t>(&nan, {bytes_of<float>({NAN, 1, kInfinity})}, {1, 0, 0});
}

TEST(OpUnary, Refuses) {
  OpTester type, kind, shape, result, none;
  unary(&type, kS64, kS64, schema::UnaryKind_Exp);
  expect_refused(&type, "Exp) of S64 is not defined");
  unary(&kind, kF32, kF32, static_cast<schema::UnaryKind>(99));
  expect_refused(&kind, "kind 99");
  unary(&shape, kF32, kF32, schema::UnaryKind_Exp, {4});
  expect_refused(&shape, "output has shape [4]; must be [3]");
  unary(&result, kF32, kF32, schema::UnaryKind_IsNaN);
  expect_refused(&result, "output is F32; must be BOOL");
  const int x = none.input(kF32, {3}), y = none.tensor(kF32, {3});
  none.add(schema::OperatorType_Unary, {x}, {y});
  none.output(y);
  expect_refused(&none, "no UnaryOptions");
}

TEST(OpWhere, BroadcastsAndRefuses) {
  const auto build = [](OpTester* t, TensorType condition, TensorType type, const Dims& out) {
    const int c = t->input(condition, {2, 1}), x = t->input(kS64, {3}), y = t->input(type, {}),
              z = t->tensor(kS64, out);
    t->add(schema::OperatorType_Where, {c, x, y}, {z});
    t->output(z);
  };
  OpTester good, condition, type, shape;
  build(&good, kBool, kS64, {2, 3});
  expect_run<int64_t>(&good,
                      {bytes_of<uint8_t>({1, 0}), bytes_of<int64_t>({1, 2, 3}), bytes_of<int64_t>({9})},
                      {1, 2, 3, 9, 9, 9});
  build(&condition, kF32, kS64, {2, 3});
  expect_refused(&condition, "condition is F32");
  build(&type, kBool, kF32, {2, 3});
  expect_refused(&type, "y is F32; must be S64");
  build(&shape, kBool, kS64, {2, 4});
  expect_refused(&shape, "broadcast");
}

TEST(OpCast, ConvertsAndRefuses) {
  const auto build = [](OpTester* t, const Dims& out) {
    const int x = t->input(kF32, {4}), y = t->tensor(kS32, out);
    t->add(schema::OperatorType_Cast, {x}, {y});
    t->output(y);
  };
  OpTester good, shape;
  build(&good, {4});
  expect_run<int32_t>(&good, {bytes_of<float>({1.9f, -1.9f, NAN, 1e20f})}, {1, -1, 0, 2147483647});
  build(&shape, {2, 2});
  expect_refused(&shape, "output has shape");
}

struct Norm {
  schema::OperatorType type;
  Dims x;
  std::vector<Dims> constants;
  int axis = 0;
  float epsilon = 0;
  int groups = 1, p = 2;
};

void build(OpTester* t, const Norm& n) {
  std::vector<int> inputs = {t->input(kF32, n.x)};
  for (const Dims& dims : n.constants)
    inputs.push_back(t->constant_f32(dims, std::vector<float>(elements_of(dims), 2)));
  const int y = t->tensor(kF32, n.x);
  t->add(n.type, inputs, {y},
         schema::CreateNormalizationOptions(t->builder(), n.axis, n.epsilon, n.groups, n.p));
  t->output(y);
}

TEST(OpNormalization, Values) {
  OpTester layer, instance, group, lp;
  build(&layer, {schema::OperatorType_LayerNormalization, {2, 2}, {{2}, {2}}, 1});
  expect_run<float>(&layer, {bytes_of<float>({1, 3, 10, 30})}, {0, 4, 0, 4});
  build(&instance, {schema::OperatorType_InstanceNormalization, {1, 2, 2}, {{2}, {2}}});
  expect_run<float>(&instance, {bytes_of<float>({1, 30, 3, 10})}, {0, 4, 4, 0});
  build(&group, {schema::OperatorType_GroupNormalization, {1, 1, 4}, {{2}, {2}}, 0, 0, 2});
  expect_run<float>(&group, {bytes_of<float>({1, 3, 30, 10})}, {0, 4, 4, 0});
  build(&lp, {schema::OperatorType_LpNormalization, {2, 2}, {}, 0, 0, 1, 1});
  expect_run<float>(&lp, {bytes_of<float>({1, 2, 3, -6})}, {0.25f, 0.25f, 0.75f, -0.75f});
}

void expect_norm_refused(const Norm& n, const char* text) {
  OpTester t;
  build(&t, n);
  expect_refused(&t, text);
}

TEST(OpNormalization, Refuses) {
  expect_norm_refused({schema::OperatorType_LayerNormalization, {2, 3}, {{2}}, 1},
                      "scale has 2 elements; must be 3");
  expect_norm_refused({schema::OperatorType_LayerNormalization, {2, 3}, {{3}}, 2}, "axis 2");
  expect_norm_refused({schema::OperatorType_LayerNormalization, {2, 3}, {{3}}, 1, NAN}, "epsilon");
  expect_norm_refused({schema::OperatorType_LayerNormalization, {2, 3}, {}, 1}, "1 inputs");
  expect_norm_refused({schema::OperatorType_InstanceNormalization, {2, 3}, {{2}, {2}}},
                      "scale has 2 elements");
  expect_norm_refused({schema::OperatorType_InstanceNormalization, {2, 3}, {{3}, {2}}},
                      "bias has 2 elements");
  expect_norm_refused({schema::OperatorType_GroupNormalization, {2, 3}, {{3}, {3}}, 0, 0, 2}, "groups 2");
  expect_norm_refused({schema::OperatorType_GroupNormalization, {2, 3}, {{3}, {3}}, 0, 0, 0}, "groups 0");
  expect_norm_refused({schema::OperatorType_LpNormalization, {2, 3}, {}, 1, 0, 1, 3}, "p 3");
  expect_norm_refused({schema::OperatorType_LpNormalization, {2, 3}, {}, -1}, "axis -1");
}

TEST(OpLocalResponseNormalization, ValuesAndRefuses) {
  for (const int size : {3, 0}) {
    OpTester t;
    const int x = t.input(kF32, {1, 3}), y = t.tensor(kF32, {1, 3});
    t.add(schema::OperatorType_LocalResponseNormalization, {x}, {y},
          schema::CreateLocalResponseNormalizationOptions(t.builder(), size, 3, 1, 1));
    t.output(y);
    if (size > 0)
      expect_run<float>(&t, {bytes_of<float>({1, 1, 2})}, {1.0f / 3, 1.0f / 7, 2.0f / 6});
    else
      expect_refused(&t, "size 0");
  }
}

TEST(OpTopK, ValuesAndRefuses) {
  const auto build = [](OpTester* t, int axis, int k, const Dims& out) {
    const int x = t->input(kF32, {2, 3}), v = t->tensor(kF32, out), p = t->tensor(kS64, out);
    t->add(schema::OperatorType_TopK, {x}, {v, p}, schema::CreateTopKOptions(t->builder(), axis, k));
    t->output(p);
    t->output(v);
  };
  OpTester good, many, axis, shape;
  build(&good, 1, 2, {2, 2});
  expect_run<int64_t>(&good, {bytes_of<float>({1, 3, 2, 5, 5, 4})}, {1, 2, 0, 1});
  EXPECT_EQ(good.get<float>(1), (std::vector<float>{3, 2, 5, 5}));
  build(&many, 1, 4, {2, 4});
  expect_refused(&many, "k 4");
  build(&axis, 2, 1, {2, 1});
  expect_refused(&axis, "axis 2");
  build(&shape, 1, 1, {2, 2});
  expect_refused(&shape, "values has shape [2, 2]; must be [2, 1]");
}

TEST(OpNonMaxSuppression, ValuesAndRefuses) {
  const auto build = [](OpTester* t, const Dims& scores, int most) {
    const int b = t->input(kF32, {1, 2, 4}), s = t->input(kF32, scores), y = t->tensor(kS64, {2, 3});
    t->add(schema::OperatorType_NonMaxSuppression, {b, s}, {y},
           schema::CreateNonMaxSuppressionOptions(t->builder(), false, most, 0.5f));
    t->output(y);
  };
  OpTester good, scores, most;
  build(&good, {1, 1, 2}, 2);
  // Without a score threshold even negative scores count.
  expect_run<int64_t>(&good, {bytes_of<float>({0, 0, 1, 1, 0, 0, 1, 0.9f}), bytes_of<float>({-3, -2})},
                      {0, 0, 1, -1, -1, -1});
  build(&scores, {1, 1, 3}, 2);
  expect_refused(&scores, "boxes has shape [1, 2, 4]; must be [1, 3, 4]");
  build(&most, {1, 1, 2}, -1);
  expect_refused(&most, "max_output_boxes_per_class -1");
}

TEST(OpCumSum, ValuesAndRefuses) {
  const auto build = [](OpTester* t, TensorType type, int axis) {
    const int x = t->input(type, {2, 2}), y = t->tensor(type, {2, 2});
    t->add(schema::OperatorType_CumSum, {x}, {y},
           schema::CreateCumSumOptions(t->builder(), axis, false, true));
    t->output(y);
  };
  OpTester good, type, axis;
  build(&good, kS32, 0);
  expect_run<int32_t>(&good, {bytes_of<int32_t>({1, 2, 3, 4})}, {4, 6, 3, 4});
  build(&type, kBool, 0);
  expect_refused(&type, "input is BOOL");
  build(&axis, kF32, 2);
  expect_refused(&axis, "axis 2");
}

TEST(OpOneHot, ValuesAndRefuses) {
  const auto build = [](OpTester* t, int axis, int depth, const Dims& values, const Dims& out) {
    const int i = t->input(kS64, {2}), v = t->input(kF32, values), y = t->tensor(kF32, out);
    t->add(schema::OperatorType_OneHot, {i, v}, {y}, schema::CreateOneHotOptions(t->builder(), axis, depth));
    t->output(y);
  };
  OpTester good, values, axis, shape;
  build(&good, 0, 3, {2}, {3, 2});
  expect_run<float>(&good, {bytes_of<int64_t>({2, -3}), bytes_of<float>({0, 7})}, {0, 7, 0, 0, 7, 0});
  build(&values, 0, 3, {3}, {3, 2});
  expect_refused(&values, "values has 3 elements");
  build(&axis, 2, 3, {2}, {2, 3});
  expect_refused(&axis, "axis 2");
  build(&shape, 1, 3, {2}, {3, 2});
  expect_refused(&shape, "output has shape [3, 2]; must be [2, 3]");
}

TEST(OpTrilu, ValuesAndRefuses) {
  const auto build = [](OpTester* t, TensorType type, const Dims& shape) {
    const int x = t->input(type, shape, 1, 0), y = t->tensor(type, shape, 1, 0);
    t->add(schema::OperatorType_Trilu, {x}, {y}, schema::CreateTriluOptions(t->builder(), false, 0));
    t->output(y);
  };
  OpTester good, s8, rank;
  build(&good, kS32, {2, 2, 2});
  expect_run<int32_t>(&good, {bytes_of<int32_t>({1, 2, 3, 4, 5, 6, 7, 8})}, {1, 0, 3, 4, 5, 0, 7, 8});
  build(&s8, schema::TensorType_S8, {2, 2});
  expect_refused(&s8, "s8");
  build(&rank, kF32, {4});
  expect_refused(&rank, "rank 1");
}

// A GRU with hidden size 1 and weights 0 but for the new gate: h' = (h + tanh(x)) / 2.
struct Gru {
  Dims x = {3, 1, 1}, w = {1, 3, 1}, y = {3, 1, 1, 1};
  int hidden = 1;
  bool constant = true;
  std::vector<uint8_t> activations;
  void build(OpTester* t) const {
    const int in = t->input(kF32, x), out = t->tensor(kF32, y), state = t->tensor(kF32, {1, 1, 1});
    std::vector<float> weights(elements_of(w));
    weights.back() = 1;
    const int wi = constant ? t->constant_f32(w, weights) : t->input(kF32, w);
    const int ri = t->constant_f32({1, 3, 1}, {0, 0, 0});
    t->add(schema::OperatorType_Recurrent, {in, wi, ri}, {out, state},
           schema::CreateRecurrentOptionsDirect(t->builder(), schema::RecurrentKind_Gru,
                                                schema::Direction_Forward, hidden, 0, false, false,
                                                &activations));
    t->output(out);
    t->output(state);
  }
};

TEST(OpRecurrent, Gru) {
  OpTester plain, chosen;
  Gru gru;
  gru.build(&plain);
  ASSERT_TRUE(plain.create());
  plain.set<float>(0, {1, 0, -2});
  plain.run();
  const std::vector<float> y = plain.get<float>(0);
  const double first = std::tanh(1.0) / 2, second = first / 2, third = (second + std::tanh(-2.0)) / 2;
  EXPECT_NEAR(y[0], first, 1e-6);
  EXPECT_NEAR(y[1], second, 1e-6);
  EXPECT_NEAR(y[2], third, 1e-6);
  EXPECT_EQ(plain.get<float>(1)[0], y[2]);
  gru.activations = {schema::UnaryKind_Sigmoid, schema::UnaryKind_Relu};
  gru.build(&chosen);
  expect_run<float>(&chosen, {bytes_of<float>({4, 0, -2})}, {2, 1, 0.5f});
}

TEST(OpRecurrent, Refuses) {
  const auto refused = [](const Gru& gru, const char* text) {
    OpTester t;
    gru.build(&t);
    expect_refused(&t, text);
  };
  Gru shape, hidden, variable, activations, unknown, output;
  shape.w = {1, 4, 1};
  refused(shape, "W has shape [1, 4, 1]; must be [1, 3, 1]");
  hidden.hidden = 0;
  refused(hidden, "hidden_size 0");
  variable.constant = false;
  refused(variable, "W must be constant");
  activations.activations = {schema::UnaryKind_Tanh};
  refused(activations, "1 activations; must be 2");
  unknown.activations = {schema::UnaryKind_Not, schema::UnaryKind_Tanh};
  refused(unknown, "is not a function of f32");
  output.y = {3, 1, 1, 2};
  refused(output, "Y has shape");
}

// Binary, Reduce and Softmax of types and axes that only the float form has.
TEST(OpFloatForms, IntegersAndAxes) {
  OpTester divide, less, sum, log;
  const int a = divide.input(kS64, {2, 1}), b = divide.input(kS64, {3}), q = divide.tensor(kS64, {2, 3});
  divide.add(schema::OperatorType_Binary, {a, b}, {q},
             schema::CreateBinaryOptions(divide.builder(), schema::BinaryKind_Div));
  divide.output(q);
  expect_run<int64_t>(&divide, {bytes_of<int64_t>({7, -7}), bytes_of<int64_t>({2, 0, -3})},
                      {3, 0, -2, -3, 0, 2});
  const int c = less.input(kF32, {3}), d = less.input(kF32, {3}), l = less.tensor(kBool, {3});
  less.add(schema::OperatorType_Binary, {c, d}, {l},
           schema::CreateBinaryOptions(less.builder(), schema::BinaryKind_Less));
  less.output(l);
  expect_run<uint8_t>(&less, {bytes_of<float>({1, 2, NAN}), bytes_of<float>({2, 1, 1})}, {1, 0, 0});
  const int x = sum.input(kS64, {2, 2}), s = sum.tensor(kS64, {2});
  sum.add(schema::OperatorType_Reduce, {x}, {s},
          schema::CreateReduceOptions(sum.builder(), schema::ReduceKind_Prod, sum.ints({0}), false));
  sum.output(s);
  expect_run<int64_t>(&sum, {bytes_of<int64_t>({2, 3, 5, 7})}, {10, 21});
  const int in = log.input(kF32, {2, 2}), out = log.tensor(kF32, {2, 2});
  log.add(schema::OperatorType_Softmax, {in}, {out}, schema::CreateSoftmaxOptions(log.builder(), 0, true));
  log.output(out);
  const float half = -std::log(2.0f);
  expect_run<float>(&log, {bytes_of<float>({1, 500, 1, 400})}, {half, 0, half, -100});
}

}  // namespace
}  // namespace octet
