// SPDX-License-Identifier: Apache-2.0
//
// fully_connected_f32 and matmul_f32 against plain loops in double.
#include "kernels/portable/matmul_f32.h"

#include "tests/kernels/f32_case.h"

namespace octet::testing {
namespace {

void check_fully_connected(Random* r) {
  kernels::FullyConnectedF32 fc = {static_cast<size_t>(r->in_range(1, 9)),
                                   static_cast<size_t>(r->in_range(1, 40)),
                                   static_cast<size_t>(r->in_range(1, 35)), -1.0f, 2.0f};
  const std::vector<float> x = random_f32(r, fc.rows * fc.inputs), w = random_f32(r, fc.outputs * fc.inputs);
  const std::vector<float> b = random_f32(r, fc.outputs);
  const bool has_bias = !r->one_in(3);
  Guarded<float> input(x), output(fc.rows * fc.outputs);
  Guarded<uint8_t> packed(kernels::fully_connected_f32_packed_bytes(fc));
  kernels::fully_connected_f32_pack(fc, w.data(), has_bias ? b.data() : nullptr, packed.data());
  const size_t items = kernels::fully_connected_f32_items(fc);
  kernels::fully_connected_f32(fc, packed.data(), input.data(), output.data(), items / 2, items);
  kernels::fully_connected_f32(fc, packed.data(), input.data(), output.data(), 0, items / 2);
  for (size_t row = 0; row < fc.rows; ++row)
    for (size_t o = 0; o < fc.outputs; ++o) {
      double sum = has_bias ? b[o] : 0, magnitude = 0;
      for (size_t p = 0; p < fc.inputs; ++p) {
        sum += double{x[row * fc.inputs + p]} * w[o * fc.inputs + p];
        magnitude += std::fabs(double{x[row * fc.inputs + p]} * w[o * fc.inputs + p]);
      }
      ASSERT_TRUE(
          close(output.data()[row * fc.outputs + o], std::min(std::max(sum, -1.0), 2.0), magnitude, 1e-6));
    }
}

TEST(FullyConnectedF32, RandomCases) {
  const uint64_t seed = test_seed(1);
  for (uint64_t i = 0; i < 100; ++i) {
    SCOPED_TRACE("OCTET_TEST_SEED=" + std::to_string(seed) + " case " + std::to_string(i));
    Random random(seed + i);
    ASSERT_NO_FATAL_FAILURE(check_fully_connected(&random));
  }
}

// Batches [2, 3]: A is broadcast along the first axis, B along the second.
void check_matmul(Random* r) {
  kernels::MatMulF32 m = {};
  m.rows = static_cast<size_t>(r->in_range(1, 9));
  m.inner = static_cast<size_t>(r->in_range(1, 20));
  m.columns = static_cast<size_t>(r->in_range(1, 20));
  m.batch_rank = 2;
  m.batch_dims[0] = 2, m.batch_dims[1] = 3;
  m.stride_a[0] = 0, m.stride_a[1] = 1;
  m.stride_b[0] = 1, m.stride_b[1] = 0;
  const std::vector<float> a = random_f32(r, 3 * m.rows * m.inner),
                           b = random_f32(r, 2 * m.inner * m.columns);
  Guarded<float> guarded_a(a), guarded_b(b), output(6 * m.rows * m.columns);
  const size_t items = kernels::matmul_f32_items(m);
  kernels::matmul_f32(m, guarded_a.data(), guarded_b.data(), output.data(), 0, items / 2);
  kernels::matmul_f32(m, guarded_a.data(), guarded_b.data(), output.data(), items / 2, items);
  for (size_t batch = 0; batch < 6; ++batch)
    for (size_t i = 0; i < m.rows; ++i)
      for (size_t j = 0; j < m.columns; ++j) {
        double sum = 0, magnitude = 0;
        for (size_t p = 0; p < m.inner; ++p) {
          const double term = double{a[(batch % 3 * m.rows + i) * m.inner + p]} *
                              b[(batch / 3 * m.inner + p) * m.columns + j];
          sum += term;
          magnitude += std::fabs(term);
        }
        ASSERT_TRUE(close(output.data()[(batch * m.rows + i) * m.columns + j], sum, magnitude, 1e-6));
      }
}

TEST(MatMulF32, RandomCases) {
  const uint64_t seed = test_seed(2);
  for (uint64_t i = 0; i < 100; ++i) {
    SCOPED_TRACE("OCTET_TEST_SEED=" + std::to_string(seed) + " case " + std::to_string(i));
    Random random(seed + i);
    ASSERT_NO_FATAL_FAILURE(check_matmul(&random));
  }
}

}  // namespace
}  // namespace octet::testing
