// SPDX-License-Identifier: Apache-2.0
#include "tools/input/array_file.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace octet::tools {
namespace {

struct FileCloser {
  void operator()(FILE* file) const { fclose(file); }
};
using File = std::unique_ptr<FILE, FileCloser>;

struct NpyType {
  const char* code;
  TensorType type;
};

constexpr NpyType kNpyTypes[] = {
    {"<f4", schema::TensorType_F32}, {"|i1", schema::TensorType_S8},  {"|u1", schema::TensorType_U8},
    {"<i2", schema::TensorType_S16}, {"<i4", schema::TensorType_S32}, {"<i8", schema::TensorType_S64},
    {"|b1", schema::TensorType_BOOL}};

void narrow_f64(std::vector<uint8_t>* bytes) {
  std::vector<uint8_t> narrow(bytes->size() / 2);
  for (size_t i = 0; i < narrow.size() / 4; ++i) {
    double wide;
    memcpy(&wide, bytes->data() + 8 * i, 8);
    const float value = static_cast<float>(wide);
    memcpy(narrow.data() + 4 * i, &value, 4);
  }
  *bytes = std::move(narrow);
}

// Elements of `shape`, or -1 if a dimension is negative or the product absurd.
int64_t count_elements(const std::vector<int64_t>& shape) {
  int64_t count = 1;
  for (int64_t dim : shape) {
    if (dim < 0 || (dim > 0 && count > (int64_t{1} << 40) / dim)) return -1;
    count *= dim;
  }
  return count;
}

// The value behind 'key': in the header dictionary, or an empty string.
std::string npy_field(const std::string& header, const char* key) {
  const size_t at = header.find(std::string("'") + key + "'");
  if (at == std::string::npos) return "";
  size_t first = header.find(':', at);
  if (first == std::string::npos) return "";
  first = header.find_first_not_of(' ', first + 1);
  if (first == std::string::npos) return "";
  const char close = header[first] == '(' ? ')' : header[first] == '\'' ? '\'' : ',';
  const size_t last = header.find(close, first + 1);
  if (last == std::string::npos) return "";
  const bool bracketed = close != ',';
  return header.substr(first + bracketed, last - first - bracketed);
}

std::vector<int64_t> parse_shape(const std::string& text) {
  std::vector<int64_t> shape;
  for (const char* p = text.c_str(); *p != '\0';) {
    char* end = nullptr;
    const long long value = strtoll(p, &end, 10);
    if (end == p) {
      ++p;
      continue;
    }
    shape.push_back(value);
    p = end;
  }
  return shape;
}

// Protocol buffer wire format, just enough for TensorProto.
struct WireReader {
  const uint8_t* at;
  const uint8_t* end;
  bool ok = true;

  uint64_t varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (at == end) break;
      const uint8_t byte = *at++;
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) return value;
    }
    ok = false;
    return 0;
  }
  const uint8_t* bytes(uint64_t count) {
    if (count > static_cast<uint64_t>(end - at)) {
      ok = false;
      return nullptr;
    }
    const uint8_t* start = at;
    at += count;
    return start;
  }
};

template <class T>
void append(std::vector<uint8_t>* bytes, T value) {
  const size_t size = bytes->size();
  bytes->resize(size + sizeof(T));
  memcpy(bytes->data() + size, &value, sizeof(T));
}

struct TensorProto {
  std::vector<int64_t> dims;
  int64_t data_type = 0;
  std::vector<uint8_t> raw;        // raw_data, float_data and double_data as they are
  std::vector<int64_t> integers;   // int32_data, int64_data
  bool has_raw = false;
};

// Numbers of one varint field: a single one, or packed.
void read_varints(WireReader* reader, uint64_t wire, std::vector<int64_t>* values) {
  if (wire == 0) {
    values->push_back(static_cast<int64_t>(reader->varint()));
    return;
  }
  const uint64_t size = reader->varint();
  const uint8_t* start = reader->ok ? reader->bytes(size) : nullptr;
  if (start == nullptr) return;
  WireReader packed{start, start + size};
  while (packed.ok && packed.at != packed.end) values->push_back(static_cast<int64_t>(packed.varint()));
  reader->ok = reader->ok && packed.ok;
}

// Bytes of one fixed-width or length-delimited field, appended to `raw`.
void read_bytes(WireReader* reader, uint64_t wire, std::vector<uint8_t>* raw) {
  const uint64_t size = wire == 5 ? 4 : wire == 1 ? 8 : reader->varint();
  const uint8_t* start = reader->ok ? reader->bytes(size) : nullptr;
  if (start != nullptr) raw->insert(raw->end(), start, start + size);
}

bool parse_tensor_proto(const std::vector<uint8_t>& file, TensorProto* tensor) {
  WireReader reader{file.data(), file.data() + file.size()};
  while (reader.ok && reader.at != reader.end) {
    const uint64_t key = reader.varint();
    const uint64_t field = key >> 3, wire = key & 7;
    if (field == 1 || field == 5 || field == 7) {
      read_varints(&reader, wire, field == 1 ? &tensor->dims : &tensor->integers);
    } else if (field == 2 && wire == 0) {
      tensor->data_type = static_cast<int64_t>(reader.varint());
    } else if (field == 4 || field == 9 || field == 10) {
      tensor->has_raw = true;
      read_bytes(&reader, wire, &tensor->raw);
    } else if (wire == 0) {
      reader.varint();
    } else if (wire == 1 || wire == 2 || wire == 5) {
      std::vector<uint8_t> skipped;
      read_bytes(&reader, wire, &skipped);
    } else {
      return false;
    }
  }
  return reader.ok;
}

// ONNX TensorProto.DataType -> element type; f64 is narrowed by the caller.
bool onnx_type(int64_t data_type, TensorType* type) {
  switch (data_type) {
    case 1: case 11: *type = schema::TensorType_F32; return true;
    case 2: *type = schema::TensorType_U8; return true;
    case 3: *type = schema::TensorType_S8; return true;
    case 5: *type = schema::TensorType_S16; return true;
    case 6: *type = schema::TensorType_S32; return true;
    case 7: *type = schema::TensorType_S64; return true;
    case 9: *type = schema::TensorType_BOOL; return true;
    default: return false;
  }
}

int64_t integer_at(const Array& array, size_t i) {
  switch (array.type) {
    case schema::TensorType_S8: return reinterpret_cast<const int8_t*>(array.bytes.data())[i];
    case schema::TensorType_S16: return reinterpret_cast<const int16_t*>(array.bytes.data())[i];
    case schema::TensorType_S32: return reinterpret_cast<const int32_t*>(array.bytes.data())[i];
    case schema::TensorType_S64: return reinterpret_cast<const int64_t*>(array.bytes.data())[i];
    default: return array.bytes[i];
  }
}

}  // namespace

Status read_file(const std::string& path, std::vector<uint8_t>* bytes) {
  const File file(fopen(path.c_str(), "rb"));
  if (!file) return error(StatusCode::kIoError, "%s: cannot open: %s", path.c_str(), strerror(errno));
  bytes->clear();
  uint8_t chunk[65536];
  size_t count;
  while ((count = fread(chunk, 1, sizeof chunk, file.get())) > 0)
    bytes->insert(bytes->end(), chunk, chunk + count);
  if (ferror(file.get())) return error(StatusCode::kIoError, "%s: cannot read: %s", path.c_str(), strerror(errno));
  return Status();
}

Status read_npy(const std::string& path, Array* array) {
  std::vector<uint8_t> file;
  OCTET_RETURN_IF_ERROR(read_file(path, &file));
  const char* name = path.c_str();
  if (file.size() < 12 || memcmp(file.data(), "\x93NUMPY", 6) != 0)
    return error(StatusCode::kInvalidArgument, "%s: not a .npy file", name);
  const bool wide = file[6] >= 2;
  size_t header_bytes = file[8] | file[9] << 8;
  if (wide) header_bytes |= static_cast<size_t>(file[10]) << 16 | static_cast<size_t>(file[11]) << 24;
  const size_t start = wide ? 12 : 10;
  if (header_bytes > file.size() - start)
    return error(StatusCode::kInvalidArgument, "%s: truncated .npy header", name);
  const std::string header(file.begin() + static_cast<ptrdiff_t>(start),
                           file.begin() + static_cast<ptrdiff_t>(start + header_bytes));
  const std::string code = npy_field(header, "descr");
  if (npy_field(header, "fortran_order") != "False")
    return error(StatusCode::kUnsupported, "%s: the array is in Fortran order; save it in C order", name);
  array->shape = parse_shape(npy_field(header, "shape"));
  array->bytes.assign(file.begin() + static_cast<ptrdiff_t>(start + header_bytes), file.end());
  bool known = code == "<f8";
  array->type = schema::TensorType_F32;
  for (const NpyType& row : kNpyTypes)
    if (code == row.code) {
      array->type = row.type;
      known = true;
    }
  if (!known)
    return error(StatusCode::kUnsupported, "%s: element type '%s'; f4, f8, i1, u1, i2, i4, i8 and b1 are read", name,
                 code.c_str());
  const size_t width = code == "<f8" ? 8 : element_bytes(array->type);
  const int64_t count = count_elements(array->shape);
  if (count < 0 || static_cast<uint64_t>(count) * width != array->bytes.size())
    return error(StatusCode::kInvalidArgument, "%s: %zu bytes of data do not fit its shape", name,
                 array->bytes.size());
  if (width == 8 && array->type == schema::TensorType_F32) narrow_f64(&array->bytes);
  return Status();
}

Status read_tensor_proto(const std::string& path, Array* array) {
  std::vector<uint8_t> file;
  OCTET_RETURN_IF_ERROR(read_file(path, &file));
  TensorProto tensor;
  if (!parse_tensor_proto(file, &tensor) || !onnx_type(tensor.data_type, &array->type))
    return error(StatusCode::kInvalidArgument, "%s: not an ONNX TensorProto of a known element type", path.c_str());
  array->shape = tensor.dims;
  array->bytes = std::move(tensor.raw);
  const size_t width = tensor.data_type == 11 ? 8 : element_bytes(array->type);
  if (!tensor.has_raw)
    for (const int64_t value : tensor.integers) {
      if (width == 1) append(&array->bytes, static_cast<int8_t>(value));
      if (width == 2) append(&array->bytes, static_cast<int16_t>(value));
      if (width == 4) append(&array->bytes, static_cast<int32_t>(value));
      if (width == 8) append(&array->bytes, value);
    }
  const int64_t count = count_elements(array->shape);
  if (count < 0 || static_cast<uint64_t>(count) * width != array->bytes.size())
    return error(StatusCode::kInvalidArgument, "%s: %zu bytes of data do not fit its shape", path.c_str(),
                 array->bytes.size());
  if (tensor.data_type == 11) narrow_f64(&array->bytes);
  return Status();
}

Status write_npy(const std::string& path, const Array& array) {
  const char* code = nullptr;
  for (const NpyType& row : kNpyTypes)
    if (row.type == array.type) code = row.code;
  std::string shape;
  for (const int64_t dim : array.shape) shape += std::to_string(dim) + ",";
  std::string header = std::string("{'descr': '") + code + "', 'fortran_order': False, 'shape': (" + shape + "), }";
  header.resize((header.size() + 10 + 1 + 63) / 64 * 64 - 10 - 1, ' ');
  header += '\n';
  const std::string aside = path + ".partial";
  File file(fopen(aside.c_str(), "wb"));
  if (!file) return error(StatusCode::kIoError, "%s: cannot write: %s", path.c_str(), strerror(errno));
  const uint8_t prefix[10] = {0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, static_cast<uint8_t>(header.size() & 255),
                              static_cast<uint8_t>(header.size() >> 8)};
  bool written = fwrite(prefix, 1, sizeof prefix, file.get()) == sizeof prefix &&
                 fwrite(header.data(), 1, header.size(), file.get()) == header.size() &&
                 fwrite(array.bytes.data(), 1, array.bytes.size(), file.get()) == array.bytes.size();
  written = fclose(file.release()) == 0 && written;
  if (!written || rename(aside.c_str(), path.c_str()) != 0) {
    const int reason = errno;
    remove(aside.c_str());
    return error(StatusCode::kIoError, "%s: cannot write: %s", path.c_str(), strerror(reason));
  }
  return Status();
}

Status convert_array(const std::string& path, TensorType type, Array* array) {
  if (array->type == type) return Status();
  const bool from_f32 = array->type == schema::TensorType_F32;
  if (from_f32 || (type != schema::TensorType_F32 && element_bytes(type) <= element_bytes(array->type)))
    return error(StatusCode::kInvalidArgument, "%s: elements are %s; the input takes %s", path.c_str(),
                 schema::EnumNameTensorType(array->type), schema::EnumNameTensorType(type));
  std::vector<uint8_t> converted;
  const size_t count = array->bytes.size() / element_bytes(array->type);
  for (size_t i = 0; i < count; ++i) {
    const int64_t value = integer_at(*array, i);
    if (type == schema::TensorType_F32) append(&converted, static_cast<float>(value));
    if (type == schema::TensorType_S16) append(&converted, static_cast<int16_t>(value));
    if (type == schema::TensorType_S32) append(&converted, static_cast<int32_t>(value));
    if (type == schema::TensorType_S64) append(&converted, value);
  }
  array->type = type;
  array->bytes = std::move(converted);
  return Status();
}

}  // namespace octet::tools
