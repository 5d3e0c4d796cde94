// SPDX-License-Identifier: Apache-2.0
//
// Canonical functions of one variable, in double: one row per function serves
// the 256-entry tables of the s8 form, the options of the f32 form, and the
// fixed ranges that quantize asks about.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "converter/graph.h"

namespace octet::converter {

// A canonical unary operator: y = evaluate(x, alpha, beta). The parameters are node
// attributes with ONNX's defaults; null where the function has none.
struct UnaryFunction {
  const char* name;
  schema::UnaryKind kind;
  const char* alpha_attribute;
  double alpha_default;
  const char* beta_attribute;
  double beta_default;
  double (*evaluate)(double x, double alpha, double beta);  // null: no function of real numbers (Not)

  double alpha(const Node& node) const;
  double beta(const Node& node) const;
};

// The row of a canonical operator, or null if it is not a function of one variable.
const UnaryFunction* find_unary(const std::string& op);

// The value of the unary operator `node` (op and attributes) at x. NaN if it is none.
double evaluate_unary(const Node& node, double x);

// Binary functions of real numbers: Add Sub Mul Div Min Max Pow. NaN for others.
double evaluate_binary(const std::string& op, double a, double b);

// A number attribute, whether import stored it as integer or float.
double attribute_number(const Node& node, const std::string& key, double fallback);

// clamp(round_half_even(real / scale) + zero_point) to s8; NaN maps to zero_point.
int8_t quantize_value(double real, const Quantization& quantization);

// The same to s16: zero point 0, in [-16384, 16383].
int16_t quantize_value_s16(double real, const Quantization& quantization);

// Entry [q + 128] = quantize_value(function(scale * (q - zero_point)), output), as s8 bytes.
std::vector<uint8_t> build_table(const std::function<double(double)>& function, const Quantization& input,
                                 const Quantization& output);

}  // namespace octet::converter
