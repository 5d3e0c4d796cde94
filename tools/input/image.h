// SPDX-License-Identifier: Apache-2.0
//
// Images: decode (JPEG, PNG through stb), resize, crop, channel order. The
// result is u8, interleaved [height, width, channels], exactly the size of the
// network's input and in the network's channel order.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/status.h"

namespace octet::tools {

struct Image {
  int width = 0, height = 0, channels = 0;
  std::vector<uint8_t> pixels;   // [height, width, channels], RGB or gray
};

// How an image becomes an input; mirrors schema Preprocessing.
struct ImageRecipe {
  bool bgr = false;              // the network wants B, G, R
  std::vector<float> mean, std;  // 0..255 units, one per channel of the network's order
  int shorter_side = 0;          // > 0: resize so that the shorter side has this length
  int resize_width = 0, resize_height = 0;   // > 0: stretch to this size
  int crop_width = 0, crop_height = 0;       // > 0: centre crop after the resize
};

// Decodes `path` into 1 (gray) or 3 (RGB) channels.
Status read_image(const std::string& path, int channels, Image* image);

// Bilinear, antialiased when it shrinks.
Status resize_image(const Image& source, int width, int height, Image* result);

// resize -> crop -> channel order, ending at width x height. Without resize and crop the
// image is stretched. Fails if the crop does not fit or is not the input's size.
// `path` is for messages only.
Status apply_recipe(const std::string& path, Image image, const ImageRecipe& recipe, int width,
                    int height, std::vector<uint8_t>* pixels);

// (pixel - mean[c]) / std[c], written as [C, H, W] or, with channels_last, [H, W, C].
void normalize_pixels(const std::vector<uint8_t>& pixels, int width, int height, int channels,
                      const ImageRecipe& recipe, bool channels_last, float* output);

}  // namespace octet::tools
