// SPDX-License-Identifier: Apache-2.0
//
// The order of the passes. Rows of one group repeat until none of them changes anything.
#include <string>

#include "converter/infer_shapes.h"
#include "converter/passes/passes.h"

namespace octet::converter {

namespace {

struct GroupedRow {
  int group;
  PassRow row;
};

#define OCTET_PASS(name) {#name, name}

const std::vector<GroupedRow>& grouped_list() {
  static const std::vector<GroupedRow> list = {
      // 1: what is written out becomes what it means, and folds into the convolutions in front of it.
      {1, OCTET_PASS(eliminate_dead)},
      {1, OCTET_PASS(fold_constants)},
      {1, OCTET_PASS(eliminate_identity)},
      {1, OCTET_PASS(eliminate_common_subexpressions)},
      {1, OCTET_PASS(move_reshape_behind_elementwise)},
      {1, OCTET_PASS(recognize_clip)},
      {1, OCTET_PASS(recognize_silu)},
      {1, OCTET_PASS(recognize_mish)},
      {1, OCTET_PASS(recognize_hard_swish)},
      {1, OCTET_PASS(recognize_gelu)},
      {1, OCTET_PASS(recognize_layer_norm)},
      {1, OCTET_PASS(recognize_channel_shuffle)},
      {1, OCTET_PASS(fold_batch_norm_into_conv)},
      {1, OCTET_PASS(fold_mul_add_into_conv)},
      {1, OCTET_PASS(fuse_pad_into_conv)},
      // 2: the rest of batch normalization; activations, once nothing more can be folded before them.
      {2, OCTET_PASS(replace_batch_norm_with_depthwise_conv)},
      {2, OCTET_PASS(fuse_activation)},
      // 3: layout, then what it laid open.
      {3, OCTET_PASS(move_to_nhwc)},
      {4, OCTET_PASS(fold_constants)},
      {4, OCTET_PASS(eliminate_identity)},
      {4, OCTET_PASS(recognize_layer_norm)},  // over channels, which are last only now
      {4, OCTET_PASS(
              fold_mul_add_into_conv)},  // behind convolutions that had a Transpose between (NHWC networks)
      {4, OCTET_PASS(fuse_pad_into_conv)},
      {4, OCTET_PASS(fuse_activation)},
      {4, OCTET_PASS(eliminate_common_subexpressions)},
      {4, OCTET_PASS(eliminate_dead)},
  };
  return list;
}

#undef OCTET_PASS

constexpr int kMostRounds = 100;  // a group that never settles is a bug in a pass

Status run_group(int group, Graph* graph, Diagnostics* diagnostics) {
  for (int round = 0; round < kMostRounds; ++round) {
    bool any = false;
    for (const GroupedRow& item : grouped_list()) {
      if (item.group != group) continue;
      bool changed = false;
      OCTET_RETURN_IF_ERROR(item.row.run(graph, diagnostics, &changed));
      any = any || changed;
    }
    if (!any) return {};
  }
  return Status(StatusCode::kInternal, "pass group " + std::to_string(group) + " does not settle");
}

}  // namespace

const std::vector<PassRow>& pass_list() {
  static const std::vector<PassRow> rows = [] {
    std::vector<PassRow> list;
    for (const GroupedRow& item : grouped_list()) list.push_back(item.row);
    return list;
  }();
  return rows;
}

Status run_passes(Graph* graph, Diagnostics* diagnostics) {
  for (int group = 1; group <= grouped_list().back().group; ++group)
    OCTET_RETURN_IF_ERROR(run_group(group, graph, diagnostics));
  return check_graph(*graph);
}

}  // namespace octet::converter
