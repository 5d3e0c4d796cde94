// SPDX-License-Identifier: Apache-2.0
//
// Composite functions written out in arithmetic, such as 0.5 * x * (1 + erf(x / sqrt(2))). In whatever order
// the exporter multiplied and added, the expression is a polynomial in x and in t, the one part that is no
// arithmetic:
//
//   t = function(argument(x)),   y = result(x, t)
//
// So the operands are expanded into polynomials and compared with the row's, coefficient by coefficient.
#pragma once

#include <map>
#include <utility>
#include <vector>

#include "converter/passes/rewrite.h"

namespace octet::converter {

// {exponent of x, exponent of t} -> coefficient; no zeros.
using Polynomial = std::map<std::pair<int, int>, double>;
using Numbers = std::vector<std::pair<const char*, double>>;  // attributes

struct Composite {
  const char* op;        // what it becomes, with
  Numbers becomes;       // these attributes
  const char* function;  // the operator that writes t, with
  Numbers parameters;    // these attributes
  Polynomial argument;
  Polynomial result;
};

// Add, Sub, Mul, Div by a number, Neg and Pow with a small exponent, of `x`, `t` and numbers that are the
// same for all elements. False if anything else takes part.
bool expand_polynomial(const Graph& graph, ValueId value, ValueId x, ValueId t, Polynomial* result);

// Rewrites every node that ends one of the rows; the first row that fits wins.
bool replace_composites(const std::vector<Composite>& rows, const char* stage, Graph* graph,
                        Diagnostics* diagnostics);

}  // namespace octet::converter
