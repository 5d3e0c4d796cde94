// SPDX-License-Identifier: Apache-2.0
//
// Google Benchmark of every row of the s8 families but convolution, on shapes of the shared networks,
// and of copy_strided on common permutations. Each answer is compared with the reference before it is
// timed. bytes/s counts input and output.
//
//   s8_ops_bench --benchmark_filter=add_s8
#include <benchmark/benchmark.h>

#include <cmath>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "kernels/add_s8.h"
#include "kernels/average_pool_s8.h"
#include "kernels/copy_strided.h"
#include "kernels/dequantize_s8_f32.h"
#include "kernels/max_pool_s8.h"
#include "kernels/mul_s8.h"
#include "kernels/prelu_s8.h"
#include "kernels/quantize_f32_s8.h"
#include "kernels/reduce_s8.h"
#include "kernels/resize_bilinear_s8.h"
#include "kernels/softmax_s8.h"
#include "kernels/table_s8.h"
#include "tests/testing/random.h"

namespace octet::kernels {
namespace {

using testing::Random;

std::vector<int8_t> random_s8(size_t count) {
  Random random(1);
  std::vector<int8_t> values(count);
  for (int8_t& value : values) value = random.s8();
  return values;
}

// One timed case: run(output) writes output_bytes.
struct Case {
  std::string name;
  size_t input_bytes, output_bytes;
  std::function<void(uint8_t*)> run, reference;
};

void measure(benchmark::State& state, const Case& c) {
  std::vector<uint8_t> output(c.output_bytes), expected(c.output_bytes);
  c.run(output.data());
  c.reference(expected.data());
  if (output != expected) return state.SkipWithError("differs from the reference");
  for (auto _ : state) {
    c.run(output.data());
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(c.input_bytes + c.output_bytes));
}

void add(const Case& c) {
  benchmark::RegisterBenchmark(c.name.c_str(), [c](benchmark::State& state) { measure(state, c); });
}

// One case per row that this CPU can run; call(row's function, output) runs it. The reference is last.
template <class Function, class Call>
void add_rows(KernelRows<Function> rows, const std::string& shape, size_t input_bytes, size_t output_bytes,
              const Call& call) {
  Function* reference = rows.rows[rows.count - 1].run;
  for (const KernelRow<Function>& row : rows) {
    if (!detect_cpu_features().can_run(row.feature)) continue;
    Function* run = row.run;
    add({std::string(row.name) + "/" + shape, input_bytes, output_bytes, [=](uint8_t* o) { call(run, o); },
         [=](uint8_t* o) { call(reference, o); }});
  }
}

int8_t* s8(uint8_t* output) { return reinterpret_cast<int8_t*>(output); }

// Residual and squeeze-and-excite shapes.
template <class Params, class Function>
void add_elementwise(KernelRows<Function> rows, const Params& params) {
  const size_t n = 56 * 56 * 24;
  const auto a = random_s8(n), b = random_s8(n);
  add_rows(rows, "56x56x24", 2 * n, n, [=](Function* run, uint8_t* o) {
    run(params, {a.data(), b.data(), s8(o), 1, n, 0, 0, 1, 1});
  });
  add_rows(rows, "28x28x96_1x1x96", 28 * 28 * 96, 28 * 28 * 96, [=](Function* run, uint8_t* o) {
    run(params, {a.data(), b.data(), s8(o), 28 * 28, 96, 96, 0, 1, 1});
  });
}

void add_pools() {
  const auto input = random_s8(112 * 112 * 64);
  for (const size_t channels : {16, 64}) {
    const Pool2D g = {1, channels, {112, 56, 3, 2, 1, 0, 1}, {112, 56, 3, 2, 1, 0, 1}};
    const std::string shape = "112x112x" + std::to_string(channels) + "_3x3s2";
    const size_t in = 112 * 112 * channels, out = 56 * 56 * channels;
    static const int32_t counts[] = {4, 6, 9};
    static const int16_t multiplier[] = {16384, 21845, 29127};
    static const int8_t right_shift[] = {-5, -4, -3};
    const AveragePoolS8 average = {g, false, counts, multiplier, right_shift, 3, 4, -5, -128, 127};
    add_rows(average_pool_s8_kernels(), shape, in, out,
             [=](AveragePoolS8Function* run, uint8_t* o) { run(average, input.data(), s8(o), 0, 56); });
    add_rows(max_pool_s8_kernels(), shape, in, out, [=](MaxPoolS8Function* run, uint8_t* o) {
      run({g, -128, 127}, input.data(), s8(o), 0, 56);
    });
  }
}

void add_unary() {
  const size_t n = 112 * 112 * 32;
  const auto input = random_s8(n), table = random_s8(256);
  const std::vector<float> real(input.begin(), input.end());
  const std::vector<int16_t> slopes(32, 4000);
  add_rows(table_s8_kernels(), "112x112x32", n, n,
           [=](TableS8Function* run, uint8_t* o) { run(table.data(), input.data(), s8(o), n); });
  add_rows(quantize_f32_s8_kernels(), "112x112x32", 4 * n, n, [=](QuantizeF32S8Function* run, uint8_t* o) {
    run({0.7f, 3}, real.data(), s8(o), n);
  });
  add_rows(dequantize_s8_f32_kernels(), "112x112x32", n, 4 * n,
           [=](DequantizeS8F32Function* run, uint8_t* o) {
             run({0.7f, 3}, input.data(), reinterpret_cast<float*>(o), n);
           });
  add_rows(prelu_s8_kernels(), "112x112x32", n, n, [=](PReluS8Function* run, uint8_t* o) {
    run({3, -4, 16384, slopes.data(), 1, 6, 32}, input.data(), s8(o), 112 * 112);
  });
}

void add_reductions() {
  const auto input = random_s8(112 * 112 * 32);
  const ReduceS8 spatial = {ReduceKindS8::kSum, 49, 1280, 1, 2, 21000, 4, -128, 127};
  const ReduceS8 rows = {ReduceKindS8::kSum, 512, 1, 1, 2, 21000, 4, -128, 127};
  add_rows(reduce_s8_kernels(), "7x7x1280_mean", 49 * 1280, 1280,
           [=](ReduceS8Function* run, uint8_t* o) { run(spatial, input.data(), s8(o), 0, 1280); });
  add_rows(reduce_s8_kernels(), "256x512_last", 256 * 512, 256,
           [=](ReduceS8Function* run, uint8_t* o) { run(rows, input.data(), s8(o), 0, 256); });
  std::vector<int32_t> index0, index1;
  for (int32_t i = 0; i < 64; ++i) index0.push_back(i / 2);
  for (int32_t i = 0; i < 64; ++i) index1.push_back(i < 62 ? i / 2 + 1 : 31);
  const std::vector<int16_t> weight(64, 700);
  add_rows(resize_bilinear_s8_kernels(), "32x32x64_64x64", 32 * 32 * 64, 64 * 64 * 64,
           [=](ResizeBilinearS8Function* run, uint8_t* o) {
             run({1, 32, 32, 64, 64, 64, index0.data(), index1.data(), weight.data(), index0.data(),
                  index1.data(), weight.data()},
                 input.data(), s8(o), 0, 64);
           });
}

void add_softmax() {
  std::vector<uint32_t> exp_table;
  for (int d = 0; d < 256; ++d)
    exp_table.push_back(static_cast<uint32_t>(std::lround(65536 * std::exp(-0.06 * d))));
  const std::pair<size_t, size_t> shapes[] = {{4420, 2}, {1917, 21}, {196, 196}, {1, 1000}};
  for (const auto& [rows, columns] : shapes) {
    const auto input = random_s8(rows * columns);
    const std::string shape = std::to_string(rows) + "x" + std::to_string(columns);
    const size_t n = rows * columns, height = rows;
    for (const bool f32 : {false, true}) {
      const auto run_row = [=, width = columns](SoftmaxS8Function* run, uint8_t* o) {
        run({width, exp_table.data(), 65536, -128, f32}, input.data(), o, height);
      };
      add_rows(softmax_s8_kernels(), shape + (f32 ? "_f32" : "_s8"), n, f32 ? 4 * n : n, run_row);
    }
  }
}

void add_transpose(const std::string& name, const std::vector<size_t>& shape,
                   const std::vector<size_t>& permutation, size_t element_bytes) {
  StridedCopy copy;
  copy.rank = static_cast<int>(shape.size());
  copy.element_bytes = element_bytes;
  ptrdiff_t stride = 1;
  for (size_t d = shape.size(); d-- > 0;) {
    copy.dims[d] = shape[permutation[d]];
    copy.output_strides[d] = stride;
    stride *= static_cast<ptrdiff_t>(copy.dims[d]);
    copy.input_strides[d] = 1;
    for (size_t k = permutation[d] + 1; k < shape.size(); ++k)
      copy.input_strides[d] *= static_cast<ptrdiff_t>(shape[k]);
  }
  const size_t bytes = static_cast<size_t>(stride) * element_bytes;
  const CopyPlan plan = plan_copy(copy);
  const auto input = random_s8(bytes);
  add({"copy_strided/" + name, bytes, bytes,
       [=](uint8_t* o) { copy_strided(plan, input.data(), o, 0, plan.items); },
       [=](uint8_t* o) { copy_strided_reference(copy, input.data(), o); }});
}

void add_all() {
  add_elementwise(add_s8_kernels(), AddS8{1, 2, 3, 16000, 12000, 6, -128, 127});
  add_elementwise(mul_s8_kernels(), MulS8{1, 2, 3, 20000, 1, -128, 127});
  add_unary();
  add_pools();
  add_reductions();
  add_softmax();
  add_transpose("nchw_to_nhwc_s8_3x224x224", {3, 224, 224}, {1, 2, 0}, 1);
  add_transpose("nchw_to_nhwc_f32_3x224x224", {3, 224, 224}, {1, 2, 0}, 4);
  add_transpose("nhwc_to_nchw_s8_56x56x64", {56, 56, 64}, {2, 0, 1}, 1);
  add_transpose("channel_shuffle_s8_28x28x2x58", {28, 28, 2, 58}, {0, 1, 3, 2}, 1);
  add_transpose("depth_to_space_s8_28x28x2x2x32", {28, 28, 2, 2, 32}, {0, 2, 1, 3, 4}, 1);
}

}  // namespace
}  // namespace octet::kernels

int main(int argc, char** argv) {
  octet::kernels::add_all();
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
