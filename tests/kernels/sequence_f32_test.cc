// SPDX-License-Identifier: Apache-2.0
//
// TopK, CumSum, OneHot, Trilu and NonMaxSuppression on small examples worked by hand.
#include "kernels/portable/sequence_f32.h"

#include <algorithm>
#include <numeric>

#include "kernels/portable/non_max_suppression_f32.h"
#include "tests/kernels/f32_case.h"

namespace octet::testing {
namespace {

using kernels::Element;

template <class T>
struct Top {
  std::vector<T> values;
  std::vector<int64_t> positions;
};

template <class T>
Top<T> top_k(Element type, const kernels::TopK& t, const std::vector<T>& x) {
  Guarded<T> input(x), values(t.outer * t.k * t.inner);
  Guarded<int64_t> positions(t.outer * t.k * t.inner);
  Guarded<uint8_t> scratch(kernels::top_k_scratch_bytes(t));
  kernels::select_top_k(type)(t, input.data(), values.data(), positions.data(), 0, t.outer * t.inner,
                              scratch.data());
  return {values.values(), positions.values()};
}

TEST(TopK, TiesNanAndDirection) {
  const std::vector<float> x = {2, NAN, 5, 2, 5, -INFINITY};
  const Top<float> largest = top_k(Element::kF32, {1, 6, 1, 6, true}, x);
  EXPECT_EQ(largest.positions, (std::vector<int64_t>{1, 2, 4, 0, 3, 5}));
  EXPECT_EQ(largest.values[1], 5);
  const Top<float> smallest = top_k(Element::kF32, {1, 6, 1, 3, false}, x);
  EXPECT_EQ(smallest.positions, (std::vector<int64_t>{5, 0, 3}));
  EXPECT_EQ(smallest.values, (std::vector<float>{-INFINITY, 2, 2}));
}

TEST(TopK, AlongAnInnerAxisAndIntegers) {
  const std::vector<int64_t> x = {1, 20, 3, 10, 2, 30};  // [3, 2]
  const Top<int64_t> top = top_k(Element::kS64, {1, 3, 2, 2, true}, x);
  EXPECT_EQ(top.values, (std::vector<int64_t>{3, 30, 2, 20}));
  EXPECT_EQ(top.positions, (std::vector<int64_t>{1, 2, 2, 0}));
  EXPECT_EQ(kernels::select_top_k(Element::kBool), nullptr);
}

TEST(TopK, AgreesWithASort) {
  Random r(test_seed(1));
  std::vector<float> x = random_f32(&r, 500);
  for (float& value : x) value = std::floor(value * 20);  // many ties
  std::vector<int64_t> order(500);
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&x](int64_t a, int64_t b) {
    return x[static_cast<size_t>(a)] > x[static_cast<size_t>(b)];
  });
  order.resize(77);
  EXPECT_EQ(top_k(Element::kF32, {1, 500, 1, 77, true}, x).positions, order);
}

template <class T>
std::vector<T> cum_sum(Element type, const kernels::CumSum& c, const std::vector<T>& x) {
  Guarded<T> input(x), output(x.size());
  kernels::select_cum_sum(type)(c, input.data(), output.data(), 0, c.outer * c.inner);
  return output.values();
}

TEST(CumSum, AllFourForms) {
  const std::vector<float> x = {1, 2, 3, 4};
  EXPECT_EQ(cum_sum(Element::kF32, {1, 4, 1, false, false}, x), (std::vector<float>{1, 3, 6, 10}));
  EXPECT_EQ(cum_sum(Element::kF32, {1, 4, 1, true, false}, x), (std::vector<float>{0, 1, 3, 6}));
  EXPECT_EQ(cum_sum(Element::kF32, {1, 4, 1, false, true}, x), (std::vector<float>{10, 9, 7, 4}));
  EXPECT_EQ(cum_sum(Element::kF32, {1, 4, 1, true, true}, x), (std::vector<float>{9, 7, 4, 0}));
  EXPECT_EQ(cum_sum(Element::kF32, {1, 2, 2, false, false}, x), (std::vector<float>{1, 2, 4, 6}));
  EXPECT_EQ(cum_sum<int32_t>(Element::kS32, {1, 2, 1, false, false}, {2147483647, 1}),
            (std::vector<int32_t>{2147483647, -2147483647 - 1}));
}

TEST(OneHot, WrapsNegativeAndIgnoresTheRest) {
  const std::vector<int64_t> indices = {1, -1, 3, -4, 0};
  const std::vector<float> values = {-2, 5};
  std::vector<float> out(15);
  kernels::one_hot({5, 3, 1, 4}, Element::kS64, indices.data(), values.data(), out.data());
  EXPECT_EQ(out, (std::vector<float>{-2, 5, -2, -2, -2, 5, -2, -2, -2, -2, -2, -2, 5, -2, -2}));
  // Depth first, s8 values, f32 indices.
  const std::vector<float> places = {1, NAN, 0};
  const std::vector<int8_t> small = {0, 1};
  std::vector<int8_t> bytes(6);
  kernels::one_hot({1, 2, 3, 1}, Element::kF32, places.data(), small.data(), bytes.data());
  EXPECT_EQ(bytes, (std::vector<int8_t>{0, 0, 1, 1, 0, 0}));
}

std::vector<int> trilu(int64_t k, bool upper) {
  const std::vector<int32_t> x = {1, 2, 3, 4, 5, 6};  // [2, 3]
  std::vector<int32_t> out(6, -9);
  kernels::trilu({1, 2, 3, k, upper, 4}, x.data(), out.data());
  return std::vector<int>(out.begin(), out.end());
}

TEST(Trilu, Diagonals) {
  EXPECT_EQ(trilu(0, true), (std::vector<int>{1, 2, 3, 0, 5, 6}));
  EXPECT_EQ(trilu(0, false), (std::vector<int>{1, 0, 0, 4, 5, 0}));
  EXPECT_EQ(trilu(1, true), (std::vector<int>{0, 2, 3, 0, 0, 6}));
  EXPECT_EQ(trilu(-1, false), (std::vector<int>{0, 0, 0, 4, 0, 0}));
  EXPECT_EQ(trilu(9, true), (std::vector<int>{0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(trilu(9, false), (std::vector<int>{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(trilu(-2147483648LL, true), (std::vector<int>{1, 2, 3, 4, 5, 6}));
}

// ONNX's example boxes: three pairs of neighbours, the first pair and the third overlapping.
const std::vector<float> kCorners = {0, 0,  1, 1,  0, 0.1f,  1, 1.1f,  0, -0.1f, 1, 0.9f,
                                     0, 10, 1, 11, 0, 10.1f, 1, 11.1f, 0, 100,   1, 101};
const std::vector<float> kScores = {0.9f, 0.75f, 0.6f, 0.95f, 0.5f, 0.3f};

kernels::NonMaxSuppressionF32 example() { return {1, 1, 6, 3, 4, 0.5f, 0, false}; }

std::vector<int64_t> suppress(const kernels::NonMaxSuppressionF32& nms, const std::vector<float>& boxes,
                              const std::vector<float>& scores) {
  Guarded<float> b(boxes), s(scores);
  Guarded<int64_t> output(nms.output_rows * 3);
  Guarded<uint8_t> scratch(kernels::non_max_suppression_scratch_bytes(nms));
  kernels::non_max_suppression_f32(nms, b.data(), s.data(), output.data(), scratch.data());
  return output.values();
}

TEST(NonMaxSuppression, SuppressesByOverlap) {
  EXPECT_EQ(suppress(example(), kCorners, kScores),
            (std::vector<int64_t>{0, 0, 3, 0, 0, 0, 0, 0, 5, -1, -1, -1}));
}

TEST(NonMaxSuppression, FlippedCornersAndCentres) {
  std::vector<float> flipped = kCorners, centres;
  for (size_t i = 0; i < flipped.size(); i += 8)
    std::swap(flipped[i], flipped[i + 2]), std::swap(flipped[i + 1], flipped[i + 3]);
  EXPECT_EQ(suppress(example(), flipped, kScores), suppress(example(), kCorners, kScores));
  for (size_t i = 0; i < kCorners.size(); i += 4)
    for (const float value : {kCorners[i + 1] + 0.5f, 0.5f, 1.0f, 1.0f}) centres.push_back(value);
  kernels::NonMaxSuppressionF32 nms = example();
  nms.center_point_box = true;
  EXPECT_EQ(suppress(nms, centres, kScores), suppress(example(), kCorners, kScores));
}

TEST(NonMaxSuppression, LimitsAndThresholds) {
  kernels::NonMaxSuppressionF32 nms = example();
  nms.score_threshold = 0.4f;
  EXPECT_EQ(suppress(nms, kCorners, kScores),
            (std::vector<int64_t>{0, 0, 3, 0, 0, 0, -1, -1, -1, -1, -1, -1}));
  nms.max_per_class = 1;
  EXPECT_EQ(suppress(nms, kCorners, kScores),
            (std::vector<int64_t>{0, 0, 3, -1, -1, -1, -1, -1, -1, -1, -1, -1}));
  nms.max_per_class = 6;
  nms.iou_threshold = 1;  // nothing overlaps more
  nms.output_rows = 2;    // and the output is too short for all five
  EXPECT_EQ(suppress(nms, kCorners, kScores), (std::vector<int64_t>{0, 0, 3, 0, 0, 0}));
}

TEST(NonMaxSuppression, BatchesClassesTiesAndNan) {
  // Two batches of two disjoint boxes, two classes.
  const std::vector<float> boxes = {0, 0, 1, 1, 2, 2, 3, 3, 0, 0, 1, 1, 2, 2, 3, 3};
  const std::vector<float> scores = {0.5f, 0.5f, NAN, 0.1f, 0.2f, 0.3f, 0.0f, 0.0f};
  kernels::NonMaxSuppressionF32 nms = {2, 2, 2, 2, 6, 0.5f, 0, false};
  EXPECT_EQ(suppress(nms, boxes, scores),
            (std::vector<int64_t>{0, 0, 0, 0, 0, 1, 0, 1, 1, 1, 0, 1, 1, 0, 0, -1, -1, -1}));
}

}  // namespace
}  // namespace octet::testing
