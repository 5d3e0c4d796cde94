// SPDX-License-Identifier: Apache-2.0
//
// GuardedBuffer: bytes that end (or begin) exactly at an inaccessible page, so
// that one byte read or written past them stops the test.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace octet::testing {

class GuardedBuffer {
 public:
  enum Side { kGuardBehind, kGuardBefore };

  explicit GuardedBuffer(size_t bytes, Side side = kGuardBehind) {
    const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    const size_t inside = (bytes + page - 1) / page * page;
    mapped_bytes_ = inside + 2 * page;
    void* memory = mmap(nullptr, mapped_bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) fail("mmap");
    mapped_ = static_cast<uint8_t*>(memory);
    if (mprotect(mapped_, page, PROT_NONE) != 0 || mprotect(mapped_ + page + inside, page, PROT_NONE) != 0)
      fail("mprotect");
    data_ = mapped_ + page + (side == kGuardBehind ? inside - bytes : 0);
  }
  ~GuardedBuffer() { munmap(mapped_, mapped_bytes_); }
  GuardedBuffer(const GuardedBuffer&) = delete;
  GuardedBuffer& operator=(const GuardedBuffer&) = delete;

  template <class T = uint8_t>
  T* as() {
    return reinterpret_cast<T*>(data_);
  }

 private:
  [[noreturn]] static void fail(const char* what) {
    std::perror(what);
    std::abort();
  }

  uint8_t* mapped_ = nullptr;
  size_t mapped_bytes_ = 0;
  uint8_t* data_ = nullptr;
};

}  // namespace octet::testing
