// SPDX-License-Identifier: Apache-2.0
//
// Index tables of Resize against values worked out by hand.
#include <gtest/gtest.h>

#include "converter/lower/resize.h"

namespace octet::converter {
namespace {

ResizeAxis axis(int64_t input, int64_t output, const char* coordinate_mode,
                const char* nearest_mode = "round_prefer_floor") {
  return {input, output, static_cast<float>(output) / static_cast<float>(input), coordinate_mode,
          nearest_mode};
}

using Indices = std::vector<int32_t>;

TEST(NearestTable, EveryModeDoublingFourPixels) {
  // half_pixel: -0.25 0.25 0.75 1.25 1.75 ...
  EXPECT_EQ(nearest_table(axis(4, 8, "half_pixel")).first, (Indices{0, 0, 1, 1, 2, 2, 3, 3}));
  EXPECT_EQ(nearest_table(axis(4, 8, "half_pixel", "floor")).first, (Indices{0, 0, 0, 1, 1, 2, 2, 3}));
  EXPECT_EQ(nearest_table(axis(4, 8, "half_pixel", "ceil")).first, (Indices{0, 1, 1, 2, 2, 3, 3, 3}));
  EXPECT_EQ(nearest_table(axis(4, 8, "half_pixel_symmetric")).first, (Indices{0, 0, 1, 1, 2, 2, 3, 3}));
  // asymmetric: 0 0.5 1 1.5 ...; the halves are ties
  EXPECT_EQ(nearest_table(axis(4, 8, "asymmetric", "floor")).first, (Indices{0, 0, 1, 1, 2, 2, 3, 3}));
  EXPECT_EQ(nearest_table(axis(4, 8, "asymmetric", "round_prefer_floor")).first,
            (Indices{0, 0, 1, 1, 2, 2, 3, 3}));
  EXPECT_EQ(nearest_table(axis(4, 8, "asymmetric", "round_prefer_ceil")).first,
            (Indices{0, 1, 1, 2, 2, 3, 3, 3}));
  EXPECT_EQ(nearest_table(axis(4, 8, "asymmetric", "ceil")).first, (Indices{0, 1, 1, 2, 2, 3, 3, 3}));
  // align_corners: x * 3 / 7
  EXPECT_EQ(nearest_table(axis(4, 8, "align_corners")).first, (Indices{0, 0, 1, 1, 2, 2, 3, 3}));
}

TEST(NearestTable, OneOutputPixel) {
  EXPECT_EQ(nearest_table(axis(5, 1, "align_corners")).first, (Indices{0}));
  EXPECT_EQ(nearest_table(axis(5, 1, "pytorch_half_pixel")).first, (Indices{0}));
  EXPECT_EQ(nearest_table(axis(5, 1, "half_pixel")).first, (Indices{2}));
}

TEST(NearestTable, ScaleThatIsNoBinaryFractionDividesInF32) {
  ResizeAxis a = axis(10, 6, "asymmetric", "floor");
  a.scale = 0.6f;
  EXPECT_EQ(nearest_table(a).first, (Indices{0, 1, 3, 5, 6, 8}));
}

TEST(NearestTable, SymmetricModeCentresWhenTheOutputIsCut) {
  // 10 * 0.59 = 5.9 -> 5 pixels: adjustment 5 / 5.9, so that the picture moves by 10 / 2 * (1 - 5 / 5.9)
  ResizeAxis a{10, 5, 0.59f, "half_pixel_symmetric", "floor"};
  // 0.7627 + (x + 0.5) / 0.59 - 0.5 = 1.11, 2.80, 4.5, 6.19, 7.89
  EXPECT_EQ(nearest_table(a).first, (Indices{1, 2, 4, 6, 7}));
}

TEST(LinearTable, HalfPixelDoubling) {
  const ResizeTable table = linear_table(axis(3, 6, "half_pixel"));
  EXPECT_EQ(table.first, (Indices{0, 0, 0, 1, 1, 2}));
  EXPECT_EQ(table.second, (Indices{1, 1, 1, 2, 2, 2}));
  EXPECT_EQ(table.weight_f32, (std::vector<float>{0, 0.25f, 0.75f, 0.25f, 0.75f, 0}));
  EXPECT_EQ(table.weight, (std::vector<int16_t>{0, 512, 1536, 512, 1536, 0}));
}

TEST(LinearTable, AlignCornersReachesBothEnds) {
  const ResizeTable table = linear_table(axis(3, 5, "align_corners"));
  EXPECT_EQ(table.first, (Indices{0, 0, 1, 1, 2}));
  EXPECT_EQ(table.weight_f32, (std::vector<float>{0, 0.5f, 0, 0.5f, 0}));
  EXPECT_EQ(table.second.back(), 2);
}

}  // namespace
}  // namespace octet::converter
