// SPDX-License-Identifier: Apache-2.0
//
// Preprocessing: expansion of mean and std, and the tables that take a u8
// pixel straight to the network's s8 (or s16) input:
//   q = clamp(floor((pixel - mean) / std / scale + zero_point + 1/2))     round half up
// With a range of [-1, 1] every pixel is a tie, but for the last bits of the f32 scale, mean and std; so
// what is less than 2^-15 below a tie counts as one.
#include "converter/lower/preprocessing.h"

#include <algorithm>
#include <cmath>

#include "kernels/requantize.h"

namespace octet::converter {

namespace {

constexpr double kTieTolerance = 1.0 / (1 << 15);

Status expand(const char* what, int64_t channels, float fallback, const GraphPort& port,
              std::vector<float>* values) {
  if (values->empty()) values->assign(static_cast<size_t>(channels), fallback);
  if (values->size() == 1) values->assign(static_cast<size_t>(channels), values->front());
  if (static_cast<int64_t>(values->size()) != channels)
    return error(StatusCode::kInvalidArgument, "%s: %zu values for input '%s' of %lld channels", what,
                 values->size(), port.name.c_str(), static_cast<long long>(channels));
  return Status();
}

// Of values in [least, most].
template <class T>
std::vector<T> build_pixel_table(const ImagePreprocessing& image, const Quantization& quantization,
                                 double least, double most) {
  std::vector<T> table;
  for (size_t c = 0; c < image.mean.size(); ++c)
    for (int pixel = 0; pixel < 256; ++pixel) {
      const double real = (pixel - static_cast<double>(image.mean[c])) / image.std[c];
      const double q = std::floor(real / quantization.scale + quantization.zero_point + 0.5 + kTieTolerance);
      table.push_back(static_cast<T>(static_cast<int>(std::min(most, std::max(least, q)))));
    }
  return table;
}

}  // namespace

ImageAxes find_image_axes(const Dims& shape) {
  ImageAxes axes;
  if (shape.size() != 4) return axes;
  const auto is_channels = [](int64_t dim) { return dim == 1 || dim == 3; };
  if (is_channels(shape[1])) {
    axes = {true, false, shape[1], shape[2], shape[3]};
  } else if (is_channels(shape[3])) {
    axes = {true, true, shape[3], shape[1], shape[2]};
  }
  return axes;
}

Status lower_preprocessing(const Graph& graph, const GraphPort& port, const ImagePreprocessing& given,
                           PreprocessingData* data) {
  const ImageAxes axes = find_image_axes(port.shape);
  if (!given.present || !axes.image || port.value == kNoValue) return Status();
  // In [1, 64, 100, 1] the last axis is no channel, as the layout of the graph's own tensor shows.
  const Dims& own = graph.value(port.value).shape;
  // An input of bytes takes pixels as they are; the network itself normalizes them.
  const TensorType type = graph.value(port.value).type;
  if (type != schema::TensorType_F32 && type != schema::TensorType_S8 && type != schema::TensorType_S16)
    return Status();
  if (own.size() != 4 || (own[1] != axes.channels && own[3] != axes.channels)) return Status();
  data->present = true;
  data->image = given;
  if (axes.channels == 1) data->image.color = ImagePreprocessing::Color::kGray;
  if (axes.channels == 3 && given.color == ImagePreprocessing::Color::kGray)
    return error(StatusCode::kInvalidArgument, "--color GRAY: input '%s' has 3 channels", port.name.c_str());
  OCTET_RETURN_IF_ERROR(expand("--mean", axes.channels, 0, port, &data->image.mean));
  OCTET_RETURN_IF_ERROR(expand("--std", axes.channels, 1, port, &data->image.std));
  for (float std : data->image.std)
    if (!(std > 0) || !std::isfinite(std))
      return error(StatusCode::kInvalidArgument, "--std: %g; must be above 0", static_cast<double>(std));
  const Value& value = graph.value(port.value);
  if (value.type == schema::TensorType_S8 && value.quantization.scale != 0)
    data->pixel_table = build_pixel_table<uint8_t>(data->image, value.quantization, -128, 127);
  if (value.type == schema::TensorType_S16)
    data->pixel_table_s16 =
        build_pixel_table<int16_t>(data->image, value.quantization, kernels::kS16Min, kernels::kS16Max);
  return Status();
}

flatbuffers::Offset<schema::Preprocessing> create_preprocessing(const PreprocessingData& data,
                                                                flatbuffers::FlatBufferBuilder* fbb) {
  const ImagePreprocessing& image = data.image;
  const auto color = image.color == ImagePreprocessing::Color::kRgb   ? schema::ColorOrder_RGB
                     : image.color == ImagePreprocessing::Color::kBgr ? schema::ColorOrder_BGR
                                                                      : schema::ColorOrder_Gray;
  const bool shorter = image.resize_shorter_side > 0;
  return schema::CreatePreprocessingDirect(
      *fbb, color, &image.mean, &image.std,
      shorter ? schema::ResizeRule_ShorterSide : schema::ResizeRule_Stretch,
      shorter ? image.resize_shorter_side : image.resize_width, shorter ? 0 : image.resize_height,
      image.crop_width, image.crop_height, data.pixel_table.empty() ? nullptr : &data.pixel_table,
      data.pixel_table_s16.empty() ? nullptr : &data.pixel_table_s16);
}

}  // namespace octet::converter
