// SPDX-License-Identifier: Apache-2.0
#include "converter/repair/round_weights.h"

#include <gtest/gtest.h>

#include <cmath>

#include "quantize_graph.h"
#include "tests/testing/random.h"

namespace octet::converter {
namespace {

constexpr uint64_t kSeed = 5;

std::vector<double> random_weights(size_t count, testing::Random* random) {
  std::vector<double> weights(count);
  for (double& w : weights) w = static_cast<double>(random->f32(-126.0f, 126.0f));
  return weights;
}

std::vector<int8_t> nearest(const std::vector<double>& weights) {
  std::vector<int8_t> rounded;
  for (double w : weights) rounded.push_back(static_cast<int8_t>(std::nearbyint(w)));
  return rounded;
}

// Inputs that rise and fall together: all of them follow a few common ones.
std::vector<int16_t> correlated_rows(size_t size, size_t positions, testing::Random* random) {
  std::vector<int16_t> rows(size * positions);
  for (size_t p = 0; p < positions; ++p) {
    const double common[2] = {static_cast<double>(random->f32(0, 200)),
                              static_cast<double>(random->f32(0, 200))};
    for (size_t i = 0; i < size; ++i) {
      const double x = common[i % 2] + static_cast<double>(random->f32(-20, 20));
      rows[i * positions + p] = static_cast<int16_t>(std::lround(std::fmin(std::fmax(x, 0), 255)));
    }
  }
  return rows;
}

double total_error(const RoundingProblem& problem, const std::vector<int8_t>& rounded) {
  double total = 0;
  std::vector<double> e(problem.size());
  for (size_t c = 0; c < problem.channels; ++c) {
    for (size_t i = 0; i < e.size(); ++i)
      e[i] = rounded[c * e.size() + i] - problem.weights[c * e.size() + i];
    total += output_error(problem.gram, e);
  }
  return total;
}

// What the methods lessen: with the damping of G's diagonal.
double damped_error(const RoundingProblem& problem, const std::vector<int8_t>& rounded) {
  double squares = 0;
  for (size_t i = 0; i < rounded.size(); ++i) {
    const double e = rounded[i] - problem.weights[i];
    squares += e * e;
  }
  return total_error(problem, rounded) + damping_of(problem.gram, kRoundingDamping) * squares;
}

class Rounding : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override { ASSERT_TRUE(find_rounding(GetParam(), &row).ok()); }
  const RoundingRow* row = nullptr;
};

INSTANTIATE_TEST_SUITE_P(Repair, Rounding, ::testing::Values("gptq", "descent", "admm"));

TEST_P(Rounding, CutsTheOutputErrorOfCorrelatedInputs) {
  testing::Random random(kSeed);
  const size_t size = 72, positions = 1000, channels = 8;
  const Gram gram = compute_gram(correlated_rows(size, positions, &random), positions, Workers());
  const std::vector<double> weights = random_weights(size * channels, &random);
  const RoundingProblem problem{gram, channels, weights};
  std::vector<int8_t> rounded = nearest(weights);
  const double before = total_error(problem, rounded);
  row->round(problem, Workers(), &rounded);
  EXPECT_LT(total_error(problem, rounded), before / 10) << "before " << before;
}

TEST(RoundDescent, EndsWhereNoSingleStepPays) {
  testing::Random random(kSeed + 4);
  const size_t size = 24, channels = 20;
  const Gram gram = compute_gram(correlated_rows(size, 400, &random), 400, Workers());
  const std::vector<double> weights = random_weights(size * channels, &random);
  const RoundingProblem problem{gram, channels, weights};
  std::vector<int8_t> gptq = nearest(weights), rounded = gptq;
  round_gptq(problem, Workers(), &gptq);
  round_descent(problem, Workers(), &rounded);
  const double least = damped_error(problem, rounded);
  EXPECT_LE(least, damped_error(problem, gptq));
  for (int8_t& q : rounded)
    for (const int step : {-1, 1}) {
      q = static_cast<int8_t>(q + step);
      EXPECT_GE(damped_error(problem, rounded), least * (1 - 1e-9));
      q = static_cast<int8_t>(q - step);
    }
}

// All ways to round up or down, for one small channel.
double least_error(const RoundingProblem& problem) {
  double least = INFINITY;
  for (unsigned choice = 0; choice < 1u << problem.size(); ++choice) {
    std::vector<int8_t> rounded;
    for (size_t i = 0; i < problem.size(); ++i)
      rounded.push_back(static_cast<int8_t>(std::floor(problem.weights[i]) + (choice >> i & 1)));
    least = std::fmin(least, total_error(problem, rounded));
  }
  return least;
}

TEST(RoundGptq, IsNearTheBestOfAllChoices) {
  testing::Random random(kSeed + 1);
  double sum_nearest = 0, sum_best = 0, sum_gptq = 0;
  for (int i = 0; i < 20; ++i) {
    const Gram gram = compute_gram(correlated_rows(9, 500, &random), 500, Workers());
    const std::vector<double> weights = random_weights(9, &random);
    const RoundingProblem problem{gram, 1, weights};
    std::vector<int8_t> rounded = nearest(weights);
    sum_nearest += total_error(problem, rounded);
    round_gptq(problem, Workers(), &rounded);
    sum_gptq += total_error(problem, rounded);
    sum_best += least_error(problem);
  }
  EXPECT_LT(sum_gptq, sum_nearest / 3) << sum_nearest;
  EXPECT_LT(sum_gptq, 2 * sum_best) << sum_best;
}

TEST_P(Rounding, InputsThatAreAlwaysZeroKeepTheNearest) {
  testing::Random random(kSeed + 2);
  const std::vector<double> weights = random_weights(3 * 7, &random);
  const Gram zeros = compute_gram(std::vector<int16_t>(7 * 40, 0), 40, Workers());
  std::vector<int8_t> rounded = nearest(weights);
  row->round({zeros, 3, weights}, Workers(), &rounded);
  EXPECT_EQ(rounded, nearest(weights));
  std::vector<int16_t> rows = correlated_rows(7, 40, &random);
  std::fill(rows.begin() + 2 * 40, rows.begin() + 3 * 40, int16_t{0});  // the third weight's
  const Gram one_dead = compute_gram(rows, 40, Workers());
  row->round({one_dead, 3, weights}, Workers(), &rounded);
  for (size_t c = 0; c < 3; ++c) EXPECT_EQ(rounded[c * 7 + 2], nearest(weights)[c * 7 + 2]);
}

TEST_P(Rounding, OneWeightIsRoundedToTheNearest) {
  const Gram gram = compute_gram({3, 255, -255, 0}, 4, Workers());
  for (const double w : {-127.0, -0.5001, 0.0, 0.49, 126.6}) {
    std::vector<int8_t> rounded = {0};
    row->round({gram, 1, {w}}, Workers(), &rounded);
    EXPECT_EQ(rounded[0], std::nearbyint(w));
  }
}

TEST(Gram, IsExactAndItsFactorMultipliesBack) {
  testing::Random random(kSeed + 3);
  const size_t size = 70, positions = 300;  // more than a panel of the factorization
  std::vector<int16_t> rows(size * positions);
  for (int16_t& x : rows) x = static_cast<int16_t>(random.in_range(-255, 255));
  Gram gram = compute_gram(rows, positions, Workers());
  for (size_t i = 0; i < size; ++i)
    for (size_t j = 0; j < size; ++j) {
      int64_t sum = 0;
      for (size_t p = 0; p < positions; ++p) sum += rows[i * positions + p] * rows[j * positions + p];
      ASSERT_EQ(gram.at(i, j), static_cast<double>(sum));
    }
  double trace = 0;
  for (size_t i = 0; i < size; ++i) trace += gram.at(i, i);
  Gram root = gram;
  factor(0.01, Workers(), &root);
  for (size_t i = 0; i < size; ++i)
    for (size_t j = 0; j <= i; ++j) {
      double sum = 0;
      for (size_t k = 0; k <= j; ++k) sum += root.at(i, k) * root.at(j, k);
      const double expected = gram.at(i, j) + (i == j ? 0.01 * trace / size : 0);
      EXPECT_NEAR(sum, expected, 1e-9 * trace);
    }
}

// One s8 layer with f32 output over random inputs of its own. `wide`: inputs of 16 bits, multiples of 64.
struct Layer {
  QuantizeGraph g;
  Node* node = nullptr;
  std::vector<int8_t> input;
  std::vector<float> output, float_weights;
  bool wide;

  Layer(const std::string& op, Dims x, Dims w, Dims y, std::map<std::string, Attribute> attributes,
        bool in_16_bits = false)
      : wide(in_16_bits) {
    testing::Random random(kSeed + static_cast<uint64_t>(w.back()));
    const ValueId in = g.input("x", x, {});
    g.graph.value(in).type = wide ? schema::TensorType_S16 : schema::TensorType_S8;
    g.graph.value(in).quantization =
        wide ? Quantization{0.5f / 64, 0, {}, -1} : Quantization{0.5f, -3, {}, -1};
    g.graph.inputs[0].type = g.graph.value(in).type;
    Constant weights;
    weights.type = schema::TensorType_S8;
    weights.shape = w;
    Quantization scales;
    scales.channel_axis = 0;
    for (int64_t c = 0; c < w[0]; ++c) scales.channel_scales.push_back(0.25f * static_cast<float>(c + 1));
    size_t count = 1;
    for (int64_t dim : w) count *= static_cast<size_t>(dim);
    for (size_t i = 0; i < count; ++i) {
      const size_t channel = i / (count / static_cast<size_t>(w[0]));
      float_weights.push_back(random.f32(-126.0f, 126.0f) * scales.channel_scales[channel]);
      weights.bytes.push_back(static_cast<uint8_t>(
          static_cast<int8_t>(std::nearbyint(float_weights.back() / scales.channel_scales[channel]))));
    }
    const ValueId id = g.graph.add_constant("w", weights);
    g.graph.value(id).quantization = scales;
    g.output(g.node(op, "layer", {in, id}, y, {}, attributes));
    node = g.find("layer");
    size_t elements = 1;
    for (int64_t dim : x) elements *= static_cast<size_t>(dim);
    for (size_t i = 0; i < elements; ++i) input.push_back(random.s8());
  }

  void run(NodeWalk* walk) {
    std::vector<int16_t> steps;
    for (int8_t q : input) steps.push_back(static_cast<int16_t>(64 * q));
    const auto* bytes =
        reinterpret_cast<const uint8_t*>(wide ? static_cast<void*>(steps.data()) : input.data());
    walk->set_input(node->inputs[0], 0, Bytes(bytes, bytes + input.size() * (wide ? 2 : 1)));
    const Status status = walk->run(*node);
    ASSERT_TRUE(status.ok()) << status.message();
    const auto* data = reinterpret_cast<const float*>(walk->bytes(node->outputs[0], 0).data());
    output.assign(data, data + walk->bytes(node->outputs[0], 0).size() / 4);
  }

  // Every output from the gathered rows.
  void check_inputs() {
    NodeWalk walk(g.graph, 1);
    run(&walk);
    const LayerInputs inputs(g.graph, *node, walk, 1, size_t{1} << 20);
    const Value& w = g.graph.value(node->inputs[1]);
    const size_t channels = w.quantization.channel_scales.size();
    ASSERT_EQ(inputs.positions() * channels, output.size());
    const size_t all = float_weights.size() / channels, group_outputs = channels / inputs.groups();
    for (size_t c = 0; c < channels; ++c) {
      std::vector<int16_t> rows;
      inputs.gather(c / group_outputs, 0, inputs.group_channels(), &rows);
      for (size_t p = 0; p < inputs.positions(); ++p) {
        double sum = 0;
        for (size_t i = 0; i < all; ++i)
          sum += w.constant->as<int8_t>()[c * all + i] * rows[i * inputs.positions() + p];
        ASSERT_FLOAT_EQ(
            output[p * channels + c],
            static_cast<float>(sum * 0.5 * static_cast<double>(w.quantization.channel_scales[c])));
      }
    }
  }
};

const std::vector<int64_t> kTwo = {2, 2}, kThree = {3, 3}, kOnes = {1, 1, 1, 1};

std::vector<Layer> layers() {
  std::vector<Layer> all;
  all.emplace_back(
      "Conv", Dims{1, 7, 6, 5}, Dims{4, 3, 3, 5}, Dims{1, 4, 3, 4},
      std::map<std::string, Attribute>{{"kernel_shape", kThree}, {"pads", kOnes}, {"strides", kTwo}});
  all.emplace_back(
      "Conv", Dims{2, 9, 9, 6}, Dims{6, 3, 3, 1}, Dims{2, 5, 5, 6},
      std::map<std::string, Attribute>{{"kernel_shape", kThree}, {"dilations", kTwo}, {"group", int64_t{6}}});
  all.emplace_back(
      "Conv", Dims{1, 4, 4, 8}, Dims{6, 1, 1, 4}, Dims{1, 4, 4, 6},
      std::map<std::string, Attribute>{{"kernel_shape", std::vector<int64_t>{1, 1}}, {"group", int64_t{2}}});
  all.emplace_back(
      "ConvTranspose", Dims{1, 4, 3, 3}, Dims{2, 3, 3, 3}, Dims{1, 7, 5, 2},
      std::map<std::string, Attribute>{{"kernel_shape", kThree}, {"pads", kOnes}, {"strides", kTwo}});
  all.emplace_back("FullyConnected", Dims{5, 11}, Dims{3, 11}, Dims{5, 3},
                   std::map<std::string, Attribute>{});
  all.emplace_back("FullyConnected", Dims{1, 1}, Dims{1, 1}, Dims{1, 1}, std::map<std::string, Attribute>{});
  all.emplace_back(
      "Conv", Dims{1, 7, 6, 5}, Dims{4, 3, 3, 5}, Dims{1, 4, 3, 4},
      std::map<std::string, Attribute>{{"kernel_shape", kThree}, {"pads", kOnes}, {"strides", kTwo}}, true);
  all.emplace_back("FullyConnected", Dims{5, 11}, Dims{3, 11}, Dims{5, 3}, std::map<std::string, Attribute>{},
                   true);
  return all;
}

TEST(LayerInputs, AreWhatTheKernelsMultiply) {
  for (Layer& layer : layers()) layer.check_inputs();
}

TEST_P(Rounding, NeverIncreasesTheErrorOfALayer) {
  for (Layer& layer : layers()) {
    NodeWalk walk(layer.g.graph, 1);
    layer.run(&walk);
    const LayerInputs inputs(layer.g.graph, *layer.node, walk, 1, 8192);
    const Value& w = layer.g.graph.value(layer.node->inputs[1]);
    const Constant reference = make_f32(w.shape, layer.float_weights);
    const int8_t* before = w.constant->as<int8_t>();
    std::vector<int8_t> rounded(before, before + w.constant->elements());
    const RoundingResult result =
        round_weights({layer.g.graph, *layer.node, reference, inputs}, *row, Workers(), &rounded);
    EXPECT_LE(result.after, result.before) << w.shape[0];
    EXPECT_TRUE(result.kept.empty());
    if (rounded.size() > 20) {
      EXPECT_GT(result.changed, 0u);
    }
    for (int8_t q : rounded) EXPECT_GE(q, -127);
  }
}

}  // namespace
}  // namespace octet::converter
