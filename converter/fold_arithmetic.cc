// SPDX-License-Identifier: Apache-2.0
//
// Folds arithmetic over constants: integers in int64, floats in double with one
// rounding at the end (for + - * / and sqrt that is the f32 result).
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>

#include "converter/constant_math.h"
#include "converter/fold_node.h"

namespace octet::converter::folding {

namespace {

const Constant& in(const Graph& graph, const Node& node, size_t i) {
  return *graph.value(node.inputs[i]).constant;
}

Status bad(const Node& node, const std::string& rule) {
  return Status(StatusCode::kInvalidModel, node.op + " '" + node.name + "': " + rule);
}

template <class T>
using Two = T (*)(T, T);

template <class T>
const std::map<std::string, Two<T>>& shared_binaries() {
  static const std::map<std::string, Two<T>> table = {
      {"Min", [](T a, T b) { return std::min(a, b); }},
      {"Max", [](T a, T b) { return std::max(a, b); }},
      {"Equal", [](T a, T b) { return static_cast<T>(a == b); }},
      {"Less", [](T a, T b) { return static_cast<T>(a < b); }},
      {"LessOrEqual", [](T a, T b) { return static_cast<T>(a <= b); }},
      {"Greater", [](T a, T b) { return static_cast<T>(a > b); }},
      {"GreaterOrEqual", [](T a, T b) { return static_cast<T>(a >= b); }},
      {"And", [](T a, T b) { return static_cast<T>(a != 0 && b != 0); }},
      {"Or", [](T a, T b) { return static_cast<T>(a != 0 || b != 0); }},
      {"Xor", [](T a, T b) { return static_cast<T>((a != 0) != (b != 0)); }},
  };
  return table;
}

// Two's complement wraps, as the runtime's integers do; unsigned so that it is defined.
int64_t wrap(uint64_t value) { return static_cast<int64_t>(value); }

Two<int64_t> integer_binary(const std::string& op) {
  static const std::map<std::string, Two<int64_t>> table = {
      {"Add", [](int64_t a, int64_t b) { return wrap(static_cast<uint64_t>(a) + static_cast<uint64_t>(b)); }},
      {"Sub", [](int64_t a, int64_t b) { return wrap(static_cast<uint64_t>(a) - static_cast<uint64_t>(b)); }},
      {"Mul", [](int64_t a, int64_t b) { return wrap(static_cast<uint64_t>(a) * static_cast<uint64_t>(b)); }},
      {"Div", [](int64_t a, int64_t b) { return b == -1 ? wrap(0 - static_cast<uint64_t>(a)) : a / b; }},
      {"Mod", [](int64_t a, int64_t b) { return b == -1 ? 0 : a % b; }},
  };
  const auto found = table.find(op);
  if (found != table.end()) return found->second;
  const auto shared = shared_binaries<int64_t>().find(op);
  return shared == shared_binaries<int64_t>().end() ? nullptr : shared->second;
}

Two<double> float_binary(const std::string& op) {
  static const std::map<std::string, Two<double>> table = {
      {"Add", [](double a, double b) { return a + b; }},
      {"Sub", [](double a, double b) { return a - b; }},
      {"Mul", [](double a, double b) { return a * b; }},
      {"Div", [](double a, double b) { return a / b; }},
      {"Pow", [](double a, double b) { return std::pow(a, b); }},
  };
  const auto found = table.find(op);
  if (found != table.end()) return found->second;
  const auto shared = shared_binaries<double>().find(op);
  return shared == shared_binaries<double>().end() ? nullptr : shared->second;
}

Status binary(const Graph& graph, const Node& node, bool* known, Constant* output) {
  const Value& out = graph.value(node.outputs[0]);
  const Constant a = broadcast_to(in(graph, node, 0), out.shape),
                 b = broadcast_to(in(graph, node, 1), out.shape);
  if (a.type == schema::TensorType_F32 || node.op == "Pow") {
    const Two<double> apply = float_binary(node.op);
    if (apply == nullptr) return *known = false, Status();
    std::vector<double> x = to_doubles(a);
    const std::vector<double> y = to_doubles(b);
    for (size_t i = 0; i < x.size(); ++i) x[i] = apply(x[i], y[i]);
    *output = from_doubles(out.type, out.shape, x);
    return {};
  }
  const Two<int64_t> apply = integer_binary(node.op);
  if (apply == nullptr) return *known = false, Status();
  std::vector<int64_t> x = to_integers(a);
  const std::vector<int64_t> y = to_integers(b);
  const bool divides = node.op == "Div" || node.op == "Mod";
  for (size_t i = 0; i < x.size(); ++i) {
    if (divides && y[i] == 0) return bad(node, "division by zero");
    const int64_t result = apply(x[i], y[i]);
    // Mod without fmod takes the divisor's sign.
    const bool adjust =
        node.op == "Mod" && node.integer("fmod") == 0 && result != 0 && (result < 0) != (y[i] < 0);
    x[i] = adjust ? result + y[i] : result;
  }
  *output = from_integers(out.type, out.shape, x);
  return {};
}

using One = double (*)(double);

One unary_function(const std::string& op) {
  static const std::map<std::string, One> table = {
      {"Neg", [](double x) { return -x; }},
      {"Abs", [](double x) { return std::fabs(x); }},
      {"Floor", [](double x) { return std::floor(x); }},
      {"Ceil", [](double x) { return std::ceil(x); }},
      {"Round", [](double x) { return std::nearbyint(x); }},
      {"Sqrt", [](double x) { return std::sqrt(x); }},
      {"Reciprocal", [](double x) { return 1 / x; }},
      {"Not", [](double x) { return x == 0 ? 1.0 : 0.0; }},
      {"Relu", [](double x) { return std::max(x, 0.0); }},
      {"Exp", [](double x) { return std::exp(x); }},
      {"Log", [](double x) { return std::log(x); }},
  };
  const auto found = table.find(op);
  return found == table.end() ? nullptr : found->second;
}

Status unary(const Graph& graph, const Node& node, bool* known, Constant* output) {
  const One apply = unary_function(node.op);
  const Constant& from = in(graph, node, 0);
  if (apply == nullptr) return *known = false, Status();
  std::vector<double> x = to_doubles(from);
  for (double& value : x) value = apply(value);
  *output = from_doubles(from.type, from.shape, x);
  return {};
}

Status cast(const Graph& graph, const Node& node, Constant* output) {
  const Constant& from = in(graph, node, 0);
  const TensorType to = graph.value(node.outputs[0]).type;
  if (from.type != schema::TensorType_F32) {
    *output = from_integers(to, from.shape, to_integers(from));
    return {};
  }
  std::vector<double> x = to_doubles(from);
  if (to != schema::TensorType_F32 && to != schema::TensorType_BOOL)
    for (double& value : x) {
      if (std::isnan(value)) return bad(node, "NaN has no integer value");
      value = std::max(-9.2e18,
                       std::min(9.2e18, value));  // what a conversion can hold; beyond it nothing is defined
    }
  if (to == schema::TensorType_F32 || to == schema::TensorType_BOOL || to == schema::TensorType_S64) {
    *output = from_doubles(to, from.shape, x);
  } else {
    *output = from_integers(to, from.shape, std::vector<int64_t>(x.begin(), x.end()));
  }
  return {};
}

Status reduce(const Graph& graph, const Node& node, bool* known, Constant* output) {
  static const std::map<std::string, Two<double>> table = {
      {"Sum", [](double a, double b) { return a + b; }},
      {"Mean", [](double a, double b) { return a + b; }},
      {"Prod", [](double a, double b) { return a * b; }},
      {"Max", [](double a, double b) { return std::max(a, b); }},
      {"Min", [](double a, double b) { return std::min(a, b); }},
  };
  const auto apply = table.find(node.text("kind"));
  if (apply == table.end()) return *known = false, Status();
  const Constant& from = in(graph, node, 0);
  Dims kept = from.shape;
  int64_t count = 1;
  for (int64_t axis : node.integers("axes")) {
    count *= kept[static_cast<size_t>(axis)];
    kept[static_cast<size_t>(axis)] = 1;
  }
  if (count == 0) return *known = false, Status();
  Dims positions(static_cast<size_t>(element_count(kept)));
  for (size_t i = 0; i < positions.size(); ++i) positions[i] = static_cast<int64_t>(i);
  // Where each input element goes: the output's positions, broadcast over the reduced axes.
  const std::vector<int64_t> target = to_integers(broadcast_to(make_s64(kept, positions), from.shape));
  const std::vector<double> x = to_doubles(from);
  std::vector<double> out(positions.size());
  std::vector<char> seen(positions.size(), 0);
  for (size_t i = 0; i < x.size(); ++i) {
    const size_t at = static_cast<size_t>(target[i]);
    out[at] = seen[at] ? apply->second(out[at], x[i]) : x[i];
    seen[at] = 1;
  }
  if (node.text("kind") == "Mean")
    for (double& value : out) value /= static_cast<double>(count);
  *output = from_doubles(from.type, graph.value(node.outputs[0]).shape, out);
  return {};
}

// clamp(round_half_even(x / scale) + zero_point), per tensor or along an axis.
Status quantize_linear(const Graph& graph, const Node& node, Constant* output) {
  const Constant &x = in(graph, node, 0), &scale = in(graph, node, 1);
  const Value& out = graph.value(node.outputs[0]);
  const std::vector<float> values = to_floats(x), scales = to_floats(scale);
  std::vector<int64_t> zeros(scales.size(), 0);
  if (node.input(2) != kNoValue) zeros = to_integers(in(graph, node, 2));
  const int64_t rank = static_cast<int64_t>(x.shape.size());
  const int64_t axis = scales.size() == 1 ? 0 : (node.integer("axis", 1) + rank) % rank;
  const int64_t inner = scales.size() == 1 ? 1 : row_major_strides(x.shape)[static_cast<size_t>(axis)];
  double low = -128, high = 127;
  if (out.type == schema::TensorType_U8) low = 0, high = 255;
  if (out.type == schema::TensorType_S16) low = -32768, high = 32767;
  if (out.type == schema::TensorType_S32) {
    low = std::numeric_limits<int32_t>::min();
    high = std::numeric_limits<int32_t>::max();
  }
  std::vector<double> q(values.size());
  for (size_t i = 0; i < q.size(); ++i) {
    const size_t channel = static_cast<size_t>(static_cast<int64_t>(i) / inner) % scales.size();
    const float ratio = values[i] / scales[channel];
    const double rounded = std::nearbyint(static_cast<double>(ratio)) + static_cast<double>(zeros[channel]);
    q[i] = std::max(low, std::min(high, rounded));
  }
  *output = from_doubles(out.type, x.shape, q);
  return {};
}

}  // namespace

Status compute(const Graph& graph, const Node& node, bool* known, Constant* output) {
  if (node.op == "Cast") return cast(graph, node, output);
  if (node.op == "Reduce") return reduce(graph, node, known, output);
  if (node.op == "QuantizeLinear") return quantize_linear(graph, node, output);
  if (node.inputs.size() == 2 && node.outputs.size() == 1 &&
      (integer_binary(node.op) != nullptr || float_binary(node.op) != nullptr))
    return binary(graph, node, known, output);
  if (node.inputs.size() == 1) return unary(graph, node, known, output);
  *known = false;
  return {};
}

}  // namespace octet::converter::folding
