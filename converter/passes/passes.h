// SPDX-License-Identifier: Apache-2.0
//
// The passes: file = function. What each does stands in its file; their order in pass_list.cc.
#pragma once

#include "converter/pass.h"

namespace octet::converter {

Status eliminate_common_subexpressions(Graph* graph, Diagnostics* diagnostics, bool* changed);
Status eliminate_dead(Graph* graph, Diagnostics* diagnostics, bool* changed);
Status eliminate_identity(Graph* graph, Diagnostics* diagnostics, bool* changed);
Status fold_batch_norm_into_conv(Graph* graph, Diagnostics* diagnostics, bool* changed);
Status fold_constants(Graph* graph, Diagnostics* diagnostics, bool* changed);
Status fold_mul_add_into_conv(Graph* graph, Diagnostics* diagnostics, bool* changed);
Status fuse_activation(Graph* graph, Diagnostics* diagnostics, bool* changed);
Status fuse_pad_into_conv(Graph* graph, Diagnostics* diagnostics, bool* changed);
Status move_reshape_behind_elementwise(Graph* graph, Diagnostics* diagnostics, bool* changed);
Status move_to_nhwc(Graph* graph, Diagnostics* diagnostics, bool* changed);
Status recognize_channel_shuffle(Graph* graph, Diagnostics* diagnostics, bool* changed);
Status recognize_clip(Graph* graph, Diagnostics* diagnostics, bool* changed);
Status recognize_gelu(Graph* graph, Diagnostics* diagnostics, bool* changed);
Status recognize_hard_swish(Graph* graph, Diagnostics* diagnostics, bool* changed);
Status recognize_layer_norm(Graph* graph, Diagnostics* diagnostics, bool* changed);
Status recognize_mish(Graph* graph, Diagnostics* diagnostics, bool* changed);
Status recognize_silu(Graph* graph, Diagnostics* diagnostics, bool* changed);
Status replace_batch_norm_with_depthwise_conv(Graph* graph, Diagnostics* diagnostics, bool* changed);

}  // namespace octet::converter
