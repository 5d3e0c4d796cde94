// SPDX-License-Identifier: Apache-2.0
//
// Random graphs made of what the passes look for, with shared values, several outputs and things that only look
// alike. Whatever the passes do together, in whatever order: the same numbers must come out.
#include "tests/converter/pass_tester.h"

namespace octet::testing {
namespace {

using converter::Diagnostics;
using List = std::vector<int64_t>;

const Dims kShape = {1, 6, 6, 4};

const Pass kPasses[] = {
    converter::recognize_silu,       converter::recognize_mish,
    converter::recognize_hard_swish, converter::recognize_gelu,
    converter::recognize_layer_norm, converter::eliminate_identity,
    converter::fuse_pad_into_conv,   converter::fold_mul_add_into_conv,
    converter::eliminate_common_subexpressions};

template <bool kBackwards>
Status all_passes(Graph* graph, Diagnostics* diagnostics, bool* changed) {
  const size_t count = std::size(kPasses);
  for (size_t i = 0; i < count; ++i)
    OCTET_RETURN_IF_ERROR(kPasses[kBackwards ? count - 1 - i : i](graph, diagnostics, changed));
  return Status();
}

class RandomGraph {
 public:
  RandomGraph(GraphRunner& r, uint32_t seed) : r_(r), random_(seed) {}

  void build() {
    values_ = {r_.input(kShape), r_.input(kShape)};
    for (int i = 0; i < 14; ++i) values_.push_back(grow());
    const size_t last = values_.size() - 1;
    mark_output(r_, values_[last]);
    for (size_t i = 2; i < last; ++i)
      if (random_.integer(0, 3) == 0) mark_output(r_, values_[i]);
  }

 private:
  // Late values more often, so that chains grow.
  ValueId any() {
    const int last = static_cast<int>(values_.size()) - 1;
    return values_[static_cast<size_t>(std::max(random_.integer(0, last), random_.integer(0, last)))];
  }
  ValueId one(const char* op, ValueId x, std::map<std::string, converter::Attribute> attributes = {}) {
    return emit(r_, op, {x}, kShape, std::move(attributes));
  }
  ValueId two(const char* op, ValueId a, ValueId b) {
    const bool swap = (op[0] == 'A' || op[0] == 'M') && random_.integer(0, 1) == 1;
    return emit(r_, op, swap ? std::vector<ValueId>{b, a} : std::vector<ValueId>{a, b}, kShape);
  }

  ValueId grow() {
    const ValueId x = any();
    switch (random_.integer(0, 9)) {
      case 0: return one(pick({"Relu", "Neg", "Sigmoid", "Identity", "Tanh", "Reshape"}), x);
      case 1: return two(pick({"Add", "Mul", "Sub"}), x, any());
      case 2: case 3: return arithmetic(x);
      case 4: case 5: return conv(x);
      case 6: return there_and_back(x);
      case 7: return max_pool(x);
      case 8: return layer_norm(x);
      default: return function(x);
    }
  }
  const char* pick(std::vector<const char*> ops) {
    return ops[static_cast<size_t>(random_.integer(0, static_cast<int>(ops.size()) - 1))];
  }

  ValueId arithmetic(ValueId x) {
    const std::vector<Dims> shapes = {{}, {4}, {1, 1, 1, 4}, {6, 1}};
    const Dims& shape = shapes[static_cast<size_t>(random_.integer(0, 3))];
    std::vector<float> data = random_.reals(shape, 0.5f, 1.5f);
    if (shape.empty()) data = {static_cast<float>(random_.integer(0, 1))};
    const char* op = pick({"Add", "Mul", "Sub", "Div"});
    if (data[0] == 0 && op[0] == 'D') data[0] = 1;
    return two(op, x, r_.constant(shape, data));
  }

  ValueId conv(ValueId x) {
    const int64_t before = random_.integer(0, 2), own = 2 - before;
    ValueId padded = x;
    if (before > 0 || random_.integer(0, 1) == 1) {
      const int64_t side = 6 + before;
      padded = emit(r_, "Pad", {x}, {1, side, side, 4},
                    {{"mode", std::string("constant")}, {"pads", List{0, before, before, 0, 0, 0, 0, 0}},
                     {"value", random_.integer(0, 3) == 0 ? 0.5f : 0.0f}});
    }
    std::vector<ValueId> inputs = {padded, r_.constant({4, 3, 3, 4}, random_.reals({4, 3, 3, 4}, -0.2f, 0.2f))};
    if (random_.integer(0, 1) == 1) inputs.push_back(r_.constant({4}, random_.reals({4})));
    std::map<std::string, converter::Attribute> attributes = {{"kernel_shape", List{3, 3}}, {"pads", List{0, 0, own, own}}};
    if (random_.integer(0, 3) == 0) attributes["activation_min"] = 0.0f;
    return emit(r_, "Conv", inputs, kShape, attributes);
  }

  ValueId there_and_back(ValueId x) {
    if (random_.integer(0, 1) == 0) return emit(r_, "Reshape", {emit(r_, "Reshape", {x}, {12, 12})}, kShape);
    const ValueId away = emit(r_, "Transpose", {x}, {1, 4, 6, 6}, {{"perm", List{0, 3, 1, 2}}});
    const List back = random_.integer(0, 1) == 0 ? List{0, 2, 3, 1} : List{0, 3, 2, 1};   // the latter turns the image
    return emit(r_, "Transpose", {away}, kShape, {{"perm", back}});
  }

  ValueId max_pool(ValueId x) {
    const ValueId source = random_.integer(0, 1) == 0 ? x : one("Relu", x);
    const ValueId padded = emit(r_, "Pad", {source}, {1, 8, 8, 4},
                                {{"mode", std::string("constant")}, {"pads", List{0, 1, 1, 0, 0, 1, 1, 0}}, {"value", 0.0f}});
    return emit(r_, pick({"MaxPool", "AveragePool"}), {padded}, kShape, {{"kernel_shape", List{3, 3}}});
  }

  ValueId layer_norm(ValueId x) {
    const Dims reduced = {1, 6, 6, 1};
    const auto mean = [&](ValueId value) {
      return emit(r_, "Reduce", {value}, reduced,
                  {{"kind", std::string("Mean")}, {"axes", List{3}}, {"keepdims", int64_t{1}}});
    };
    const ValueId d = two("Sub", x, mean(x)), variance = mean(two("Mul", d, d));
    const ValueId root = emit(r_, "Sqrt", {emit(r_, "Add", {variance, scalar(r_, 0.1)}, reduced)}, reduced);
    return arithmetic(two("Div", d, root));
  }

  ValueId function(ValueId x) {
    switch (random_.integer(0, 3)) {
      case 0: return two("Mul", x, one("Sigmoid", random_.integer(0, 3) == 0 ? any() : x));
      case 1: return two("Mul", x, one("Tanh", one("Softplus", x)));
      case 2: {
        const ValueId erf = one("Erf", two("Div", x, scalar(r_, 1.41421356)));
        return two("Mul", two("Mul", x, two("Add", erf, scalar(r_, 1))), scalar(r_, 0.5));
      }
      default: {
        const ValueId shifted = one("Clip", two("Add", x, scalar(r_, 3)), {{"min", 0.0f}, {"max", 6.0f}});
        return two("Div", two("Mul", random_.integer(0, 3) == 0 ? any() : x, shifted), scalar(r_, 6));
      }
    }
  }

  GraphRunner& r_;
  Random random_;
  std::vector<ValueId> values_;
};

TEST(RandomGraphs, PassesKeepTheNumbers) {
  size_t removed = 0;
  for (uint32_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Build build = [seed](GraphRunner& r) { RandomGraph(r, seed).build(); };
    for (Pass passes : {Pass(all_passes<false>), Pass(all_passes<true>)}) {
      PassTester t(passes, build);
      SCOPED_TRACE(PassTester::ops_of(t.before) + "  ->  " + t.ops());
      t.before.graph.remove_dead_nodes();
      removed += t.before.graph.nodes.size() - t.after.graph.nodes.size();
      t.expect_same_numbers(2e-3, -2, 2);
      if (HasFailure()) return;
    }
  }
  EXPECT_GT(removed, 3000u);   // the graphs do hold what the passes look for
}

}  // namespace
}  // namespace octet::testing
