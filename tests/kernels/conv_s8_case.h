// SPDX-License-Identifier: Apache-2.0
//
// A convolution with its data, for the tests of conv_s8 and conv_transpose_s8.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kernels/conv_s8.h"
#include "tests/testing/random.h"

namespace octet::kernels {

// Geometry in one line: {batch, height, width, channels, outputs, kernel, stride, dilation, pad, groups}.
struct ConvShape {
  size_t batch, height, width, channels, outputs;
  size_t kernel_height, kernel_width, stride_height, stride_width, dilation_height, dilation_width;
  size_t pad_top, pad_left, pad_bottom, pad_right, groups;
};

// A square kernel with equal strides, dilations and pads.
ConvShape square(size_t height, size_t width, size_t channels, size_t outputs, size_t kernel, size_t stride,
                 size_t pad, size_t groups = 1, size_t dilation = 1, size_t batch = 1);

enum class ConvData { kRandom, kExtremes, kTies };
enum class ConvOutput { kS8, kTable, kF32 };

struct ConvCase {
  ConvS8 conv;
  std::vector<int8_t> weights, right_shift, table, input;
  std::vector<int32_t> bias;
  std::vector<int16_t> multiplier;
  std::vector<float> scale;

  ConvCase(const ConvShape& shape, ConvData data, ConvOutput output, uint64_t seed, bool transposed = false);
  ConvCase(const ConvCase&) = delete;

  size_t element_bytes() const { return conv.accumulator_scale ? 4 : 1; }
  // Elements from the first output to behind the last.
  size_t output_span() const;
  std::string text() const;

 private:
  void fill_data(ConvData data, testing::Random* random);
  void fill_requantization(ConvData data, testing::Random* random);
};

}  // namespace octet::kernels
