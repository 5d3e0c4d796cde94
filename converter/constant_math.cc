// SPDX-License-Identifier: Apache-2.0
//
// Small arithmetic over constants. Generic over element types by their size
// (moving data) or through double and int64 (reading numbers).
#include "converter/constant_math.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <limits>

namespace octet::converter {

namespace {

template <class From, class To>
std::vector<To> read_as(const Constant& constant) {
  const size_t count = constant.bytes.size() / sizeof(From);
  std::vector<To> numbers(count);
  for (size_t i = 0; i < count; ++i) {
    From element;
    std::memcpy(&element, constant.bytes.data() + i * sizeof(From), sizeof(From));
    numbers[i] = static_cast<To>(element);
  }
  return numbers;
}

template <class To>
std::vector<To> read_any(const Constant& constant) {
  switch (constant.type) {
    case schema::TensorType_F32:
      return read_as<float, To>(constant);
    case schema::TensorType_S8:
      return read_as<int8_t, To>(constant);
    case schema::TensorType_U8:
    case schema::TensorType_BOOL:
      return read_as<uint8_t, To>(constant);
    case schema::TensorType_S16:
      return read_as<int16_t, To>(constant);
    case schema::TensorType_S32:
      return read_as<int32_t, To>(constant);
    case schema::TensorType_S64:
      return read_as<int64_t, To>(constant);
  }
  return {};
}

template <class To, class From>
void write_as(const std::vector<From>& data, std::vector<uint8_t>* bytes) {
  bytes->resize(data.size() * sizeof(To));
  for (size_t i = 0; i < data.size(); ++i) {
    const To element = static_cast<To>(data[i]);
    std::memcpy(bytes->data() + i * sizeof(To), &element, sizeof(To));
  }
}

template <class From>
Constant write_any(TensorType type, Dims shape, const std::vector<From>& data) {
  Constant constant;
  constant.type = type;
  constant.shape = std::move(shape);
  switch (type) {
    case schema::TensorType_F32:
      write_as<float>(data, &constant.bytes);
      break;
    case schema::TensorType_S8:
      write_as<int8_t>(data, &constant.bytes);
      break;
    case schema::TensorType_U8:
      write_as<uint8_t>(data, &constant.bytes);
      break;
    case schema::TensorType_S16:
      write_as<int16_t>(data, &constant.bytes);
      break;
    case schema::TensorType_S32:
      write_as<int32_t>(data, &constant.bytes);
      break;
    case schema::TensorType_S64:
      write_as<int64_t>(data, &constant.bytes);
      break;
    case schema::TensorType_BOOL:
      constant.bytes.resize(data.size());
      for (size_t i = 0; i < data.size(); ++i) constant.bytes[i] = data[i] != 0;
      break;
  }
  return constant;
}

// Copies elements of `width` bytes: out at index (i0, i1, ...) comes from sum(i_k * steps[k]) in `from`.
void gather_strided(const Constant& from, const Dims& shape, const Dims& steps, size_t width, Constant* to) {
  const int64_t total = element_count(shape);
  to->bytes.resize(static_cast<size_t>(total) * width);
  Dims index(shape.size(), 0);
  int64_t source = 0;
  for (int64_t i = 0; i < total; ++i) {
    std::memcpy(to->bytes.data() + static_cast<size_t>(i) * width,
                from.bytes.data() + static_cast<size_t>(source) * width, width);
    for (size_t axis = shape.size(); axis-- > 0;) {
      source += steps[axis];
      if (++index[axis] < shape[axis]) break;
      source -= steps[axis] * shape[axis];
      index[axis] = 0;
    }
  }
}

}  // namespace

int64_t element_count(const Dims& shape) {
  int64_t product = 1;
  for (int64_t dim : shape)
    if (__builtin_mul_overflow(product, dim, &product)) return std::numeric_limits<int64_t>::max();
  return product;
}

Dims row_major_strides(const Dims& shape) {
  Dims strides(shape.size(), 1);
  for (size_t i = shape.size(); i-- > 1;) strides[i - 1] = strides[i] * shape[i];
  return strides;
}

std::string shape_text(const Dims& shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  return text + "]";
}

Dims permute(const Dims& shape, const Permutation& permutation) {
  Dims result(shape.size());
  for (size_t i = 0; i < shape.size(); ++i) result[i] = shape[static_cast<size_t>(permutation[i])];
  return result;
}

Permutation inverse(const Permutation& permutation) {
  Permutation result(permutation.size());
  for (size_t i = 0; i < permutation.size(); ++i)
    result[static_cast<size_t>(permutation[i])] = static_cast<int>(i);
  return result;
}

bool is_identity(const Permutation& permutation) {
  for (size_t i = 0; i < permutation.size(); ++i)
    if (permutation[i] != static_cast<int>(i)) return false;
  return true;
}

bool keeps_bytes(const Dims& shape, const Permutation& permutation) {
  int last = -1;
  for (int axis : permutation) {
    if (shape[static_cast<size_t>(axis)] == 1) continue;
    if (axis < last) return false;
    last = axis;
  }
  return true;
}

Constant transpose(const Constant& constant, const Permutation& permutation) {
  Constant result;
  result.type = constant.type;
  result.shape = permute(constant.shape, permutation);
  const Dims steps = permute(row_major_strides(constant.shape), permutation);
  gather_strided(constant, result.shape, steps, element_bytes(constant.type), &result);
  return result;
}

Constant reshape(Constant constant, Dims shape) {
  assert(element_count(shape) == element_count(constant.shape));
  constant.shape = std::move(shape);
  return constant;
}

Constant broadcast_to(const Constant& constant, const Dims& shape) {
  Dims steps(shape.size(), 0);
  const Dims strides = row_major_strides(constant.shape);
  const size_t lead = shape.size() - constant.shape.size();
  for (size_t i = 0; i < constant.shape.size(); ++i)
    if (constant.shape[i] != 1) steps[lead + i] = strides[i];
  Constant result;
  result.type = constant.type;
  result.shape = shape;
  gather_strided(constant, shape, steps, element_bytes(constant.type), &result);
  return result;
}

bool broadcast_shapes(const Dims& a, const Dims& b, Dims* result) {
  const size_t rank = std::max(a.size(), b.size());
  Dims shape(rank);
  for (size_t i = 0; i < rank; ++i) {
    const int64_t x = i + a.size() < rank ? 1 : a[i + a.size() - rank];
    const int64_t y = i + b.size() < rank ? 1 : b[i + b.size() - rank];
    if (x != y && x != 1 && y != 1) return false;
    shape[i] = x == 1 ? y : x;
  }
  *result = shape;
  return true;
}

std::vector<double> to_doubles(const Constant& constant) { return read_any<double>(constant); }
std::vector<float> to_floats(const Constant& constant) { return read_any<float>(constant); }
std::vector<int64_t> to_integers(const Constant& constant) { return read_any<int64_t>(constant); }

Constant from_doubles(TensorType type, Dims shape, const std::vector<double>& data) {
  return write_any(type, std::move(shape), data);
}

Constant from_integers(TensorType type, Dims shape, const std::vector<int64_t>& data) {
  return write_any(type, std::move(shape), data);
}

bool uniform_value(const Constant& constant, double* value) {
  const size_t width = element_bytes(constant.type);
  if (constant.bytes.size() < width || width == 0) return false;
  for (size_t i = width; i < constant.bytes.size(); ++i)
    if (constant.bytes[i] != constant.bytes[i - width]) return false;
  Constant first;
  first.type = constant.type;
  first.bytes.assign(constant.bytes.begin(), constant.bytes.begin() + static_cast<std::ptrdiff_t>(width));
  *value = to_doubles(first)[0];
  return true;
}

}  // namespace octet::converter
