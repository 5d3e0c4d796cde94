// SPDX-License-Identifier: Apache-2.0
#include "converter/passes/composite.h"

#include <algorithm>
#include <cmath>

namespace octet::converter {

namespace {

constexpr int kDepth = 8;  // of the arithmetic around t
constexpr int kDegree = 4;

bool is_arithmetic(const Node& node) {
  static const char* const kOps[] = {"Add", "Sub", "Mul", "Div", "Neg", "Pow"};
  return std::any_of(std::begin(kOps), std::end(kOps),
                     [&node](const char* op) { return is_plain(node, op); });
}

void add_to(const Polynomial& terms, double factor, Polynomial* sum) {
  for (const auto& [exponents, coefficient] : terms) (*sum)[exponents] += factor * coefficient;
}

Polynomial product(const Polynomial& a, const Polynomial& b) {
  Polynomial result;
  for (const auto& [i, p] : a)
    for (const auto& [j, q] : b) result[{i.first + j.first, i.second + j.second}] += p * q;
  return result;
}

// The number if the polynomial is one.
bool is_number(const Polynomial& polynomial, double* number) {
  const auto constant = polynomial.find({0, 0});
  if (polynomial.size() != 1 || constant == polynomial.end()) return false;
  *number = constant->second;
  return true;
}

bool power(const Polynomial& base, const Polynomial& exponent, Polynomial* result) {
  double number;
  if (!is_number(exponent, &number) || number < 1 || number > kDegree || number != std::floor(number))
    return false;
  *result = base;
  for (int i = 1; i < static_cast<int>(number); ++i) *result = product(*result, base);
  return true;
}

bool combine(const Node& node, const Polynomial& a, const Polynomial& b, Polynomial* result) {
  double number;
  if (node.op == "Add" || node.op == "Sub") {
    *result = a;
    add_to(b, node.op == "Add" ? 1 : -1, result);
  } else if (node.op == "Mul") {
    *result = product(a, b);
  } else if (node.op == "Div" && is_number(b, &number) && number != 0) {
    add_to(a, 1 / number, result);
  } else if (node.op == "Neg") {
    add_to(a, -1, result);
  } else {
    return node.op == "Pow" && power(a, b, result);
  }
  return true;
}

struct Atoms {
  ValueId x, t;
};

bool expand(const Graph& graph, ValueId value, const Atoms& atoms, int depth, Polynomial* result) {
  result->clear();
  double number;
  if (value == atoms.x) return (*result)[{1, 0}] = 1, true;
  if (value == atoms.t) return (*result)[{0, 1}] = 1, true;
  if (constant_number(graph, value, &number)) return (*result)[{0, 0}] = number, true;
  const Node* writer = graph.producer(value);
  if (writer == nullptr || depth == 0 || !is_arithmetic(*writer)) return false;
  Polynomial operands[2];
  for (size_t i = 0; i < std::min<size_t>(2, writer->inputs.size()); ++i)
    if (!expand(graph, writer->inputs[i], atoms, depth - 1, &operands[i])) return false;
  if (!combine(*writer, operands[0], operands[1], result)) return false;
  for (auto term = result->begin(); term != result->end();)
    term = term->second == 0 ? result->erase(term) : std::next(term);
  return result->empty() || result->rbegin()->first.first <= kDegree;
}

bool same_polynomial(const Polynomial& a, const Polynomial& b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](const auto& p, const auto& q) {
           return p.first == q.first && is_close(p.second, q.second);
         });
}

// `value` and everything that arithmetic made it of, nearest first; no constants.
std::vector<ValueId> arithmetic_sources(const Graph& graph, ValueId value) {
  std::vector<ValueId> sources = {value};
  size_t level_end = 1;
  for (size_t i = 0, depth = 0; i < sources.size() && depth < kDepth; ++i) {
    const Node* writer = graph.producer(sources[i]);
    if (writer != nullptr && is_arithmetic(*writer))
      for (ValueId input : writer->inputs)
        if (input != kNoValue && !graph.value(input).is_constant() &&
            std::find(sources.begin(), sources.end(), input) == sources.end())
          sources.push_back(input);
    if (i + 1 == level_end) {
      level_end = sources.size();
      ++depth;
    }
  }
  return sources;
}

bool has_parameters(const Node& node, const Numbers& parameters) {
  return std::all_of(parameters.begin(), parameters.end(), [&node](const auto& parameter) {
    return is_close(static_cast<double>(node.number(parameter.first, -1.0f)), parameter.second);
  });
}

// x of a row that ends at `root`, or kNoValue.
ValueId match(const Graph& graph, const Node& root, const Composite& row) {
  const ValueId y = root.outputs[0];
  for (ValueId t : arithmetic_sources(graph, y)) {
    const Node* function = plain_writer(graph, t, row.function);
    if (function == nullptr || !has_parameters(*function, row.parameters)) continue;
    for (ValueId x : arithmetic_sources(graph, function->inputs[0])) {
      Polynomial argument, result;
      if (graph.value(x).type != schema::TensorType_F32 || graph.value(x).shape != graph.value(y).shape)
        continue;
      if (expand_polynomial(graph, function->inputs[0], x, kNoValue, &argument) &&
          same_polynomial(argument, row.argument) && expand_polynomial(graph, y, x, t, &result) &&
          same_polynomial(result, row.result))
        return x;
    }
  }
  return kNoValue;
}

}  // namespace

bool expand_polynomial(const Graph& graph, ValueId value, ValueId x, ValueId t, Polynomial* result) {
  return expand(graph, value, {x, t}, kDepth, result);
}

bool replace_composites(const std::vector<Composite>& rows, const char* stage, Graph* graph,
                        Diagnostics* diagnostics) {
  bool changed = false;
  for (const auto& node : graph->nodes) {
    if (node->outputs.size() != 1) continue;
    for (const Composite& row : rows) {
      if (!is_arithmetic(*node) && !is_plain(*node, row.function)) continue;
      const ValueId x = match(*graph, *node, row);
      if (x == kNoValue) continue;
      Replacement replacement{row.op, x, {}};
      for (const auto& [key, number] : row.becomes) replacement.attributes[key] = static_cast<float>(number);
      changed |= replace_pattern(replacement, stage, graph, node.get(), diagnostics);
      break;
    }
  }
  if (changed) graph->remove_dead_nodes();
  return changed;
}

}  // namespace octet::converter
