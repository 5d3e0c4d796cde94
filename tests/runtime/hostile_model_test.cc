// SPDX-License-Identifier: Apache-2.0
//
// Damaged files: every one is refused with a message, or runs without harm (the
// sanitizer build makes harm visible).
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "runtime/session.h"
#include "tests/testing/operator_zoo.h"
#include "tests/testing/sample_model.h"

namespace octet {
namespace {

using testing::AlignedBytes;

// A damaged shape may be large; such a model is only prepared, so that the test ends.
bool is_small(const Session& session) {
  size_t most = 1, product = 1;
  for (const Tensor& tensor : session.model().tensors()) {
    most = std::max(most, tensor.shape.elements());
    if (tensor.is_constant()) product = std::max(product, tensor.shape.elements());
  }
  return session.arena_bytes() < (size_t{1} << 20) && most * product < (size_t{1} << 24);
}

// Returns false if the model was refused.
bool load_and_run(const AlignedBytes& bytes) {
  std::unique_ptr<Model> model;
  const Status loaded = Model::load_memory(bytes.data(), bytes.size(), &model);
  EXPECT_EQ(loaded.ok(), loaded.message().empty());
  if (!loaded.ok()) return false;
  std::unique_ptr<Session> session;
  SessionOptions options;
  options.use_xnnpack = false;
  const Status created = Session::create(*model, options, &session);
  EXPECT_EQ(created.ok(), created.message().empty());
  if (!created.ok()) return false;
  for (size_t i = 0; i < session->input_count(); ++i)  // indices and lengths in inputs are hostile, too
    for (size_t k = 0; k < std::min<size_t>(session->input(i).bytes, 4096); ++k)
      session->input(i).as<uint8_t>()[k] = static_cast<uint8_t>(k * 151 + 200);
  if (is_small(*session)) session->run();
  return true;
}

TEST(HostileModel, EveryTruncationIsRefused) {
  const AlignedBytes whole = testing::sample_model();
  ASSERT_TRUE(load_and_run(whole));
  for (size_t bytes = 0; bytes < whole.size(); bytes += bytes < 512 ? 1 : 7)
    EXPECT_FALSE(load_and_run(AlignedBytes(whole.data(), bytes))) << bytes << " bytes of " << whole.size();
  EXPECT_FALSE(load_and_run(AlignedBytes(whole.data(), whole.size() - 1)));
}

TEST(HostileModel, BitFlips) {
  const AlignedBytes whole = testing::sample_model();
  const uint32_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  int refused = 0;
  constexpr int kTrials = 6000;
  for (int trial = 0; trial < kTrials; ++trial) {
    AlignedBytes damaged = whole;
    for (uint32_t flips = 1 + random() % 3; flips > 0; --flips)
      damaged.data()[random() % damaged.size()] ^= static_cast<uint8_t>(1u << (random() % 8));
    refused += !load_and_run(damaged);
  }
  EXPECT_GT(refused, kTrials / 50);  // the tables are a good part of the file
  EXPECT_LT(refused, kTrials);       // and so are the weights, where any value is fine
}

TEST(HostileModel, EveryOperator) {
  const uint32_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const uint32_t words[] = {0,          1,          2,          255,        0x10000,
                            0x7fffffff, 0x80000000, 0xffffffff, 0x7fc00000, 0x3f800000};
  for (const testing::ZooModel& animal : testing::operator_zoo()) {
    SCOPED_TRACE(animal.name);
    EXPECT_TRUE(load_and_run(animal.bytes));
    for (int trial = 0; trial < 600; ++trial) {
      AlignedBytes damaged = animal.bytes;
      for (uint32_t k = 1 + random() % 2; k > 0; --k) {
        if (random() % 2 == 0) {
          damaged.data()[random() % damaged.size()] ^= static_cast<uint8_t>(1u << (random() % 8));
        } else {
          const uint32_t word = random() % 3 == 0 ? random() % 12 : words[random() % 10];
          std::memcpy(damaged.data() + random() % (damaged.size() / 4) * 4, &word, 4);
        }
      }
      load_and_run(damaged);
    }
  }
}

// Whole words, as an attacker would: lengths, offsets and indices become extreme.
TEST(HostileModel, ExtremeWords) {
  const AlignedBytes whole = testing::sample_model();
  for (size_t at = 0; at + 4 <= whole.size(); at += 4)
    for (const uint32_t word : {0u, 1u, 0x7fffffffu, 0x80000000u, 0xffffffffu, 0x10000u}) {
      AlignedBytes damaged = whole;
      std::memcpy(damaged.data() + at, &word, 4);
      load_and_run(damaged);
    }
}

}  // namespace
}  // namespace octet
