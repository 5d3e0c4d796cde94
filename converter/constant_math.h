// SPDX-License-Identifier: Apache-2.0
//
// Small arithmetic over constants, shared by import, folding and passes.
#pragma once

#include <string>
#include <vector>

#include "converter/graph.h"

namespace octet::converter {

using Permutation = std::vector<int>;  // result axis i = source axis permutation[i]

// The number of elements of `shape`; 1 for a scalar; the largest int64 if it is beyond that.
int64_t element_count(const Dims& shape);
// Steps between neighbours along each axis of a row-major array, in elements.
Dims row_major_strides(const Dims& shape);
// "[1, 3, 224, 224]"
std::string shape_text(const Dims& shape);

Dims permute(const Dims& shape, const Permutation& permutation);
Permutation inverse(const Permutation& permutation);
bool is_identity(const Permutation& permutation);
// True if the transpose moves only axes of size 1, so that the bytes stay where they are.
bool keeps_bytes(const Dims& shape, const Permutation& permutation);

// out[i0, i1, ...] = in[...] with out axis i = in axis permutation[i]; any element type.
Constant transpose(const Constant& constant, const Permutation& permutation);
Constant reshape(Constant constant, Dims shape);
// Numpy broadcasting of `constant` to `shape`, which must be compatible.
Constant broadcast_to(const Constant& constant, const Dims& shape);
// Numpy broadcasting of two shapes. False if they do not fit.
bool broadcast_shapes(const Dims& a, const Dims& b, Dims* result);

// Every element as a number, whatever the type.
std::vector<double> to_doubles(const Constant& constant);
std::vector<float> to_floats(const Constant& constant);
std::vector<int64_t> to_integers(const Constant& constant);
// A constant of `type` from numbers; floats are truncated towards zero, as ONNX Cast does.
Constant from_doubles(TensorType type, Dims shape, const std::vector<double>& data);
Constant from_integers(TensorType type, Dims shape, const std::vector<int64_t>& data);

// True if every element equals the first; *value gets it. False for empty constants.
bool uniform_value(const Constant& constant, double* value);

}  // namespace octet::converter
