// SPDX-License-Identifier: Apache-2.0
//
// PackedMemory: blocks that live as long as their session.
#include <limits>
#include <new>

#include "runtime/op.h"

namespace octet {
namespace {

constexpr std::align_val_t kAlignment{64};
constexpr size_t kSlackBytes = 64;  // vector kernels may read, never use, that far behind a block

}  // namespace

PackedMemory::~PackedMemory() {
  for (void* block : blocks_) ::operator delete(block, kAlignment);
}

void* PackedMemory::allocate(size_t bytes) {
  if (bytes > std::numeric_limits<size_t>::max() / 2) return nullptr;
  void* block = ::operator new(bytes + kSlackBytes, kAlignment, std::nothrow);
  if (block == nullptr) return nullptr;
  blocks_.push_back(block);
  bytes_ += bytes;
  return block;
}

}  // namespace octet
