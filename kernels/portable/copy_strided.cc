// SPDX-License-Identifier: Apache-2.0
//
// copy_strided for any CPU: merged dimensions, blocks copied by their size, and
// tiles where rows become columns.
#include "kernels/copy_strided.h"

#include <cstring>

namespace octet::kernels {
namespace {

constexpr size_t kTile = 16;   // rows and columns of a transposed tile
constexpr size_t kNarrow = 4;  // rows or columns that are interleaved whole
constexpr size_t kNarrowTile = 2048;

// Drops dimensions of length 1 and merges neighbours that run on in both input and output.
void merge_dimensions(CopyPlan* plan) {
  int rank = 0;
  for (int d = 0; d < plan->rank; ++d) {
    const size_t n = plan->dims[d];
    if (n == 1) continue;
    const ptrdiff_t length = static_cast<ptrdiff_t>(n);
    const bool runs_on = rank > 0 && plan->input_strides[rank - 1] == plan->input_strides[d] * length &&
                         plan->output_strides[rank - 1] == plan->output_strides[d] * length;
    const int at = runs_on ? rank - 1 : rank++;
    plan->dims[at] = runs_on ? plan->dims[at] * n : n;
    plan->input_strides[at] = plan->input_strides[d];
    plan->output_strides[at] = plan->output_strides[d];
  }
  plan->rank = rank;
}

bool is_typed(size_t bytes) { return bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8; }

// The axis along which the input is contiguous while the last axis makes the output so; -1 if none.
int find_transposed_axis(const CopyPlan& plan) {
  const int last = plan.rank - 1;
  const ptrdiff_t block = static_cast<ptrdiff_t>(plan.block_bytes);
  if (plan.rank < 2 || !is_typed(plan.block_bytes) || plan.output_strides[last] != block) return -1;
  for (int d = last - 1; d >= 0; --d)
    if (plan.input_strides[d] == block) return d;
  return -1;
}

// The number of steps of loop d: the transposed axis moves in tiles.
size_t steps(const CopyPlan& plan, int d) {
  return d == plan.transposed_axis ? (plan.dims[d] + plan.tile - 1) / plan.tile : plan.dims[d];
}

// The product of all loops but the last.
size_t count_items(const CopyPlan& plan) {
  size_t items = 1;
  for (int d = 0; d < plan.rank - 1; ++d) items *= steps(plan, d);
  return items;
}

// A block of any size; the common small ones without a call.
inline void copy_block(const uint8_t* from, uint8_t* to, size_t bytes) {
  if (bytes > 128 || bytes < 4) {
    std::memcpy(to, from, bytes);
  } else if (bytes >= 16) {
    for (size_t i = 0; i + 16 < bytes; i += 16) std::memcpy(to + i, from + i, 16);
    std::memcpy(to + bytes - 16, from + bytes - 16, 16);
  } else if (bytes >= 8) {
    std::memcpy(to, from, 8);
    std::memcpy(to + bytes - 8, from + bytes - 8, 8);
  } else {
    std::memcpy(to, from, 4);
    std::memcpy(to + bytes - 4, from + bytes - 4, 4);
  }
}

struct Row {
  const uint8_t* from;
  uint8_t* to;
  size_t length;
  ptrdiff_t from_stride, to_stride;  // in bytes
};

// N = bytes of an element, known to the compiler.
template <size_t N>
void copy_elements(const Row& row) {
  const uint8_t* from = row.from;
  uint8_t* to = row.to;
  for (size_t i = 0; i < row.length; ++i, from += row.from_stride, to += row.to_stride)
    std::memcpy(to, from, N);
}

void copy_row(const Row& row, size_t block_bytes) {
  switch (block_bytes) {
    case 1: return copy_elements<1>(row);
    case 2: return copy_elements<2>(row);
    case 4: return copy_elements<4>(row);
    case 8: return copy_elements<8>(row);
    default: break;
  }
  const uint8_t* from = row.from;
  uint8_t* to = row.to;
  for (size_t i = 0; i < row.length; ++i, from += row.from_stride, to += row.to_stride)
    copy_block(from, to, block_bytes);
}

// output[r][c] = input[c][r] for r < rows, c < columns; both contiguous along their inner axis.
struct Tile {
  const uint8_t* from;
  uint8_t* to;
  size_t rows, columns;
  ptrdiff_t from_stride, to_stride;  // in bytes, from column to column, from row to row
};

template <size_t N>
void transpose_squares(const Tile& tile) {
  for (size_t c0 = 0; c0 < tile.columns; c0 += kTile) {
    const size_t columns = tile.columns - c0 < kTile ? tile.columns - c0 : kTile;
    for (size_t r = 0; r < tile.rows; ++r) {
      const uint8_t* from = tile.from + static_cast<ptrdiff_t>(c0) * tile.from_stride + r * N;
      uint8_t* to = tile.to + static_cast<ptrdiff_t>(r) * tile.to_stride + c0 * N;
      for (size_t c = 0; c < columns; ++c, from += tile.from_stride, to += N) std::memcpy(to, from, N);
    }
  }
}

// Four bytes at any address, of any type.
struct __attribute__((packed, may_alias)) Element4 {
  uint32_t value;
};

// Few columns (channels of NCHW to NHWC): K input rows become one dense output row after another.
template <class T, size_t K>
void interleave(const Tile& tile) {
  T* __restrict to = reinterpret_cast<T*>(tile.to);
  for (size_t r = 0; r < tile.rows; ++r)
    for (size_t c = 0; c < K; ++c)
      to[r * K + c] = reinterpret_cast<const T*>(tile.from + static_cast<ptrdiff_t>(c) * tile.from_stride)[r];
}

// Few rows (NHWC to NCHW): the dense input is dealt out to K output rows.
template <class T, size_t K>
void deal_out(const Tile& tile) {
  const T* __restrict from = reinterpret_cast<const T*>(tile.from);
  for (size_t r = 0; r < K; ++r) {
    T* __restrict to = reinterpret_cast<T*>(tile.to + static_cast<ptrdiff_t>(r) * tile.to_stride);
    for (size_t c = 0; c < tile.columns; ++c) to[c] = from[c * K + r];
  }
}

template <class T>
void transpose_elements(const Tile& tile) {
  constexpr ptrdiff_t n = sizeof(T);
  if (tile.to_stride == 2 * n && tile.columns == 2) return interleave<T, 2>(tile);
  if (tile.to_stride == 3 * n && tile.columns == 3) return interleave<T, 3>(tile);
  if (tile.to_stride == 4 * n && tile.columns == 4) return interleave<T, 4>(tile);
  if (tile.from_stride == 2 * n && tile.rows == 2) return deal_out<T, 2>(tile);
  if (tile.from_stride == 3 * n && tile.rows == 3) return deal_out<T, 3>(tile);
  if (tile.from_stride == 4 * n && tile.rows == 4) return deal_out<T, 4>(tile);
  transpose_squares<sizeof(T)>(tile);
}

void transpose_tile(const Tile& tile, size_t bytes) {
  switch (bytes) {
    case 1: return transpose_elements<uint8_t>(tile);
    case 2: return transpose_squares<2>(tile);
    case 4: return transpose_elements<Element4>(tile);
    default: return transpose_squares<8>(tile);
  }
}

void copy_item(const CopyPlan& plan, const uint8_t* input, uint8_t* output, size_t item) {
  size_t tile_row = 0;
  for (int d = plan.rank - 2; d >= 0; --d) {
    const bool transposed = d == plan.transposed_axis;
    const size_t length = steps(plan, d);
    const size_t index = item % length * (transposed ? plan.tile : 1);
    item /= length;
    if (transposed) tile_row = index;
    input += static_cast<ptrdiff_t>(index) * plan.input_strides[d];
    output += static_cast<ptrdiff_t>(index) * plan.output_strides[d];
  }
  const int last = plan.rank - 1;
  if (plan.transposed_axis < 0) {
    copy_row({input, output, plan.dims[last], plan.input_strides[last], plan.output_strides[last]},
             plan.block_bytes);
    return;
  }
  const size_t left = plan.dims[plan.transposed_axis] - tile_row;
  transpose_tile({input, output, left < plan.tile ? left : plan.tile, plan.dims[last],
                  plan.input_strides[last], plan.output_strides[plan.transposed_axis]},
                 plan.block_bytes);
}

}  // namespace

CopyPlan plan_copy(const StridedCopy& copy) {
  CopyPlan plan;
  plan.rank = copy.rank;
  const ptrdiff_t bytes = static_cast<ptrdiff_t>(copy.element_bytes);
  for (int d = 0; d < copy.rank; ++d) {
    if (copy.dims[d] == 0) return CopyPlan();
    plan.dims[d] = copy.dims[d];
    plan.input_strides[d] = copy.input_strides[d] * bytes;
    plan.output_strides[d] = copy.output_strides[d] * bytes;
  }
  merge_dimensions(&plan);
  plan.block_bytes = copy.element_bytes;
  const int last = plan.rank - 1;
  if (last >= 0 && plan.input_strides[last] == bytes && plan.output_strides[last] == bytes) {
    plan.block_bytes *= plan.dims[last];
    --plan.rank;
  }
  plan.transposed_axis = find_transposed_axis(plan);
  if (plan.transposed_axis >= 0) plan.tile = plan.dims[plan.rank - 1] <= kNarrow ? kNarrowTile : kTile;
  plan.items = count_items(plan);
  return plan;
}

void copy_strided(const CopyPlan& plan, const void* input, void* output, size_t first, size_t last) {
  const uint8_t* from = static_cast<const uint8_t*>(input);
  uint8_t* to = static_cast<uint8_t*>(output);
  if (plan.rank == 0) {
    if (first < last) std::memcpy(to, from, plan.block_bytes);
    return;
  }
  for (size_t item = first; item < last; ++item) copy_item(plan, from, to, item);
}

}  // namespace octet::kernels
