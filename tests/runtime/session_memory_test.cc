// SPDX-License-Identifier: Apache-2.0
//
// The memory of a session: its pieces are apart, aligned and writable, whatever was expected; and pages that
// a model releases come back with the same bytes.
#include "runtime/session_memory.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "runtime/session.h"
#include "tests/testing/guard_page.h"
#include "tests/testing/sample_model.h"

// AddressSanitizer asks for this: an allocation too large for it is null here too, instead of an error.
extern "C" const char* __asan_default_options() { return "allocator_may_return_null=1"; }

namespace octet {
namespace {

void check_pieces(size_t expected, const std::vector<size_t>& sizes) {
  SessionMemory memory;
  memory.expect(expected);
  std::vector<uint8_t*> pieces;
  size_t sum = 0;
  for (size_t i = 0; i < sizes.size(); ++i) {
    pieces.push_back(static_cast<uint8_t*>(memory.allocate(sizes[i])));
    ASSERT_NE(pieces[i], nullptr) << sizes[i];
    EXPECT_EQ(reinterpret_cast<uintptr_t>(pieces[i]) % 64, 0u);
    std::memset(pieces[i], static_cast<int>(i + 1), sizes[i]);
    sum += sizes[i];
  }
  EXPECT_EQ(memory.bytes(), sum);
  for (size_t i = 0; i < sizes.size(); ++i)
    for (size_t k = 0; k < sizes[i]; ++k)
      ASSERT_EQ(pieces[i][k], static_cast<uint8_t>(i + 1)) << i << " " << k;
}

TEST(SessionMemory, PiecesAreApart) {
  const std::vector<size_t> sizes = {1,       0, 64,           65,      4096, 100000,
                                     3000000, 7, 2097152 - 64, 2097152, 1,    5000000};
  for (const size_t expected : {size_t{0}, size_t{1000}, size_t{300000}, size_t{5000000}, size_t{40000000}})
    check_pieces(expected, sizes);
}

TEST(SessionMemory, TheBytesBehindAreReadable) {
  SessionMemory memory;
  const size_t bytes = 65536 - 128;  // a first region that is nearly full
  const auto* piece = static_cast<const volatile uint8_t*>(memory.allocate(bytes));
  ASSERT_NE(piece, nullptr);
  EXPECT_GE(piece[bytes] + piece[bytes + 63], 0);
}

TEST(SessionMemory, TooMuchIsRefused) {
  SessionMemory memory;
  EXPECT_EQ(memory.allocate(std::numeric_limits<size_t>::max()), nullptr);
  if (sizeof(size_t) > 4) {  // a 32-bit system may have that much
    EXPECT_EQ(memory.allocate(std::numeric_limits<size_t>::max() / 8), nullptr);
  }
  EXPECT_NE(memory.allocate(100), nullptr) << "a refusal leaves the rest usable";
}

// More than there can be is expected: what is asked for is there all the same.
TEST(SessionMemory, ExpectingTooMuchIsNoHarm) {
  constexpr size_t kMost = std::numeric_limits<size_t>::max();
  for (const size_t expected : {kMost, kMost - 1000000, kMost / 2})
    check_pieces(expected, {1, 100000, 3000000});
}

// A model with many pages of ones behind it, which a release would empty.
testing::AlignedBytes large_model() {
  const testing::AlignedBytes model = testing::sample_model();
  testing::AlignedBytes bytes(model.size() + (1 << 17));
  std::memset(bytes.data(), 1, bytes.size());
  std::memcpy(bytes.data(), model.data(), model.size());
  return bytes;
}

void write_file(const std::string& path, const testing::AlignedBytes& bytes) {
  FILE* file = std::fopen(path.c_str(), "wb");
  ASSERT_NE(file, nullptr) << path;
  EXPECT_EQ(std::fwrite(bytes.data(), 1, bytes.size(), file), bytes.size());
  std::fclose(file);
}

// Releases everything, from a few offsets, and expects the bytes to stay.
void check_release(const Model& model) {
  const std::vector<uint8_t> before(model.data(), model.data() + model.bytes());
  for (const size_t offset : {0, 1, 64, 4095, 4096})
    model.release(model.data() + offset, model.bytes() - offset);
  EXPECT_EQ(std::vector<uint8_t>(model.data(), model.data() + model.bytes()), before);
}

TEST(Model, ReleasedPagesOfAFileComeBack) {
  const std::string path = ::testing::TempDir() + "/released_model.octet";
  write_file(path, large_model());
  std::unique_ptr<Model> model;
  const Status status = Model::load_file(path.c_str(), &model);
  std::remove(path.c_str());
  ASSERT_TRUE(status.ok()) << status.message();
  check_release(*model);
}

// Memory before and behind the mapped model, wherever the system puts it, is not the model's.
TEST(Model, MemoryOfOthersIsNeverReleased) {
  const std::string path = ::testing::TempDir() + "/others_memory.octet";
  const testing::AlignedBytes bytes = large_model();
  write_file(path, bytes);
  std::vector<std::unique_ptr<Model>> models(2);
  std::vector<std::unique_ptr<testing::GuardedBuffer>> others;
  const std::vector<uint8_t> ones(1 << 17, 1);
  for (std::unique_ptr<Model>& model : models) {
    ASSERT_TRUE(Model::load_file(path.c_str(), &model).ok());
    for (int i = 0; i < 3; ++i) {
      others.emplace_back(new testing::GuardedBuffer(ones.size()));
      std::memcpy(others.back()->as(), ones.data(), ones.size());
    }
  }
  std::remove(path.c_str());
  bool before = false, behind = false;
  for (const std::unique_ptr<Model>& model : models) {
    for (const auto& other : others) {
      model->release(other->as(), ones.size());
      (other->as() < model->data() ? before : behind) = true;
      EXPECT_EQ(std::memcmp(other->as(), ones.data(), ones.size()), 0)
          << (other->as() < model->data() ? "before" : "behind");
    }
  }
  EXPECT_TRUE(before && behind) << "the models should lie between the pieces";
}

TEST(Model, LentMemoryIsNeverReleased) {
  const testing::AlignedBytes bytes = large_model();
  testing::GuardedBuffer pages(bytes.size(), testing::GuardedBuffer::kGuardBefore);  // starts with a page
  std::memcpy(pages.as(), bytes.data(), bytes.size());
  std::unique_ptr<Model> model;
  ASSERT_TRUE(Model::load_memory(pages.as(), bytes.size(), &model).ok());
  check_release(*model);
}

}  // namespace
}  // namespace octet
