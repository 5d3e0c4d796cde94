// SPDX-License-Identifier: Apache-2.0
//
// calibrate_missing: a network that brings scales for some of its activations, and samples for the others.
// The samples run through the network as it rounds, so that the others are seen behind the given scales.
#include <algorithm>

#include "converter/quantize/pin_scales.h"
#include "converter/quantize/uses.h"
#include "converter/simulate_quantization.h"
#include "converter/stages.h"

namespace octet::converter {
namespace {

// Activations in f32 without a scale that a node reads or writes.
std::vector<ValueId> without_scale(const Graph& graph) {
  const Uses uses(graph);
  std::vector<ValueId> result;
  for (size_t i = 0; i < graph.values.size(); ++i) {
    const ValueId id = static_cast<ValueId>(i);
    if (!is_f32_activation(graph, id) || graph.value(id).quantization.scale != 0) continue;
    if (uses.writer(id) != nullptr || !uses.readers(id).empty()) result.push_back(id);
  }
  return result;
}

}  // namespace

Status calibrate_missing(const Graph& graph, const ConvertOptions& options, Ranges* ranges,
                         Diagnostics* diagnostics, size_t* samples) {
  if (options.samples == nullptr) return Status();
  Graph rounded = graph.clone();
  spread_pinned_scales(&rounded);
  std::vector<ValueId> missing = without_scale(rounded);
  missing.erase(
      std::remove_if(missing.begin(), missing.end(), [&](ValueId id) { return ranges->count(id) != 0; }),
      missing.end());
  if (missing.empty()) {
    diagnostics->note("calibrate", "",
                      "the network brings a scale for every activation: the samples choose none");
    return Status();
  }
  simulate_pinned_scales(&rounded);
  Ranges all;
  OCTET_RETURN_IF_ERROR(calibrate(rounded, options, &all, diagnostics, samples));
  size_t seen = 0;
  for (ValueId id : missing) {
    const auto found = all.find(id);
    if (found != all.end()) seen += ranges->insert(*found).second;
  }
  diagnostics->note("calibrate", "",
                    std::to_string(seen) +
                        " activations without a scale of their own got one from the samples; weights without "
                        "one are rounded to the nearest");
  return Status();
}

}  // namespace octet::converter
