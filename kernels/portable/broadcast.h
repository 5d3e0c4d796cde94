// SPDX-License-Identifier: Apache-2.0
//
// numpy broadcasting of up to three operands, reduced to the fewest axes:
// neighbouring axes that every operand walks in one stride become one.
//
// The output is dense. Its last collapsed axis is a row; within a row an operand
// advances by its last stride, which is 0 (one value for the whole row) or 1.
#pragma once

#include <cstddef>
#include <cstdint>

namespace octet::kernels {

struct Broadcast {
  static constexpr size_t kMaxRank = 8;
  static constexpr size_t kOperands = 3;
  size_t rank = 1;
  size_t dims[kMaxRank] = {1};
  size_t strides[kOperands][kMaxRank] = {};

  size_t row_elements() const { return dims[rank - 1]; }
  size_t row_stride(size_t operand) const { return strides[operand][rank - 1]; }
  // Of the output.
  size_t elements() const;
};

// A row-major shape, outermost first.
struct Dims {
  size_t rank;
  const int32_t* dims;
};

// Whether `from` broadcasts to `to`: aligned at the last axis, each of its
// dimensions is 1 or equal.
bool broadcasts_to(Dims from, Dims to);

// Precondition: every operand broadcasts to `output`, whose rank is at most 8.
Broadcast make_broadcast(Dims output, const Dims* operands, size_t count);

// The place of a row in every operand, stepping from row to row.
class BroadcastRows {
 public:
  BroadcastRows(const Broadcast& broadcast, size_t first_row);
  size_t offset(size_t operand) const { return offsets_[operand]; }
  void next();

 private:
  const Broadcast& broadcast_;
  size_t index_[Broadcast::kMaxRank] = {};
  size_t offsets_[Broadcast::kOperands] = {};
};

// Calls f(output, offsets, count) for each piece of a row in the output elements [first, last):
// `output` is its first element, offsets[k] the first element of operand k, which then
// advances by row_stride(k).
template <class F>
void for_each_run(const Broadcast& broadcast, size_t first, size_t last, const F& f) {
  if (first >= last) return;
  const size_t n = broadcast.row_elements();
  BroadcastRows rows(broadcast, first / n);
  for (size_t column = first % n; first < last; rows.next(), column = 0) {
    const size_t count = n - column < last - first ? n - column : last - first;
    size_t offsets[Broadcast::kOperands];
    for (size_t k = 0; k < Broadcast::kOperands; ++k)
      offsets[k] = rows.offset(k) + column * broadcast.row_stride(k);
    f(first, static_cast<const size_t*>(offsets), count);
    first += count;
  }
}

}  // namespace octet::kernels
