// SPDX-License-Identifier: Apache-2.0
#include "tools/input/sample.h"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "tools/input/array_file.h"

namespace octet::tools {
namespace {

namespace fs = std::filesystem;

enum class FileKind { kImage, kNpy, kTensorProto, kRaw, kUnknown };

FileKind kind_of(const std::string& path) {
  std::string extension = fs::path(path).extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (extension == ".png" || extension == ".jpg" || extension == ".jpeg") return FileKind::kImage;
  if (extension == ".npy") return FileKind::kNpy;
  if (extension == ".pb") return FileKind::kTensorProto;
  if (extension == ".bin") return FileKind::kRaw;
  return FileKind::kUnknown;
}

std::string shape_text(const std::vector<int64_t>& shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

int64_t elements(const std::vector<int64_t>& shape) {
  int64_t count = 1;
  for (const int64_t dim : shape) count *= dim;
  return count;
}

std::vector<int64_t> without_ones(const std::vector<int64_t>& shape) {
  std::vector<int64_t> kept;
  for (const int64_t dim : shape)
    if (dim != 1) kept.push_back(dim);
  return kept;
}

Status read_array_input(const std::string& path, FileKind kind, const InputSpec& spec, InputData* data) {
  Array array;
  if (kind == FileKind::kRaw) {
    OCTET_RETURN_IF_ERROR(read_file(path, &data->bytes));
    if (data->bytes.size() != spec.bytes())
      return error(StatusCode::kInvalidArgument, "%s: %zu bytes; input '%s' takes %zu", path.c_str(),
                   data->bytes.size(), spec.name.c_str(), spec.bytes());
    return Status();
  }
  OCTET_RETURN_IF_ERROR(kind == FileKind::kNpy ? read_npy(path, &array) : read_tensor_proto(path, &array));
  if (without_ones(array.shape) != without_ones(spec.shape))
    return error(StatusCode::kInvalidArgument, "%s: shape %s; input '%s' takes %s", path.c_str(),
                 shape_text(array.shape).c_str(), spec.name.c_str(), shape_text(spec.shape).c_str());
  OCTET_RETURN_IF_ERROR(convert_array(path, spec.type, &array));
  data->bytes = std::move(array.bytes);
  return Status();
}

// The file of input k in a sample folder, or an empty string.
std::string file_of_input(const fs::path& folder, const std::string& name, size_t k) {
  std::error_code failure;
  for (const std::string& stem : {name, "input_" + std::to_string(k)})
    for (const char* extension : {".npy", ".pb", ".bin", ".png", ".jpg", ".jpeg"}) {
      const fs::path candidate = folder / (stem + extension);
      if (fs::is_regular_file(candidate, failure)) return candidate.string();
    }
  return "";
}

Status read_list(const std::string& source, std::vector<std::string>* paths) {
  std::ifstream list(source);
  if (!list) return error(StatusCode::kIoError, "%s: cannot open: %s", source.c_str(), strerror(errno));
  const fs::path folder = fs::path(source).parent_path();
  std::string line;
  while (std::getline(list, line)) {
    line = line.substr(0, line.find('#'));
    while (!line.empty() && std::isspace(static_cast<unsigned char>(line.back()))) line.pop_back();
    if (!line.empty()) paths->push_back((folder / line).string());
  }
  return Status();
}

}  // namespace

bool InputSpec::channels_last() const { return shape.size() == 4 && shape[1] != 1 && shape[1] != 3; }

bool InputSpec::takes_image() const {
  if (shape.size() != 4 || shape[0] != 1) return false;
  if (type != schema::TensorType_F32 && type != schema::TensorType_U8) return false;
  return channels() == 1 || channels() == 3;
}

int InputSpec::channels() const { return static_cast<int>(channels_last() ? shape[3] : shape[1]); }
int InputSpec::height() const { return static_cast<int>(channels_last() ? shape[1] : shape[2]); }
int InputSpec::width() const { return static_cast<int>(channels_last() ? shape[2] : shape[3]); }
size_t InputSpec::bytes() const { return static_cast<size_t>(elements(shape)) * element_bytes(type); }

InputSpec input_spec(const schema::Input& input) {
  InputSpec spec;
  spec.name = input.name() ? input.name()->str() : "";
  spec.type = input.type();
  if (input.shape()) spec.shape.assign(input.shape()->begin(), input.shape()->end());
  const schema::Preprocessing* stored = input.preprocessing();
  if (stored == nullptr) return spec;
  spec.recipe.bgr = stored->color() == schema::ColorOrder_BGR;
  if (stored->mean()) spec.recipe.mean.assign(stored->mean()->begin(), stored->mean()->end());
  if (stored->std()) spec.recipe.std.assign(stored->std()->begin(), stored->std()->end());
  if (stored->rule() == schema::ResizeRule_ShorterSide) {
    spec.recipe.shorter_side = stored->resize_width();
  } else {
    spec.recipe.resize_width = stored->resize_width();
    spec.recipe.resize_height = stored->resize_height();
  }
  spec.recipe.crop_width = stored->crop_width();
  spec.recipe.crop_height = stored->crop_height();
  return spec;
}

Status read_input(const std::string& path, const InputSpec& spec, InputData* data) {
  data->bytes.clear();
  data->pixels.clear();
  const FileKind kind = kind_of(path);
  if (kind == FileKind::kUnknown)
    return error(StatusCode::kInvalidArgument,
                 "%s: unknown kind of file; inputs are .png, .jpg, .jpeg, .npy, .pb or .bin", path.c_str());
  if (kind != FileKind::kImage) return read_array_input(path, kind, spec, data);
  if (!spec.takes_image())
    return error(StatusCode::kInvalidArgument, "%s: input '%s' of shape %s cannot take an image", path.c_str(),
                 spec.name.c_str(), shape_text(spec.shape).c_str());
  Image image;
  OCTET_RETURN_IF_ERROR(read_image(path, spec.channels(), &image));
  return apply_recipe(path, std::move(image), spec.recipe, spec.width(), spec.height(), &data->pixels);
}

void declared_bytes(const InputSpec& spec, const InputData& data, std::vector<uint8_t>* bytes) {
  if (data.pixels.empty()) {
    *bytes = data.bytes;
    return;
  }
  bytes->resize(spec.bytes());
  if (spec.type == schema::TensorType_F32) {
    std::vector<float> values(bytes->size() / sizeof(float));
    normalize_pixels(data.pixels, spec.width(), spec.height(), spec.channels(), spec.recipe,
                     spec.channels_last(), values.data());
    memcpy(bytes->data(), values.data(), bytes->size());
    return;
  }
  const size_t channels = static_cast<size_t>(spec.channels()), area = data.pixels.size() / channels;
  for (size_t i = 0; i < area; ++i)
    for (size_t c = 0; c < channels; ++c)
      (*bytes)[spec.channels_last() ? i * channels + c : c * area + i] = data.pixels[i * channels + c];
}

Status set_session_input(Session* session, size_t i, const InputData& data) {
  const schema::Input& input = *session->model().root().inputs()->Get(static_cast<unsigned>(i));
  if (!data.pixels.empty() && input.preprocessing() != nullptr)
    return session->set_input_pixels(i, data.pixels.data(), data.pixels.size());
  std::vector<uint8_t> bytes;
  declared_bytes(input_spec(input), data, &bytes);
  return session->set_input(i, bytes.data(), bytes.size());
}

Status list_samples(const std::string& source, std::vector<std::string>* paths) {
  paths->clear();
  std::error_code failure;
  if (fs::is_directory(source, failure)) {
    for (const auto& entry : fs::directory_iterator(source, failure)) {
      const std::string path = entry.path().string();
      if (entry.is_directory() || kind_of(path) != FileKind::kUnknown) paths->push_back(path);
    }
    if (failure)
      return error(StatusCode::kIoError, "%s: cannot list: %s", source.c_str(), failure.message().c_str());
    std::sort(paths->begin(), paths->end());
  } else if (!fs::exists(source, failure)) {
    return error(StatusCode::kIoError, "%s: no such file or folder", source.c_str());
  } else {
    OCTET_RETURN_IF_ERROR(read_list(source, paths));
  }
  if (paths->empty())
    return error(StatusCode::kInvalidArgument, "%s: no samples; a source is a folder of images, .npy, .pb or .bin, "
                 "or a text file that lists them", source.c_str());
  return Status();
}

Status read_sample(const std::string& path, const std::vector<InputSpec>& specs, std::vector<InputData>* data) {
  data->resize(specs.size());
  std::error_code failure;
  const bool folder = fs::is_directory(path, failure);
  if (!folder && specs.size() != 1)
    return error(StatusCode::kInvalidArgument,
                 "%s: the network has %zu inputs; a sample must be a folder with one file for each", path.c_str(),
                 specs.size());
  for (size_t k = 0; k < specs.size(); ++k) {
    const std::string file = folder ? file_of_input(path, specs[k].name, k) : path;
    if (file.empty())
      return error(StatusCode::kInvalidArgument, "%s: no file for input '%s'", path.c_str(), specs[k].name.c_str());
    OCTET_RETURN_IF_ERROR(read_input(file, specs[k], &(*data)[k]));
  }
  return Status();
}

}  // namespace octet::tools
