// SPDX-License-Identifier: Apache-2.0
//
// Conv2D, ConvTranspose2D and FullyConnected in a session: the s8 forms equal the
// reference kernels for every mask and thread count, and validation refuses each
// rule's breach with its value.
#include <gtest/gtest.h>

#include <algorithm>

#include "kernels/conv_s8.h"
#include "kernels/conv_transpose_s8.h"
#include "tests/testing/op_tester.h"
#include "tests/testing/random.h"

namespace octet {
namespace {

using testing::OpTester;
using testing::Random;

// A small s8 convolution model whose every field a test can break.
struct ConvModel {
  std::vector<int> input = {2, 9, 8, 12}, weights = {20, 3, 3, 12}, output = {2, 5, 4, 20};
  int stride = 2, dilation = 1, pad = 1, groups = 1, bias_entries = 20, multiplier_entries = 20,
      shift_entries = 20;
  int table_entries = 0, scale_entries = 0, output_pad = 0;
  int first_multiplier = 20000, first_shift = 8, minimum = -100, maximum = 110;
  bool weights_constant = true, with_options = true;
  int8_t first_weight = 5;
  TensorType output_type = schema::TensorType_S8, bias_type = schema::TensorType_S32;
  schema::OperatorType type = schema::OperatorType_Conv2D;

  std::vector<int8_t> weight_values, input_values, shifts, table;
  std::vector<int32_t> bias_values;
  std::vector<int16_t> multipliers;
  std::vector<float> scales;

  void fill() {
    Random random(99);
    const auto count = [](const std::vector<int>& shape) {
      size_t product = 1;
      for (const int d : shape) product *= static_cast<size_t>(d);
      return product;
    };
    weight_values.resize(count(weights));
    for (int8_t& w : weight_values) w = random.s8(-127);
    weight_values[0] = first_weight;
    input_values.resize(count(input));
    for (int8_t& x : input_values) x = random.s8();
    bias_values.resize(static_cast<size_t>(bias_entries));
    for (int32_t& b : bias_values) b = static_cast<int32_t>(random.in_range(-3000, 3000));
    for (int i = 0; i < multiplier_entries; ++i)
      multipliers.push_back(static_cast<int16_t>(i == 0 ? first_multiplier : random.in_range(16384, 32767)));
    for (int i = 0; i < shift_entries; ++i)
      shifts.push_back(static_cast<int8_t>(i == 0 ? first_shift : random.in_range(6, 10)));
    for (int i = 0; i < table_entries; ++i) table.push_back(random.s8());
    for (int i = 0; i < scale_entries; ++i) scales.push_back(random.f32(0.001f, 0.1f));
  }

  void build(OpTester* t) {
    fill();
    const int x = t->input(schema::TensorType_S8, input, 0.1f, 3);
    const int w =
        weights_constant ? t->constant_s8(weights, weight_values) : t->input(schema::TensorType_S8, weights);
    const int b = bias_type == schema::TensorType_S32
                      ? t->constant_s32({bias_entries}, bias_values)
                      : t->constant_f32({bias_entries}, std::vector<float>(bias_values.size()));
    const int y = t->tensor(output_type, output, output_type == schema::TensorType_S8 ? 0.2f : 0.0f,
                            output_type == schema::TensorType_S8 ? -5 : 0);
    add(t, x, w, b, y);
    t->output(y);
  }

  void add(OpTester* t, int x, int w, int b, int y) {
    auto& builder = t->builder();
    const auto requantization =
        multiplier_entries ? t->requantization(multipliers, shifts, minimum, maximum) : 0;
    const auto scale = scale_entries ? builder.CreateVector(scales) : 0;
    const auto lookup =
        table_entries ? builder.CreateVector(reinterpret_cast<const uint8_t*>(table.data()), table.size())
                      : 0;
    if (!with_options) {
      t->add(type, {x, w, b}, {y});
    } else if (type == schema::OperatorType_FullyConnected) {
      schema::FullyConnectedOptionsBuilder o(builder);
      if (multiplier_entries) o.add_requantization(requantization);
      if (scale_entries) o.add_accumulator_scale(scale);
      if (table_entries) o.add_table(lookup);
      o.add_table_zero_point(7);
      t->add(type, {x, w, b}, {y}, o.Finish());
    } else {
      schema::Conv2DOptionsBuilder o(builder);
      o.add_stride_height(stride);
      o.add_stride_width(stride);
      o.add_dilation_height(dilation);
      o.add_dilation_width(dilation);
      o.add_pad_top(pad);
      o.add_pad_left(pad);
      o.add_pad_bottom(pad);
      o.add_pad_right(pad);
      o.add_groups(groups);
      o.add_output_pad_height(output_pad);
      if (multiplier_entries) o.add_requantization(requantization);
      if (scale_entries) o.add_accumulator_scale(scale);
      if (table_entries) o.add_table(lookup);
      o.add_table_zero_point(7);
      t->add(type, {x, w, b}, {y}, o.Finish());
    }
  }

  // What the reference kernel makes of it.
  kernels::ConvS8 reference() {
    kernels::ConvS8 c = {};
    const auto at = [](const std::vector<int>& shape, size_t i) { return static_cast<size_t>(shape[i]); };
    const bool flat = type == schema::OperatorType_FullyConnected;
    c.batch = flat ? 1 : at(input, 0);
    c.input_height = flat ? 1 : at(input, 1);
    c.input_width = flat ? at(input, 0) * at(input, 1) : at(input, 2);
    c.input_channels = at(input, input.size() - 1);
    c.output_height = flat ? 1 : at(output, 1);
    c.output_width = flat ? c.input_width : at(output, 2);
    c.output_channels = at(weights, 0);
    c.kernel_height = flat ? 1 : at(weights, 1);
    c.kernel_width = flat ? 1 : at(weights, 2);
    c.stride_height = c.stride_width = flat ? 1 : static_cast<size_t>(stride);
    c.dilation_height = c.dilation_width = static_cast<size_t>(dilation);
    c.pad_top = c.pad_left = flat ? 0 : static_cast<size_t>(pad);
    c.groups = static_cast<size_t>(groups);
    c.input_zero_point = 3;
    c.output_zero_point = table_entries ? 7 : -5;
    c.output_min = minimum;
    c.output_max = maximum;
    c.weights = weight_values.data();
    c.bias = bias_values.data();
    multipliers.resize(c.output_channels, multipliers.empty() ? int16_t{0} : multipliers[0]);
    shifts.resize(c.output_channels, shifts.empty() ? int8_t{0} : shifts[0]);
    c.multiplier = multipliers.data();
    c.right_shift = shifts.data();
    if (scale_entries) c.accumulator_scale = scales.data();
    if (table_entries) c.output_table = table.data();
    return c;
  }
};

template <class T>
void expect_equal(ConvModel model) {
  OpTester t;
  model.build(&t);
  const kernels::ConvS8 c = model.reference();
  std::vector<T> expected(c.batch * c.output_height * c.output_width * c.output_channels);
  if (model.type == schema::OperatorType_ConvTranspose2D) {
    conv_transpose_s8_reference(c, model.input_values.data(), expected.data());
  } else {
    conv_s8_reference(c, model.input_values.data(), expected.data());
  }
  for (const char* mask : {"", "avx2", "portable"}) {
    for (const size_t threads : {1, 2, 3}) {
      ASSERT_TRUE(t.create(OpTester::options(threads, mask)));
      t.set<int8_t>(0, model.input_values);
      t.run();
      ASSERT_EQ(t.get<T>(0), expected)
          << "mask '" << mask << "', kernel " << t.kernel_name() << ", " << threads;
    }
  }
}

ConvModel f32_output(ConvModel model) {
  model.output_type = schema::TensorType_F32;
  model.multiplier_entries = model.shift_entries = 0;
  model.scale_entries = 20;
  return model;
}

ConvModel with_table(ConvModel model) {
  model.table_entries = 256;
  return model;
}

ConvModel one_requantization(ConvModel model) {
  model.multiplier_entries = model.shift_entries = 1;
  return model;
}

ConvModel transposed() {
  ConvModel model;
  model.type = schema::OperatorType_ConvTranspose2D;
  model.output = {2, 18, 15, 20};
  model.output_pad = 1;
  return model;
}

ConvModel fully_connected() {
  ConvModel model;
  model.type = schema::OperatorType_FullyConnected;
  model.input = {2, 3, 33};
  model.weights = {20, 33};
  model.output = {2, 3, 20};
  return model;
}

ConvModel large() {
  ConvModel model;
  model.input = {1, 40, 40, 12};
  model.output = {1, 20, 20, 20};
  return model;
}

TEST(Conv2D, EqualsTheReference) {
  expect_equal<int8_t>(ConvModel());
  expect_equal<int8_t>(with_table(ConvModel()));
  expect_equal<int8_t>(one_requantization(ConvModel()));
  expect_equal<float>(f32_output(ConvModel()));
  expect_equal<int8_t>(large());
}

TEST(ConvTranspose2D, EqualsTheReference) {
  expect_equal<int8_t>(transposed());
  expect_equal<int8_t>(with_table(transposed()));
  expect_equal<float>(f32_output(transposed()));
}

TEST(FullyConnected, EqualsTheReference) {
  expect_equal<int8_t>(fully_connected());
  expect_equal<int8_t>(with_table(fully_connected()));
  expect_equal<int8_t>(one_requantization(fully_connected()));
  expect_equal<float>(f32_output(fully_connected()));
}

TEST(Conv2D, MaskChangesTheKernel) {
  OpTester t;
  ConvModel().build(&t);
  ASSERT_TRUE(t.create(OpTester::options(1, "portable")));
  EXPECT_STREQ(t.kernel_name(), "conv_s8_gemm_4x8_portable");
  ASSERT_TRUE(t.create(OpTester::options(1, "avx2")));
  if (kernels::detect_cpu_features().has(kernels::kAvx2)) {
    EXPECT_STREQ(t.kernel_name(), "conv_s8_gemm_6x16_avx2");
  }
}

// Breaks one rule with `change` and expects `text` in the error.
template <class Change>
void expect_error(ConvModel model, const std::string& text, const Change& change) {
  change(&model);
  OpTester t;
  model.build(&t);
  const std::string message = t.load_error();
  EXPECT_NE(message.find(text), std::string::npos) << "got: '" << message << "', expected: '" << text << "'";
}

TEST(Conv2D, Validation) {
  const ConvModel m;
  expect_error(m, "stride_height 0; must be at least 1", [](ConvModel* c) { c->stride = 0; });
  expect_error(m, "dilation_height -1; must be at least 1", [](ConvModel* c) { c->dilation = -1; });
  expect_error(m, "pad_top -1; must be at least 0", [](ConvModel* c) { c->pad = -1; });
  expect_error(m, "pad_top 70000; must be at most 65536", [](ConvModel* c) { c->pad = 70000; });
  expect_error(m, "groups 5 must divide", [](ConvModel* c) { c->groups = 5; });
  expect_error(m, "weights for 12 channels; must be 12 / 4", [](ConvModel* c) { c->groups = 4; });
  expect_error(m, "output height 6; must be 5", [](ConvModel* c) { c->output[1] = 6; });
  expect_error(m, "output width 3; must be 4", [](ConvModel* c) { c->output[2] = 3; });
  expect_error(m, "channels 21", [](ConvModel* c) { c->output[3] = 21; });
  expect_error(m, "window of 25 exceeds the padded input", [](ConvModel* c) { c->dilation = 12; });
  expect_error(m, "ranks 4, 4 -> 3", [](ConvModel* c) { c->output = {2, 5, 80}; });
  expect_error(m, "bias with 19 entries; must be 20", [](ConvModel* c) { c->bias_entries = 19; });
  expect_error(m, "types", [](ConvModel* c) { c->bias_type = schema::TensorType_F32; });
  expect_error(m, "must be constant", [](ConvModel* c) { c->weights_constant = false; });
  expect_error(m, "weight is -128", [](ConvModel* c) { c->first_weight = -128; });
  expect_error(m, "no Conv2DOptions", [](ConvModel* c) { c->with_options = false; });
  expect_error(m, "no requantization", [](ConvModel* c) { c->multiplier_entries = 0; });
  expect_error(m, "19 multipliers", [](ConvModel* c) { c->multiplier_entries = c->shift_entries = 19; });
  expect_error(m, "multiplier 16383", [](ConvModel* c) { c->first_multiplier = 16383; });
  expect_error(m, "right shift 32", [](ConvModel* c) { c->first_shift = 32; });
  expect_error(m, "output_min 120", [](ConvModel* c) { c->minimum = 120; });
  expect_error(m, "table with 255 entries; must be 256", [](ConvModel* c) { c->table_entries = 255; });
  expect_error(f32_output(m), "accumulator_scale with 7 entries", [](ConvModel* c) { c->scale_entries = 7; });
  expect_error(f32_output(m), "a table behind F32 output; only s8 output may have one",
               [](ConvModel* c) { c->table_entries = 256; });
}

TEST(ConvTranspose2D, Validation) {
  const ConvModel m = transposed();
  expect_error(m, "output height 17; must be 18", [](ConvModel* c) { c->output[1] = 17; });
  expect_error(m, "pad 4 exceeds the window of 3", [](ConvModel* c) { c->pad = 4; });
  expect_error(m, "do not fit 12 channels in 5 groups", [](ConvModel* c) { c->groups = 5; });
  expect_error(m, "channels 21", [](ConvModel* c) { c->output[3] = 21; });
  expect_error(m, "output_pad_height -1", [](ConvModel* c) { c->output_pad = -1; });
}

// Output pixels that are one convolution each would take memory without end.
TEST(ConvTranspose2D, TooManyPhases) {
  ConvModel m = transposed();
  m.input = {1, 2, 2, 12};
  m.stride = 65;
  m.output = {1, 67, 66, 20};  // 65 + 3 - 2 * pad, and output_pad in height
  OpTester t;
  m.build(&t);
  const ::testing::AssertionResult created = t.create();
  EXPECT_FALSE(created);
  EXPECT_NE(std::string(created.message()).find("strides 65 x 65 make 4225 convolutions; at most 4096"),
            std::string::npos)
      << created.message();
}

TEST(FullyConnected, Validation) {
  const ConvModel m = fully_connected();
  expect_error(m, "do not agree", [](ConvModel* c) { c->input[2] = 32; });
  expect_error(m, "do not agree", [](ConvModel* c) { c->output[2] = 21; });
  expect_error(m, "6 rows in and 8 out", [](ConvModel* c) {
    c->output[0] = 2;
    c->output[1] = 4;
  });
  expect_error(m, "ranks 3, 3 -> 3", [](ConvModel* c) { c->weights = {20, 1, 33}; });
  expect_error(m, "no FullyConnectedOptions", [](ConvModel* c) { c->with_options = false; });
}

}  // namespace
}  // namespace octet
