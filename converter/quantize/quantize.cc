// SPDX-License-Identifier: Apache-2.0
//
// quantize: decide (precision, scales), then rewrite (weights, boundaries, tables). A node that the
// scales turn out not to fit goes back to f32, and the decision starts over without it.
#include "converter/quantize/keep_float.h"
#include "converter/quantize/pin_scales.h"
#include "converter/quantize/quantize_weights.h"
#include "converter/quantize/s8_plan.h"
#include "converter/quantize/s8_rules.h"

namespace octet::converter {
namespace {

// `demoted`: the nodes that stay f32 in any case.
S8Plan make_plan(const Graph& graph, const Ranges& ranges, const RangeOptions& options, S8Nodes demoted,
                 const WideValues& wanted, Diagnostics* diagnostics) {
  const ScaleForm& form = options.form;
  S8Plan plan;
  plan.form = form;
  plan.weights_per_tensor = options.weights_per_tensor;
  for (size_t before = 1; before != 0;) {
    choose_precision(graph, ranges, demoted, &plan.nodes);
    const size_t count = demoted.size();
    Diagnostics quiet;
    plan.wide = spread_wide_values(graph, plan.nodes, wanted, &quiet);
    plan.quantizations =
        ranges_to_scales({graph, ranges, plan.nodes, form, plan.wide, &plan.narrow}, diagnostics, &demoted);
    before = demoted.size() - count;
  }
  spread_wide_values(graph, plan.nodes, wanted, diagnostics);  // for what it says about the final choice
  plan.s8_values = choose_s8_values(graph, plan.nodes);
  return plan;
}

// Nodes whose number of weight scales is given must exist and have weights.
Status check_weight_options(const Graph& graph, const RangeOptions& options) {
  for (const auto& entry : options.weights_per_tensor) {
    const Node* node = find_named_node(graph, entry.first);
    const S8Rule* rule = node != nullptr && node->name == entry.first ? find_s8_rule(*node) : nullptr;
    if (rule == nullptr || rule->kind != S8Class::kHeavy)
      return error(
          StatusCode::kInvalidArgument,
          "weights of '%s': no Conv, ConvTranspose or FullyConnected has this name after fusing; octet "
          "inspect lists them",
          entry.first.c_str());
  }
  return Status();
}

}  // namespace

Status quantize(Graph* graph, const Ranges& ranges, const ConvertOptions& options, Diagnostics* diagnostics) {
  if (graph->layout != Layout::kNhwc)
    return error(StatusCode::kInternal, "quantize: the graph is NCHW; run the passes first");
  spread_pinned_scales(graph);
  S8Nodes demoted;
  OCTET_RETURN_IF_ERROR(keep_in_float(*graph, options.precision_options, &demoted));
  OCTET_RETURN_IF_ERROR(check_weight_options(*graph, options.ranges));
  WideValues wanted;
  OCTET_RETURN_IF_ERROR(find_wide_values(*graph, options.precision_options.int16, &wanted));
  const S8Plan plan = make_plan(*graph, ranges, options.ranges, std::move(demoted), wanted, diagnostics);
  OCTET_RETURN_IF_ERROR(quantize_weights(graph, plan, diagnostics));
  insert_boundaries(graph, plan);
  fuse_tables(graph);
  return Status();
}

}  // namespace octet::converter
