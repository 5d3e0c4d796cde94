// SPDX-License-Identifier: Apache-2.0
//
// Memory that lives as long as its session: packed weights, index tables, the arena, scratch. It is handed
// out piece by piece from few large regions, and given back as a whole.
//
// Regions of 2 MB and more use huge pages where the system lets programs ask for them: a page fault for each
// 4 KB would cost a third of the time in which a small network starts. Only blocks of 2 MB that will be used
// for the most part are asked for, so the memory that is resident stays what is used.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace octet {

class SessionMemory {
 public:
  SessionMemory() = default;
  ~SessionMemory();
  SessionMemory(const SessionMemory&) = delete;
  SessionMemory& operator=(const SessionMemory&) = delete;

  // About how much will be asked for in all; call it before the first allocate. More may follow, at the price
  // of further regions; memory that nobody asks for is never touched.
  void expect(size_t bytes);

  // 64-byte aligned, uninitialized; null when memory is exhausted. The 64 bytes behind are readable, never
  // used.
  void* allocate(size_t bytes);

  size_t bytes() const { return bytes_; }  // handed out

 private:
  struct Region {
    void* address;
    size_t bytes;
  };
  bool add_region(size_t bytes);

  std::vector<Region> regions_;
  uint8_t* free_ = nullptr;  // of the newest region
  size_t free_bytes_ = 0;
  size_t expected_ = 0, bytes_ = 0;
};

}  // namespace octet
