// SPDX-License-Identifier: Apache-2.0
//
// See broadcast.h.
#include "kernels/portable/broadcast.h"

namespace octet::kernels {

size_t Broadcast::elements() const {
  size_t product = 1;
  for (size_t i = 0; i < rank; ++i) product *= dims[i];
  return product;
}

bool broadcasts_to(Dims from, Dims to) {
  if (from.rank > to.rank) return false;
  for (size_t i = 0; i < from.rank; ++i) {
    const int32_t dim = from.dims[from.rank - 1 - i];
    if (dim != 1 && dim != to.dims[to.rank - 1 - i]) return false;
  }
  return true;
}

namespace {

// Element strides of `operand` along the axes of `output`; 0 where it is broadcast.
void full_strides(Dims output, Dims operand, size_t* strides) {
  size_t stride = 1;
  for (size_t i = 0; i < output.rank; ++i) {
    const size_t axis = output.rank - 1 - i;
    const size_t dim = i < operand.rank ? static_cast<size_t>(operand.dims[operand.rank - 1 - i]) : 1;
    strides[axis] = dim == 1 ? 0 : stride;
    stride *= dim;
  }
}

}  // namespace

Broadcast make_broadcast(Dims output, const Dims* operands, size_t count) {
  size_t strides[Broadcast::kOperands][Broadcast::kMaxRank] = {};
  for (size_t k = 0; k < count; ++k) full_strides(output, operands[k], strides[k]);

  Broadcast b;
  b.rank = 0;
  for (size_t axis = 0; axis < output.rank; ++axis) {
    const size_t dim = static_cast<size_t>(output.dims[axis]);
    if (dim == 1) continue;
    bool merges = b.rank > 0;
    for (size_t k = 0; k < count && merges; ++k) merges = b.strides[k][b.rank - 1] == strides[k][axis] * dim;
    if (!merges) {
      b.dims[b.rank] = 1;
      ++b.rank;
    }
    b.dims[b.rank - 1] *= dim;
    for (size_t k = 0; k < count; ++k) b.strides[k][b.rank - 1] = strides[k][axis];
  }
  if (b.rank == 0) {  // one element
    b.rank = 1;
    b.dims[0] = 1;
  }
  return b;
}

BroadcastRows::BroadcastRows(const Broadcast& broadcast, size_t first_row) : broadcast_(broadcast) {
  for (size_t axis = broadcast.rank - 1; axis-- > 0;) {
    index_[axis] = first_row % broadcast.dims[axis];
    first_row /= broadcast.dims[axis];
    for (size_t k = 0; k < Broadcast::kOperands; ++k)
      offsets_[k] += index_[axis] * broadcast.strides[k][axis];
  }
}

void BroadcastRows::next() {
  for (size_t axis = broadcast_.rank - 1; axis-- > 0;) {
    const bool wraps = ++index_[axis] == broadcast_.dims[axis];
    for (size_t k = 0; k < Broadcast::kOperands; ++k) {
      const size_t stride = broadcast_.strides[k][axis];
      offsets_[k] += wraps ? stride - stride * broadcast_.dims[axis] : stride;  // wraps modulo 2^64
    }
    if (!wraps) return;
    index_[axis] = 0;
  }
}

}  // namespace octet::kernels
