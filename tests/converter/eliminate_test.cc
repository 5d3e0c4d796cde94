// SPDX-License-Identifier: Apache-2.0
//
// eliminate_identity and eliminate_common_subexpressions.
#include "tests/converter/pass_tester.h"

namespace octet::testing {
namespace {

using converter::eliminate_common_subexpressions;
using converter::eliminate_identity;
using Attributes = std::map<std::string, converter::Attribute>;
using List = std::vector<int64_t>;

const Dims kShape = {1, 4, 6, 3};

// Relu -> op -> Neg: the node in the middle of a network.
Build between(const std::string& op, const Attributes& attributes, const Dims& to = kShape, double operand = NAN,
              bool first = false) {
  return [=](GraphRunner& r) {
    const ValueId x = emit(r, "Relu", {r.input(kShape)}, kShape);
    std::vector<ValueId> inputs = {x};
    if (!std::isnan(operand)) inputs.insert(first ? inputs.begin() : inputs.end(), scalar(r, operand));
    mark_output(r, emit(r, "Neg", {emit(r, op, inputs, to, attributes)}, to));
  };
}

Attributes resize(float height, float width, const char* mode, const char* coordinates) {
  return {{"mode", std::string(mode)},       {"coordinate_mode", std::string(coordinates)},
          {"nearest_mode", std::string("floor")}, {"scales_height", height}, {"scales_width", width}};
}

TEST(EliminateIdentity, NodesThatChangeNothing) {
  const struct {
    const char* op;
    Attributes attributes;
  } kRows[] = {
      {"Identity", {}},
      {"Cast", {{"to", static_cast<int64_t>(schema::TensorType_F32)}}},
      {"Reshape", {}},
      {"Expand", {}},
      {"Transpose", {{"perm", List{0, 1, 2, 3}}}},
      {"Slice", {{"starts", List{0, 0, 0, 0}}, {"steps", List{1, 1, 1, 1}}}},
      {"Pad", {{"mode", std::string("constant")}, {"pads", List(8, 0)}, {"value", 3.0f}}},
      {"Concat", {{"axis", int64_t{2}}}},
      {"Tile", {{"repeats", List{1, 1, 1, 1}}}},
      {"Resize", resize(1, 1, "linear", "half_pixel")},
      {"Resize", resize(1, 1, "nearest", "asymmetric")},
  };
  for (const auto& row : kRows) {
    SCOPED_TRACE(row.op);
    PassTester t(eliminate_identity, between(row.op, row.attributes));
    EXPECT_EQ(t.ops(), "Relu Neg");
    t.expect_same_numbers(0);
  }
}

TEST(EliminateIdentity, NeutralElements) {
  const struct {
    const char* op;
    double operand;
    bool first, gone;
  } kRows[] = {{"Add", 0, false, true}, {"Add", 0, true, true},  {"Sub", 0, false, true}, {"Sub", 0, true, false},
               {"Mul", 1, false, true}, {"Mul", 1, true, true},  {"Div", 1, false, true}, {"Div", 1, true, false},
               {"Mul", 0, false, false}, {"Add", 1, false, false}};
  for (const auto& row : kRows) {
    SCOPED_TRACE(row.op + std::to_string(row.operand) + std::to_string(row.first));
    PassTester t(eliminate_identity, between(row.op, {}, kShape, row.operand, row.first));
    EXPECT_EQ(t.changed(), row.gone);
    t.expect_same_numbers(0, 1, 5);
  }
  EXPECT_FALSE(PassTester(eliminate_identity, between("Add", {{"activation_max", 1.0f}}, kShape, 0)).changed());
}

TEST(EliminateIdentity, NodesThatChangeSomething) {
  const Dims turned = {1, 6, 4, 3}, larger = {1, 4, 7, 3}, reversed = {1, 4, 6, 3};
  const struct {
    const char* op;
    Attributes attributes;
    Dims to;
  } kRows[] = {
      {"Reshape", {}, {24, 3}},
      {"Transpose", {{"perm", List{0, 2, 1, 3}}}, turned},
      {"Slice", {{"starts", List{0, 3, 0, 0}}, {"steps", List{1, -1, 1, 1}}}, reversed},
      {"Pad", {{"mode", std::string("constant")}, {"pads", List{0, 0, 1, 0, 0, 0, 0, 0}}, {"value", 0.0f}}, larger},
      {"Tile", {{"repeats", List{2, 1, 1, 1}}}, {2, 4, 6, 3}},
      {"Resize", resize(1.1f, 1, "linear", "half_pixel"), kShape},
  };
  for (const auto& row : kRows) {
    SCOPED_TRACE(row.op);
    EXPECT_FALSE(PassTester(eliminate_identity, between(row.op, row.attributes, row.to)).changed());
  }
}

TEST(EliminateIdentity, ChainsBecomeOne) {
  PassTester reshapes(eliminate_identity, [](GraphRunner& r) {
    const ValueId x = r.input({2, 12});
    mark_output(r, emit(r, "Reshape", {emit(r, "Reshape", {emit(r, "Reshape", {x}, {24})}, {4, 6})}, {3, 8}));
  });
  EXPECT_EQ(reshapes.ops(), "Reshape");
  reshapes.expect_same_numbers(0);
  PassTester transposes(eliminate_identity, [](GraphRunner& r) {
    const ValueId first = emit(r, "Transpose", {r.input({2, 3, 4, 5})}, {5, 2, 4, 3}, {{"perm", List{3, 0, 2, 1}}});
    mark_output(r, emit(r, "Transpose", {first}, {2, 4, 5, 3}, {{"perm", List{1, 2, 0, 3}}}));
  });
  EXPECT_EQ(transposes.ops(), "Transpose");
  transposes.expect_same_numbers(0);
}

TEST(EliminateIdentity, ThereAndBackVanishes) {
  PassTester t(eliminate_identity, [](GraphRunner& r) {
    const ValueId x = emit(r, "Relu", {r.input({1, 3, 4, 5})}, {1, 3, 4, 5});
    const ValueId away = emit(r, "Transpose", {x}, {1, 4, 5, 3}, {{"perm", List{0, 2, 3, 1}}});
    const ValueId back = emit(r, "Transpose", {away}, {1, 3, 4, 5}, {{"perm", List{0, 3, 1, 2}}});
    mark_output(r, emit(r, "Neg", {back}, {1, 3, 4, 5}));
    mark_output(r, emit(r, "Abs", {away}, {1, 4, 5, 3}));
  });
  EXPECT_EQ(t.ops(), "Relu Transpose Neg Abs");
  t.expect_same_numbers(0);
}

TEST(EliminateIdentity, GraphOutputsKeepTheirNames) {
  PassTester t(eliminate_identity, [](GraphRunner& r) {
    const ValueId y = emit(r, "Identity", {emit(r, "Relu", {r.input(kShape)}, kShape)}, kShape);
    r.graph.value(y).name = "scores";
    mark_output(r, y);
  });
  EXPECT_EQ(t.ops(), "Relu");
  EXPECT_EQ(t.after.graph.outputs[0].name, "scores");
  EXPECT_EQ(t.after.graph.value(t.after.graph.outputs[0].value).name, "scores");
  t.expect_same_numbers(0);
}

TEST(EliminateIdentity, OutputsThatNeedTheirNodeKeepIt) {
  PassTester t(eliminate_identity, [](GraphRunner& r) {
    const ValueId x = r.input(kShape), y = emit(r, "Relu", {x}, kShape);
    mark_output(r, emit(r, "Identity", {x}, kShape));                                    // of an input
    mark_output(r, emit(r, "Identity", {r.constant({2}, {1, 2})}, {2}));                 // of a constant
    mark_output(r, y);
    mark_output(r, emit(r, "Identity", {y}, kShape));                                    // of another output
  });
  EXPECT_FALSE(t.changed());
  t.expect_same_numbers(0);
}

// x -> Relu -> Reshape (no-op) -> Neg, pinned at the Relu's output and the Reshape's.
PassTester pinned(const Quantization& before, const Quantization& behind, bool second_reader = false) {
  return PassTester(eliminate_identity, [=](GraphRunner& r) {
    const ValueId x = emit(r, "Relu", {r.input(kShape)}, kShape), y = emit(r, "Reshape", {x}, kShape);
    r.graph.value(x).quantization = before;
    r.graph.value(y).quantization = behind;
    mark_output(r, emit(r, "Neg", {y}, kShape));
    if (second_reader) mark_output(r, emit(r, "Abs", {x}, kShape));
  });
}

TEST(EliminateIdentity, PinnedScales) {
  const Quantization none, a = quantization(0.5f, 1), b = quantization(0.25f, 1);
  EXPECT_EQ(pinned(a, a).ops(), "Relu Neg");
  EXPECT_EQ(pinned(a, none).ops(), "Relu Neg");
  EXPECT_FALSE(pinned(a, b).changed());                  // rounds twice
  EXPECT_TRUE(pinned(a, b).noted("rounds value"));
  EXPECT_FALSE(pinned(none, a, true).changed());         // Abs reads the value that is not rounded
  const PassTester moved = pinned(none, a);
  EXPECT_EQ(moved.ops(), "Relu Neg");
  EXPECT_EQ(moved.after.graph.value(moved.node(0).outputs[0]).quantization.scale, 0.5f);
}

TEST(EliminateIdentity, AChainWithAPinnedMiddleStays) {
  PassTester t(eliminate_identity, [](GraphRunner& r) {
    const ValueId middle = emit(r, "Reshape", {r.input(kShape)}, {72});
    r.graph.value(middle).quantization = quantization(0.5f, 0);
    mark_output(r, emit(r, "Reshape", {middle}, {8, 9}));
  });
  EXPECT_EQ(t.ops(), "Reshape Reshape");
  EXPECT_TRUE(t.noted("rounds value"));
}

TEST(EliminateCommonSubexpressions, EqualNodesBecomeOneAllTheWayDown) {
  PassTester t(eliminate_common_subexpressions, [](GraphRunner& r) {
    const ValueId x = r.input(kShape);
    ValueId branches[2];
    for (ValueId& branch : branches) {
      const ValueId scaled = emit(r, "Mul", {x, scalar(r, 2)}, kShape);   // each with a constant of its own
      branch = emit(r, "LeakyRelu", {scaled}, kShape, {{"alpha", 0.1f}});
    }
    mark_output(r, emit(r, "Add", {branches[0], emit(r, "Neg", {branches[1]}, kShape)}, kShape));
  });
  EXPECT_EQ(t.ops(), "Mul LeakyRelu Neg Add");
  EXPECT_EQ(t.rounds, 1);
  t.expect_same_numbers(0);
}

// Two nodes that differ in something; nothing may be merged.
void expect_different(const Build& build) { EXPECT_FALSE(PassTester(eliminate_common_subexpressions, build).changed()); }

TEST(EliminateCommonSubexpressions, WhatDiffersStays) {
  expect_different([](GraphRunner& r) {   // attributes
    const ValueId x = r.input(kShape);
    for (float alpha : {0.1f, 0.2f})
      mark_output(r, emit(r, "Neg", {emit(r, "LeakyRelu", {x}, kShape, {{"alpha", alpha}})}, kShape));
  });
  expect_different([](GraphRunner& r) {   // constants
    const ValueId x = r.input(kShape);
    for (double c : {1.0, 2.0})
      mark_output(r, emit(r, "Neg", {emit(r, "Mul", {x, scalar(r, c)}, kShape)}, kShape));
  });
  expect_different([](GraphRunner& r) {   // the shape that a Reshape states
    const ValueId x = r.input(kShape);
    for (const Dims& to : {Dims{72}, Dims{8, 9}}) mark_output(r, emit(r, "Neg", {emit(r, "Reshape", {x}, to)}, to));
  });
  expect_different([](GraphRunner& r) {   // operand order of a difference
    const ValueId x = r.input(kShape), y = r.input(kShape);
    mark_output(r, emit(r, "Neg", {emit(r, "Sub", {x, y}, kShape)}, kShape));
    mark_output(r, emit(r, "Neg", {emit(r, "Sub", {y, x}, kShape)}, kShape));
  });
  expect_different([](GraphRunner& r) {   // pinned scales
    const ValueId x = r.input(kShape);
    for (float scale : {0.5f, 0.25f}) {
      const ValueId y = emit(r, "Relu", {x}, kShape);
      r.graph.value(y).quantization = quantization(scale, 0);
      mark_output(r, emit(r, "Neg", {y}, kShape));
    }
  });
  expect_different([](GraphRunner& r) {   // two graph outputs
    const ValueId x = r.input(kShape);
    for (int i = 0; i < 2; ++i) mark_output(r, emit(r, "Relu", {x}, kShape));
  });
}

TEST(EliminateCommonSubexpressions, CommutativeOperandsAndOutputNames) {
  PassTester t(eliminate_common_subexpressions, [](GraphRunner& r) {
    const ValueId x = r.input(kShape), y = r.input(kShape);
    const ValueId sum = emit(r, "Add", {x, y}, kShape);
    const ValueId output = emit(r, "Add", {y, x}, kShape);
    r.graph.value(output).name = "total";
    mark_output(r, emit(r, "Neg", {sum}, kShape));
    mark_output(r, output);
  });
  EXPECT_EQ(t.ops(), "Add Neg");
  EXPECT_EQ(t.after.graph.value(t.after.graph.outputs[1].value).name, "total");
  t.expect_same_numbers(0);
}

}  // namespace
}  // namespace octet::testing
