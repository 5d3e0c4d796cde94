// SPDX-License-Identifier: Apache-2.0
//
// Random graphs give the same values with reused memory, islands and shared
// Reshapes as with a place of its own for every tensor.
#include <gtest/gtest.h>

#include <random>

#include "tests/testing/op_tester.h"

namespace octet {
namespace {

using testing::OpTester;

// Steps of a random f32 graph over tensors [n] and [n/2, 2]: exact operators only, some of which
// XNNPACK takes (Neg, Abs, Add, Sub) and some not (Sign), and Reshapes between the two shapes.
class RandomGraph : public OpTester {
 public:
  explicit RandomGraph(std::mt19937* random) : random_(*random) {
    for (int i = 0; i < 3; ++i) tensors_.push_back({input(schema::TensorType_F32, {kLength}), false});
    const int operators = 5 + static_cast<int>(random_() % 40);
    for (int i = 0; i < operators; ++i) add_random_operator();
    for (size_t i = 3; i < tensors_.size(); ++i)
      if (random_() % 8 == 0 || i + 1 == tensors_.size()) output(tensors_[i].index);
  }

  std::vector<std::vector<float>> values(const SessionOptions& options) {
    const ::testing::AssertionResult created = create(options);
    EXPECT_TRUE(created);
    if (!created) return {};
    for (size_t i = 0; i < 3; ++i) {
      std::vector<float> in(kLength);
      for (size_t k = 0; k < in.size(); ++k) in[k] = static_cast<float>((k * 7 + i * 5) % 23) - 11.0f;
      set<float>(i, in);
    }
    run();
    std::vector<std::vector<float>> outputs;
    for (size_t i = 0; i < session().output_count(); ++i) outputs.push_back(get<float>(i));
    return outputs;
  }

 private:
  static constexpr int kLength = 24;
  struct Node {
    int index;
    bool folded;  // [n/2, 2] rather than [n]
  };

  // Recent tensors more often than old ones, so that lifetimes differ.
  Node pick() {
    const size_t back =
        random_() % 3 == 0 ? random_() % tensors_.size() : random_() % std::min<size_t>(4, tensors_.size());
    return tensors_[tensors_.size() - 1 - back];
  }
  Node fresh(bool folded) {
    const std::vector<int> shape = folded ? std::vector<int>{kLength / 2, 2} : std::vector<int>{kLength};
    return {tensor(schema::TensorType_F32, shape), folded};
  }

  void add_random_operator() {
    const Node a = pick();
    const uint32_t kind = random_() % 6;
    const Node out = fresh(kind == 0 ? !a.folded : a.folded);
    const schema::UnaryKind unary[] = {schema::UnaryKind_Neg, schema::UnaryKind_Abs, schema::UnaryKind_Sign};
    if (kind == 0) {
      add(schema::OperatorType_Reshape, {a.index}, {out.index});
    } else if (kind <= 3) {
      add(schema::OperatorType_Unary, {a.index}, {out.index},
          schema::CreateUnaryOptions(builder(), unary[kind - 1]));
    } else {
      Node b = pick();
      if (b.folded != a.folded) b = a;
      add(schema::OperatorType_Binary, {a.index, b.index}, {out.index},
          schema::CreateBinaryOptions(builder(),
                                      kind == 4 ? schema::BinaryKind_Add : schema::BinaryKind_Sub));
    }
    tensors_.push_back(out);
  }

  std::mt19937& random_;
  std::vector<Node> tensors_;
};

TEST(SessionPlan, RandomGraphsKeepTheirValues) {
  const uint32_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int trial = 0; trial < 150; ++trial) {
    SCOPED_TRACE("trial " + std::to_string(trial));
    RandomGraph graph(&random);
    SessionOptions keep = OpTester::options(1, "", false);
    keep.keep_all_tensors = true;
    const auto expected = graph.values(keep);
    ASSERT_FALSE(expected.empty());
    EXPECT_EQ(graph.values(OpTester::options(1, "", false)), expected);
    EXPECT_EQ(graph.values(OpTester::options(1, "", true)), expected);
    keep.use_xnnpack = true;
    EXPECT_EQ(graph.values(keep), expected);
    if (::testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace octet
