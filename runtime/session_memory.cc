// SPDX-License-Identifier: Apache-2.0
#include "runtime/session_memory.h"

#include <algorithm>
#include <limits>
#include <new>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define OCTET_ADDRESS_SANITIZER 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define OCTET_ADDRESS_SANITIZER 1
#endif

// Under AddressSanitizer each block comes from operator new by itself, so that it sees who leaves one.
#if defined(__linux__) && !defined(OCTET_ADDRESS_SANITIZER)
#include <sys/mman.h>
#define OCTET_MAPPED_REGIONS 1
#else
#define OCTET_MAPPED_REGIONS 0
#endif

namespace octet {
namespace {

constexpr size_t kMostBytes =
    std::numeric_limits<size_t>::max() / 4;  // of one request: nothing below overflows
constexpr size_t kSlackBytes = 64;           // vector kernels may read, never use, that far behind a block

constexpr size_t round_up(size_t bytes, size_t unit) { return (bytes + unit - 1) / unit * unit; }

#if OCTET_MAPPED_REGIONS

constexpr size_t kHugePage = 2 * 1024 * 1024;
constexpr size_t kSmallestRegion = 64 * 1024;

// Of a region of which `used` bytes will be touched: how many lie in huge pages. The last one counts if half
// of it will be touched.
constexpr size_t huge_bytes(size_t used) { return (used + kHugePage / 2) / kHugePage * kHugePage; }

// Maps `bytes`, and if huge pages pay, enough to start on the boundary of one.
void* map_region(size_t used, size_t* bytes) {
  const size_t huge = huge_bytes(used);
  *bytes = round_up(std::max({used, kSmallestRegion, huge}), kSmallestRegion) + (huge > 0 ? kHugePage : 0);
  void* mapped =
      mmap(nullptr, *bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return mapped == MAP_FAILED ? nullptr : mapped;
}

// Where the region's memory starts; asks for huge pages there, and for none behind them.
uint8_t* advise_region(void* mapped, size_t bytes, size_t used) {
  auto* start = static_cast<uint8_t*>(mapped);
  const size_t huge = huge_bytes(used);
  if (huge == 0) return start;
  start += round_up(reinterpret_cast<uintptr_t>(start), kHugePage) - reinterpret_cast<uintptr_t>(start);
  const size_t behind = static_cast<size_t>(static_cast<uint8_t*>(mapped) + bytes - start) - huge;
  madvise(start, huge, MADV_HUGEPAGE);  // a wish: without them all works the same
  if (behind > 0) madvise(start + huge, behind, MADV_NOHUGEPAGE);
  return start;
}

#endif

}  // namespace

#if OCTET_MAPPED_REGIONS

SessionMemory::~SessionMemory() {
  for (const Region& region : regions_) munmap(region.address, region.bytes);
}

bool SessionMemory::add_region(size_t bytes) {
  size_t used = std::max(bytes, regions_.empty() ? expected_ : expected_ / 4);
  Region region = {};
  region.address = map_region(used, &region.bytes);
  if (region.address == nullptr && used > bytes) region.address = map_region(used = bytes, &region.bytes);
  if (region.address == nullptr) return false;
  free_ = advise_region(region.address, region.bytes, used);
  free_bytes_ = static_cast<size_t>(static_cast<uint8_t*>(region.address) + region.bytes - free_);
  regions_.push_back(region);
  return true;
}

#else

SessionMemory::~SessionMemory() {
  for (const Region& region : regions_) ::operator delete (region.address, std::align_val_t{64});
}

bool SessionMemory::add_region(size_t bytes) {
  const Region region = {::operator new (bytes, std::align_val_t{64}, std::nothrow), bytes};
  if (region.address == nullptr) return false;
  free_ = static_cast<uint8_t*>(region.address);
  free_bytes_ = bytes;
  regions_.push_back(region);
  return true;
}

#endif

void SessionMemory::expect(size_t bytes) { expected_ = std::min(bytes, kMostBytes); }

void* SessionMemory::allocate(size_t bytes) {
  if (bytes > kMostBytes) return nullptr;
  const size_t wanted = OCTET_MAPPED_REGIONS ? round_up(bytes + kSlackBytes, 64) : bytes + kSlackBytes;
  if (wanted > free_bytes_ && !add_region(wanted)) return nullptr;
  void* block = free_;
  free_ += wanted;
  free_bytes_ -= wanted;
  bytes_ += bytes;
  return block;
}

}  // namespace octet
