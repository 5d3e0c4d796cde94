// SPDX-License-Identifier: Apache-2.0
//
// Declared forms of inputs and outputs, and the graph's own tensors behind them.
#include <gtest/gtest.h>

#include <algorithm>

#include "runtime/session.h"
#include "tests/testing/op_tester.h"

namespace octet {
namespace {

using testing::AlignedBytes;
using testing::OpTester;

// f32 tensors, interleaved or planar, in a batch: (pixel - mean) / std.
TEST(Session, PixelsOfFloatInputs) {
  for (const bool planar : {false, true}) {
    OpTester t;
    const int x = t.tensor(schema::TensorType_F32,
                           planar ? std::vector<int>{2, 3, 2, 5} : std::vector<int>{2, 2, 5, 3});
    const auto mean = t.builder().CreateVector(std::vector<float>{10, 20, 30});
    const auto std = t.builder().CreateVector(std::vector<float>{2, 3, 7});
    schema::PreprocessingBuilder preprocessing(t.builder());
    preprocessing.add_mean(mean);
    preprocessing.add_std(std);
    t.declare_input(x, schema::TensorType_F32, {2, 3, 2, 5},
                    planar ? std::vector<int>{} : std::vector<int>{0, 2, 3, 1}, preprocessing.Finish());
    t.output(x);
    ASSERT_TRUE(t.create());
    std::vector<uint8_t> pixels(60);
    for (size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<uint8_t>(i * 4);
    ASSERT_TRUE(t.session().set_input_pixels(0, pixels.data(), pixels.size()).ok());
    const auto values = t.get<float>(0);
    const float means[] = {10, 20, 30}, stds[] = {2, 3, 7};
    for (size_t n = 0; n < 2; ++n)
      for (size_t p = 0; p < 10; ++p)
        for (size_t c = 0; c < 3; ++c) {
          const float expected = (static_cast<float>(pixels[(n * 10 + p) * 3 + c]) - means[c]) / stds[c];
          EXPECT_EQ(values[planar ? (n * 3 + c) * 10 + p : (n * 10 + p) * 3 + c], expected)
              << n << " " << p << " " << c;
        }
  }
}

// Every permutation of a rank-4 input comes in and goes out as itself, for each element size.
TEST(Session, EveryPermutationThereAndBack) {
  std::vector<int> permutation = {0, 1, 2, 3};
  const std::vector<int> declared = {2, 3, 4, 5};
  do {
    for (const auto type :
         {schema::TensorType_F32, schema::TensorType_S8, schema::TensorType_S16, schema::TensorType_S64}) {
      OpTester t;
      std::vector<int> shape;
      for (const int axis : permutation) shape.push_back(declared[static_cast<size_t>(axis)]);
      const int x = t.tensor(type, shape);
      t.declare_input(x, type, declared, permutation);
      t.declare_output(x, type, declared, permutation);
      ASSERT_TRUE(t.create());
      std::vector<uint8_t> in(120 * element_bytes(type)), out(in.size());
      for (size_t i = 0; i < in.size(); ++i) in[i] = static_cast<uint8_t>(i * 37 + i / 251);
      ASSERT_TRUE(t.session().set_input(0, in.data(), in.size()).ok());
      ASSERT_TRUE(t.session().get_output(0, out.data(), out.size()).ok());
      EXPECT_EQ(out, in);
      const size_t size = element_bytes(type);
      size_t position = 0;  // element i of the tensor is element `from` of the declared array
      for (int a = 0; a < shape[0]; ++a)
        for (int b = 0; b < shape[1]; ++b)
          for (int c = 0; c < shape[2]; ++c)
            for (int d = 0; d < shape[3]; ++d, ++position) {
              const int index[4] = {a, b, c, d};
              int at[4];
              for (size_t i = 0; i < 4; ++i) at[permutation[i]] = index[i];
              const size_t from = static_cast<size_t>(((at[0] * 3 + at[1]) * 4 + at[2]) * 5 + at[3]);
              ASSERT_EQ(std::memcmp(t.session().input(0).as<uint8_t>() + position * size,
                                    in.data() + from * size, size),
                        0);
            }
    }
  } while (std::next_permutation(permutation.begin(), permutation.end()));
}

// f32 planes become s8 pixels in portions: more pixels than one portion, several images, one axis moved.
TEST(Session, QuantizedPlanes) {
  for (const int channels : {1, 2, 3, 4, 5}) {
    OpTester t;
    const int x = t.tensor(schema::TensorType_S8, {2, 70, 61, channels}, 0.5f, 3);
    t.declare_input(x, schema::TensorType_F32, {2, channels, 70, 61}, {0, 2, 3, 1});
    t.output(x);
    ASSERT_TRUE(t.create());
    const size_t pixels = 70 * 61, count = static_cast<size_t>(channels);
    std::vector<float> in(2 * count * pixels);
    for (size_t i = 0; i < in.size(); ++i)
      in[i] = 0.5f * static_cast<float>(static_cast<int>(i * 7 % 251) - 125);
    ASSERT_TRUE(t.session().set_input(0, in.data(), in.size() * sizeof(float)).ok());
    const int8_t* got = t.session().input(0).as<int8_t>();
    for (size_t i = 0; i < in.size(); ++i) {
      const size_t n = i / (count * pixels), c = i / pixels % count, pixel = i % pixels;
      ASSERT_EQ(got[(n * pixels + pixel) * count + c], std::min(static_cast<int>(in[i] * 2) + 3, 127))
          << channels << " channels, element " << i;
    }
  }
}

// Axes of length 1 move no element; only the order of the other two (here 3 and 5) counts.
TEST(Session, PermutedAxesOfLengthOne) {
  std::vector<int> permutation = {0, 1, 2, 3};
  const std::vector<int> declared = {1, 3, 1, 5};
  do {
    std::vector<int> shape, others;
    for (const int axis : permutation) {
      shape.push_back(declared[static_cast<size_t>(axis)]);
      if (shape.back() > 1) others.push_back(axis);
    }
    OpTester t;
    const int x = t.tensor(schema::TensorType_S8, shape, 0.5f, 3);
    t.declare_input(x, schema::TensorType_F32, declared, permutation);
    t.declare_output(x, schema::TensorType_F32, declared, permutation);
    ASSERT_TRUE(t.create());
    std::vector<float> in(15), out(15);
    for (size_t i = 0; i < in.size(); ++i) in[i] = 0.5f * static_cast<float>(i) - 4.0f;
    ASSERT_TRUE(t.session().set_input(0, in.data(), in.size() * sizeof(float)).ok());
    ASSERT_TRUE(t.session().get_output(0, out.data(), out.size() * sizeof(float)).ok());
    EXPECT_EQ(out, in);
    const bool swapped = others[0] > others[1];
    for (size_t i = 0; i < in.size(); ++i)
      EXPECT_EQ(t.session().input(0).as<int8_t>()[swapped ? i % 5 * 3 + i / 5 : i], static_cast<int>(i) - 5);
  } while (std::next_permutation(permutation.begin(), permutation.end()));
}

TEST(Session, UnsignedBytesFlipTheTopBit) {
  OpTester t;
  const int x = t.tensor(schema::TensorType_S8, {1, 2, 2}, 0.5f, 1),
            y = t.tensor(schema::TensorType_S8, {4}, 0.5f, 1);
  t.declare_input(x, schema::TensorType_U8, {2, 1, 2}, {1, 2, 0});
  t.add(schema::OperatorType_Reshape, {x}, {y});
  t.declare_output(y, schema::TensorType_U8, {4});
  ASSERT_TRUE(t.create());
  const uint8_t in[4] = {0, 127, 128, 255};
  uint8_t out[4] = {};
  ASSERT_TRUE(t.session().set_input(0, in, 4).ok());
  EXPECT_EQ(std::vector<int8_t>(t.session().input(0).as<int8_t>(), t.session().input(0).as<int8_t>() + 4),
            (std::vector<int8_t>{-128, 0, -1, 127}));
  t.run();
  ASSERT_TRUE(t.session().get_output(0, out, 4).ok());
  EXPECT_EQ(std::vector<uint8_t>(out, out + 4), (std::vector<uint8_t>{0, 128, 127, 255}));
}

TEST(Session, PassesInputsAndConstantsThrough) {
  OpTester t;
  const int x = t.input(schema::TensorType_F32, {2}), c = t.constant_f32({3}, {7, 8, 9});
  t.output(x);
  t.output(c);
  ASSERT_TRUE(t.create());
  t.set<float>(0, {5, 6});
  t.session().run();
  EXPECT_EQ(t.get<float>(0), (std::vector<float>{5, 6}));
  EXPECT_EQ(t.get<float>(1), (std::vector<float>{7, 8, 9}));
  AlignedBytes mine(128);
  EXPECT_EQ(t.session().bind_output(1, mine.data()).message(), "output 1 is a constant; it cannot be bound");
}

}  // namespace
}  // namespace octet
