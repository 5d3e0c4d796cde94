// SPDX-License-Identifier: Apache-2.0
//
// Data movement in a model, on several element types, against naive index loops.
#include <algorithm>
#include <numeric>

#include "tests/runtime/op_runs.h"

namespace octet {
namespace {

constexpr TensorType kTypes[] = {schema::TensorType_S8, schema::TensorType_F32, schema::TensorType_S64,
                                 schema::TensorType_S16};

// An array of elements known by their number: element i holds i + 1 in its low bytes.
Bytes numbered(TensorType type, size_t count) {
  const size_t size = element_bytes(type);
  Bytes bytes(count * size);
  for (size_t i = 0; i < count; ++i) {
    const uint64_t value = (i + 1) * 0x9e3779b97f4a7c15;
    std::memcpy(bytes.data() + i * size, &value, size);
  }
  return bytes;
}

// Elements `from` of `input`; -1 takes `fill`.
Bytes picked(TensorType type, const Bytes& input, const std::vector<int64_t>& from, uint64_t fill = 0) {
  const size_t size = element_bytes(type);
  Bytes output(from.size() * size);
  for (size_t i = 0; i < from.size(); ++i) {
    const void* source =
        from[i] < 0 ? static_cast<const void*>(&fill) : input.data() + static_cast<size_t>(from[i]) * size;
    std::memcpy(output.data() + i * size, source, size);
  }
  return output;
}

// For every output element of `dims`, source(coordinates) is an input element or -1.
template <class Source>
std::vector<int64_t> sources(const Dims& dims, const Source& source) {
  std::vector<int64_t> from;
  for (size_t i = 0; i < elements_of(dims); ++i)
    from.push_back(static_cast<int64_t>(source(coordinates(i, dims))));
  return from;
}

template <class T>
std::vector<T> values_of(const Bytes& bytes) {
  std::vector<T> values(bytes.size() / sizeof(T));
  if (!bytes.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

void expect_bytes(OpTester* t, TensorType type, const std::vector<Bytes>& inputs, const Bytes& expected) {
  switch (element_bytes(type)) {
    case 1: return expect_run(t, inputs, values_of<uint8_t>(expected));
    case 2: return expect_run(t, inputs, values_of<uint16_t>(expected));
    case 4: return expect_run(t, inputs, values_of<uint32_t>(expected));
    default: return expect_run(t, inputs, values_of<uint64_t>(expected));
  }
}

// One operator with one data input; `add(t, x, y)` adds it.
template <class Add>
void check_type(TensorType type, const Dims& input, const Dims& output, const std::vector<int64_t>& from,
                const Add& add) {
  const bool s8 = type == schema::TensorType_S8;
  OpTester t;
  const int x = t.input(type, input, s8 ? 0.5f : 0.0f, s8 ? 3 : 0);
  const int y = t.tensor(type, output, s8 ? 0.5f : 0.0f, s8 ? 3 : 0);
  add(&t, x, y);
  t.output(y);
  const Bytes data = numbered(type, elements_of(input));
  expect_bytes(&t, type, {data}, picked(type, data, from));
}

// The same on every type.
template <class Add>
void check_movement(const Dims& input, const Dims& output, const std::vector<int64_t>& from, const Add& add) {
  for (const TensorType type : kTypes) check_type(type, input, output, from, add);
}

TEST(OpReshape, KeepsTheBytes) {
  std::vector<int64_t> from(120);
  std::iota(from.begin(), from.end(), 0);
  check_movement({2, 3, 20}, {6, 5, 4}, from,
                 [](OpTester* t, int x, int y) { t->add(schema::OperatorType_Reshape, {x}, {y}); });
}

TEST(OpTranspose, EveryPermutation) {
  const Dims input = {3, 1, 37, 50};
  std::vector<int> permutation = {0, 1, 2, 3};
  size_t turn = 0;  // the types take turns; kernels/data_movement_test.cc has all of them
  do {
    Dims output;
    for (const int axis : permutation) output.push_back(input[static_cast<size_t>(axis)]);
    const auto from = sources(output, [&](const Dims& at) {
      Dims source(4);
      for (size_t i = 0; i < 4; ++i) source[static_cast<size_t>(permutation[i])] = at[i];
      return offset_of(source, input);
    });
    check_type(kTypes[turn++ % 4], input, output, from, [&](OpTester* t, int x, int y) {
      t->add(schema::OperatorType_Transpose, {x}, {y},
             schema::CreateTransposeOptions(t->builder(), t->ints(permutation)));
    });
  } while (std::next_permutation(permutation.begin(), permutation.end()));
}

TEST(OpConcat, EachAxis) {
  for (size_t axis = 0; axis < 3; ++axis) {
    const int lengths[] = {3, 0, 70, 1};
    Dims output = {11, 12, 13};
    output[axis] = 74;
    for (const TensorType type : kTypes) {
      OpTester t;
      std::vector<int> inputs;
      std::vector<Bytes> data;
      Bytes all;  // the inputs' bytes one after another, and where each element is
      std::vector<size_t> first;
      for (const int length : lengths) {
        Dims shape = output;
        shape[axis] = length;
        inputs.push_back(t.input(type, shape));
        data.push_back(numbered(type, elements_of(shape)));
        first.push_back(all.size() / element_bytes(type));
        all.insert(all.end(), data.back().begin(), data.back().end());
      }
      const auto from = sources(output, [&](Dims at) {
        size_t k = 0;
        while (at[axis] >= lengths[k]) at[axis] -= lengths[k++];
        Dims shape = output;
        shape[axis] = lengths[k];
        return first[k] + offset_of(at, shape);
      });
      const int y = t.tensor(type, output);
      t.add(schema::OperatorType_Concat, inputs, {y},
            schema::CreateConcatOptions(t.builder(), static_cast<int>(axis)));
      t.output(y);
      expect_bytes(&t, type, data, picked(type, all, from));
    }
  }
}

TEST(OpSlice, StepsOfBothSigns) {
  const Dims input = {5, 60, 9, 31}, output = {2, 30, 9, 11}, empty = {5, 0, 9, 31};
  const std::vector<int> starts = {1, 59, 8, 0}, steps = {3, -2, -1, 3};
  const auto from = sources(output, [&](const Dims& at) {
    Dims source(4);
    for (size_t i = 0; i < 4; ++i) source[i] = starts[i] + at[i] * steps[i];
    return offset_of(source, input);
  });
  check_movement(input, output, from, [&](OpTester* t, int x, int y) {
    t->add(schema::OperatorType_Slice, {x}, {y},
           schema::CreateSliceOptions(t->builder(), t->ints(starts), t->ints(steps)));
  });
  check_movement(input, empty, {}, [&](OpTester* t, int x, int y) {
    t->add(schema::OperatorType_Slice, {x}, {y},
           schema::CreateSliceOptions(t->builder(), t->ints({0, 77, 0, 0}), t->ints({1, -2000000000, 1, 1})));
  });
}

TEST(OpExpand, Broadcasts) {
  const Dims input = {3, 1, 7}, output = {40, 3, 25, 7};
  check_movement(input, output, sources(output, [&](const Dims& at) { return broadcast_offset(at, input); }),
                 [](OpTester* t, int x, int y) { t->add(schema::OperatorType_Expand, {x}, {y}); });
  check_movement({}, {300}, std::vector<int64_t>(300, 0),
                 [](OpTester* t, int x, int y) { t->add(schema::OperatorType_Expand, {x}, {y}); });
}

TEST(OpTile, RepeatsEachAxis) {
  const Dims input = {2, 3, 50}, output = {6, 3, 200};
  const auto from =
      sources(output, [&](const Dims& at) { return offset_of({at[0] % 2, at[1] % 3, at[2] % 50}, input); });
  check_movement(input, output, from, [](OpTester* t, int x, int y) {
    t->add(schema::OperatorType_Tile, {x}, {y}, schema::CreateTileOptions(t->builder(), t->ints({3, 1, 4})));
  });
}

// The source along one padded axis, or -1.
int pad_index(schema::PadMode mode, int i, int length) {
  if (i >= 0 && i < length) return i;
  switch (mode) {
    case schema::PadMode_Edge: return i < 0 ? 0 : length - 1;
    case schema::PadMode_Wrap: return (i % length + length) % length;
    case schema::PadMode_Reflect: return i < 0 ? -i : 2 * (length - 1) - i;
    default: return -1;
  }
}

TEST(OpPad, EveryModeAndNegativePads) {
  const Dims input = {2, 30, 31, 6};
  const std::vector<int> begin = {0, 2, 3, 0}, end = {0, 1, -4, 0};
  const Dims output = {2, 33, 30, 6};
  for (const auto mode :
       {schema::PadMode_Constant, schema::PadMode_Reflect, schema::PadMode_Edge, schema::PadMode_Wrap}) {
    const auto from = sources(output, [&](const Dims& at) {
      Dims source(4);
      for (size_t i = 0; i < 4; ++i) {
        source[i] = pad_index(mode, at[i] - begin[i], input[i]);
        if (source[i] < 0) return int64_t{-1};
      }
      return static_cast<int64_t>(offset_of(source, input));
    });
    const float one = 1.0f;  // 0x3f800000; the other types get the bytes of 1
    for (const TensorType type : kTypes) {
      uint64_t fill = type == schema::TensorType_S8 ? 0xf9 : 1;
      if (type == schema::TensorType_F32) std::memcpy(&fill, &one, sizeof one);
      OpTester t;
      const int x = t.input(type, input), y = t.tensor(type, output);
      t.add(schema::OperatorType_Pad, {x}, {y},
            schema::CreatePadOptions(t.builder(), mode, t.ints(begin), t.ints(end), 1.0f, -7, 1));
      t.output(y);
      const Bytes data = numbered(type, elements_of(input));
      expect_bytes(&t, type, {data}, picked(type, data, from, fill));
    }
  }
}

// The shortcut of a residual network: channels of zeros around those that are there.
TEST(OpPad, Channels) {
  const Dims input = {2, 16, 16, 16}, output = {2, 16, 16, 32};
  const auto from = sources(output, [&](const Dims& at) {
    return at[3] < 8 || at[3] >= 24
               ? int64_t{-1}
               : static_cast<int64_t>(offset_of({at[0], at[1], at[2], at[3] - 8}, input));
  });
  check_movement(input, output, from, [](OpTester* t, int x, int y) {
    t->add(schema::OperatorType_Pad, {x}, {y},
           schema::CreatePadOptions(t->builder(), schema::PadMode_Constant, t->ints({0, 0, 0, 8}),
                                    t->ints({0, 0, 0, 8})));
  });
}

// Indices wrapped once and clamped.
int64_t clamped(int64_t index, int64_t length) {
  return std::min(length - 1, std::max<int64_t>(0, index < 0 ? index + length : index));
}

TEST(OpGather, RunTimeIndicesAreClamped) {
  const Dims data = {4, 9, 60}, output = {4, 2, 4, 60};
  const std::vector<int64_t> index = {0, -1, 8, 9, -9, -10, INT64_MAX, INT64_MIN};
  const auto from = sources(output, [&](const Dims& at) {
    const auto i = clamped(index[static_cast<size_t>(at[1] * 4 + at[2])], 9);
    return offset_of({at[0], static_cast<int>(i), at[3]}, data);
  });
  for (const TensorType type : kTypes) {
    OpTester t;
    const int x = t.input(type, data), i = t.input(schema::TensorType_S64, {2, 4}),
              y = t.tensor(type, output);
    t.add(schema::OperatorType_Gather, {x, i}, {y}, schema::CreateGatherOptions(t.builder(), 1));
    t.output(y);
    const Bytes bytes = numbered(type, elements_of(data));
    expect_bytes(&t, type, {bytes, bytes_of(index)}, picked(type, bytes, from));
  }
}

TEST(OpGatherElements, PicksAlongTheAxis) {
  const Dims data = {5, 6, 7}, output = {5, 4, 6};
  std::vector<int32_t> index;
  Random random(20);
  for (size_t i = 0; i < elements_of(output); ++i)
    index.push_back(static_cast<int32_t>(random.in_range(-8, 8)));
  const auto from = sources(output, [&](const Dims& at) {
    const auto i = clamped(index[offset_of(at, output)], 6);
    return offset_of({at[0], static_cast<int>(i), at[2]}, data);
  });
  for (const TensorType type : kTypes) {
    OpTester t;
    const int x = t.input(type, data), i = t.input(schema::TensorType_S32, output),
              y = t.tensor(type, output);
    t.add(schema::OperatorType_GatherElements, {x, i}, {y}, schema::CreateGatherOptions(t.builder(), 1));
    t.output(y);
    const Bytes bytes = numbered(type, elements_of(data));
    expect_bytes(&t, type, {bytes, bytes_of(index)}, picked(type, bytes, from));
  }
}

TEST(OpGatherND, BatchedTuples) {
  const Dims data = {3, 4, 5, 6}, output = {3, 2, 6};
  const std::vector<int64_t> index = {0, 0, 3, 4, -1, -1, 4, 5, 1, 2, -9, 9};  // [3, 2, 2]
  const auto from = sources(output, [&](const Dims& at) {
    const size_t tuple = static_cast<size_t>(at[0] * 2 + at[1]) * 2;
    return offset_of({at[0], static_cast<int>(clamped(index[tuple], 4)),
                      static_cast<int>(clamped(index[tuple + 1], 5)), at[2]},
                     data);
  });
  for (const TensorType type : kTypes) {
    OpTester t;
    const int x = t.input(type, data), i = t.constant_s64({3, 2, 2}, index), y = t.tensor(type, output);
    t.add(schema::OperatorType_GatherND, {x, i}, {y}, schema::CreateGatherOptions(t.builder(), 0, 1));
    t.output(y);
    const Bytes bytes = numbered(type, elements_of(data));
    expect_bytes(&t, type, {bytes}, picked(type, bytes, from));
  }
}

TEST(OpScatterND, ReplacesSlicesAndSkipsOutside) {
  const std::vector<int64_t> index = {2, -1, 7, 2};  // the last of equal ones wins, 7 is left out
  const std::vector<float> data = {0, 1, 2, 3, 4, 5, 6, 7}, updates = {10, 11, 20, 21, 30, 31, 40, 41};
  OpTester t;
  const int x = t.input(schema::TensorType_F32, {4, 2}), i = t.input(schema::TensorType_S64, {4, 1});
  const int u = t.input(schema::TensorType_F32, {4, 2}), y = t.tensor(schema::TensorType_F32, {4, 2});
  t.add(schema::OperatorType_ScatterND, {x, i, u}, {y});
  t.output(y);
  expect_run(&t, {bytes_of(data), bytes_of(index), bytes_of(updates)},
             std::vector<float>{0, 1, 2, 3, 40, 41, 20, 21});
}

TEST(OpScatterElements, AddsAlongTheAxis) {
  const std::vector<int32_t> index = {1, 1, -1, 0, 3, -4};
  const std::vector<int32_t> data = {1, 2, 3, 4, 5, 6}, updates = {10, 20, 30, 40, 50, 60};
  OpTester t;
  const int x = t.input(schema::TensorType_S32, {2, 3}), i = t.input(schema::TensorType_S32, {2, 3});
  const int u = t.input(schema::TensorType_S32, {2, 3}), y = t.tensor(schema::TensorType_S32, {2, 3});
  t.add(schema::OperatorType_ScatterElements, {x, i, u}, {y},
        schema::CreateScatterOptions(t.builder(), 1, 1));
  t.output(y);
  expect_run(&t, {bytes_of(data), bytes_of(index), bytes_of(updates)},
             std::vector<int32_t>{1, 32, 33, 44, 5, 6});
}

}  // namespace
}  // namespace octet
