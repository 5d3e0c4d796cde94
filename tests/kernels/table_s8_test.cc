// SPDX-License-Identifier: Apache-2.0
//
// Every table_s8 kernel equals the lookup itself, for every value, size and offset.
#include "kernels/table_s8.h"

#include "tests/kernels/s8_case.h"

namespace octet::kernels {
namespace {

using testing::Random;

std::vector<int8_t> looked_up(const std::vector<int8_t>& table, const std::vector<int8_t>& input) {
  std::vector<int8_t> output;
  for (const int8_t q : input) output.push_back(table[static_cast<size_t>(q + 128)]);
  return output;
}

TEST(TableS8, EveryValueThroughEveryRow) {
  Random random = seeded(1);
  for (const auto& row : runnable(table_s8_kernels())) {
    for (int trial = 0; trial < 20; ++trial) {
      const std::vector<int8_t> table = random_s8(&random, 256);
      std::vector<int8_t> input;
      for (int q = -128; q < 128; ++q) input.push_back(static_cast<int8_t>(q));
      Guarded<int8_t> guarded_table(table), guarded(input);
      Poisoned<int8_t> output(input.size());
      row.run(guarded_table.data(), guarded.data(), output.data(), input.size());
      EXPECT_EQ(output.values(), looked_up(table, input)) << row.name;
    }
  }
}

TEST(TableS8, RaggedSizesAndPlaces) {
  Random random = seeded(2);
  const std::vector<int8_t> table = random_s8(&random, 256);
  for (const auto& row : runnable(table_s8_kernels())) {
    for (size_t count = 0; count < 300; ++count) {
      const std::vector<int8_t> input = random_s8(&random, count);
      Poisoned<int8_t> expected(count), output(count), in_place(count);
      const std::vector<int8_t> values = looked_up(table, input);
      std::copy(values.begin(), values.end(), expected.data());
      Guarded<int8_t> behind(input), before(input, testing::GuardedBuffer::kGuardBefore);
      row.run(table.data(), behind.data(), output.data(), count);
      EXPECT_TRUE(output == expected) << row.name << ", " << count;
      std::copy(input.begin(), input.end(), in_place.data());
      row.run(table.data(), in_place.data(), in_place.data(), count);
      EXPECT_TRUE(in_place == expected) << row.name << " in place, " << count;
      row.run(table.data(), before.data(), output.data(), count);
      EXPECT_TRUE(output == expected) << row.name << ", " << count;
    }
  }
}

}  // namespace
}  // namespace octet::kernels
