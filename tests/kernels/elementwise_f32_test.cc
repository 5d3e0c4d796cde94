// SPDX-License-Identifier: Apache-2.0
//
// Broadcasting, binary, prelu, where and cast.
#include "kernels/portable/elementwise_f32.h"

#include "kernels/portable/binary_f32.h"
#include "tests/kernels/f32_case.h"

namespace octet::testing {
namespace {

using kernels::BinaryKind;
using kernels::Element;
using Shape = std::vector<int32_t>;

kernels::Dims dims(const Shape& shape) { return {shape.size(), shape.data()}; }

size_t elements(const Shape& shape) {
  size_t product = 1;
  for (const int32_t dim : shape) product *= static_cast<size_t>(dim);
  return product;
}

// The element of `from` under element `index` of `to`, by the definition of broadcasting.
size_t source_index(const Shape& from, const Shape& to, size_t index) {
  size_t source = 0, stride = 1;
  for (size_t i = 0; i < to.size(); ++i) {
    const size_t dim_to = static_cast<size_t>(to[to.size() - 1 - i]);
    const size_t at = index % dim_to;
    index /= dim_to;
    if (i >= from.size()) continue;
    const size_t dim = static_cast<size_t>(from[from.size() - 1 - i]);
    source += (dim == 1 ? 0 : at) * stride;
    stride *= dim;
  }
  return source;
}

// A shape that broadcasts to `to`: some leading axes dropped, some dimensions 1.
Shape random_source(Random* r, const Shape& to) {
  Shape from(to.begin() + r->in_range(0, r->one_in(2) ? 0 : static_cast<int64_t>(to.size())), to.end());
  for (int32_t& dim : from)
    if (r->one_in(3)) dim = 1;
  return from;
}

template <class T>
std::vector<T> run_binary(BinaryKind kind, Element type, const Shape& shape_a, const std::vector<T>& a,
                          const Shape& shape_b, const std::vector<T>& b, const Shape& shape_out) {
  const kernels::BinaryKernel kernel = kernels::select_binary(kind, type);
  EXPECT_NE(kernel, nullptr);
  kernels::Binary binary = {};
  const kernels::Dims operands[] = {dims(shape_a), dims(shape_b)};
  binary.broadcast = kernels::make_broadcast(dims(shape_out), operands, 2);
  binary.output_min = -INFINITY;
  binary.output_max = INFINITY;
  Guarded<T> in_a(a), in_b(b), out(elements(shape_out));
  const size_t count = elements(shape_out);
  kernel(binary, in_a.data(), in_b.data(), out.data(), 0, count / 3);
  kernel(binary, in_a.data(), in_b.data(), out.data(), count / 3, count);
  return out.values();
}

TEST(BinaryF32, RandomBroadcasts) {
  const uint64_t seed = test_seed(1);
  for (uint64_t i = 0; i < 300; ++i) {
    SCOPED_TRACE("OCTET_TEST_SEED=" + std::to_string(seed) + " case " + std::to_string(i));
    Random r(seed + i);
    Shape out(static_cast<size_t>(r.in_range(0, 5)));
    for (int32_t& dim : out) dim = static_cast<int32_t>(r.in_range(r.one_in(10) ? 0 : 1, 5));
    const Shape shape_a = random_source(&r, out), shape_b = random_source(&r, out);
    const std::vector<float> a = random_f32(&r, elements(shape_a)), b = random_f32(&r, elements(shape_b));
    const std::vector<float> got = run_binary(BinaryKind::kSub, Element::kF32, shape_a, a, shape_b, b, out);
    for (size_t k = 0; k < got.size(); ++k)
      ASSERT_EQ(got[k], a[source_index(shape_a, out, k)] - b[source_index(shape_b, out, k)]) << k;
  }
}

template <class T>
std::vector<T> binary_of(BinaryKind kind, Element type, const std::vector<T>& a, const std::vector<T>& b) {
  const Shape shape = {static_cast<int32_t>(a.size())};
  return run_binary(kind, type, shape, a, shape, b, shape);
}

TEST(BinaryF32, FloatKinds) {
  const std::vector<float> a = {5, -5, 5, -5, 2}, b = {3, 3, -3, -3, 0.5f};
  const auto of = [&](BinaryKind kind) { return binary_of(kind, Element::kF32, a, b); };
  EXPECT_EQ(of(BinaryKind::kAdd), (std::vector<float>{8, -2, 2, -8, 2.5f}));
  EXPECT_EQ(of(BinaryKind::kMul), (std::vector<float>{15, -15, -15, 15, 1}));
  EXPECT_EQ(of(BinaryKind::kMin), (std::vector<float>{3, -5, -3, -5, 0.5f}));
  EXPECT_EQ(of(BinaryKind::kMax), (std::vector<float>{5, 3, 5, -3, 2}));
  EXPECT_EQ(of(BinaryKind::kMod), (std::vector<float>{2, 1, -1, -2, 0}));
  EXPECT_EQ(of(BinaryKind::kFMod), (std::vector<float>{2, -2, 2, -2, 0}));
  EXPECT_EQ(of(BinaryKind::kDiv)[4], 4);
  EXPECT_FLOAT_EQ(of(BinaryKind::kPow)[0], 125);
}

TEST(BinaryF32, Clamp) {
  kernels::Binary binary = {};
  const Shape shape = {3};
  const kernels::Dims operands[] = {dims(shape), dims(shape)};
  binary.broadcast = kernels::make_broadcast(dims(shape), operands, 2);
  binary.output_min = 0;
  binary.output_max = 6;
  const float a[] = {-9, 2, 5}, b[] = {1, 1, 4};
  float out[3];
  kernels::select_binary(BinaryKind::kAdd, Element::kF32)(binary, a, b, out, 0, 3);
  EXPECT_EQ(out[0], 0);
  EXPECT_EQ(out[1], 3);
  EXPECT_EQ(out[2], 6);
}

TEST(BinaryF32, IntegersWrapTruncateAndGuard) {
  constexpr int64_t kMin = std::numeric_limits<int64_t>::min(), kMax = std::numeric_limits<int64_t>::max();
  const std::vector<int64_t> a = {7, -7, 7, kMin, 5, kMax}, b = {2, 2, -2, -1, 0, 1};
  const auto of = [&](BinaryKind kind) { return binary_of(kind, Element::kS64, a, b); };
  EXPECT_EQ(of(BinaryKind::kDiv), (std::vector<int64_t>{3, -3, -3, kMin, 0, kMax}));
  EXPECT_EQ(of(BinaryKind::kMod), (std::vector<int64_t>{1, 1, -1, 0, 0, 0}));
  EXPECT_EQ(of(BinaryKind::kFMod), (std::vector<int64_t>{1, -1, 1, 0, 0, 0}));
  EXPECT_EQ(of(BinaryKind::kAdd)[5], kMin);
  EXPECT_EQ(of(BinaryKind::kPow), (std::vector<int64_t>{49, 49, 0, 0, 1, kMax}));
  const std::vector<int32_t> c = binary_of<int32_t>(BinaryKind::kMul, Element::kS32, {65536, -3}, {65536, 4});
  EXPECT_EQ(c, (std::vector<int32_t>{0, -12}));
}

TEST(BinaryF32, ComparisonsAndLogic) {
  const float a[] = {1, 2, 3, NAN}, b[] = {2, 2, 2, NAN};
  const uint8_t p[] = {0, 0, 1, 200}, q[] = {0, 1, 0, 1};
  kernels::Binary binary = {};
  const Shape shape = {4};
  const kernels::Dims operands[] = {dims(shape), dims(shape)};
  binary.broadcast = kernels::make_broadcast(dims(shape), operands, 2);
  const auto of = [&](BinaryKind kind, Element type, const void* x, const void* y) {
    std::vector<int> out(4);
    uint8_t bytes[4];
    kernels::select_binary(kind, type)(binary, x, y, bytes, 0, 4);
    for (int i = 0; i < 4; ++i) out[static_cast<size_t>(i)] = bytes[i];
    return out;
  };
  EXPECT_EQ(of(BinaryKind::kEqual, Element::kF32, a, b), (std::vector<int>{0, 1, 0, 0}));
  EXPECT_EQ(of(BinaryKind::kLess, Element::kF32, a, b), (std::vector<int>{1, 0, 0, 0}));
  EXPECT_EQ(of(BinaryKind::kLessOrEqual, Element::kF32, a, b), (std::vector<int>{1, 1, 0, 0}));
  EXPECT_EQ(of(BinaryKind::kGreater, Element::kF32, a, b), (std::vector<int>{0, 0, 1, 0}));
  EXPECT_EQ(of(BinaryKind::kGreaterOrEqual, Element::kF32, a, b), (std::vector<int>{0, 1, 1, 0}));
  EXPECT_EQ(of(BinaryKind::kAnd, Element::kBool, p, q), (std::vector<int>{0, 0, 0, 1}));
  EXPECT_EQ(of(BinaryKind::kOr, Element::kBool, p, q), (std::vector<int>{0, 1, 1, 1}));
  EXPECT_EQ(of(BinaryKind::kXor, Element::kBool, p, q), (std::vector<int>{0, 1, 1, 0}));
  EXPECT_EQ(of(BinaryKind::kEqual, Element::kBool, p, q), (std::vector<int>{1, 0, 0, 1}));
  EXPECT_EQ(kernels::select_binary(BinaryKind::kAdd, Element::kBool), nullptr);
  EXPECT_EQ(kernels::select_binary(BinaryKind::kAnd, Element::kF32), nullptr);
}

TEST(PReluF32, SlopePerChannelAndScalar) {
  const Shape x_shape = {2, 3}, slope_shape = {3}, scalar = {};
  const float x[] = {-1, 2, -3, 4, -5, 6}, slope[] = {0.5f, 9, 2};
  float out[6];
  const kernels::Dims operands[] = {dims(x_shape), dims(slope_shape)};
  kernels::prelu_f32(kernels::make_broadcast(dims(x_shape), operands, 2), x, slope, out, 1, 6);
  kernels::prelu_f32(kernels::make_broadcast(dims(x_shape), operands, 2), x, slope, out, 0, 1);
  EXPECT_EQ(std::vector<float>(out, out + 6), (std::vector<float>{-0.5f, 2, -6, 4, -45, 6}));
  const kernels::Dims with_scalar[] = {dims(x_shape), dims(scalar)};
  kernels::prelu_f32(kernels::make_broadcast(dims(x_shape), with_scalar, 2), x, slope, out, 0, 6);
  EXPECT_EQ(std::vector<float>(out, out + 6), (std::vector<float>{-0.5f, 2, -1.5f, 4, -2.5f, 6}));
}

TEST(Where, BroadcastsAllThreeInEveryWidth) {
  const Shape out_shape = {2, 2, 3}, c_shape = {2, 1}, x_shape = {3}, y_shape = {2, 1, 1};
  const uint8_t condition[] = {1, 0};
  const kernels::Dims operands[] = {dims(c_shape), dims(x_shape), dims(y_shape)};
  const kernels::Broadcast broadcast = kernels::make_broadcast(dims(out_shape), operands, 3);
  const auto run = [&](auto type) {
    using T = decltype(type);
    const T x[] = {1, 2, 3}, y[] = {10, 20};
    std::vector<T> out(12);
    kernels::where(broadcast, sizeof(T), {condition, x, y, out.data()}, 0, 5);
    kernels::where(broadcast, sizeof(T), {condition, x, y, out.data()}, 5, 12);
    EXPECT_EQ(out, (std::vector<T>{1, 2, 3, 10, 10, 10, 1, 2, 3, 20, 20, 20}));
  };
  run(int8_t{});
  run(int16_t{});
  run(float{});
  run(int64_t{});
}

template <class To, class From>
std::vector<To> cast(Element from, Element to, const std::vector<From>& values) {
  Guarded<From> in(values);
  Guarded<To> out(values.size());
  kernels::select_cast(from, to)(in.data(), out.data(), values.size());
  return out.values();
}

TEST(Cast, FloatSaturates) {
  const std::vector<float> x = {1.9f, -1.9f, 1e30f, -1e30f, INFINITY, -INFINITY, NAN, 200};
  EXPECT_EQ((cast<int8_t>(Element::kF32, Element::kS8, x)),
            (std::vector<int8_t>{1, -1, 127, -128, 127, -128, 0, 127}));
  EXPECT_EQ((cast<uint8_t>(Element::kF32, Element::kU8, x)),
            (std::vector<uint8_t>{1, 0, 255, 0, 255, 0, 0, 200}));
  EXPECT_EQ((cast<int32_t>(Element::kF32, Element::kS32, x))[2], std::numeric_limits<int32_t>::max());
  EXPECT_EQ((cast<int64_t>(Element::kF32, Element::kS64, x))[3], std::numeric_limits<int64_t>::min());
  EXPECT_EQ((cast<uint8_t>(Element::kF32, Element::kBool, std::vector<float>{0, -0.0f, 0.1f, NAN})),
            (std::vector<uint8_t>{0, 0, 1, 1}));
}

TEST(Cast, IntegersAndBool) {
  EXPECT_EQ(
      (cast<int32_t>(Element::kS64, Element::kS32, std::vector<int64_t>{5, -5, (int64_t{1} << 32) + 7})),
      (std::vector<int32_t>{5, -5, 7}));
  EXPECT_EQ((cast<float>(Element::kBool, Element::kF32, std::vector<uint8_t>{0, 1, 77})),
            (std::vector<float>{0, 1, 1}));
  EXPECT_EQ((cast<uint8_t>(Element::kS64, Element::kBool, std::vector<int64_t>{0, 256, -1})),
            (std::vector<uint8_t>{0, 1, 1}));
  EXPECT_EQ((cast<int64_t>(Element::kU8, Element::kS64, std::vector<uint8_t>{255})),
            (std::vector<int64_t>{255}));
  EXPECT_EQ((cast<float>(Element::kS8, Element::kF32, std::vector<int8_t>{-128})),
            (std::vector<float>{-128}));
}

}  // namespace
}  // namespace octet::testing
