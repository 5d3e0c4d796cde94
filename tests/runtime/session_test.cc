// SPDX-License-Identifier: Apache-2.0
//
// Sessions: what runs, in which order, on which memory.
#include "runtime/session.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numeric>
#include <random>

#include "tests/testing/op_tester.h"
#include "tests/testing/sample_model.h"

namespace octet {
namespace {

using testing::AlignedBytes;
using testing::OpTester;
using testing::Sample;

constexpr int kSampleOperators = 7;

class SessionTest : public ::testing::Test {
 protected:
  SessionTest() : bytes_(testing::sample_model()) {
    const Status status = Model::load_memory(bytes_.data(), bytes_.size(), &model_);
    EXPECT_TRUE(status.ok()) << status.message();
  }

  std::unique_ptr<Session> create(const SessionOptions& options = SessionOptions()) {
    std::unique_ptr<Session> session;
    const Status status = Session::create(*model_, options, &session);
    EXPECT_TRUE(status.ok()) << status.message();
    return session;
  }

  static void fill_image(Session* session, uint32_t seed) {
    std::mt19937 random(seed);
    for (size_t i = 0; i < session->input(0).bytes; ++i)
      session->input(0).as<uint8_t>()[i] = static_cast<uint8_t>(random());
  }

  static std::vector<uint8_t> bytes_of(const Tensor& tensor) {
    return std::vector<uint8_t>(tensor.as<uint8_t>(), tensor.as<uint8_t>() + tensor.bytes);
  }

  AlignedBytes bytes_;
  std::unique_ptr<Model> model_;
};

TEST_F(SessionTest, ScoresAreAProbability) {
  auto session = create();
  ASSERT_TRUE(session);
  fill_image(session.get(), 1);
  session->run();
  float sum = 0;
  for (size_t i = 0; i < 10; ++i) sum += session->output(0).as<float>()[i];
  EXPECT_NEAR(sum, 1.0f, 1e-5f);
}

TEST_F(SessionTest, SameBytesForThreadsAndCpuFeatures) {
  constexpr uint32_t kImages = 20;
  std::vector<std::vector<uint8_t>> expected;
  for (const char* mask : {"", "portable", "avx2", "avx2,avxvnni", "avx512vnni", "neon"})
    for (const size_t threads : {1, 2}) {
      auto session = create(OpTester::options(threads, mask));
      ASSERT_TRUE(session);
      for (uint32_t seed = 0; seed < kImages; ++seed) {
        fill_image(session.get(), seed);
        session->run();
        const std::vector<uint8_t> features = bytes_of(session->output(1));
        if (expected.size() < kImages) expected.push_back(features);
        EXPECT_EQ(features, expected[seed])
            << "seed " << seed << ", mask '" << mask << "', threads " << threads;
      }
    }
}

TEST_F(SessionTest, MaskTakesEffect) {
  auto all = create(), portable = create(OpTester::options(1, "portable"));
  ASSERT_TRUE(all && portable);
  EXPECT_EQ(portable->cpu_features().bits, 0u);
  for (int i = 0; i < kSampleOperators; ++i)
    for (const char* isa : {"avx", "neon", "dotprod", "i8mm"})
      EXPECT_EQ(std::string(portable->kernel_name(i)).find(isa), std::string::npos)
          << portable->kernel_name(i);
  if (kernels::detect_cpu_features().has(kernels::kAvx2)) {
    EXPECT_STRNE(all->kernel_name(0), portable->kernel_name(0));
  }
}

TEST_F(SessionTest, MaskFromTheEnvironment) {
  setenv("OCTET_CPU_FEATURES", "portable", 1);
  EXPECT_EQ(create()->cpu_features().bits, 0u);
  setenv("OCTET_CPU_FEATURES", "avx2,sse7", 1);
  std::unique_ptr<Session> session;
  const Status status = Session::create(*model_, SessionOptions(), &session);
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "CPU feature 'sse7' in OCTET_CPU_FEATURES 'avx2,sse7' is unknown");
  EXPECT_TRUE(create(OpTester::options(1, "portable")));  // the option goes first
  unsetenv("OCTET_CPU_FEATURES");
}

TEST_F(SessionTest, WrongOptionsAreNamed) {
  std::unique_ptr<Session> session;
  EXPECT_EQ(Session::create(*model_, OpTester::options(0), &session).message(),
            "0 threads; must be in [1, 256]");
  EXPECT_EQ(Session::create(*model_, OpTester::options(257), &session).message(),
            "257 threads; must be in [1, 256]");
  EXPECT_EQ(Session::create(*model_, OpTester::options(1, "mmx"), &session).message(),
            "CPU feature 'mmx' in option cpu_features 'mmx' is unknown");
  EXPECT_FALSE(session);
}

TEST_F(SessionTest, RunCanBeRepeated) {
  auto session = create();
  ASSERT_TRUE(session);
  fill_image(session.get(), 4);
  session->run();
  const auto features = bytes_of(session->output(1)), scores = bytes_of(session->output(0));
  session->run();
  EXPECT_EQ(bytes_of(session->output(1)), features);
  EXPECT_EQ(bytes_of(session->output(0)), scores);
}

TEST_F(SessionTest, KeepAllTensorsHoldsWhatTheObserverSees) {
  auto session = create();
  SessionOptions options;
  options.keep_all_tensors = true;
  auto keeper = create(options);
  ASSERT_TRUE(session && keeper);
  fill_image(session.get(), 9);
  fill_image(keeper.get(), 9);
  keeper->run();
  struct Seen {
    Session* keeper;
    std::vector<int> operators;
  } seen{keeper.get(), {}};
  session->set_observer(
      [](void* argument, int op, Session& running) {
        Seen& self = *static_cast<Seen*>(argument);
        self.operators.push_back(op);
        const std::vector<int> written = {Sample::kA,      Sample::kB,       Sample::kFeatures, Sample::kFlat,
                                          Sample::kLogits, Sample::kBounded, Sample::kScores};
        const size_t tensor = static_cast<size_t>(written[static_cast<size_t>(op)]);
        if (running.tensor(tensor).is_s8()) {
          EXPECT_EQ(bytes_of(running.tensor(tensor)), bytes_of(self.keeper->tensor(tensor)))
              << "operator " << op;
        }
      },
      &seen);
  session->run();
  ASSERT_FALSE(seen.operators.empty());
  EXPECT_TRUE(std::is_sorted(seen.operators.begin(), seen.operators.end()));
  EXPECT_EQ(seen.operators.back(), kSampleOperators - 1);
  EXPECT_EQ(seen.operators.front(), 0);
  const size_t steps = seen.operators.size();
  EXPECT_EQ(steps, session->profile().size());
  session->set_observer(nullptr, nullptr);
  session->run();
  EXPECT_EQ(seen.operators.size(), steps);
  EXPECT_EQ(keeper->profile().size(), static_cast<size_t>(kSampleOperators));
}

TEST_F(SessionTest, ArenaReusesMemory) {
  SessionOptions options;
  options.keep_all_tensors = true;
  EXPECT_LT(create()->arena_bytes(), create(options)->arena_bytes());
}

TEST_F(SessionTest, ReshapeSharesItsInputsMemory) {
  auto session = create();
  EXPECT_EQ(session->tensor(Sample::kFlat).data, session->tensor(Sample::kB).data);
}

TEST_F(SessionTest, ProfileCountsEveryStep) {
  SessionOptions options;
  options.profile = true;
  auto session = create(options);
  ASSERT_TRUE(session);
  session->run();
  session->run();
  int next = 0;
  for (const StepProfile& step : session->profile()) {
    EXPECT_EQ(step.first_operator, next);
    next += step.operator_count;
    EXPECT_EQ(step.runs, 2u);
    EXPECT_GE(step.total_ns, 2 * step.min_ns);
    EXPECT_STREQ(step.kernel, session->kernel_name(step.first_operator));
  }
  EXPECT_EQ(next, kSampleOperators);
}

// Output features[n][c][y][x] = (q - 5) * 0.06, input q = clamp(rne(x / 0.02) - 10).
TEST_F(SessionTest, DeclaredFormIsPermutedAndQuantized) {
  auto session = create();
  std::vector<float> image(3 * 8 * 8);
  for (size_t i = 0; i < image.size(); ++i) image[i] = static_cast<float>(i) * 0.03f - 2.0f;
  image[5] = std::nanf("");
  image[6] = HUGE_VALF;
  image[7] = -HUGE_VALF;
  ASSERT_TRUE(session->set_input(0, image.data(), image.size() * sizeof(float)).ok());
  const float inv_scale = 1.0f / session->input(0).scale;
  for (size_t c = 0; c < 3; ++c)
    for (size_t pixel = 0; pixel < 64; ++pixel) {
      const float x = image[c * 64 + pixel];
      const float q =
          std::isnan(x) ? -10.0f : std::fmin(std::fmax(std::nearbyint(x * inv_scale) - 10, -128), 127);
      EXPECT_EQ(session->input(0).as<int8_t>()[pixel * 3 + c], static_cast<int>(q))
          << "channel " << c << ", " << pixel;
    }
  session->run();
  std::vector<float> features(8 * 16);
  ASSERT_TRUE(session->get_output(1, features.data(), features.size() * sizeof(float)).ok());
  for (size_t c = 0; c < 8; ++c)
    for (size_t pixel = 0; pixel < 16; ++pixel)
      EXPECT_EQ(
          features[c * 16 + pixel],
          static_cast<float>(session->output(1).as<int8_t>()[pixel * 8 + c] - 5) * session->output(1).scale);
}

TEST_F(SessionTest, PixelsGoThroughTheTables) {
  auto session = create();
  std::vector<uint8_t> pixels(8 * 8 * 3);
  std::iota(pixels.begin(), pixels.end(), uint8_t{70});
  ASSERT_TRUE(session->set_input_pixels(0, pixels.data(), pixels.size()).ok());
  const auto* table = model_->root().inputs()->Get(0)->preprocessing()->pixel_table();
  for (size_t i = 0; i < pixels.size(); ++i)
    EXPECT_EQ(session->input(0).as<uint8_t>()[i], table->Get(static_cast<uint32_t>(i % 3 * 256 + pixels[i])));
}

TEST_F(SessionTest, WrongTransfersAreNamed) {
  auto session = create();
  float image[192] = {};
  EXPECT_EQ(session->set_input(1, image, 4).message(), "input 1; the model has 1");
  EXPECT_EQ(session->set_input(0, image, 4).message(), "input 0: 4 bytes; must be 768");
  EXPECT_EQ(session->set_input(0, nullptr, 768).message(), "input 0: data is null");
  EXPECT_EQ(session->get_output(2, image, 40).message(), "output 2; the model has 2");
  EXPECT_EQ(session->get_output(0, image, 41).message(), "output 0: 41 bytes; must be 40");
  uint8_t pixels[193] = {};
  EXPECT_EQ(session->set_input_pixels(0, pixels, 193).message(), "input 0: 193 bytes; must be 192");
  EXPECT_EQ(session->set_input_pixels(3, pixels, 192).message(), "input 3; the model has 1");
}

TEST_F(SessionTest, BoundMemoryIsUsedInPlace) {
  auto session = create();
  fill_image(session.get(), 3);
  session->run();
  const auto expected = bytes_of(session->output(1)), expected_scores = bytes_of(session->output(0));
  AlignedBytes image(session->input(0).data, session->input(0).bytes), features(128 + 64), scores(40 + 64);
  std::memset(session->input(0).data, 0, session->input(0).bytes);
  ASSERT_TRUE(session->bind_input(0, image.data()).ok());
  ASSERT_TRUE(session->bind_output(0, scores.data()).ok());
  ASSERT_TRUE(session->bind_output(1, features.data()).ok());
  session->run();
  EXPECT_EQ(std::vector<uint8_t>(features.data(), features.data() + 128), expected);
  EXPECT_EQ(std::vector<uint8_t>(scores.data(), scores.data() + 40), expected_scores);
  ASSERT_TRUE(session->bind_output(1, nullptr).ok());
  EXPECT_NE(session->output(1).data, features.data());
  EXPECT_EQ(session->bind_input(0, image.data() + 4).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(session->input(0).data, image.data());
}

// A Reshape whose output is a graph output, bound to user memory: it must copy then.
TEST(Session, BoundReshapeOutputCopies) {
  OpTester t;
  const int x = t.input(schema::TensorType_F32, {2, 3});
  const int y = t.tensor(schema::TensorType_F32, {2, 3}), z = t.tensor(schema::TensorType_F32, {6});
  t.add(schema::OperatorType_Unary, {x}, {y}, schema::CreateUnaryOptions(t.builder(), schema::UnaryKind_Neg));
  t.add(schema::OperatorType_Reshape, {y}, {z});
  t.output(z);
  t.output(y);
  ASSERT_TRUE(t.create(OpTester::options(1, "", false)));
  EXPECT_EQ(t.session().output(0).data, t.session().output(1).data);
  AlignedBytes mine(128);
  for (const size_t bound : {0, 1}) {
    ASSERT_TRUE(t.session().bind_output(bound, mine.data()).ok());
    t.set<float>(0, {1, 2, 3, 4, 5, 6});
    t.run();
    EXPECT_EQ(t.get<float>(0), (std::vector<float>{-1, -2, -3, -4, -5, -6}));
    EXPECT_EQ(t.get<float>(1), (std::vector<float>{-1, -2, -3, -4, -5, -6}));
    ASSERT_TRUE(t.session().bind_output(bound, nullptr).ok());
  }
}

// A Reshape of a graph input may not share: outputs keep their bytes while the input is written.
TEST(Session, ReshapeOfAnInputIsACopy) {
  OpTester t;
  const int x = t.input(schema::TensorType_S8, {2, 3}), y = t.tensor(schema::TensorType_S8, {6});
  t.add(schema::OperatorType_Reshape, {x}, {y});
  t.output(y);
  ASSERT_TRUE(t.create());
  t.set<int8_t>(0, {1, 2, 3, 4, 5, 6});
  t.run();
  t.set<int8_t>(0, {0, 0, 0, 0, 0, 0});
  EXPECT_EQ(t.get<int8_t>(0), (std::vector<int8_t>{1, 2, 3, 4, 5, 6}));
}

TEST(Session, RankEightAndEmptyTensorsRun) {
  OpTester t;
  const std::vector<int> shape = {1, 2, 1, 2, 1, 2, 1, 2};
  const int x = t.input(schema::TensorType_F32, shape), y = t.tensor(schema::TensorType_F32, shape);
  const int empty = t.input(schema::TensorType_F32, {0, 3}), none = t.tensor(schema::TensorType_F32, {0, 3});
  t.add(schema::OperatorType_Unary, {x}, {y}, schema::CreateUnaryOptions(t.builder(), schema::UnaryKind_Abs));
  t.add(schema::OperatorType_Unary, {empty}, {none},
        schema::CreateUnaryOptions(t.builder(), schema::UnaryKind_Abs));
  t.output(y);
  t.output(none);
  ASSERT_TRUE(t.create());
  std::vector<float> values(16, -2.0f);
  t.set<float>(0, values);
  t.run();
  EXPECT_EQ(t.get<float>(0), std::vector<float>(16, 2.0f));
  EXPECT_TRUE(t.get<float>(1).empty());
}

TEST(Session, ChainUsesTwoPlaces) {
  OpTester t;
  int last = t.input(schema::TensorType_F32, {1024});
  for (int i = 0; i < 20; ++i) {
    const int next = t.tensor(schema::TensorType_F32, {1024});
    t.add(schema::OperatorType_Unary, {last}, {next},
          schema::CreateUnaryOptions(t.builder(), schema::UnaryKind_Neg));
    last = next;
  }
  t.output(last);
  ASSERT_TRUE(t.create(OpTester::options(1, "", false)));
  EXPECT_EQ(t.session().arena_bytes(), 3u * (4096 + 64));  // the input stays
  t.set<float>(0, std::vector<float>(1024, 3.0f));
  t.run();
  EXPECT_EQ(t.get<float>(0), std::vector<float>(1024, 3.0f));
}

}  // namespace
}  // namespace octet
