// SPDX-License-Identifier: Apache-2.0
//
// Index and weight tables of Resize, one axis at a time.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace octet::converter {

struct ResizeAxis {
  int64_t input = 0, output = 0;
  float scale = 1;  // output / input as the node gives it
  std::string
      coordinate_mode;  // half_pixel, pytorch_half_pixel, align_corners, asymmetric, half_pixel_symmetric
  std::string nearest_mode;  // round_prefer_floor, round_prefer_ceil, floor, ceil
};

struct ResizeTable {
  std::vector<int32_t> first, second;  // rows (columns) that are mixed; nearest: first alone
  std::vector<int16_t> weight;         // of second, Q11
  std::vector<float> weight_f32;
};

bool known_coordinate_mode(const std::string& mode);
bool known_nearest_mode(const std::string& mode);

ResizeTable nearest_table(const ResizeAxis& axis);
ResizeTable linear_table(const ResizeAxis& axis);

}  // namespace octet::converter
