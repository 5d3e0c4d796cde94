// SPDX-License-Identifier: Apache-2.0
#include "tests/testing/sample_model.h"

#include <limits>
#include <random>

namespace octet::testing {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

struct Filter {
  int weights, bias;
};

class SampleBuilder : public ModelBuilder {
 public:
  AlignedBytes build(const std::vector<uint64_t>& hashes) {
    add_image();
    const Filter full = {add_weights({8, 3, 3, 3}), add_bias(8)};
    const int a = tensor(schema::TensorType_S8, {1, 4, 4, 8}, 0.05f, 3);
    add_conv(0, full, a, 2, 1);
    const Filter depthwise = {add_weights({8, 3, 3, 1}), add_bias(8)};
    next_usual_ranges({0, 0, 9, 30, 0, 0, 0, 254}, {1, 255, 10, 99, 40, 40, 40, 255});
    const int b = tensor(schema::TensorType_S8, {1, 4, 4, 8}, 0.04f, -7);
    add_conv(a, depthwise, b, 1, 8);
    const int features = tensor(schema::TensorType_S8, {1, 4, 4, 8}, 0.06f, 5);
    add_sum(a, b, features);
    const int flat = tensor(schema::TensorType_S8, {1, 128}, 0.04f, -7);
    add(schema::OperatorType_Reshape, {b}, {flat});
    add_float_part(flat);
    declare_output(features, schema::TensorType_F32, {1, 8, 4, 4}, {0, 2, 3, 1});
    add_golden(features, a, hashes);
    return finish();
  }

 private:
  void add_image() {
    const int image = tensor(schema::TensorType_S8, {1, 8, 8, 3}, 0.02f, -10);
    std::vector<uint8_t> table(3 * 256);
    for (size_t i = 0; i < table.size(); ++i)
      table[i] = static_cast<uint8_t>(static_cast<int>(i % 256) - 128 + static_cast<int>(i / 256));
    const auto mean = builder().CreateVector(std::vector<float>{120, 118, 104});
    const auto std = builder().CreateVector(std::vector<float>{58, 57, 56});
    const auto table_offset = builder().CreateVector(table);
    schema::PreprocessingBuilder preprocessing(builder());
    preprocessing.add_mean(mean);
    preprocessing.add_std(std);
    preprocessing.add_pixel_table(table_offset);
    declare_input(image, schema::TensorType_F32, {1, 3, 8, 8}, {0, 2, 3, 1}, preprocessing.Finish());
  }

  int add_weights(const std::vector<int>& shape) {
    size_t elements = 1;
    for (const int dim : shape) elements *= static_cast<size_t>(dim);
    std::vector<int8_t> weights(elements);
    for (int8_t& w : weights) w = static_cast<int8_t>(static_cast<int>(random_() % 255) - 127);
    return constant_s8(shape, weights);
  }

  int add_bias(int channels) {
    std::vector<int32_t> bias(static_cast<size_t>(channels));
    for (int32_t& b : bias) b = static_cast<int32_t>(random_() % 4001) - 2000;
    return constant_s32({channels}, bias);
  }

  flatbuffers::Offset<schema::Requantization> random_requantization(size_t channels) {
    std::vector<int16_t> multiplier(channels);
    std::vector<int8_t> shift(channels);
    for (size_t c = 0; c < channels; ++c) {
      multiplier[c] = static_cast<int16_t>((1 << 14) + random_() % (1 << 14));
      shift[c] = static_cast<int8_t>(random_() % 3);
    }
    return requantization(multiplier, shift);
  }

  void add_conv(int input, Filter filter, int output, int stride, int groups) {
    const auto r = random_requantization(8);
    schema::Conv2DOptionsBuilder options(builder());
    options.add_stride_height(stride);
    options.add_stride_width(stride);
    options.add_pad_top(1);
    options.add_pad_left(1);
    options.add_pad_bottom(stride == 1 ? 1 : 0);
    options.add_pad_right(stride == 1 ? 1 : 0);
    options.add_groups(groups);
    options.add_requantization(r);
    add(schema::OperatorType_Conv2D, {input, filter.weights, filter.bias}, {output}, options.Finish());
  }

  void add_sum(int a, int b, int output) {
    add(schema::OperatorType_Binary, {a, b}, {output},
        schema::CreateBinaryOptions(builder(), schema::BinaryKind_Add, -kInfinity, kInfinity, 13653, 10923, 6,
                                    requantization({}, {}, -128, 127)));
  }

  void add_float_part(int flat) {
    const int weights = add_weights({10, 128});
    const int bias = add_bias(10);
    const int logits = tensor(schema::TensorType_F32, {1, 10});
    const auto scale = builder().CreateVector(std::vector<float>(10, 0.0001f));
    schema::FullyConnectedOptionsBuilder options(builder());
    options.add_accumulator_scale(scale);
    add(schema::OperatorType_FullyConnected, {flat, weights, bias}, {logits}, options.Finish());
    const int bounded = tensor(schema::TensorType_F32, {1, 10});
    add(schema::OperatorType_Unary, {logits}, {bounded},
        schema::CreateUnaryOptions(builder(), schema::UnaryKind_Tanh));
    const int scores = tensor(schema::TensorType_F32, {1, 10});
    add(schema::OperatorType_Softmax, {bounded}, {scores}, schema::CreateSoftmaxOptions(builder(), 1));
    output(scores);
  }

  void add_golden(int features, int a, const std::vector<uint64_t>& hashes) {
    const auto input = schema::CreateGoldenInput(builder(), schema::GoldenKind_Noise, 7);
    const auto hash = [&hashes](size_t i) { return i < hashes.size() ? hashes[i] : 0; };
    golden({input}, {schema::CreateTensorHash(builder(), static_cast<uint32_t>(features), 2, hash(0)),
                     schema::CreateTensorHash(builder(), static_cast<uint32_t>(a), 0, hash(1))});
  }

  std::mt19937 random_{20};
};

}  // namespace

AlignedBytes sample_model(const std::vector<uint64_t>& hashes) { return SampleBuilder().build(hashes); }

}  // namespace octet::testing
