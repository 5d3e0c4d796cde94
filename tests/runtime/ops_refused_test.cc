// SPDX-License-Identifier: Apache-2.0
//
// Broken operators of an untrusted file: each is refused at load, with the rule in the message.
#include <limits>

#include "tests/runtime/op_runs.h"

namespace octet {
namespace {

constexpr TensorType kS8 = schema::TensorType_S8;
constexpr TensorType kF32 = schema::TensorType_F32;
constexpr TensorType kS64 = schema::TensorType_S64;

// An operator with inputs and outputs of s8 (scale 0.5, zero point 3) or another type.
class Broken {
 public:
  OpTester t;

  Broken& in(const Dims& shape, TensorType type = kS8, float scale = 0.5f) {
    inputs_.push_back(t.input(type, shape, type == kS8 ? scale : 0.0f, type == kS8 ? 3 : 0));
    return *this;
  }
  Broken& out(const Dims& shape, TensorType type = kS8, float scale = 0.5f) {
    outputs_.push_back(t.tensor(type, shape, type == kS8 ? scale : 0.0f, type == kS8 ? 3 : 0));
    return *this;
  }
  flatbuffers::FlatBufferBuilder& builder() { return t.builder(); }

  template <class Options>
  void refused(schema::OperatorType type, flatbuffers::Offset<Options> options, const char* text) {
    t.add(type, inputs_, outputs_, options);
    finish(text);
  }
  void refused(schema::OperatorType type, const char* text) {
    t.add(type, inputs_, outputs_);
    finish(text);
  }

 private:
  void finish(const char* text) {
    for (const int output : outputs_) t.output(output);
    expect_refused(&t, text);
  }
  std::vector<int> inputs_, outputs_;
};

TEST(Refused, Operands) {
  Broken().out({4}).refused(schema::OperatorType_Reshape, "input 0 is missing");
  Broken().in({4}).in({4}).out({4}).refused(schema::OperatorType_Reshape, "2 inputs; must be at most 1");
  Broken().in({4}).out({4}).out({4}).refused(schema::OperatorType_Reshape, "2 outputs; must be 1");
  Broken().in({4}).out({4}, kF32).refused(schema::OperatorType_Reshape, "types S8 -> F32");
  Broken().in({4}).out({4}, kS8, 0.25f).refused(schema::OperatorType_Reshape, "must be the same");
  Broken().in({4}).out({5}).refused(schema::OperatorType_Reshape, "the number of elements must stay");
}

TEST(Refused, Boundaries) {
  for (const float scale :
       {0.0f, -1.0f, std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    Broken b;
    b.in({4}, kF32).out({4}).refused(schema::OperatorType_Quantize,
                                     schema::CreateQuantizeOptions(b.builder(), scale),
                                     "must be finite and positive");
  }
  Broken().in({4}, kF32).out({4}).refused(schema::OperatorType_Quantize, "no QuantizeOptions");
  Broken().in({4}).out({4}, kF32).refused(schema::OperatorType_Quantize, "input is S8; must be F32");
  Broken().in({4}, kS8, 0).out({4}, kF32).refused(schema::OperatorType_Dequantize, "has no scale");
  Broken().in({4}).out({5}, kF32).refused(schema::OperatorType_Dequantize, "output shape [5]; must be [4]");
  Broken().in({4}).out({4}).refused(schema::OperatorType_Table, "no TableOptions");
  Broken b;
  const auto table = b.builder().CreateVector(Bytes(255));
  b.in({4}).out({4}).refused(schema::OperatorType_Table, schema::CreateTableOptions(b.builder(), table),
                             "255 entries");
}

// BinaryOptions of the kind, with what the test wants to break.
flatbuffers::Offset<schema::BinaryOptions> binary(Broken* b, schema::BinaryKind kind, int fractional_bits = 6,
                                                  int multiplier = 5) {
  schema::BinaryOptionsBuilder options(b->builder());
  options.add_kind(kind);
  options.add_multiplier_a(static_cast<int16_t>(multiplier));
  options.add_fractional_bits(static_cast<int8_t>(fractional_bits));
  return options.Finish();
}

TEST(Refused, Binary) {
  const auto refused = [](const Dims& a, const Dims& b, const Dims& y, schema::BinaryKind kind, int bits,
                          int multiplier, const char* text) {
    Broken broken;
    broken.in(a).in(b).out(y).refused(schema::OperatorType_Binary, binary(&broken, kind, bits, multiplier),
                                      text);
  };
  refused({2, 3}, {2, 4}, {2, 4}, schema::BinaryKind_Add, 6, 5, "do not broadcast");
  refused({2, 3}, {3}, {2, 4}, schema::BinaryKind_Add, 6, 5, "output shape [2, 4]; must be [2, 3]");
  refused({4}, {4}, {4}, schema::BinaryKind_Add, 7, 5, "fractional_bits 7");
  refused({4}, {4}, {4}, schema::BinaryKind_Add, -1, 5, "fractional_bits -1");
  refused({4}, {4}, {4}, schema::BinaryKind_Sub, 6, -32768, "multiplier -32768");
  refused({4}, {4}, {4}, schema::BinaryKind_Mul, 6, 5, "no requantization");
  refused({4}, {4}, {4}, schema::BinaryKind_Div, 6, 5, "Div of S8");
  refused({4}, {4}, {4}, static_cast<schema::BinaryKind>(77), 6, 5, "kind 77");
  Broken mixed, logical;
  mixed.in({4}).in({4}, kF32).out({4}).refused(schema::OperatorType_Binary,
                                               binary(&mixed, schema::BinaryKind_Add), "same type");
  logical.in({4}, kF32)
      .in({4}, kF32)
      .out({4}, schema::TensorType_BOOL)
      .refused(schema::OperatorType_Binary, binary(&logical, schema::BinaryKind_And), "And of F32");
}

TEST(Refused, PRelu) {
  const auto refused = [](int bits, const std::vector<int16_t>& negative, const char* text) {
    Broken b;
    const auto stored = b.builder().CreateVector(negative);
    b.in({2, 3}).out({2, 3}).refused(
        schema::OperatorType_PRelu,
        schema::CreatePReluOptions(b.builder(), 5, stored, static_cast<int8_t>(bits)), text);
  };
  refused(9, {1}, "fractional_bits 9");
  refused(6, {1, 2}, "must be 1 or 3");
  refused(6, {}, "0 entries");
  refused(6, {1, -32768, 3}, "multiplier -32768");
  Broken f32;
  f32.in({2, 3}, kF32)
      .in({2}, kF32)
      .out({2, 3}, kF32)
      .refused(schema::OperatorType_PRelu, "slope [2] does not broadcast");
}

struct PoolRule {
  Dims output = {1, 4, 4, 2};
  int kernel = 2, stride = 2, dilation = 1, pad_top = 0, pad_bottom = 0;
  std::vector<int> counts = {4};
};

void pool_refused(schema::OperatorType type, const PoolRule& rule, const char* text) {
  Broken b;
  b.in({1, 8, 8, 2}).out(rule.output);
  const auto counts = b.t.ints(rule.counts);
  const auto requantization = b.t.requantization(std::vector<int16_t>(rule.counts.size(), 20000),
                                                 std::vector<int8_t>(rule.counts.size(), 1));
  schema::Pool2DOptionsBuilder options(b.builder());
  options.add_kernel_height(rule.kernel);
  options.add_kernel_width(2);
  options.add_stride_height(rule.stride);
  options.add_stride_width(2);
  options.add_dilation_height(rule.dilation);
  options.add_pad_top(rule.pad_top);
  options.add_pad_bottom(rule.pad_bottom);
  options.add_counts(counts);
  options.add_requantization(requantization);
  b.refused(type, options.Finish(), text);
}

PoolRule pool_rule(const Dims& output, int kernel, int stride, int dilation, int pad_top, int pad_bottom) {
  return {output, kernel, stride, dilation, pad_top, pad_bottom, {4}};
}

TEST(Refused, Pools) {
  const Dims good = {1, 4, 4, 2};
  for (const auto type : {schema::OperatorType_AveragePool2D, schema::OperatorType_MaxPool2D}) {
    pool_refused(type, pool_rule(good, 0, 2, 1, 0, 0), "kernel_height 0");
    pool_refused(type, pool_rule(good, 2, 0, 1, 0, 0), "stride_height 0");
    pool_refused(type, pool_rule(good, 2, 2, -1, 0, 0), "dilation_height -1");
    pool_refused(type, pool_rule(good, 2, 2, 1, -1, 0), "pad_top -1");
    pool_refused(type, pool_rule(good, 2, 2, 1, 0, 70000), "pad_bottom 70000");
    pool_refused(type, pool_rule({1, 5, 4, 2}, 2, 2, 1, 0, 0), "output height 5");
    pool_refused(type, pool_rule({1, 3, 4, 2}, 2, 2, 1, 0, 0), "output height 3");
    pool_refused(type, pool_rule({1, 4, 4, 3}, 2, 2, 1, 0, 0), "batch and channels must stay");
    pool_refused(type, pool_rule({1, 1, 4, 2}, 12, 2, 1, 0, 0), "exceeds the padded input");
    pool_refused(type, pool_rule({1, 6, 4, 2}, 2, 2, 1, 4, 0), "window of output 0 lies outside the input");
    pool_refused(type, pool_rule({1, 6, 4, 2}, 2, 2, 1, 0, 4), "window of output 4 lies outside the input");
    pool_refused(type, pool_rule({4, 4, 2}, 2, 2, 1, 0, 0), "must have rank 4");
  }
}

TEST(Refused, AveragePoolCounts) {
  PoolRule rule;
  const auto refused = [&](const std::vector<int>& counts, const char* text) {
    rule.counts = counts;
    pool_refused(schema::OperatorType_AveragePool2D, rule, text);
  };
  refused({}, "0 counts");
  refused({3}, "windows of 4 positions occur");
  refused({0, 4}, "count 0 at 0");
  refused({4, 4}, "count 4 at 1");
}

flatbuffers::Offset<schema::ReduceOptions> reduce(Broken* b, schema::ReduceKind kind,
                                                  const std::vector<int>& axes) {
  const auto stored = b->t.ints(axes);
  return schema::CreateReduceOptions(b->builder(), kind, stored, true);
}

TEST(Refused, Reductions) {
  const auto refused = [](const Dims& x, const Dims& y, schema::ReduceKind kind, const std::vector<int>& axes,
                          const char* text) {
    Broken b;
    b.in(x).out(y).refused(schema::OperatorType_Reduce, reduce(&b, kind, axes), text);
  };
  refused({2, 3}, {2, 1}, schema::ReduceKind_Mean, {2}, "axis 2; must be in [0, 2)");
  refused({2, 3}, {2, 1}, schema::ReduceKind_Mean, {-1}, "axis -1");
  refused({2, 3}, {1, 1}, schema::ReduceKind_Mean, {1, 0}, "must ascend");
  refused({2, 3}, {2, 3}, schema::ReduceKind_Mean, {1}, "output shape [2, 3]; must be [2, 1]");
  refused({2, 3}, {2, 1}, schema::ReduceKind_Mean, {1}, "no requantization");
  refused({2, 3}, {2, 1}, schema::ReduceKind_Prod, {1}, "Prod of S8");
  refused({2, 0}, {2, 1}, schema::ReduceKind_Max, {1}, "nothing to reduce");
  refused({2, 1 << 22}, {2, 1}, schema::ReduceKind_Sum, {1}, "a sum of 4194304");
  Broken arg, empty, type;
  arg.in({2, 3})
      .out({2, 1}, kS64)
      .refused(schema::OperatorType_ArgReduce, schema::CreateArgReduceOptions(arg.builder(), 2), "axis 2");
  empty.in({2, 0})
      .out({2, 1}, kS64)
      .refused(schema::OperatorType_ArgReduce, schema::CreateArgReduceOptions(empty.builder(), 1),
               "axis 1 has no elements");
  type.in({2, 3}).out({2, 1}).refused(schema::OperatorType_ArgReduce,
                                      schema::CreateArgReduceOptions(type.builder(), 1),
                                      "output is S8; must be S64");
}

TEST(Refused, Softmax) {
  const auto refused = [](int axis, bool log, const std::vector<uint32_t>& table, const char* text) {
    Broken b;
    const auto stored = b.builder().CreateVector(table);
    b.in({2, 3}).out({2, 3}).refused(schema::OperatorType_Softmax,
                                     schema::CreateSoftmaxOptions(b.builder(), axis, log, stored, 1), text);
  };
  const std::vector<uint32_t> good(256, 65536);
  std::vector<uint32_t> large = good, zero = good;
  large[9] = 65537;
  zero[0] = 0;
  refused(2, false, good, "axis 2");
  refused(0, false, good, "S8 needs the last");
  refused(1, true, good, "LogSoftmax of S8");
  refused(1, false, std::vector<uint32_t>(255, 1), "255 entries");
  refused(1, false, large, "exp_table entry 65537");
  refused(1, false, zero, "starts with 0");
}

TEST(Refused, TransposeConcatTileExpand) {
  const auto transpose = [](const std::vector<int>& permutation, const Dims& y, const char* text) {
    Broken b;
    const auto stored = b.t.ints(permutation);
    b.in({2, 3}).out(y).refused(schema::OperatorType_Transpose,
                                schema::CreateTransposeOptions(b.builder(), stored), text);
  };
  transpose({1}, {3, 2}, "permutation of 1 axes");
  transpose({1, 1}, {3, 2}, "holds axis 1 twice");
  transpose({1, 2}, {3, 2}, "axis 2");
  transpose({1, 0}, {2, 3}, "must be [3, 2]");
  const auto concat = [](int axis, const Dims& second, const Dims& y, const char* text) {
    Broken b;
    b.in({2, 3}).in(second).out(y).refused(schema::OperatorType_Concat,
                                           schema::CreateConcatOptions(b.builder(), axis), text);
  };
  concat(2, {2, 3}, {4, 3}, "axis 2");
  concat(0, {2, 4}, {4, 3}, "must be [2, 3]");
  concat(0, {2, 3}, {5, 3}, "add up to 4");
  concat(0, {2, 3, 1}, {4, 3}, "must have rank 2");
  const auto tile = [](const std::vector<int>& repeats, const char* text) {
    Broken b;
    const auto stored = b.t.ints(repeats);
    b.in({2, 3}).out({4, 3}).refused(schema::OperatorType_Tile,
                                     schema::CreateTileOptions(b.builder(), stored), text);
  };
  tile({2}, "1 repeats");
  tile({3, 1}, "axis 0: 2 repeated 3 times");
  tile({-2, 1}, "repeated -2 times");
  Broken().in({2, 3}).out({2, 4}).refused(schema::OperatorType_Expand, "[2, 3] does not broadcast to [2, 4]");
  Broken().in({2, 3, 1}).out({3, 1}).refused(schema::OperatorType_Expand, "does not broadcast");
}

TEST(Refused, SliceAndPad) {
  const auto slice = [](const std::vector<int>& starts, const std::vector<int>& steps, const char* text) {
    Broken b;
    const auto s = b.t.ints(starts), p = b.t.ints(steps);
    b.in({5, 6}).out({2, 3}).refused(schema::OperatorType_Slice,
                                     schema::CreateSliceOptions(b.builder(), s, p), text);
  };
  slice({0}, {1, 1}, "1 starts and 2 steps");
  slice({0, 0}, {0, 1}, "step 0");
  slice({-1, 0}, {1, 1}, "elements -1 to 0");
  slice({4, 0}, {1, 1}, "elements 4 to 5");
  slice({0, 0}, {5, 1}, "elements 0 to 5");
  slice({0, 0}, {-1, 1}, "elements 0 to -1");
  slice({0, 0}, {2147483647, 1}, "axis 0");
  slice({0, 0}, {1, -2147483647 - 1}, "axis 1");
  const auto pad = [](const Dims& x, const Dims& y, int mode, const std::vector<int>& begin,
                      const std::vector<int>& end, const char* text) {
    Broken b;
    const auto s = b.t.ints(begin), e = b.t.ints(end);
    b.in(x).out(y).refused(schema::OperatorType_Pad,
                           schema::CreatePadOptions(b.builder(), static_cast<schema::PadMode>(mode), s, e),
                           text);
  };
  pad({5, 6}, {7, 6}, 4, {1, 0}, {1, 0}, "mode 4");
  pad({5, 6}, {7, 6}, 0, {1}, {1, 0}, "1 begins and 2 ends");
  pad({5, 6}, {8, 6}, 0, {1, 0}, {1, 0}, "axis 0: 5 padded by 1 and 1");
  pad({5, 6}, {8, 6}, 0, {2147483647, 0}, {2147483647, 0}, "axis 0");
  pad({1, 2}, {1 << 25, 2}, 0, {1, 0}, {(1 << 25) - 2, 0}, "must be at most 16777216");
  pad({0, 6}, {2, 6}, 2, {1, 0}, {1, 0}, "no element to repeat");
  pad({}, {}, 0, {}, {}, "a scalar cannot be padded");
}

// Resize2D of [1, 2, 2, 1] to [1, 3, 3, 1]: y0 and weights are the test's.
void resize_refused(schema::ResizeMode mode, std::vector<int32_t> y0, std::vector<int16_t> weight,
                    const char* text) {
  Broken b;
  std::vector<int32_t> good = {0, 1, 1};
  std::vector<int16_t> good_weight = {0, 5, 2048};
  const auto options = schema::CreateResize2DOptionsDirect(b.builder(), mode, &y0, &good, &weight, nullptr,
                                                           &good, &good, &good_weight);
  b.in({1, 2, 2, 1}).out({1, 3, 3, 1}).refused(schema::OperatorType_Resize2D, options, text);
}

TEST(Refused, Resize) {
  const auto bilinear = schema::ResizeMode_Bilinear, nearest = schema::ResizeMode_Nearest;
  resize_refused(nearest, {0, 1}, {}, "2 y indices; must be 3");
  resize_refused(nearest, {0, 1, 2}, {}, "y index 2 at 2");
  resize_refused(nearest, {0, -1, 1}, {}, "y index -1 at 1");
  resize_refused(bilinear, {0, 1, 1}, {}, "0 y weights; must be 3");
  resize_refused(bilinear, {0, 1, 1}, {0, 2049, 0}, "y weight 2049");
  resize_refused(bilinear, {0, 1, 1}, {0, -1, 0}, "y weight -1");
  resize_refused(static_cast<schema::ResizeMode>(5), {0, 1, 1}, {}, "mode 5");
}

TEST(Refused, Gathers) {
  const auto gather = [](schema::OperatorType type, const Dims& data, const Dims& indices, const Dims& y,
                         int axis, int batch_dims, const char* text) {
    Broken b;
    b.in(data)
        .in(indices, kS64)
        .out(y)
        .refused(type, schema::CreateGatherOptions(b.builder(), axis, batch_dims), text);
  };
  gather(schema::OperatorType_Gather, {4, 5}, {2}, {2, 5}, 2, 0, "axis 2");
  gather(schema::OperatorType_Gather, {4, 5}, {2}, {4, 5}, 0, 0, "must be [2, 5]");
  gather(schema::OperatorType_Gather, {4, 5}, {2}, {2, 5}, 0, 1, "batch_dims 1");
  gather(schema::OperatorType_Gather, {0, 5}, {2}, {2, 5}, 0, 0, "axis 0 has no elements");
  gather(schema::OperatorType_Gather, {2, 2, 2, 2, 2}, {1, 1, 1, 1, 1}, {1}, 0, 0, "rank exceeds 8");
  gather(schema::OperatorType_GatherElements, {4, 5}, {2}, {2}, 0, 0, "must have rank 2");
  gather(schema::OperatorType_GatherElements, {4, 5}, {2, 6}, {2, 6}, 0, 0, "axis 1: 6 indices into 5");
  gather(schema::OperatorType_GatherElements, {4, 5}, {2, 5}, {4, 5}, 0, 0, "must be [2, 5]");
  gather(schema::OperatorType_GatherND, {4, 5}, {2, 3}, {2}, 0, 0, "index tuples of 3");
  gather(schema::OperatorType_GatherND, {4, 5}, {2, 0}, {2, 4, 5}, 0, 0, "index tuples of 0");
  gather(schema::OperatorType_GatherND, {4, 5}, {2, 1}, {2, 5}, 0, 2, "batch_dims 2");
  gather(schema::OperatorType_GatherND, {4, 5}, {2, 1}, {2}, 0, 1, "batch axis 0: 4 and 2");
  gather(schema::OperatorType_GatherND, {4, 0}, {2, 2}, {2}, 0, 0, "axis 1 has no elements");
  Broken type;
  type.in({4, 5}).in({2}, kF32).out({2, 5}).refused(
      schema::OperatorType_Gather, schema::CreateGatherOptions(type.builder(), 0), "indices are F32");
}

TEST(Refused, Scatters) {
  const auto scatter = [](schema::OperatorType type, const Dims& indices, const Dims& updates, int axis,
                          int reduction, const char* text) {
    Broken b;
    b.in({4, 5})
        .in(indices, kS64)
        .in(updates)
        .out({4, 5})
        .refused(type, schema::CreateScatterOptions(b.builder(), axis, static_cast<uint8_t>(reduction)),
                 text);
  };
  scatter(schema::OperatorType_ScatterElements, {2, 5}, {2, 5}, 2, 0, "axis 2");
  scatter(schema::OperatorType_ScatterElements, {2, 6}, {2, 6}, 0, 0, "axis 1: 6 indices into 5");
  scatter(schema::OperatorType_ScatterElements, {2, 5}, {2, 4}, 0, 0, "updates shape [2, 4]; must be [2, 5]");
  scatter(schema::OperatorType_ScatterElements, {2, 5}, {2, 5}, 0, 5, "reduction 5");
  scatter(schema::OperatorType_ScatterElements, {2, 5}, {2, 5}, 0, 1, "reduction 1 of S8");
  scatter(schema::OperatorType_ScatterND, {2, 3}, {2}, 0, 0, "index tuples of 3");
  scatter(schema::OperatorType_ScatterND, {2, 1}, {2}, 0, 0, "updates shape [2]; must be [2, 5]");
}

}  // namespace
}  // namespace octet
