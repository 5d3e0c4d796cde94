// SPDX-License-Identifier: Apache-2.0
//
// run(), and setting inputs and reading outputs, allocate nothing. This binary
// puts itself in front of malloc and operator new and counts the calls of every thread.
#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <vector>

#include "runtime/session.h"
#include "tests/testing/op_tester.h"
#include "tests/testing/sample_model.h"

namespace {

std::atomic<bool> counting{false};
std::atomic<int> allocations{0};

void note() {
  if (counting.load(std::memory_order_relaxed)) allocations.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

// glibc's own functions under the names it exports for such interposers.
extern "C" {
void* __libc_malloc(size_t);
void* __libc_calloc(size_t, size_t);
void* __libc_realloc(void*, size_t);
void* __libc_memalign(size_t, size_t);

void* malloc(size_t bytes) {
  note();
  return __libc_malloc(bytes);
}
void* calloc(size_t count, size_t bytes) {
  note();
  return __libc_calloc(count, bytes);
}
void* realloc(void* block, size_t bytes) {
  note();
  return __libc_realloc(block, bytes);
}
void* aligned_alloc(size_t alignment, size_t bytes) {
  note();
  return __libc_memalign(alignment, bytes);
}
void* memalign(size_t alignment, size_t bytes) {
  note();
  return __libc_memalign(alignment, bytes);
}
int posix_memalign(void** block, size_t alignment, size_t bytes) {
  note();
  *block = __libc_memalign(alignment, bytes);
  return *block ? 0 : ENOMEM;
}
}  // extern "C"; operator new of libstdc++ calls malloc and aligned_alloc

namespace octet {
namespace {

using testing::OpTester;

struct Case {
  size_t threads;
  bool use_xnnpack;
  const char* cpu_features;
};

TEST(NoAllocation, TheCounterCounts) {
  counting = true;
  allocations = 0;
  auto* vector = new std::vector<int>(100);
  void* aligned = ::operator new (100, std::align_val_t{64});
  counting = false;
  EXPECT_EQ(allocations.load(), 3);
  delete vector;
  ::operator delete (aligned, std::align_val_t{64});
}

TEST(NoAllocation, Run) {
  const testing::AlignedBytes bytes = testing::sample_model();
  std::unique_ptr<Model> model;
  ASSERT_TRUE(Model::load_memory(bytes.data(), bytes.size(), &model).ok());
  const std::vector<float> image(192, 0.3f);
  const std::vector<uint8_t> pixels(192, 77);
  std::vector<float> scores(10), features(128);
  for (const Case& c :
       {Case{1, true, ""}, Case{2, true, ""}, Case{1, false, ""}, Case{2, false, "portable"}}) {
    std::unique_ptr<Session> session;
    const Status status =
        Session::create(*model, OpTester::options(c.threads, c.cpu_features, c.use_xnnpack), &session);
    ASSERT_TRUE(status.ok()) << status.message();
    allocations = 0;
    counting = true;
    for (int i = 0; i < 3; ++i) {  // the first run counts, too
      const bool ok = session->set_input(0, image.data(), image.size() * 4).ok();
      const bool pixels_ok = session->set_input_pixels(0, pixels.data(), pixels.size()).ok();
      session->run();
      const bool scores_ok = session->get_output(0, scores.data(), scores.size() * 4).ok();
      const bool features_ok = session->get_output(1, features.data(), features.size() * 4).ok();
      if (!ok || !pixels_ok || !scores_ok || !features_ok) std::abort();
    }
    counting = false;
    EXPECT_EQ(allocations.load(), 0) << c.threads << " threads, XNNPACK " << c.use_xnnpack;
  }
}

// A float network of every kind of layer that sizes tables at set-up: with XNNPACK one island.
void build_float_network(OpTester* t) {
  constexpr auto kF32 = schema::TensorType_F32;
  const auto zeros = [t](const std::vector<int>& shape) {
    size_t count = 1;
    for (const int dim : shape) count *= static_cast<size_t>(dim);
    return t->constant_f32(shape, std::vector<float>(count, 0.5f));
  };
  const auto conv = [t](int groups, int pad, int stride = 1) {
    return schema::CreateConv2DOptions(t->builder(), stride, stride, 1, 1, pad, pad, pad, pad, groups);
  };
  const int x = t->input(kF32, {1, 8, 8, 4}), a = t->tensor(kF32, {1, 8, 8, 4}),
            b = t->tensor(kF32, {1, 8, 8, 4});
  t->add(schema::OperatorType_Conv2D, {x, zeros({4, 3, 3, 4}), zeros({4})}, {a}, conv(1, 1));
  t->add(schema::OperatorType_Conv2D, {a, zeros({4, 3, 3, 1})}, {b}, conv(4, 1));
  const int sum = t->tensor(kF32, {1, 8, 8, 4}), max = t->tensor(kF32, {1, 4, 4, 4});
  t->add(schema::OperatorType_Binary, {x, b}, {sum}, schema::CreateBinaryOptions(t->builder()));
  t->add(schema::OperatorType_MaxPool2D, {sum}, {max},
         schema::CreatePool2DOptions(t->builder(), 3, 3, 2, 2, 1, 1, 1, 1));
  const int grown = t->tensor(kF32, {1, 8, 8, 4}), average = t->tensor(kF32, {1, 4, 4, 4});
  t->add(schema::OperatorType_ConvTranspose2D, {max, zeros({4, 2, 2, 4})}, {grown}, conv(1, 0, 2));
  t->add(schema::OperatorType_AveragePool2D, {grown}, {average},
         schema::CreatePool2DOptions(t->builder(), 2, 2, 2, 2));
  const int y = t->tensor(kF32, {1, 4, 4, 3});
  t->add(schema::OperatorType_FullyConnected, {average, zeros({3, 4})}, {y},
         schema::CreateFullyConnectedOptions(t->builder()));
  t->output(y);
}

// Nor do float islands, not even when their tensors move.
TEST(NoAllocation, FloatIslandAtNewAddresses) {
  testing::AlignedBytes other(8 * 8 * 4 * sizeof(float) + 64);
  for (const Case& c : {Case{1, true, ""}, Case{2, true, ""}, Case{2, false, ""}}) {
    OpTester t;
    build_float_network(&t);
    ASSERT_TRUE(t.create(OpTester::options(c.threads, c.cpu_features, c.use_xnnpack)));
    allocations = 0;
    counting = true;
    for (const bool bound : {false, true, false, true}) {
      if (!t.session().bind_input(0, bound ? other.data() : nullptr).ok()) std::abort();
      t.session().run();
    }
    counting = false;
    EXPECT_EQ(allocations.load(), 0) << c.threads << " threads, XNNPACK " << c.use_xnnpack;
  }
}

}  // namespace
}  // namespace octet
