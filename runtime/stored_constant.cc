// SPDX-License-Identifier: Apache-2.0
#include "runtime/stored_constant.h"

#include <algorithm>
#include <cmath>

#include "runtime/validate.h"

namespace octet {
namespace {

// The tensor as a matrix, and its groups.
struct Matrix {
  size_t rows, columns, row_bytes, groups;

  Matrix(const schema::StoredConstant& stored, const Shape& shape)
      : rows(shape.elements(0, 1)),
        columns(shape.elements(1, shape.rank)),
        row_bytes((columns * stored.bits() + 7) / 8),
        groups(0) {
    const auto group_size = static_cast<size_t>(std::max(stored.group_size(), 1));
    groups = columns / group_size + (columns % group_size != 0 ? 1 : 0);
  }
};

// q[column] of a row.
int integer_at(const uint8_t* row, size_t column, bool four_bits) {
  if (!four_bits) return static_cast<int8_t>(row[column]);
  const int nibble = row[column / 2] >> (column % 2 * 4) & 15;
  return (nibble ^ 8) - 8;
}

void expand(const schema::StoredConstant& stored, const Shape& shape, const uint8_t* packed, float* out) {
  const Matrix matrix(stored, shape);
  const auto group_size = static_cast<size_t>(stored.group_size());
  const bool four_bits = stored.bits() == 4;
  for (size_t r = 0; r < matrix.rows; ++r) {
    const uint8_t* row = packed + r * matrix.row_bytes;
    const float* scales = stored.scales()->data() + r * matrix.groups;
    for (size_t c = 0; c < matrix.columns; ++c)
      *out++ = scales[c / group_size] * static_cast<float>(integer_at(row, c, four_bits));
  }
}

}  // namespace

size_t stored_bytes(const schema::StoredConstant& stored, const Shape& shape) {
  const Matrix matrix(stored, shape);
  return matrix.rows * matrix.row_bytes;
}

Status validate_stored(const schema::Tensor& definition, const Shape& shape, const char* what) {
  const schema::StoredConstant* stored = definition.stored();
  if (stored == nullptr) return Status();
  if (definition.type() != schema::TensorType_F32 || definition.buffer() == 0 || shape.rank < 1)
    return error(StatusCode::kInvalidModel,
                 "%s: has a stored form; only an f32 constant of rank 1 or more may", what);
  if (stored->bits() != 8 && stored->bits() != 4)
    return error(StatusCode::kUnsupported, "%s: stored in %d bits; this build reads 8 and 4", what,
                 stored->bits());
  if (stored->group_size() < 1)
    return error(StatusCode::kInvalidModel, "%s: stored in groups of %d; must be at least 1", what,
                 stored->group_size());
  const Matrix matrix(*stored, shape);
  if (length(stored->scales()) != matrix.rows * matrix.groups)
    return error(StatusCode::kInvalidModel, "%s: %zu scales of stored numbers; must be %zu", what,
                 length(stored->scales()), matrix.rows * matrix.groups);
  for (size_t i = 0; i < matrix.rows * matrix.groups; ++i) {
    const float scale = stored->scales()->Get(static_cast<flatbuffers::uoffset_t>(i));
    if (!std::isfinite(scale) || scale < 0)
      return error(StatusCode::kInvalidModel,
                   "%s: scale %g of stored numbers; must be finite and not negative", what,
                   static_cast<double>(scale));
  }
  return Status();
}

Status expand_constants(const schema::Model& root, size_t file_bytes, SessionMemory* memory,
                        std::vector<Tensor>* tensors) {
  const auto stored_of = [&root](size_t i) {
    return root.tensors()->Get(static_cast<flatbuffers::uoffset_t>(i))->stored();
  };
  uint64_t total = 0;
  for (size_t i = 0; i < tensors->size(); ++i)
    if (stored_of(i) != nullptr) total += (*tensors)[i].bytes;
  if (total > uint64_t{8} * file_bytes)
    return error(StatusCode::kInvalidModel,
                 "stored constants expand to %llu bytes; must be at most 8 times the %zu",
                 static_cast<unsigned long long>(total), file_bytes);
  if (total > 0) memory->expect(static_cast<size_t>(total));
  for (size_t i = 0; i < tensors->size(); ++i) {
    Tensor& tensor = (*tensors)[i];
    if (stored_of(i) == nullptr || tensor.bytes == 0) continue;
    auto* expanded = static_cast<float*>(memory->allocate(tensor.bytes));
    if (expanded == nullptr)
      return error(StatusCode::kOutOfMemory, "cannot allocate %zu bytes for constant %zu", tensor.bytes, i);
    expand(*stored_of(i), tensor.shape, static_cast<const uint8_t*>(tensor.constant), expanded);
    tensor.constant = tensor.data = expanded;
  }
  return Status();
}

}  // namespace octet
