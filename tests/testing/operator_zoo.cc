// SPDX-License-Identifier: Apache-2.0
#include "tests/testing/operator_zoo.h"

#include <functional>
#include <limits>

namespace octet::testing {
namespace {

using schema::TensorType_BOOL;
using schema::TensorType_F32;
using schema::TensorType_S16;
using schema::TensorType_S64;
using schema::TensorType_S8;
using Builder = ModelBuilder;
using Fill = std::function<void(Builder*)>;

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kScale = 0.05f;
constexpr int kZeroPoint = 3;

constexpr float kScaleS16 = 0.0005f;

int s8_input(Builder* b, const std::vector<int>& shape) {
  return b->input(TensorType_S8, shape, kScale, kZeroPoint);
}
int f32_input(Builder* b, const std::vector<int>& shape) { return b->input(TensorType_F32, shape); }
int any_input(Builder* b, TensorType type, const std::vector<int>& shape) {
  if (type == TensorType_S16) return b->input(type, shape, kScaleS16);
  return type == TensorType_S8 ? s8_input(b, shape) : b->input(type, shape);
}
int result(Builder* b, TensorType type, const std::vector<int>& shape) {
  const int y = type == TensorType_S8    ? b->tensor(type, shape, kScale, kZeroPoint)
                : type == TensorType_S16 ? b->tensor(type, shape, kScaleS16)
                                         : b->tensor(type, shape);
  b->output(y);
  return y;
}

template <class T>
std::vector<T> ramp(size_t count) {
  std::vector<T> values(count);
  for (size_t i = 0; i < count; ++i) values[i] = static_cast<T>(static_cast<int>(i * 37 % 201) - 100);
  return values;
}

flatbuffers::Offset<schema::Requantization> requantization(Builder* b, size_t entries) {
  return b->requantization(std::vector<int16_t>(entries, 20000), std::vector<int8_t>(entries, 1));
}

flatbuffers::Offset<flatbuffers::Vector<uint8_t>> table(Builder* b) {
  std::vector<uint8_t> entries(256);
  for (size_t i = 0; i < 256; ++i) entries[i] = static_cast<uint8_t>(255 - i);
  return b->builder().CreateVector(entries);
}

// ---- Convolution-like -----------------------------------------------------------------------

flatbuffers::Offset<schema::Conv2DOptions> conv_options(Builder* b, bool s8, int stride) {
  const auto r = s8 ? requantization(b, 4) : 0;
  schema::Conv2DOptionsBuilder options(b->builder());
  options.add_stride_height(stride);
  options.add_stride_width(stride);
  options.add_pad_top(1);
  options.add_pad_left(1);
  options.add_pad_bottom(1);
  options.add_pad_right(1);
  if (s8) options.add_requantization(r);
  return options.Finish();
}

void conv(Builder* b, schema::OperatorType type, bool s8, const std::vector<int>& out, int stride) {
  const TensorType t = s8 ? TensorType_S8 : TensorType_F32;
  const int x = any_input(b, t, {1, 5, 5, 2});
  const int w =
      s8 ? b->constant_s8({4, 3, 3, 2}, ramp<int8_t>(72)) : b->constant_f32({4, 3, 3, 2}, ramp<float>(72));
  const int bias = s8 ? b->constant_s32({4}, {1, -2, 3, 4}) : b->constant_f32({4}, {1, -2, 3, 4});
  const int y = result(b, t, out);
  b->add(type, {x, w, bias}, {y}, conv_options(b, s8, stride));
}

void fully_connected(Builder* b, TensorType in, TensorType out) {
  const bool s8 = in != TensorType_F32;  // weights
  const int x = any_input(b, in, {2, 6});
  const int w = s8 ? b->constant_s8({3, 6}, ramp<int8_t>(18)) : b->constant_f32({3, 6}, ramp<float>(18));
  const int y = result(b, out, {2, 3});
  const auto r = out != TensorType_F32 ? requantization(b, 3) : 0;
  const auto scale = b->builder().CreateVector(std::vector<float>{0.1f, 0.2f, 0.3f});
  schema::FullyConnectedOptionsBuilder options(b->builder());
  if (out != TensorType_F32)
    options.add_requantization(r);
  else if (s8)
    options.add_accumulator_scale(scale);
  b->add(schema::OperatorType_FullyConnected, {x, w}, {y}, options.Finish());
}

// ---- Elementwise, pooling, reduction ------------------------------------------------------------

void binary(Builder* b, schema::BinaryKind kind, TensorType t) {
  const int x = any_input(b, t, {2, 3, 4}), z = any_input(b, t, {3, 1});
  const int y = result(b, t, {2, 3, 4});
  const auto r = requantization(b, 1);
  b->add(schema::OperatorType_Binary, {x, z}, {y},
         schema::CreateBinaryOptions(b->builder(), kind, -kInfinity, kInfinity, 9000, -8000,
                                     t == TensorType_S16 ? 0 : 5, t == TensorType_F32 ? 0 : r));
}

void prelu(Builder* b, TensorType t) {
  const int x = any_input(b, t, {2, 3}), slope = b->constant_f32({3}, {0.1f, 0.2f, 0.3f});
  const int y = result(b, t, {2, 3});
  const auto negative = b->builder().CreateVector(std::vector<int16_t>{100, 200, 300});
  b->add(schema::OperatorType_PRelu, {x, slope}, {y},
         schema::CreatePReluOptions(b->builder(), 16384, negative, 6));
}

void pool(Builder* b, schema::OperatorType type, TensorType t) {
  const int x = any_input(b, t, {1, 4, 4, 3});
  const int y = result(b, t, {1, 2, 2, 3});
  const auto counts = b->builder().CreateVector(std::vector<int32_t>{4});
  const auto r = requantization(b, 1);
  schema::Pool2DOptionsBuilder options(b->builder());
  options.add_kernel_height(2);
  options.add_kernel_width(2);
  options.add_stride_height(2);
  options.add_stride_width(2);
  if (t != TensorType_F32 && type == schema::OperatorType_AveragePool2D) {
    options.add_counts(counts);
    options.add_requantization(r);
  }
  b->add(type, {x}, {y}, options.Finish());
}

void reduce(Builder* b, schema::ReduceKind kind, TensorType t) {
  const int x = any_input(b, t, {2, 3, 4});
  const int y = result(b, t, {2, 1, 4});
  const auto axes = b->ints({1});
  const auto r = t != TensorType_F32 ? requantization(b, 1) : 0;
  b->add(schema::OperatorType_Reduce, {x}, {y},
         schema::CreateReduceOptions(b->builder(), kind, axes, true, r));
}

void softmax(Builder* b, TensorType in, TensorType out) {
  const int x = any_input(b, in, {2, 5});
  const int y = result(b, out, {2, 5});
  std::vector<uint32_t> exp_table(256);
  for (size_t d = 0; d < 256; ++d) exp_table[d] = d < 16 ? 65536u >> d : 0;
  const auto table_offset = in == TensorType_S8 ? b->builder().CreateVector(exp_table) : 0;
  b->add(schema::OperatorType_Softmax, {x}, {y},
         schema::CreateSoftmaxOptions(b->builder(), 1, false, table_offset, 65536));
}

// ---- Data movement -----------------------------------------------------------------------------

void resize(Builder* b, schema::ResizeMode mode, TensorType t) {
  const int x = any_input(b, t, {1, 2, 2, 3});
  const int y = result(b, t, {1, 3, 3, 3});
  const auto low = b->ints({0, 0, 1}), high = b->ints({0, 1, 1});
  const auto weight = b->builder().CreateVector(std::vector<int16_t>{0, 1024, 2048});
  const auto weight_f32 = b->builder().CreateVector(std::vector<float>{0, 0.5f, 1});
  b->add(schema::OperatorType_Resize2D, {x}, {y},
         schema::CreateResize2DOptions(b->builder(), mode, low, high, weight, weight_f32, low, high, weight,
                                       weight_f32));
}

void pad(Builder* b, schema::PadMode mode) {
  const int x = s8_input(b, {3, 4}), y = result(b, TensorType_S8, {5, 5});
  const auto begin = b->ints({1, 2}), end = b->ints({1, -1});
  b->add(schema::OperatorType_Pad, {x}, {y},
         schema::CreatePadOptions(b->builder(), mode, begin, end, 0, kZeroPoint));
}

void movement(std::vector<std::pair<std::string, Fill>>* zoo) {
  zoo->push_back(
      {"reshape", [](Builder* b) {
         b->add(schema::OperatorType_Reshape, {s8_input(b, {2, 6})}, {result(b, TensorType_S8, {3, 4})});
       }});
  zoo->push_back({"transpose", [](Builder* b) {
                    const int x = s8_input(b, {2, 3, 4}), y = result(b, TensorType_S8, {4, 2, 3});
                    b->add(schema::OperatorType_Transpose, {x}, {y},
                           schema::CreateTransposeOptions(b->builder(), b->ints({2, 0, 1})));
                  }});
  zoo->push_back(
      {"concat", [](Builder* b) {
         const int x = s8_input(b, {2, 3}), z = s8_input(b, {2, 4}), y = result(b, TensorType_S8, {2, 7});
         b->add(schema::OperatorType_Concat, {x, z}, {y}, schema::CreateConcatOptions(b->builder(), 1));
       }});
  zoo->push_back({"slice", [](Builder* b) {
                    const int x = s8_input(b, {5, 6}), y = result(b, TensorType_S8, {2, 3});
                    const auto starts = b->ints({3, 5}), steps = b->ints({1, -2});
                    b->add(schema::OperatorType_Slice, {x}, {y},
                           schema::CreateSliceOptions(b->builder(), starts, steps));
                  }});
  for (const auto mode :
       {schema::PadMode_Constant, schema::PadMode_Reflect, schema::PadMode_Edge, schema::PadMode_Wrap})
    zoo->push_back(
        {std::string("pad_") + schema::EnumNamePadMode(mode), [mode](Builder* b) { pad(b, mode); }});
  zoo->push_back(
      {"expand", [](Builder* b) {
         b->add(schema::OperatorType_Expand, {s8_input(b, {3, 1})}, {result(b, TensorType_S8, {2, 3, 4})});
       }});
  zoo->push_back({"tile", [](Builder* b) {
                    const int x = s8_input(b, {2, 3}), y = result(b, TensorType_S8, {4, 3});
                    b->add(schema::OperatorType_Tile, {x}, {y},
                           schema::CreateTileOptions(b->builder(), b->ints({2, 1})));
                  }});
  for (const auto mode : {schema::ResizeMode_Nearest, schema::ResizeMode_Bilinear})
    for (const auto t : {TensorType_S8, TensorType_F32})
      zoo->push_back(
          {std::string("resize_") + schema::EnumNameResizeMode(mode) + schema::EnumNameTensorType(t),
           [mode, t](Builder* b) { resize(b, mode, t); }});
}

void indexing(std::vector<std::pair<std::string, Fill>>* zoo) {
  zoo->push_back(
      {"gather", [](Builder* b) {
         const int x = s8_input(b, {3, 4}), i = b->input(TensorType_S64, {2}),
                   y = result(b, TensorType_S8, {3, 2});
         b->add(schema::OperatorType_Gather, {x, i}, {y}, schema::CreateGatherOptions(b->builder(), 1));
       }});
  zoo->push_back({"gather_elements", [](Builder* b) {
                    const int x = s8_input(b, {3, 4}), i = b->input(TensorType_S64, {2, 4}),
                              y = result(b, TensorType_S8, {2, 4});
                    b->add(schema::OperatorType_GatherElements, {x, i}, {y},
                           schema::CreateGatherOptions(b->builder(), 0));
                  }});
  zoo->push_back(
      {"gather_nd", [](Builder* b) {
         const int x = s8_input(b, {3, 4, 2}), i = b->input(TensorType_S64, {5, 2}),
                   y = result(b, TensorType_S8, {5, 2});
         b->add(schema::OperatorType_GatherND, {x, i}, {y}, schema::CreateGatherOptions(b->builder()));
       }});
  zoo->push_back({"scatter_nd", [](Builder* b) {
                    const int x = f32_input(b, {3, 4, 2}), i = b->input(TensorType_S64, {5, 2}),
                              u = f32_input(b, {5, 2});
                    b->add(schema::OperatorType_ScatterND, {x, i, u}, {result(b, TensorType_F32, {3, 4, 2})},
                           schema::CreateScatterOptions(b->builder(), 0, 1));
                  }});
  zoo->push_back(
      {"scatter_elements", [](Builder* b) {
         const int x = f32_input(b, {3, 4}), i = b->input(TensorType_S64, {2, 4}), u = f32_input(b, {2, 4});
         b->add(schema::OperatorType_ScatterElements, {x, i, u}, {result(b, TensorType_F32, {3, 4})},
                schema::CreateScatterOptions(b->builder(), 0, 2));
       }});
  zoo->push_back({"one_hot", [](Builder* b) {
                    const int i = b->input(TensorType_S64, {3}), v = b->constant_f32({2}, {0, 1});
                    b->add(schema::OperatorType_OneHot, {i, v}, {result(b, TensorType_F32, {3, 5})},
                           schema::CreateOneHotOptions(b->builder(), 1, 5));
                  }});
}

// ---- Float-only -----------------------------------------------------------------------------------

void recurrent(Builder* b, schema::RecurrentKind kind, int gates) {
  const int x = f32_input(b, {3, 2, 4}),
            w = b->constant_f32({1, gates * 5, 4}, ramp<float>(static_cast<size_t>(gates) * 20));
  const int r = b->constant_f32({1, gates * 5, 5}, ramp<float>(static_cast<size_t>(gates) * 25));
  const int lengths = b->input(schema::TensorType_S32, {2});
  schema::RecurrentOptionsBuilder options(b->builder());
  options.add_kind(kind);
  options.add_hidden_size(5);
  const auto finished = options.Finish();
  const int y = result(b, TensorType_F32, {3, 1, 2, 5}), h = result(b, TensorType_F32, {1, 2, 5});
  b->add(schema::OperatorType_Recurrent, {x, w, r, -1, lengths}, {y, h}, finished);
}

void normalization(Builder* b, schema::OperatorType type) {
  const bool groups = type == schema::OperatorType_GroupNormalization;
  const int x = f32_input(b, {2, 3, 4});
  const std::vector<float> values(4, 0.5f);
  const int scale = b->constant_f32({4}, values), bias = b->constant_f32({4}, values);
  const int y = result(b, TensorType_F32, {2, 3, 4});
  b->add(type, {x, scale, bias}, {y},
         schema::CreateNormalizationOptions(b->builder(), 2, 1e-5f, groups ? 2 : 1));
}

void float_only(std::vector<std::pair<std::string, Fill>>* zoo) {
  zoo->push_back({"mat_mul", [](Builder* b) {
                    const int x = f32_input(b, {2, 3, 4}), z = f32_input(b, {4, 5});
                    b->add(schema::OperatorType_MatMul, {x, z}, {result(b, TensorType_F32, {2, 3, 5})});
                  }});
  for (const auto type : {schema::OperatorType_LayerNormalization, schema::OperatorType_InstanceNormalization,
                          schema::OperatorType_GroupNormalization})
    zoo->push_back({schema::EnumNameOperatorType(type), [type](Builder* b) { normalization(b, type); }});
  zoo->push_back({"local_response_normalization", [](Builder* b) {
                    const int x = f32_input(b, {1, 2, 2, 5}), y = result(b, TensorType_F32, {1, 2, 2, 5});
                    b->add(schema::OperatorType_LocalResponseNormalization, {x}, {y},
                           schema::CreateLocalResponseNormalizationOptions(b->builder(), 3, 0.1f, 0.75f, 1));
                  }});
  zoo->push_back({"lp_normalization", [](Builder* b) {
                    const int x = f32_input(b, {2, 3}), y = result(b, TensorType_F32, {2, 3});
                    b->add(schema::OperatorType_LpNormalization, {x}, {y},
                           schema::CreateNormalizationOptions(b->builder(), 1));
                  }});
  zoo->push_back({"rnn", [](Builder* b) { recurrent(b, schema::RecurrentKind_Rnn, 1); }});
  zoo->push_back({"lstm", [](Builder* b) { recurrent(b, schema::RecurrentKind_Lstm, 4); }});
  zoo->push_back({"gru", [](Builder* b) { recurrent(b, schema::RecurrentKind_Gru, 3); }});
  zoo->push_back(
      {"top_k", [](Builder* b) {
         const int x = f32_input(b, {2, 6}), v = result(b, TensorType_F32, {2, 3}),
                   i = result(b, TensorType_S64, {2, 3});
         b->add(schema::OperatorType_TopK, {x}, {v, i}, schema::CreateTopKOptions(b->builder(), 1, 3));
       }});
  zoo->push_back({"non_max_suppression", [](Builder* b) {
                    const int boxes = f32_input(b, {1, 6, 4}), scores = f32_input(b, {1, 2, 6});
                    b->add(schema::OperatorType_NonMaxSuppression, {boxes, scores},
                           {result(b, TensorType_S64, {4, 3})},
                           schema::CreateNonMaxSuppressionOptions(b->builder(), false, 2, 0.5f, 0.1f, true));
                  }});
  zoo->push_back({"cum_sum", [](Builder* b) {
                    const int x = f32_input(b, {2, 6});
                    b->add(schema::OperatorType_CumSum, {x}, {result(b, TensorType_F32, {2, 6})},
                           schema::CreateCumSumOptions(b->builder(), 1));
                  }});
  zoo->push_back({"trilu", [](Builder* b) {
                    const int x = f32_input(b, {3, 4});
                    b->add(schema::OperatorType_Trilu, {x}, {result(b, TensorType_F32, {3, 4})},
                           schema::CreateTriluOptions(b->builder(), true, 1));
                  }});
}

void requantize(Builder* b, TensorType in, TensorType out) {
  const int x = any_input(b, in, {7}), y = result(b, out, {7});
  const auto r = requantization(b, 1);
  b->add(schema::OperatorType_Requantize, {x}, {y}, schema::CreateRequantizeOptions(b->builder(), r));
}

void conv_wide(Builder* b, TensorType in, TensorType out, int groups) {
  const int x = any_input(b, in, {1, 5, 5, 4});
  const int w = b->constant_s8({4, 3, 3, 4 / groups}, ramp<int8_t>(static_cast<size_t>(144 / groups)));
  const int bias = b->constant_s32({4}, {1, -2, 3, 4});
  const int y = result(b, out, {1, 5, 5, 4});
  const auto r = out == TensorType_F32 ? 0 : requantization(b, 4);
  const auto scale = b->builder().CreateVector(std::vector<float>{0.1f, 0.2f, 0.3f, 0.4f});
  schema::Conv2DOptionsBuilder options(b->builder());
  options.add_pad_top(1);
  options.add_pad_left(1);
  options.add_pad_bottom(1);
  options.add_pad_right(1);
  options.add_groups(groups);
  out == TensorType_F32 ? options.add_accumulator_scale(scale) : options.add_requantization(r);
  b->add(schema::OperatorType_Conv2D, {x, w, bias}, {y}, options.Finish());
}

void wide(std::vector<std::pair<std::string, Fill>>* zoo) {
  zoo->push_back({"requantize_s8_s16", [](Builder* b) { requantize(b, TensorType_S8, TensorType_S16); }});
  zoo->push_back({"requantize_s16_s8", [](Builder* b) { requantize(b, TensorType_S16, TensorType_S8); }});
  zoo->push_back({"requantize_s16_s16", [](Builder* b) { requantize(b, TensorType_S16, TensorType_S16); }});
  zoo->push_back({"quantize_s16", [](Builder* b) {
                    const int x = f32_input(b, {7}), y = result(b, TensorType_S16, {7});
                    b->add(schema::OperatorType_Quantize, {x}, {y},
                           schema::CreateQuantizeOptions(b->builder(), 2000));
                  }});
  zoo->push_back({"dequantize_s16", [](Builder* b) {
                    b->add(schema::OperatorType_Dequantize, {any_input(b, TensorType_S16, {7})},
                           {result(b, TensorType_F32, {7})});
                  }});
  for (const int groups : {1, 4})
    for (const auto& [in, out] : {std::pair(TensorType_S8, TensorType_S16),
                                  {TensorType_S16, TensorType_S8},
                                  {TensorType_S16, TensorType_S16},
                                  {TensorType_S16, TensorType_F32}})
      zoo->push_back({std::string("conv_") + schema::EnumNameTensorType(in) +
                          schema::EnumNameTensorType(out) + std::to_string(groups),
                      [in = in, out = out, groups](Builder* b) { conv_wide(b, in, out, groups); }});
  const auto s16 = TensorType_S16;
  zoo->push_back({"fully_connected_s16", [s16](Builder* b) { fully_connected(b, s16, s16); }});
  for (const auto kind : {schema::BinaryKind_Add, schema::BinaryKind_Sub, schema::BinaryKind_Mul})
    zoo->push_back({std::string(schema::EnumNameBinaryKind(kind)) + "_s16",
                    [kind, s16](Builder* b) { binary(b, kind, s16); }});
  zoo->push_back(
      {"average_pool_2d_s16", [s16](Builder* b) { pool(b, schema::OperatorType_AveragePool2D, s16); }});
  zoo->push_back({"max_pool_2d_s16", [s16](Builder* b) { pool(b, schema::OperatorType_MaxPool2D, s16); }});
  zoo->push_back({"mean_s16", [s16](Builder* b) { reduce(b, schema::ReduceKind_Mean, s16); }});
  zoo->push_back({"max_s16", [s16](Builder* b) { reduce(b, schema::ReduceKind_Max, s16); }});
}

void boundaries_and_elementwise(std::vector<std::pair<std::string, Fill>>* zoo) {
  zoo->push_back({"quantize", [](Builder* b) {
                    const int x = f32_input(b, {7}), y = result(b, TensorType_S8, {7});
                    b->add(schema::OperatorType_Quantize, {x}, {y},
                           schema::CreateQuantizeOptions(b->builder(), 20));
                  }});
  zoo->push_back({"dequantize", [](Builder* b) {
                    b->add(schema::OperatorType_Dequantize, {s8_input(b, {7})},
                           {result(b, TensorType_F32, {7})});
                  }});
  zoo->push_back({"table", [](Builder* b) {
                    const int x = s8_input(b, {7}), y = result(b, TensorType_S8, {7});
                    b->add(schema::OperatorType_Table, {x}, {y},
                           schema::CreateTableOptions(b->builder(), table(b)));
                  }});
  zoo->push_back({"unary", [](Builder* b) {
                    const int x = f32_input(b, {7});
                    b->add(schema::OperatorType_Unary, {x}, {result(b, TensorType_F32, {7})},
                           schema::CreateUnaryOptions(b->builder(), schema::UnaryKind_Gelu));
                  }});
  zoo->push_back(
      {"where", [](Builder* b) {
         const int c = b->input(TensorType_BOOL, {2, 1}), x = f32_input(b, {3}), y = f32_input(b, {2, 3});
         b->add(schema::OperatorType_Where, {c, x, y}, {result(b, TensorType_F32, {2, 3})});
       }});
  zoo->push_back({"cast", [](Builder* b) {
                    b->add(schema::OperatorType_Cast, {f32_input(b, {7})}, {result(b, TensorType_S64, {7})});
                  }});
  for (const auto t : {TensorType_S8, TensorType_F32}) {
    const std::string suffix = t == TensorType_S8 ? "_s8" : "_f32";
    const bool s8 = t == TensorType_S8;
    zoo->push_back({"conv_2d" + suffix, [s8](Builder* b) {
                      conv(b, schema::OperatorType_Conv2D, s8, {1, 3, 3, 4}, 2);
                    }});
    zoo->push_back({"conv_transpose_2d" + suffix, [s8](Builder* b) {
                      conv(b, schema::OperatorType_ConvTranspose2D, s8, {1, 9, 9, 4}, 2);
                    }});
    zoo->push_back({"fully_connected" + suffix, [t](Builder* b) { fully_connected(b, t, t); }});
    for (const auto kind : {schema::BinaryKind_Add, schema::BinaryKind_Sub, schema::BinaryKind_Mul})
      zoo->push_back(
          {schema::EnumNameBinaryKind(kind) + suffix, [kind, t](Builder* b) { binary(b, kind, t); }});
    zoo->push_back({"prelu" + suffix, [t](Builder* b) { prelu(b, t); }});
    zoo->push_back(
        {"average_pool_2d" + suffix, [t](Builder* b) { pool(b, schema::OperatorType_AveragePool2D, t); }});
    zoo->push_back({"max_pool_2d" + suffix, [t](Builder* b) { pool(b, schema::OperatorType_MaxPool2D, t); }});
    zoo->push_back({"mean" + suffix, [t](Builder* b) { reduce(b, schema::ReduceKind_Mean, t); }});
    zoo->push_back({"max" + suffix, [t](Builder* b) { reduce(b, schema::ReduceKind_Max, t); }});
    zoo->push_back({"softmax" + suffix, [t](Builder* b) { softmax(b, t, t); }});
    zoo->push_back({"arg_reduce" + suffix, [t](Builder* b) {
                      const int x = any_input(b, t, {2, 5});
                      b->add(schema::OperatorType_ArgReduce, {x}, {result(b, TensorType_S64, {2, 1})},
                             schema::CreateArgReduceOptions(b->builder(), 1));
                    }});
  }
  zoo->push_back(
      {"fully_connected_s8_f32", [](Builder* b) { fully_connected(b, TensorType_S8, TensorType_F32); }});
  zoo->push_back({"softmax_s8_f32", [](Builder* b) { softmax(b, TensorType_S8, TensorType_F32); }});
}

}  // namespace

std::vector<ZooModel> operator_zoo() {
  std::vector<std::pair<std::string, Fill>> recipes;
  boundaries_and_elementwise(&recipes);
  wide(&recipes);
  movement(&recipes);
  indexing(&recipes);
  float_only(&recipes);
  std::vector<ZooModel> zoo;
  for (const auto& [name, fill] : recipes) {
    ModelBuilder builder;
    fill(&builder);
    zoo.push_back({name, builder.finish()});
  }
  return zoo;
}

}  // namespace octet::testing
