// SPDX-License-Identifier: Apache-2.0
//
// quantize: decide (precision, scales), then rewrite (weights, boundaries, tables). A node that the
// scales turn out not to fit goes back to f32, and the decision starts over without it.
#include "converter/quantize/pin_scales.h"
#include "converter/quantize/quantize_weights.h"
#include "converter/quantize/s8_plan.h"

namespace octet::converter {
namespace {

S8Plan make_plan(const Graph& graph, const Ranges& ranges, const ScaleForm& form, Diagnostics* diagnostics) {
  S8Plan plan;
  plan.form = form;
  S8Nodes demoted;
  for (size_t before = 1; before != 0;) {
    choose_precision(graph, ranges, demoted, &plan.nodes);
    const size_t count = demoted.size();
    plan.quantizations = ranges_to_scales({graph, ranges, plan.nodes, form}, diagnostics, &demoted);
    before = demoted.size() - count;
  }
  plan.s8_values = choose_s8_values(graph, plan.nodes);
  return plan;
}

}  // namespace

Status quantize(Graph* graph, const Ranges& ranges, const ConvertOptions& options, Diagnostics* diagnostics) {
  if (graph->layout != Layout::kNhwc)
    return error(StatusCode::kInternal, "quantize: the graph is NCHW; run the passes first");
  spread_pinned_scales(graph);
  const S8Plan plan = make_plan(*graph, ranges, options.ranges.form, diagnostics);
  OCTET_RETURN_IF_ERROR(quantize_weights(graph, plan, diagnostics));
  insert_boundaries(graph, plan);
  fuse_tables(graph);
  return Status();
}

}  // namespace octet::converter
