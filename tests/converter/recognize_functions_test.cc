// SPDX-License-Identifier: Apache-2.0
//
// recognize_silu, recognize_mish, recognize_hard_swish, recognize_gelu: the forms that exporters write, and near misses.
#include "tests/converter/pass_tester.h"

namespace octet::testing {
namespace {

using converter::recognize_gelu;
using converter::recognize_hard_swish;
using converter::recognize_mish;
using converter::recognize_silu;

const Dims kShape = {2, 3, 16};

using Form = std::function<ValueId(GraphRunner&, ValueId x)>;

Build graph_of(const Form& form) {
  return [form](GraphRunner& r) { mark_output(r, form(r, r.input(kShape))); };
}

ValueId unary(GraphRunner& r, const char* op, ValueId x) { return emit(r, op, {x}, kShape); }
ValueId binary(GraphRunner& r, const char* op, ValueId a, ValueId b) { return emit(r, op, {a, b}, kShape); }
ValueId clip(GraphRunner& r, ValueId x, float low, float high) {
  return emit(r, "Clip", {x}, kShape, {{"min", low}, {"max", high}});
}
ValueId hard_sigmoid(GraphRunner& r, ValueId x, float alpha, float beta) {
  return emit(r, "HardSigmoid", {x}, kShape, {{"alpha", alpha}, {"beta", beta}});
}

void expect_becomes(Pass pass, const char* op, const std::vector<Form>& forms) {
  for (size_t i = 0; i < forms.size(); ++i) {
    SCOPED_TRACE(std::string(op) + " form " + std::to_string(i));
    PassTester t(pass, graph_of(forms[i]));
    EXPECT_EQ(t.ops(), op);
    t.expect_same_numbers(1e-4);   // constants are accepted to four digits
  }
}

void expect_stays(Pass pass, const std::vector<Form>& forms) {
  for (size_t i = 0; i < forms.size(); ++i) {
    SCOPED_TRACE("form " + std::to_string(i));
    PassTester t(pass, graph_of(forms[i]));
    EXPECT_FALSE(t.changed()) << t.ops();
  }
}

TEST(RecognizeSilu, EitherOperandOrder) {
  expect_becomes(recognize_silu, "Silu",
                 {[](GraphRunner& r, ValueId x) { return binary(r, "Mul", x, unary(r, "Sigmoid", x)); },
                  [](GraphRunner& r, ValueId x) { return binary(r, "Mul", unary(r, "Sigmoid", x), x); }});
}

TEST(RecognizeSilu, NearMisses) {
  expect_stays(recognize_silu,
               {[](GraphRunner& r, ValueId x) { return binary(r, "Mul", unary(r, "Tanh", x), x); },
                [](GraphRunner& r, ValueId x) { return binary(r, "Add", unary(r, "Sigmoid", x), x); },
                [](GraphRunner& r, ValueId x) { return binary(r, "Mul", unary(r, "Sigmoid", unary(r, "Abs", x)), x); },
                [](GraphRunner& r, ValueId x) {   // a gate: another sigmoid argument
                  return binary(r, "Mul", unary(r, "Sigmoid", binary(r, "Mul", x, scalar(r, 1.702))), x);
                }});
}

TEST(RecognizeSilu, SharedSigmoidStaysForItsOtherReader) {
  PassTester t(recognize_silu, [](GraphRunner& r) {
    const ValueId x = r.input(kShape), gate = unary(r, "Sigmoid", x);
    mark_output(r, binary(r, "Mul", x, gate));
    mark_output(r, gate);
  });
  EXPECT_EQ(t.ops(), "Sigmoid Silu");
  t.expect_same_numbers();
}

TEST(RecognizeSilu, AnArithmeticArgumentIsTakenAsX) {
  PassTester t(recognize_silu, graph_of([](GraphRunner& r, ValueId x) {
    const ValueId biased = binary(r, "Add", x, scalar(r, 0.7));
    return binary(r, "Mul", biased, unary(r, "Sigmoid", biased));
  }));
  EXPECT_EQ(t.ops(), "Add Silu");
  t.expect_same_numbers();
}

TEST(RecognizeSilu, AFusedActivationIsNoPlainProduct) {
  PassTester t(recognize_silu, [](GraphRunner& r) {
    const ValueId x = r.input(kShape);
    mark_output(r, emit(r, "Mul", {x, unary(r, "Sigmoid", x)}, kShape, {{"activation_min", 0.0f}}));
  });
  EXPECT_FALSE(t.changed());
}

TEST(RecognizeSilu, APinnedGateStaysAndIsNotedOnce) {
  PassTester t(recognize_silu, graph_of([](GraphRunner& r, ValueId x) {
    const ValueId gate = unary(r, "Sigmoid", x);
    r.graph.value(gate).quantization = quantization(1.0f / 256, -128);
    return binary(r, "Mul", x, gate);
  }));
  EXPECT_FALSE(t.changed());
  EXPECT_TRUE(t.noted("rounds value"));
  bool changed = false;
  ASSERT_TRUE(recognize_silu(&t.after.graph, &t.after.diagnostics, &changed).ok());
  EXPECT_EQ(t.after.diagnostics.items().size(), 1u);
}

TEST(RecognizeSilu, PinnedEndsStay) {
  PassTester t(recognize_silu, graph_of([](GraphRunner& r, ValueId x) {
    r.graph.value(x).quantization = quantization(0.1f, 3);
    const ValueId y = binary(r, "Mul", x, unary(r, "Sigmoid", x));
    r.graph.value(y).quantization = quantization(0.2f, -5);
    return y;
  }));
  EXPECT_EQ(t.ops(), "Silu");
  EXPECT_EQ(t.after.graph.value(t.node(0).inputs[0]).quantization.zero_point, 3);
  EXPECT_EQ(t.after.graph.value(t.node(0).outputs[0]).quantization.zero_point, -5);
}

TEST(RecognizeMish, EitherOperandOrderAndNearMisses) {
  const auto gate = [](GraphRunner& r, ValueId x) { return unary(r, "Tanh", unary(r, "Softplus", x)); };
  expect_becomes(recognize_mish, "Mish",
                 {[=](GraphRunner& r, ValueId x) { return binary(r, "Mul", x, gate(r, x)); },
                  [=](GraphRunner& r, ValueId x) { return binary(r, "Mul", gate(r, x), x); }});
  expect_stays(recognize_mish,
               {[=](GraphRunner& r, ValueId x) { return binary(r, "Mul", gate(r, unary(r, "Neg", x)), x); },
                [](GraphRunner& r, ValueId x) { return binary(r, "Mul", unary(r, "Softplus", x), x); }});
}

ValueId relu6_of_3(GraphRunner& r, ValueId x) { return clip(r, binary(r, "Add", x, scalar(r, 3)), 0, 6); }

TEST(RecognizeHardSwish, Forms) {
  expect_becomes(
      recognize_hard_swish, "HardSwish",
      {[](GraphRunner& r, ValueId x) { return binary(r, "Div", binary(r, "Mul", x, relu6_of_3(r, x)), scalar(r, 6)); },
       [](GraphRunner& r, ValueId x) { return binary(r, "Mul", x, binary(r, "Div", relu6_of_3(r, x), scalar(r, 6))); },
       [](GraphRunner& r, ValueId x) {
         return binary(r, "Mul", scalar(r, 1.0 / 6), binary(r, "Mul", relu6_of_3(r, x), x));
       },
       [](GraphRunner& r, ValueId x) {
         return binary(r, "Mul", binary(r, "Mul", x, scalar(r, 0.16666667)), relu6_of_3(r, x));
       },
       [](GraphRunner& r, ValueId x) {
         const ValueId shifted = clip(r, binary(r, "Add", scalar(r, 3), x), 0, 6);
         return binary(r, "Mul", binary(r, "Mul", shifted, scalar(r, 1.0 / 6)), x);
       },
       [](GraphRunner& r, ValueId x) {
         const ValueId shifted = clip(r, binary(r, "Sub", x, scalar(r, -3)), 0, 6);
         return binary(r, "Div", binary(r, "Mul", x, shifted), r.constant({1, 1, 1}, {6}));
       },
       [](GraphRunner& r, ValueId x) {
         const ValueId scaled = binary(r, "Add", binary(r, "Div", x, scalar(r, 6)), scalar(r, 0.5));
         return binary(r, "Mul", clip(r, scaled, 0, 1), x);
       },
       [](GraphRunner& r, ValueId x) { return binary(r, "Mul", x, hard_sigmoid(r, x, 1.0f / 6, 0.5f)); },
       [](GraphRunner& r, ValueId x) { return binary(r, "Mul", hard_sigmoid(r, x, 0.16666f, 0.5f), x); }});
}

TEST(RecognizeHardSwish, HardSigmoidForms) {
  expect_becomes(
      recognize_hard_swish, "HardSigmoid",
      {[](GraphRunner& r, ValueId x) { return binary(r, "Div", relu6_of_3(r, x), scalar(r, 6)); },
       [](GraphRunner& r, ValueId x) { return binary(r, "Mul", scalar(r, 1.0 / 6), relu6_of_3(r, x)); },
       [](GraphRunner& r, ValueId x) {
         return clip(r, binary(r, "Add", binary(r, "Mul", x, scalar(r, 0.2)), scalar(r, 0.5)), 0, 1);
       }});
}

TEST(RecognizeHardSwish, NearMisses) {
  expect_stays(
      recognize_hard_swish,
      {[](GraphRunner& r, ValueId x) { return binary(r, "Mul", x, relu6_of_3(r, x)); },   // no / 6
       [](GraphRunner& r, ValueId x) { return binary(r, "Div", binary(r, "Mul", x, clip(r, x, 0, 6)), scalar(r, 6)); },
       [](GraphRunner& r, ValueId x) { return binary(r, "Mul", x, hard_sigmoid(r, x, 0.2f, 0.5f)); },
       [](GraphRunner& r, ValueId x) { return clip(r, x, 0, 1); },
       [](GraphRunner& r, ValueId x) {
         const ValueId three = r.constant({16}, std::vector<float>(16, 3));
         return binary(r, "Div", relu6_of_3(r, binary(r, "Mul", x, three)), scalar(r, 5));
       },
       [](GraphRunner& r, ValueId x) {   // 6 / (x * clip) is something else
         return binary(r, "Div", scalar(r, 6), binary(r, "Mul", x, relu6_of_3(r, x)));
       }});
}

TEST(RecognizeHardSwish, OfABiasedProductInsideANetwork) {
  PassTester t(recognize_hard_swish, [](GraphRunner& r) {
    const ValueId x = r.input(kShape);
    const ValueId before = binary(r, "Add", binary(r, "Mul", x, scalar(r, 2)), scalar(r, 1));
    const ValueId y = binary(r, "Div", binary(r, "Mul", before, relu6_of_3(r, before)), scalar(r, 6));
    mark_output(r, binary(r, "Add", y, x));
  });
  EXPECT_EQ(t.ops(), "Mul Add HardSwish Add");
  t.expect_same_numbers();
}

TEST(RecognizeHardSwish, APinnedClipStays) {
  PassTester t(recognize_hard_swish, graph_of([](GraphRunner& r, ValueId x) {
    const ValueId shifted = relu6_of_3(r, x);
    r.graph.value(shifted).quantization = quantization(6.0f / 255, -128);
    return binary(r, "Div", binary(r, "Mul", x, shifted), scalar(r, 6));
  }));
  EXPECT_FALSE(t.changed());
  EXPECT_TRUE(t.noted("rounds value"));
}

ValueId one_plus_erf(GraphRunner& r, ValueId x) {
  return binary(r, "Add", unary(r, "Erf", binary(r, "Div", x, scalar(r, 1.41421356))), scalar(r, 1));
}

ValueId cubic_tanh(GraphRunner& r, ValueId x, ValueId cube) {
  const ValueId sum = binary(r, "Add", x, binary(r, "Mul", cube, scalar(r, 0.044715)));
  return binary(r, "Add", scalar(r, 1), unary(r, "Tanh", binary(r, "Mul", sum, scalar(r, 0.79788456))));
}

TEST(RecognizeGelu, ErfForms) {
  expect_becomes(
      recognize_gelu, "Gelu",
      {[](GraphRunner& r, ValueId x) { return binary(r, "Mul", binary(r, "Mul", x, one_plus_erf(r, x)), scalar(r, 0.5)); },
       [](GraphRunner& r, ValueId x) { return binary(r, "Mul", binary(r, "Mul", x, scalar(r, 0.5)), one_plus_erf(r, x)); },
       [](GraphRunner& r, ValueId x) { return binary(r, "Div", binary(r, "Mul", one_plus_erf(r, x), x), scalar(r, 2)); },
       [](GraphRunner& r, ValueId x) {
         const ValueId erf = unary(r, "Erf", binary(r, "Mul", scalar(r, 0.70710678), x));
         const ValueId half = binary(r, "Mul", binary(r, "Add", scalar(r, 1), erf), scalar(r, 0.5));
         return binary(r, "Mul", x, half);
       },
       [](GraphRunner& r, ValueId x) {   // x * (0.5 + 0.5 * erf)
         const ValueId erf = unary(r, "Erf", binary(r, "Mul", x, scalar(r, 0.7071)));
         return binary(r, "Mul", x, binary(r, "Add", binary(r, "Mul", erf, scalar(r, 0.5)), scalar(r, 0.5)));
       }});
}

TEST(RecognizeGelu, TanhForms) {
  expect_becomes(
      recognize_gelu, "GeluTanh",
      {[](GraphRunner& r, ValueId x) {
         const ValueId cube = binary(r, "Pow", x, scalar(r, 3));
         return binary(r, "Mul", binary(r, "Mul", scalar(r, 0.5), x), cubic_tanh(r, x, cube));
       },
       [](GraphRunner& r, ValueId x) {
         const ValueId cube = binary(r, "Mul", x, binary(r, "Mul", x, x));
         return binary(r, "Mul", x, binary(r, "Mul", cubic_tanh(r, x, cube), scalar(r, 0.5)));
       },
       [](GraphRunner& r, ValueId x) {   // x * 0.797 * (1 + 0.0447 * x * x)
         const ValueId left = binary(r, "Mul", x, scalar(r, 0.7978845608));
         const ValueId square = binary(r, "Mul", binary(r, "Mul", x, scalar(r, 0.044715)), x);
         const ValueId inner = binary(r, "Mul", left, binary(r, "Add", square, scalar(r, 1)));
         const ValueId outer = binary(r, "Add", unary(r, "Tanh", inner), scalar(r, 1));
         return binary(r, "Mul", binary(r, "Mul", x, scalar(r, 0.5)), outer);
       }});
}

TEST(RecognizeGelu, NearMisses) {
  expect_stays(recognize_gelu,
               {[](GraphRunner& r, ValueId x) { return binary(r, "Mul", x, one_plus_erf(r, x)); },
                [](GraphRunner& r, ValueId x) {   // x / 1.4, not sqrt(2)
                  const ValueId erf = unary(r, "Erf", binary(r, "Div", x, scalar(r, 1.4)));
                  const ValueId sum = binary(r, "Add", erf, scalar(r, 1));
                  return binary(r, "Mul", binary(r, "Mul", x, sum), scalar(r, 0.5));
                },
                [](GraphRunner& r, ValueId x) {
                  const ValueId cube = binary(r, "Pow", x, scalar(r, 2));
                  return binary(r, "Mul", binary(r, "Mul", scalar(r, 0.5), x), cubic_tanh(r, x, cube));
                }});
}

TEST(RecognizeGelu, AConstantPerChannelIsNoNumber) {
  expect_stays(recognize_gelu, {[](GraphRunner& r, ValueId x) {
    std::vector<float> root(16, 1.41421356f);
    root[3] = 1.5f;
    const ValueId erf = unary(r, "Erf", binary(r, "Div", x, r.constant({16}, root)));
    return binary(r, "Mul", binary(r, "Mul", x, binary(r, "Add", erf, scalar(r, 1))), scalar(r, 0.5));
  }});
}

TEST(RecognizeGelu, BroadcastThatGrowsTheResultStays) {
  PassTester t(recognize_gelu, [](GraphRunner& r) {
    const ValueId x = r.input({4});
    const ValueId erf = emit(r, "Erf", {emit(r, "Div", {x, scalar(r, 1.41421356)}, {4})}, {4});
    const ValueId sum = emit(r, "Add", {erf, r.constant({2, 1}, {1, 1})}, {2, 4});
    mark_output(r, emit(r, "Mul", {emit(r, "Mul", {x, sum}, {2, 4}), scalar(r, 0.5)}, {2, 4}));
  });
  EXPECT_FALSE(t.changed());
}

}  // namespace
}  // namespace octet::testing
