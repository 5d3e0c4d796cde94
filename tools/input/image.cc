// SPDX-License-Identifier: Apache-2.0
#include "tools/input/image.h"

#include <stb_image.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

#if __has_include(<stb_image_resize2.h>)
#include <stb_image_resize2.h>
#define OCTET_STB_RESIZE2 1
#else
#include <stb_image_resize.h>
#endif

namespace octet::tools {
namespace {

// Larger images are refused before decoding: a small file can claim any size.
constexpr int64_t kMaxPixels = int64_t{1} << 28;

bool resize_u8(const Image& source, Image* result) {
#ifdef OCTET_STB_RESIZE2
  const stbir_pixel_layout layout = source.channels == 1 ? STBIR_1CHANNEL : STBIR_RGB;
  return stbir_resize(source.pixels.data(), source.width, source.height, 0, result->pixels.data(),
                      result->width, result->height, 0, layout, STBIR_TYPE_UINT8, STBIR_EDGE_CLAMP,
                      STBIR_FILTER_TRIANGLE) != nullptr;
#else
  return stbir_resize_uint8_generic(source.pixels.data(), source.width, source.height, 0, result->pixels.data(),
                                    result->width, result->height, 0, source.channels, STBIR_ALPHA_CHANNEL_NONE,
                                    0, STBIR_EDGE_CLAMP, STBIR_FILTER_TRIANGLE, STBIR_COLORSPACE_LINEAR,
                                    nullptr) == 1;
#endif
}

// The centre width x height of `source`.
Image crop_centre(const Image& source, int width, int height) {
  Image result{width, height, source.channels, {}};
  const size_t row_bytes = static_cast<size_t>(width) * source.channels;
  const int left = (source.width - width) / 2, top = (source.height - height) / 2;
  result.pixels.resize(row_bytes * height);
  for (int y = 0; y < height; ++y) {
    const size_t from = (static_cast<size_t>(top + y) * source.width + left) * source.channels;
    std::copy_n(source.pixels.begin() + static_cast<std::ptrdiff_t>(from), row_bytes,
                result.pixels.begin() + static_cast<std::ptrdiff_t>(row_bytes * y));
  }
  return result;
}

// The size that the recipe's resize step asks for, or the image's own.
std::pair<int, int> resized_size(const Image& image, const ImageRecipe& recipe, int width, int height) {
  if (recipe.resize_width > 0) return {recipe.resize_width, recipe.resize_height};
  if (recipe.shorter_side > 0) {
    const double factor = static_cast<double>(recipe.shorter_side) / std::min(image.width, image.height);
    return {std::max(1, static_cast<int>(std::lround(image.width * factor))),
            std::max(1, static_cast<int>(std::lround(image.height * factor)))};
  }
  if (recipe.crop_width > 0) return {image.width, image.height};
  return {width, height};
}

}  // namespace

Status read_image(const std::string& path, int channels, Image* image) {
  int width = 0, height = 0, found = 0;
  if (!stbi_info(path.c_str(), &width, &height, &found))
    return error(StatusCode::kIoError, "%s: unreadable image: %s", path.c_str(), stbi_failure_reason());
  if (static_cast<int64_t>(width) * height > kMaxPixels)
    return error(StatusCode::kInvalidArgument, "%s: image of %d x %d pixels; at most 2^28 pixels are read",
                 path.c_str(), width, height);
  uint8_t* pixels = stbi_load(path.c_str(), &width, &height, &found, channels);
  if (pixels == nullptr)
    return error(StatusCode::kIoError, "%s: unreadable image: %s", path.c_str(), stbi_failure_reason());
  image->width = width;
  image->height = height;
  image->channels = channels;
  image->pixels.assign(pixels, pixels + static_cast<size_t>(width) * height * channels);
  stbi_image_free(pixels);
  return Status();
}

Status resize_image(const Image& source, int width, int height, Image* result) {
  Image resized{width, height, source.channels, {}};
  resized.pixels.resize(static_cast<size_t>(width) * height * source.channels);
  if (!resize_u8(source, &resized))
    return error(StatusCode::kOutOfMemory, "resize from %d x %d to %d x %d failed", source.width, source.height,
                 width, height);
  *result = std::move(resized);
  return Status();
}

Status apply_recipe(const std::string& path, Image image, const ImageRecipe& recipe, int width, int height,
                    std::vector<uint8_t>* pixels) {
  const auto [resize_width, resize_height] = resized_size(image, recipe, width, height);
  if (resize_width != image.width || resize_height != image.height) {
    Image resized;
    OCTET_RETURN_IF_ERROR(resize_image(image, resize_width, resize_height, &resized));
    image = std::move(resized);
  }
  if (recipe.crop_width > 0) {
    if (image.width < recipe.crop_width || image.height < recipe.crop_height)
      return error(StatusCode::kInvalidArgument, "%s: image of %d x %d is smaller than the crop of %d x %d",
                   path.c_str(), image.width, image.height, recipe.crop_width, recipe.crop_height);
    image = crop_centre(image, recipe.crop_width, recipe.crop_height);
  }
  if (image.width != width || image.height != height)
    return error(StatusCode::kInvalidArgument,
                 "%s: preprocessing gives %d x %d pixels; the network's input takes %d x %d", path.c_str(),
                 image.width, image.height, width, height);
  if (recipe.bgr && image.channels == 3)
    for (size_t i = 0; i + 2 < image.pixels.size(); i += 3) std::swap(image.pixels[i], image.pixels[i + 2]);
  *pixels = std::move(image.pixels);
  return Status();
}

void normalize_pixels(const std::vector<uint8_t>& pixels, int width, int height, int channels,
                      const ImageRecipe& recipe, bool channels_last, float* output) {
  const size_t area = static_cast<size_t>(width) * height;
  for (int c = 0; c < channels; ++c) {
    const size_t k = static_cast<size_t>(c);
    const float mean = k < recipe.mean.size() ? recipe.mean[k] : 0.0f;
    const float std = k < recipe.std.size() ? recipe.std[k] : 1.0f;
    for (size_t i = 0; i < area; ++i) {
      const float value = (static_cast<float>(pixels[i * channels + k]) - mean) / std;
      output[channels_last ? i * channels + k : k * area + i] = value;
    }
  }
}

}  // namespace octet::tools
