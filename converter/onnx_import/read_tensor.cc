// SPDX-License-Identifier: Apache-2.0
//
// Reads TensorProto: raw little-endian bytes or the typed field of its type.
#include "converter/onnx_import/read_tensor.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "converter/constant_math.h"
#include "converter/onnx_import/import_error.h"

namespace octet::converter {

namespace {

using onnx::TensorProto;

// Bytes of one element in raw_data; 0 = a type that is not supported.
size_t raw_element_bytes(int type) {
  switch (type) {
    case TensorProto::BOOL:
    case TensorProto::INT8:
    case TensorProto::UINT8:
      return 1;
    case TensorProto::INT16:
    case TensorProto::UINT16:
    case TensorProto::FLOAT16:
    case TensorProto::BFLOAT16:
      return 2;
    case TensorProto::FLOAT:
    case TensorProto::INT32:
    case TensorProto::UINT32:
      return 4;
    case TensorProto::DOUBLE:
    case TensorProto::INT64:
    case TensorProto::UINT64:
      return 8;
    default:
      return 0;
  }
}

// IEEE half: 1 sign, 5 exponent (bias 15), 10 fraction bits.
float half_to_float(uint16_t bits) {
  const int exponent = bits >> 10 & 31;
  const float fraction = static_cast<float>(bits & 1023);
  float magnitude;
  if (exponent == 0)
    magnitude = std::ldexp(fraction, -24);
  else if (exponent == 31)
    magnitude =
        fraction == 0 ? std::numeric_limits<float>::infinity() : std::numeric_limits<float>::quiet_NaN();
  else
    magnitude = std::ldexp(fraction + 1024, exponent - 25);
  return (bits & 0x8000) != 0 ? -magnitude : magnitude;
}

// The upper half of a float's bits.
float bfloat_to_float(uint16_t bits) {
  const uint32_t wide = static_cast<uint32_t>(bits) << 16;
  float value;
  std::memcpy(&value, &wide, sizeof(value));
  return value;
}

struct Source {
  const TensorProto& tensor;
  std::string what;
  uint64_t elements;

  [[noreturn]] void refuse(const std::string& reason) const {
    throw_error(StatusCode::kInvalidModel, what + " '" + tensor.name() + "': " + reason);
  }
};

template <class T>
std::vector<T> raw_as(const Source& source) {
  std::vector<T> data(source.elements);
  if (!data.empty()) std::memcpy(data.data(), source.tensor.raw_data().data(), data.size() * sizeof(T));
  return data;
}

template <class T, class Field>
std::vector<T> field_as(const Source& source, const Field& field) {
  if (static_cast<uint64_t>(field.size()) != source.elements)
    source.refuse("holds " + std::to_string(field.size()) + " elements; its shape needs " +
                  std::to_string(source.elements));
  return std::vector<T>(field.begin(), field.end());
}

template <class T, class Field>
std::vector<T> data_as(const Source& source, const Field& field) {
  return source.tensor.has_raw_data() ? raw_as<T>(source) : field_as<T>(source, field);
}

std::vector<float> read_floats(const Source& source) {
  const TensorProto& tensor = source.tensor;
  if (tensor.data_type() == TensorProto::FLOAT) return data_as<float>(source, tensor.float_data());
  if (tensor.data_type() == TensorProto::DOUBLE) {
    const auto wide = data_as<double>(source, tensor.double_data());
    return std::vector<float>(wide.begin(), wide.end());
  }
  // 16-bit floats travel in the low halves of int32_data.
  const auto bits = data_as<uint16_t>(source, tensor.int32_data());
  std::vector<float> data(bits.size());
  for (size_t i = 0; i < bits.size(); ++i)
    data[i] = tensor.data_type() == TensorProto::FLOAT16 ? half_to_float(bits[i]) : bfloat_to_float(bits[i]);
  return data;
}

std::vector<int64_t> read_integers(const Source& source) {
  const TensorProto& tensor = source.tensor;
  const auto widen = [](const auto& narrow) { return std::vector<int64_t>(narrow.begin(), narrow.end()); };
  switch (tensor.data_type()) {
    case TensorProto::BOOL:
    case TensorProto::UINT8:
      return widen(data_as<uint8_t>(source, tensor.int32_data()));
    case TensorProto::INT8:
      return widen(data_as<int8_t>(source, tensor.int32_data()));
    case TensorProto::INT16:
      return widen(data_as<int16_t>(source, tensor.int32_data()));
    case TensorProto::UINT16:
      return widen(data_as<uint16_t>(source, tensor.int32_data()));
    case TensorProto::INT32:
      return widen(data_as<int32_t>(source, tensor.int32_data()));
    case TensorProto::UINT32:
      return widen(data_as<uint32_t>(source, tensor.uint64_data()));
    case TensorProto::UINT64: {
      const auto data = data_as<uint64_t>(source, tensor.uint64_data());
      for (uint64_t value : data)
        if (value > static_cast<uint64_t>(std::numeric_limits<int64_t>::max()))
          source.refuse("holds " + std::to_string(value) + ", which is above the range of int64");
      return widen(data);
    }
    default:
      return data_as<int64_t>(source, tensor.int64_data());
  }
}

void check_finite(const Source& source, const std::vector<float>& data) {
  for (size_t i = 0; i < data.size(); ++i)
    if (std::isnan(data[i]) || (std::isinf(data[i]) && data.size() > 1))
      source.refuse("element " + std::to_string(i) + " is " + (std::isnan(data[i]) ? "NaN" : "infinite"));
}

uint64_t element_total(const TensorProto& tensor, const std::string& what) {
  uint64_t total = 1;
  for (int64_t dim : tensor.dims()) {
    if (dim < 0 || dim > std::numeric_limits<int32_t>::max() ||
        (dim > 0 && total > (uint64_t{1} << 40) / static_cast<uint64_t>(dim)))
      throw_error(StatusCode::kInvalidModel,
                  what + " '" + tensor.name() + "': dimension " + std::to_string(dim) + " is out of range");
    total *= static_cast<uint64_t>(dim);
  }
  return total;
}

}  // namespace

bool tensor_type(int onnx_type, TensorType* type) {
  switch (onnx_type) {
    case TensorProto::FLOAT:
    case TensorProto::DOUBLE:
    case TensorProto::FLOAT16:
    case TensorProto::BFLOAT16:
      *type = schema::TensorType_F32;
      return true;
    case TensorProto::INT8:
      *type = schema::TensorType_S8;
      return true;
    case TensorProto::UINT8:
      *type = schema::TensorType_U8;
      return true;
    case TensorProto::INT16:
      *type = schema::TensorType_S16;
      return true;
    case TensorProto::UINT16:
    case TensorProto::INT32:
      *type = schema::TensorType_S32;
      return true;
    case TensorProto::UINT32:
    case TensorProto::UINT64:
    case TensorProto::INT64:
      *type = schema::TensorType_S64;
      return true;
    case TensorProto::BOOL:
      *type = schema::TensorType_BOOL;
      return true;
    default:
      return false;
  }
}

std::string onnx_type_name(int onnx_type) {
  if (!TensorProto::DataType_IsValid(onnx_type)) return "type " + std::to_string(onnx_type);
  std::string name = TensorProto::DataType_Name(static_cast<TensorProto::DataType>(onnx_type));
  for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return name;
}

uint64_t expected_raw_bytes(const TensorProto& tensor) {
  const size_t width = raw_element_bytes(tensor.data_type());
  if (width == 0)
    throw_error(StatusCode::kUnsupported, "tensor '" + tensor.name() + "': element type " +
                                              onnx_type_name(tensor.data_type()) + " is not supported");
  return element_total(tensor, "tensor") * width;
}

Constant read_tensor(const TensorProto& tensor, const std::string& what) {
  TensorType type;
  if (!tensor_type(tensor.data_type(), &type))
    throw_error(StatusCode::kUnsupported, what + " '" + tensor.name() + "': element type " +
                                              onnx_type_name(tensor.data_type()) + " is not supported");
  const Source source{tensor, what, element_total(tensor, what)};
  if (tensor.has_raw_data() && tensor.raw_data().size() != expected_raw_bytes(tensor))
    source.refuse("holds " + std::to_string(tensor.raw_data().size()) + " bytes; its shape needs " +
                  std::to_string(expected_raw_bytes(tensor)));
  const Dims shape(tensor.dims().begin(), tensor.dims().end());
  if (type != schema::TensorType_F32) return from_integers(type, shape, read_integers(source));
  const std::vector<float> data = read_floats(source);
  check_finite(source, data);
  return make_f32(shape, data);
}

}  // namespace octet::converter
