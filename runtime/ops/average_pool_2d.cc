// SPDX-License-Identifier: Apache-2.0
//
// AveragePool2D on [N, H, W, C]. s8 in average_pool_2d_s8.cc, s16 in pool_2d_s16.cc, f32 in average_pool_2d_f32.cc.
#include <algorithm>
#include <set>

#include "runtime/ops/op_checks.h"
#include "runtime/ops/ops.h"
#include "runtime/ops/pool_checks.h"

namespace octet {
namespace {

// The window lengths that occur along one axis.
std::set<size_t> window_lengths(const kernels::PoolAxis& axis, bool count_include_pad) {
  std::set<size_t> lengths;
  for (size_t o = 0; o < axis.output; ++o) {
    const kernels::PoolWindow w = kernels::pool_window(axis, o);
    lengths.insert(count_include_pad ? w.padded : w.last - w.first);
  }
  return lengths;
}

// counts ascends, holds the size of every window that occurs, with one requantization each.
Status check_counts(const OpView& view, const schema::Pool2DOptions& options) {
  constexpr size_t kLargestWindow = size_t{1} << 22, kMostCounts = 4096;
  const kernels::Pool2D geometry = pool_geometry(view);
  const size_t entries = vector_length(options.counts());
  if (entries == 0 || entries > kMostCounts)
    return invalid(view, "%zu counts; must be in [1, %zu]", entries, kMostCounts);
  const int32_t* counts = options.counts()->data();
  for (size_t i = 0; i < entries; ++i)
    if (counts[i] <= (i > 0 ? counts[i - 1] : 0))
      return invalid(view, "count %d at %zu; must be positive and ascend", counts[i], i);
  OCTET_RETURN_IF_ERROR(check_requantization_entries(view, options.requantization(), entries));
  for (const size_t ny : window_lengths(geometry.y, options.count_include_pad())) {
    for (const size_t nx : window_lengths(geometry.x, options.count_include_pad())) {
      if (ny * nx >= kLargestWindow)
        return invalid(view, "window of %zu positions; must be below %zu", ny * nx, kLargestWindow);
      if (!std::binary_search(counts, counts + entries, static_cast<int32_t>(ny * nx)))
        return invalid(view, "windows of %zu positions occur; counts must hold them", ny * nx);
    }
  }
  return Status();
}

}  // namespace

// Checks: pool_checks.h; s8 and s16: counts complete, with one requantization entry each.
Status validate_average_pool_2d(const OpView& view) {
  OCTET_RETURN_IF_ERROR(validate_pool(view));
  return view.input(0)->is_quantized() ? check_counts(view, *view.options<schema::Pool2DOptions>()) : Status();
}

}  // namespace octet
