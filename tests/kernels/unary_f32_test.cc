// SPDX-License-Identifier: Apache-2.0
//
// Every unary function against its ONNX definition in double.
#include "kernels/portable/unary_f32.h"

#include <functional>

#include "tests/kernels/f32_case.h"

namespace octet::testing {
namespace {

using kernels::Element;
using kernels::UnaryKind;

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double softplus(double x) { return std::log(1 + std::exp(x)); }

struct Row {
  UnaryKind kind;
  float alpha, beta;
  std::function<double(double)> definition;
  float low = -5, high = 5;
};

const std::vector<Row>& rows() {
  using K = UnaryKind;
  static const double kPi = std::acos(-1.0);
  static const std::vector<Row> kRows = {
      {K::kIdentity, 0, 0, [](double x) { return x; }},
      {K::kRelu, 0, 0, [](double x) { return std::max(x, 0.0); }},
      {K::kClip, -1, 2, [](double x) { return std::min(std::max(x, -1.0), 2.0); }},
      {K::kClip, 3, 1, [](double x) { return std::min(std::max(x, 3.0), 1.0); }},
      {K::kLeakyRelu, 0.25f, 0, [](double x) { return x < 0 ? 0.25 * x : x; }},
      {K::kElu, 0.5f, 0, [](double x) { return x < 0 ? 0.5 * (std::exp(x) - 1) : x; }},
      {K::kSelu, 1.5f, 1.25f, [](double x) { return 1.25 * (x > 0 ? x : 1.5 * std::exp(x) - 1.5); }},
      {K::kCelu, 2, 0, [](double x) { return std::max(0.0, x) + std::min(0.0, 2 * (std::exp(x / 2) - 1)); }},
      {K::kSigmoid, 0, 0, sigmoid, -100, 100},
      {K::kTanh, 0, 0, [](double x) { return std::tanh(x); }, -30, 30},
      {K::kHardSigmoid, 0.25f, 0.5f, [](double x) { return std::max(0.0, std::min(1.0, 0.25 * x + 0.5)); }},
      {K::kHardSwish, 0, 0, [](double x) { return x * std::max(0.0, std::min(1.0, x / 6 + 0.5)); }},
      {K::kSilu, 0, 0, [](double x) { return x * sigmoid(x); }},
      {K::kGelu, 0, 0, [](double x) { return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0))); }},
      {K::kGeluTanh, 0, 0,
       [](double x) { return 0.5 * x * (1 + std::tanh(std::sqrt(2 / kPi) * (x + 0.044715 * x * x * x))); }},
      {K::kSoftplus, 0, 0, softplus, -30, 80},
      {K::kSoftsign, 0, 0, [](double x) { return x / (1 + std::fabs(x)); }},
      {K::kThresholdedRelu, 1.5f, 0, [](double x) { return x > 1.5 ? x : 0; }},
      {K::kMish, 0, 0, [](double x) { return x * std::tanh(softplus(x)); }, -30, 30},
      {K::kExp, 0, 0, [](double x) { return std::exp(x); }},
      {K::kLog, 0, 0, [](double x) { return std::log(x); }, 0.01f, 9},
      {K::kSqrt, 0, 0, [](double x) { return std::sqrt(x); }, 0, 9},
      {K::kReciprocal, 0, 0, [](double x) { return 1 / x; }, 0.1f, 9},
      {K::kAbs, 0, 0, [](double x) { return std::fabs(x); }},
      {K::kNeg, 0, 0, [](double x) { return -x; }},
      {K::kFloor, 0, 0, [](double x) { return std::floor(x); }},
      {K::kCeil, 0, 0, [](double x) { return std::ceil(x); }},
      {K::kRound, 0, 0, [](double x) { return std::nearbyint(x); }},
      {K::kSign, 0, 0, [](double x) { return double(x > 0) - double(x < 0); }},
      {K::kErf, 0, 0, [](double x) { return std::erf(x); }},
      {K::kSin, 0, 0, [](double x) { return std::sin(x); }},
      {K::kCos, 0, 0, [](double x) { return std::cos(x); }},
      {K::kTan, 0, 0, [](double x) { return std::tan(x); }, -1.4f, 1.4f},
      {K::kAsin, 0, 0, [](double x) { return std::asin(x); }, -1, 1},
      {K::kAcos, 0, 0, [](double x) { return std::acos(x); }, -1, 1},
      {K::kAtan, 0, 0, [](double x) { return std::atan(x); }},
      {K::kSinh, 0, 0, [](double x) { return std::sinh(x); }},
      {K::kCosh, 0, 0, [](double x) { return std::cosh(x); }},
      {K::kAsinh, 0, 0, [](double x) { return std::asinh(x); }},
      {K::kAcosh, 0, 0, [](double x) { return std::acosh(x); }, 1, 9},
      {K::kAtanh, 0, 0, [](double x) { return std::atanh(x); }, -0.9f, 0.9f},
      {K::kShrink, 0.5f, 1.5f, [](double x) { return x < -1.5  ? x + 0.5
                                                     : x > 1.5 ? x - 0.5
                                                               : 0; }},
  };
  return kRows;
}

TEST(UnaryF32, EveryKindFollowsItsDefinition) {
  Random random(test_seed(1));
  for (const Row& row : rows()) {
    SCOPED_TRACE("kind " + std::to_string(static_cast<int>(row.kind)));
    std::vector<float> x = random_f32(&random, 500, row.low, row.high);
    for (const float special : {0.0f, -0.0f, 0.5f, -0.5f, 1.5f, 2.5f, -1.5f, row.low, row.high})
      if (special >= row.low && special <= row.high) x.push_back(special);
    Guarded<float> input(x), output(x.size());
    const kernels::UnaryKernel kernel = kernels::select_unary(row.kind, Element::kF32);
    ASSERT_NE(kernel, nullptr);
    kernel({row.alpha, row.beta}, input.data(), output.data(), x.size());
    for (size_t i = 0; i < x.size(); ++i) {
      const double want = row.definition(x[i]);
      ASSERT_TRUE(close(output.data()[i], want, std::fabs(want), 2e-6)) << "at " << x[i];
    }
  }
}

// Every exponent, both signs and the edges of the range, infinities, denormals, and NaN.
std::vector<float> floats_of_every_size() {
  std::vector<float> values;
  const auto add = [&](uint32_t bits) {
    float value;
    std::memcpy(&value, &bits, sizeof value);
    values.push_back(value);
  };
  for (uint64_t bits = 0; bits < uint64_t{1} << 32; bits += 4099) add(static_cast<uint32_t>(bits));
  for (const uint32_t exponent : {0x00u, 0x01u, 0x7Fu, 0xFEu, 0xFFu})
    for (const uint32_t sign : {0u, 0x80000000u})
      for (const uint32_t mantissa : {0u, 1u, 0x400000u, 0x7FFFFFu}) add(sign | exponent << 23 | mantissa);
  for (const float edge : {87.0f, 88.7228f, 88.7229f, 87.3365f, 103.97f, 104.0f})
    for (const float sign : {1.0f, -1.0f}) values.push_back(sign * edge);
  return values;
}

bool same_bits(float a, float b) {
  return (std::isnan(a) && std::isnan(b)) || std::memcmp(&a, &b, sizeof a) == 0;
}

std::vector<kernels::KernelRow<kernels::ExpF32Function>> exp_rows() {
  std::vector<kernels::KernelRow<kernels::ExpF32Function>> rows;
  for (const auto& row : kernels::exp_f32_kernels())
    if (kernels::detect_cpu_features().can_run(row.feature)) rows.push_back(row);
  return rows;
}

// Each row, and what calls it, to the bit as the libm.
TEST(ExpF32, RowsEqualTheLibm) {
  const std::vector<float> x = floats_of_every_size();
  const auto sigmoid_of = [](float v) {
    const float e = std::exp(-std::fabs(v));
    return v >= 0 ? 1.0f / (1.0f + e) : e / (1.0f + e);
  };
  const auto unary = [](UnaryKind kind) { return kernels::select_unary(kind, Element::kF32); };
  for (const auto& row : exp_rows()) {
    SCOPED_TRACE(row.name);
    std::vector<float> exp = x, sigmoid = x, silu(x.size());
    unary(UnaryKind::kExp)({0, 0, row.run}, exp.data(), exp.data(), x.size());  // in place
    unary(UnaryKind::kSigmoid)({0, 0, row.run}, sigmoid.data(), sigmoid.data(), x.size());
    unary(UnaryKind::kSilu)({0, 0, row.run}, x.data(), silu.data(), x.size());
    for (size_t i = 0; i < x.size(); ++i) {
      ASSERT_TRUE(same_bits(exp[i], std::exp(x[i]))) << "at " << x[i];
      ASSERT_TRUE(same_bits(sigmoid[i], sigmoid_of(x[i]))) << "at " << x[i];
      ASSERT_TRUE(same_bits(silu[i], x[i] * sigmoid_of(x[i]))) << "at " << x[i];
    }
  }
}

TEST(ExpF32, AnyCountStaysInsideItsBuffers) {
  Random random(test_seed(2));
  for (const auto& row : exp_rows()) {
    for (size_t count = 0; count <= 40; ++count) {
      const std::vector<float> x = random_f32(&random, count, -90, 90);
      Guarded<float> input(x), output(count);
      row.run(input.data(), output.data(), count);
      for (size_t i = 0; i < count; ++i) ASSERT_TRUE(same_bits(output.data()[i], std::exp(x[i]))) << row.name;
    }
  }
}

std::vector<int> bools(UnaryKind kind, Element type, float alpha, const void* x, size_t count) {
  std::vector<uint8_t> out(count, 0xA5);
  kernels::select_unary(kind, type)({alpha, 0}, x, out.data(), count);
  return std::vector<int>(out.begin(), out.end());
}

TEST(UnaryF32, Predicates) {
  const float x[] = {1, NAN, INFINITY, -INFINITY};
  EXPECT_EQ(bools(UnaryKind::kIsNaN, Element::kF32, 0, x, 4), (std::vector<int>{0, 1, 0, 0}));
  EXPECT_EQ(bools(UnaryKind::kIsInf, Element::kF32, 0, x, 4), (std::vector<int>{0, 0, 1, 1}));
  EXPECT_EQ(bools(UnaryKind::kIsInf, Element::kF32, 1, x, 4), (std::vector<int>{0, 0, 1, 0}));
  EXPECT_EQ(bools(UnaryKind::kIsInf, Element::kF32, -1, x, 4), (std::vector<int>{0, 0, 0, 1}));
  const uint8_t b[] = {0, 1, 9};
  EXPECT_EQ(bools(UnaryKind::kNot, Element::kBool, 0, b, 3), (std::vector<int>{1, 0, 0}));
}

TEST(UnaryF32, Integers) {
  const std::vector<int64_t> x = {5, -3, 0, std::numeric_limits<int64_t>::min()};
  const auto of = [&](UnaryKind kind, float alpha, float beta) {
    std::vector<int64_t> out(x.size());
    kernels::select_unary(kind, Element::kS64)({alpha, beta}, x.data(), out.data(), x.size());
    return out;
  };
  constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
  EXPECT_EQ(of(UnaryKind::kNeg, 0, 0), (std::vector<int64_t>{-5, 3, 0, kMin}));
  EXPECT_EQ(of(UnaryKind::kAbs, 0, 0), (std::vector<int64_t>{5, 3, 0, kMin}));
  EXPECT_EQ(of(UnaryKind::kSign, 0, 0), (std::vector<int64_t>{1, -1, 0, -1}));
  EXPECT_EQ(of(UnaryKind::kRelu, 0, 0), (std::vector<int64_t>{5, 0, 0, 0}));
  EXPECT_EQ(of(UnaryKind::kClip, -1, 4), (std::vector<int64_t>{4, -1, 0, -1}));
  EXPECT_EQ(of(UnaryKind::kClip, -INFINITY, INFINITY), x);
  EXPECT_EQ(of(UnaryKind::kRound, 0, 0), x);
}

TEST(UnaryF32, UndefinedPairs) {
  EXPECT_EQ(kernels::select_unary(UnaryKind::kExp, Element::kS64), nullptr);
  EXPECT_EQ(kernels::select_unary(UnaryKind::kNot, Element::kF32), nullptr);
  EXPECT_EQ(kernels::select_unary(UnaryKind::kNeg, Element::kBool), nullptr);
  EXPECT_EQ(kernels::select_unary(static_cast<UnaryKind>(200), Element::kF32), nullptr);
  EXPECT_NE(kernels::select_unary(UnaryKind::kIdentity, Element::kS8), nullptr);
}

}  // namespace
}  // namespace octet::testing
