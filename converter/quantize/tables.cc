// SPDX-License-Identifier: Apache-2.0
//
// The rows of canonical unary functions, and tables made from them.
#include "converter/quantize/tables.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/requantize.h"

namespace octet::converter {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

double sigmoid(double x) { return x >= 0 ? 1.0 / (1.0 + std::exp(-x)) : std::exp(x) / (1.0 + std::exp(x)); }

double softplus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::fabs(x))); }

double hard_sigmoid(double x, double a, double b) { return std::min(1.0, std::max(0.0, a * x + b)); }

double gelu(double x) { return 0.5 * x * (1.0 + std::erf(x / std::sqrt(2.0))); }

double gelu_tanh(double x) {
  const double c = std::sqrt(2.0 / std::acos(-1.0));
  return 0.5 * x * (1.0 + std::tanh(c * (x + 0.044715 * x * x * x)));
}

double celu(double x, double a) { return std::max(0.0, x) + std::min(0.0, a * std::expm1(x / a)); }

double shrink(double x, double bias, double lambd) {
  return x < -lambd ? x + bias : x > lambd ? x - bias : 0.0;
}

double sign(double x) { return x > 0 ? 1.0 : x < 0 ? -1.0 : x; }

using D = double;

const UnaryFunction kUnary[] = {
    {"Identity", schema::UnaryKind_Identity, nullptr, 0, nullptr, 0, [](D x, D, D) { return x; }},
    {"Relu", schema::UnaryKind_Relu, nullptr, 0, nullptr, 0, [](D x, D, D) { return std::max(x, 0.0); }},
    {"Clip", schema::UnaryKind_Clip, "min", -kInfinity, "max", kInfinity,
     [](D x, D a, D b) { return std::min(std::max(x, a), b); }},
    {"LeakyRelu", schema::UnaryKind_LeakyRelu, "alpha", 0.01, nullptr, 0,
     [](D x, D a, D) { return x < 0 ? a * x : x; }},
    {"Elu", schema::UnaryKind_Elu, "alpha", 1, nullptr, 0,
     [](D x, D a, D) { return x < 0 ? a * std::expm1(x) : x; }},
    {"Selu", schema::UnaryKind_Selu, "alpha", 1.67326319217681884765625, "gamma", 1.05070102214813232421875,
     [](D x, D a, D g) { return g * (x < 0 ? a * std::expm1(x) : x); }},
    {"Celu", schema::UnaryKind_Celu, "alpha", 1, nullptr, 0, [](D x, D a, D) { return celu(x, a); }},
    {"Sigmoid", schema::UnaryKind_Sigmoid, nullptr, 0, nullptr, 0, [](D x, D, D) { return sigmoid(x); }},
    {"Tanh", schema::UnaryKind_Tanh, nullptr, 0, nullptr, 0, [](D x, D, D) { return std::tanh(x); }},
    {"HardSigmoid", schema::UnaryKind_HardSigmoid, "alpha", 0.2, "beta", 0.5, hard_sigmoid},
    {"HardSwish", schema::UnaryKind_HardSwish, nullptr, 0, nullptr, 0,
     [](D x, D, D) { return x * hard_sigmoid(x, 1.0 / 6.0, 0.5); }},
    {"Silu", schema::UnaryKind_Silu, nullptr, 0, nullptr, 0, [](D x, D, D) { return x * sigmoid(x); }},
    {"Gelu", schema::UnaryKind_Gelu, nullptr, 0, nullptr, 0, [](D x, D, D) { return gelu(x); }},
    {"GeluTanh", schema::UnaryKind_GeluTanh, nullptr, 0, nullptr, 0, [](D x, D, D) { return gelu_tanh(x); }},
    {"Softplus", schema::UnaryKind_Softplus, nullptr, 0, nullptr, 0, [](D x, D, D) { return softplus(x); }},
    {"Softsign", schema::UnaryKind_Softsign, nullptr, 0, nullptr, 0,
     [](D x, D, D) { return x / (1.0 + std::fabs(x)); }},
    {"ThresholdedRelu", schema::UnaryKind_ThresholdedRelu, "alpha", 1, nullptr, 0,
     [](D x, D a, D) { return x > a ? x : 0.0; }},
    {"Mish", schema::UnaryKind_Mish, nullptr, 0, nullptr, 0,
     [](D x, D, D) { return x * std::tanh(softplus(x)); }},
    {"Exp", schema::UnaryKind_Exp, nullptr, 0, nullptr, 0, [](D x, D, D) { return std::exp(x); }},
    {"Log", schema::UnaryKind_Log, nullptr, 0, nullptr, 0, [](D x, D, D) { return std::log(x); }},
    {"Sqrt", schema::UnaryKind_Sqrt, nullptr, 0, nullptr, 0, [](D x, D, D) { return std::sqrt(x); }},
    {"Reciprocal", schema::UnaryKind_Reciprocal, nullptr, 0, nullptr, 0, [](D x, D, D) { return 1.0 / x; }},
    {"Abs", schema::UnaryKind_Abs, nullptr, 0, nullptr, 0, [](D x, D, D) { return std::fabs(x); }},
    {"Neg", schema::UnaryKind_Neg, nullptr, 0, nullptr, 0, [](D x, D, D) { return -x; }},
    {"Floor", schema::UnaryKind_Floor, nullptr, 0, nullptr, 0, [](D x, D, D) { return std::floor(x); }},
    {"Ceil", schema::UnaryKind_Ceil, nullptr, 0, nullptr, 0, [](D x, D, D) { return std::ceil(x); }},
    {"Round", schema::UnaryKind_Round, nullptr, 0, nullptr, 0, [](D x, D, D) { return std::nearbyint(x); }},
    {"Sign", schema::UnaryKind_Sign, nullptr, 0, nullptr, 0, [](D x, D, D) { return sign(x); }},
    {"Erf", schema::UnaryKind_Erf, nullptr, 0, nullptr, 0, [](D x, D, D) { return std::erf(x); }},
    {"Sin", schema::UnaryKind_Sin, nullptr, 0, nullptr, 0, [](D x, D, D) { return std::sin(x); }},
    {"Cos", schema::UnaryKind_Cos, nullptr, 0, nullptr, 0, [](D x, D, D) { return std::cos(x); }},
    {"Tan", schema::UnaryKind_Tan, nullptr, 0, nullptr, 0, [](D x, D, D) { return std::tan(x); }},
    {"Asin", schema::UnaryKind_Asin, nullptr, 0, nullptr, 0, [](D x, D, D) { return std::asin(x); }},
    {"Acos", schema::UnaryKind_Acos, nullptr, 0, nullptr, 0, [](D x, D, D) { return std::acos(x); }},
    {"Atan", schema::UnaryKind_Atan, nullptr, 0, nullptr, 0, [](D x, D, D) { return std::atan(x); }},
    {"Sinh", schema::UnaryKind_Sinh, nullptr, 0, nullptr, 0, [](D x, D, D) { return std::sinh(x); }},
    {"Cosh", schema::UnaryKind_Cosh, nullptr, 0, nullptr, 0, [](D x, D, D) { return std::cosh(x); }},
    {"Asinh", schema::UnaryKind_Asinh, nullptr, 0, nullptr, 0, [](D x, D, D) { return std::asinh(x); }},
    {"Acosh", schema::UnaryKind_Acosh, nullptr, 0, nullptr, 0, [](D x, D, D) { return std::acosh(x); }},
    {"Atanh", schema::UnaryKind_Atanh, nullptr, 0, nullptr, 0, [](D x, D, D) { return std::atanh(x); }},
    {"Shrink", schema::UnaryKind_Shrink, "bias", 0, "lambd", 0.5, shrink},
    {"Not", schema::UnaryKind_Not, nullptr, 0, nullptr, 0, nullptr},
    {"IsNaN", schema::UnaryKind_IsNaN, nullptr, 0, nullptr, 0, nullptr},
    {"IsInf", schema::UnaryKind_IsInf, nullptr, 0, nullptr, 0, nullptr},
};

}  // namespace

double UnaryFunction::alpha(const Node& node) const {
  return alpha_attribute != nullptr ? attribute_number(node, alpha_attribute, alpha_default) : 0;
}

double UnaryFunction::beta(const Node& node) const {
  return beta_attribute != nullptr ? attribute_number(node, beta_attribute, beta_default) : 0;
}

const UnaryFunction* find_unary(const std::string& op) {
  for (const UnaryFunction& row : kUnary)
    if (op == row.name) return &row;
  return nullptr;
}

double evaluate_unary(const Node& node, double x) {
  const UnaryFunction* row = find_unary(node.op);
  if (row == nullptr || row->evaluate == nullptr) return std::numeric_limits<double>::quiet_NaN();
  return row->evaluate(x, row->alpha(node), row->beta(node));
}

double evaluate_binary(const std::string& op, double a, double b) {
  if (op == "Add") return a + b;
  if (op == "Sub") return a - b;
  if (op == "Mul") return a * b;
  if (op == "Div") return a / b;
  if (op == "Min") return std::min(a, b);
  if (op == "Max") return std::max(a, b);
  if (op == "Pow") return std::pow(a, b);
  return std::numeric_limits<double>::quiet_NaN();
}

double attribute_number(const Node& node, const std::string& key, double fallback) {
  const auto found = node.attributes.find(key);
  if (found == node.attributes.end()) return fallback;
  if (const float* number = std::get_if<float>(&found->second)) return *number;
  if (const int64_t* integer = std::get_if<int64_t>(&found->second)) return static_cast<double>(*integer);
  return fallback;
}

int8_t quantize_value(double real, const Quantization& quantization) {
  if (std::isnan(real)) return static_cast<int8_t>(quantization.zero_point);
  const double q = std::nearbyint(real / quantization.scale) + quantization.zero_point;
  return static_cast<int8_t>(std::min(127.0, std::max(-128.0, q)));
}

int16_t quantize_value_s16(double real, const Quantization& quantization) {
  if (std::isnan(real)) return 0;
  const double q = std::nearbyint(real / quantization.scale);
  return static_cast<int16_t>(std::min<double>(kernels::kS16Max, std::max<double>(kernels::kS16Min, q)));
}

std::vector<uint8_t> build_table(const std::function<double(double)>& function, const Quantization& input,
                                 const Quantization& output) {
  std::vector<uint8_t> table(256);
  for (int q = -128; q <= 127; ++q) {
    const double x = static_cast<double>(input.scale) * (q - input.zero_point);
    table[static_cast<size_t>(q + 128)] = static_cast<uint8_t>(quantize_value(function(x), output));
  }
  return table;
}

}  // namespace octet::converter
