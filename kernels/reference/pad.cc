// SPDX-License-Identifier: Apache-2.0
//
// Executable specification of pad; also the kernel in use: its inner loop is a copy of runs.
#include "kernels/pad.h"

#include <cstring>

namespace octet::kernels {
namespace {

// Bytes: shorter rows are filled all at once, and what is copied overwrites a part of them.
constexpr size_t kShortRow = 256;

int64_t modulo(int64_t a, int64_t n) { return (a % n + n) % n; }

void fill_blocks(const PadBlocks& pad, uint8_t* to, size_t blocks) {
  const size_t bytes = blocks * pad.block_bytes;
  if (pad.element_bytes == 1) {
    std::memset(to, pad.fill[0], bytes);
    return;
  }
  for (size_t i = 0; i < bytes; i += pad.element_bytes) std::memcpy(to + i, pad.fill, pad.element_bytes);
}

// Blocks [first, last) of one output row; `from` is null where the whole row is fill.
void pad_part(const PadBlocks& pad, const uint8_t* from, uint8_t* to, size_t first, size_t last) {
  const int32_t* map = pad.maps[pad.rank - 1];
  const size_t stride = pad.input_strides[pad.rank - 1] * pad.block_bytes;
  for (size_t i = first; i < last;) {
    size_t end = i;
    while (end < last && (from == nullptr || map[end] < 0)) ++end;
    fill_blocks(pad, to + i * pad.block_bytes, end - i);
    for (i = end; i < last && map[i] >= 0; ++i)
      std::memcpy(to + i * pad.block_bytes, from + static_cast<size_t>(map[i]) * stride, pad.block_bytes);
  }
}

// The input row behind output row `row`, or null where it is fill.
const uint8_t* source_row(const PadBlocks& pad, const uint8_t* input, size_t row) {
  size_t blocks = 0;
  for (int d = pad.rank - 2; d >= 0; --d) {
    const size_t o = row % pad.output_dims[d];
    row /= pad.output_dims[d];
    if (pad.maps[d] != nullptr && pad.maps[d][o] < 0) return nullptr;
    blocks += (pad.maps[d] != nullptr ? static_cast<size_t>(pad.maps[d][o]) : o) * pad.input_strides[d];
  }
  return input + blocks * pad.block_bytes;
}

}  // namespace

int32_t pad_source(PadModeKind mode, int64_t o, int64_t begin, int64_t length) {
  const int64_t i = o - begin;
  if (i >= 0 && i < length) return static_cast<int32_t>(i);
  if (length == 0 || mode == PadModeKind::kConstant) return -1;
  if (mode == PadModeKind::kEdge) return static_cast<int32_t>(i < 0 ? 0 : length - 1);
  if (mode == PadModeKind::kWrap) return static_cast<int32_t>(modulo(i, length));
  if (length == 1) return 0;
  const int64_t period = modulo(i, 2 * (length - 1));
  return static_cast<int32_t>(period < length ? period : 2 * (length - 1) - period);
}

void find_pad_run(PadBlocks* pad) {
  const int last = pad->rank - 1;
  const int32_t* map = pad->maps[last];
  const size_t length = pad->output_dims[last];
  pad->run_first = pad->run_last = 0;
  for (size_t first = 0; first < length;) {
    size_t end = first + 1;
    while (end < length && map[first] >= 0 && map[end] == map[end - 1] + 1) ++end;
    if (map[first] >= 0 && end - first > pad->run_last - pad->run_first) {
      pad->run_first = first;
      pad->run_last = end;
    }
    first = end;
  }
  pad->fills_around = true;
  for (size_t i = 0; i < length; ++i)
    pad->fills_around &= map[i] < 0 || (i >= pad->run_first && i < pad->run_last);
}

void pad_blocks(const PadBlocks& pad, const void* input, void* output, size_t first, size_t last) {
  const size_t length = pad.output_dims[pad.rank - 1];
  const size_t stride = pad.input_strides[pad.rank - 1] * pad.block_bytes;
  const bool fills_first =
      pad.fills_around && pad.element_bytes == 1 && length * pad.block_bytes <= kShortRow;
  if (fills_first && last > first)
    fill_blocks(pad, static_cast<uint8_t*>(output) + first * length * pad.block_bytes,
                (last - first) * length);
  for (size_t row = first; row < last; ++row) {
    const uint8_t* from = source_row(pad, static_cast<const uint8_t*>(input), row);
    uint8_t* to = static_cast<uint8_t*>(output) + row * length * pad.block_bytes;
    if (from == nullptr || pad.run_first == pad.run_last) {
      if (!fills_first) pad_part(pad, from, to, 0, length);
      continue;
    }
    if (!fills_first) pad_part(pad, from, to, 0, pad.run_first);
    const size_t source = static_cast<size_t>(pad.maps[pad.rank - 1][pad.run_first]);
    std::memcpy(to + pad.run_first * pad.block_bytes, from + source * stride,
                (pad.run_last - pad.run_first) * pad.block_bytes);
    if (!fills_first) pad_part(pad, from, to, pad.run_last, length);
  }
}

}  // namespace octet::kernels
