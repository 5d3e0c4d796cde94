// SPDX-License-Identifier: Apache-2.0
//
// Every operator's validate and prepare. One pair per row of op_table.inc:
//
//   validate_<op>   checks one operator of an untrusted file; the comment at its
//                   definition lists what it checks
//   prepare_<op>    chooses kernels and packs; trusts what validate checked
//
// Operators of several forms (OCTET_OP_FORMS) have prepare_<op>_s8 (<op>_s8.cc), for an s8 input 0,
// prepare_<op>_f32 (<op>_f32.cc), for other types, and some prepare_<op>_s16 (<op>_s16.cc), where any tensor is s16.
#pragma once

#include <memory>

#include "runtime/op.h"
#include "runtime/status.h"

namespace octet {

using OpPointer = std::unique_ptr<Op>;

// Boundaries and tables.
Status validate_quantize(const OpView& view);
Status prepare_quantize(const OpView& view, PrepareContext* context, OpPointer* op);
Status validate_dequantize(const OpView& view);
Status prepare_dequantize(const OpView& view, PrepareContext* context, OpPointer* op);
Status validate_requantize(const OpView& view);
Status prepare_requantize(const OpView& view, PrepareContext* context, OpPointer* op);
Status validate_table(const OpView& view);
Status prepare_table(const OpView& view, PrepareContext* context, OpPointer* op);

// Convolution-like.
Status validate_conv_2d(const OpView& view);
Status validate_conv_transpose_2d(const OpView& view);
Status validate_fully_connected(const OpView& view);
Status validate_mat_mul(const OpView& view);
Status prepare_mat_mul(const OpView& view, PrepareContext* context, OpPointer* op);

// Elementwise.
Status validate_binary(const OpView& view);
Status validate_unary(const OpView& view);
Status prepare_unary(const OpView& view, PrepareContext* context, OpPointer* op);
Status validate_prelu(const OpView& view);
Status validate_where(const OpView& view);
Status prepare_where(const OpView& view, PrepareContext* context, OpPointer* op);
Status validate_cast(const OpView& view);
Status prepare_cast(const OpView& view, PrepareContext* context, OpPointer* op);

// Pooling and reduction.
Status validate_average_pool_2d(const OpView& view);
Status validate_max_pool_2d(const OpView& view);
Status validate_reduce(const OpView& view);
Status validate_arg_reduce(const OpView& view);
Status prepare_arg_reduce(const OpView& view, PrepareContext* context, OpPointer* op);
Status validate_softmax(const OpView& view);

// Data movement.
Status validate_reshape(const OpView& view);
Status prepare_reshape(const OpView& view, PrepareContext* context, OpPointer* op);
Status validate_transpose(const OpView& view);
Status prepare_transpose(const OpView& view, PrepareContext* context, OpPointer* op);
Status validate_concat(const OpView& view);
Status prepare_concat(const OpView& view, PrepareContext* context, OpPointer* op);
Status validate_slice(const OpView& view);
Status prepare_slice(const OpView& view, PrepareContext* context, OpPointer* op);
Status validate_pad(const OpView& view);
Status prepare_pad(const OpView& view, PrepareContext* context, OpPointer* op);
Status validate_expand(const OpView& view);
Status prepare_expand(const OpView& view, PrepareContext* context, OpPointer* op);
Status validate_tile(const OpView& view);
Status prepare_tile(const OpView& view, PrepareContext* context, OpPointer* op);
Status validate_resize_2d(const OpView& view);
Status validate_gather(const OpView& view);
Status prepare_gather(const OpView& view, PrepareContext* context, OpPointer* op);
Status validate_gather_elements(const OpView& view);
Status prepare_gather_elements(const OpView& view, PrepareContext* context, OpPointer* op);
Status validate_gather_nd(const OpView& view);
Status prepare_gather_nd(const OpView& view, PrepareContext* context, OpPointer* op);
Status validate_scatter_nd(const OpView& view);
Status prepare_scatter_nd(const OpView& view, PrepareContext* context, OpPointer* op);

// Float-only composites.
Status validate_layer_normalization(const OpView& view);
Status prepare_layer_normalization(const OpView& view, PrepareContext* context, OpPointer* op);
Status validate_instance_normalization(const OpView& view);
Status prepare_instance_normalization(const OpView& view, PrepareContext* context, OpPointer* op);
Status validate_local_response_normalization(const OpView& view);
Status prepare_local_response_normalization(const OpView& view, PrepareContext* context, OpPointer* op);
Status validate_lp_normalization(const OpView& view);
Status prepare_lp_normalization(const OpView& view, PrepareContext* context, OpPointer* op);
Status validate_recurrent(const OpView& view);
Status prepare_recurrent(const OpView& view, PrepareContext* context, OpPointer* op);
Status validate_top_k(const OpView& view);
Status prepare_top_k(const OpView& view, PrepareContext* context, OpPointer* op);
Status validate_non_max_suppression(const OpView& view);
Status prepare_non_max_suppression(const OpView& view, PrepareContext* context, OpPointer* op);
Status validate_cum_sum(const OpView& view);
Status prepare_cum_sum(const OpView& view, PrepareContext* context, OpPointer* op);
Status validate_one_hot(const OpView& view);
Status prepare_one_hot(const OpView& view, PrepareContext* context, OpPointer* op);
Status validate_scatter_elements(const OpView& view);
Status prepare_scatter_elements(const OpView& view, PrepareContext* context, OpPointer* op);
Status validate_group_normalization(const OpView& view);
Status prepare_group_normalization(const OpView& view, PrepareContext* context, OpPointer* op);
Status validate_trilu(const OpView& view);
Status prepare_trilu(const OpView& view, PrepareContext* context, OpPointer* op);

// The operators of several forms.
Status prepare_conv_2d_s8(const OpView& view, PrepareContext* context, OpPointer* op);
Status prepare_conv_2d_s16(const OpView& view, PrepareContext* context, OpPointer* op);
Status prepare_conv_2d_f32(const OpView& view, PrepareContext* context, OpPointer* op);
Status prepare_conv_transpose_2d_s8(const OpView& view, PrepareContext* context, OpPointer* op);
Status prepare_conv_transpose_2d_f32(const OpView& view, PrepareContext* context, OpPointer* op);
Status prepare_fully_connected_s8(const OpView& view, PrepareContext* context, OpPointer* op);
Status prepare_fully_connected_s16(const OpView& view, PrepareContext* context, OpPointer* op);
Status prepare_fully_connected_f32(const OpView& view, PrepareContext* context, OpPointer* op);
Status prepare_binary_s8(const OpView& view, PrepareContext* context, OpPointer* op);
Status prepare_binary_s16(const OpView& view, PrepareContext* context, OpPointer* op);
Status prepare_binary_f32(const OpView& view, PrepareContext* context, OpPointer* op);
Status prepare_prelu_s8(const OpView& view, PrepareContext* context, OpPointer* op);
Status prepare_prelu_f32(const OpView& view, PrepareContext* context, OpPointer* op);
Status prepare_average_pool_2d_s8(const OpView& view, PrepareContext* context, OpPointer* op);
Status prepare_average_pool_2d_s16(const OpView& view, PrepareContext* context, OpPointer* op);
Status prepare_average_pool_2d_f32(const OpView& view, PrepareContext* context, OpPointer* op);
Status prepare_max_pool_2d_s8(const OpView& view, PrepareContext* context, OpPointer* op);
Status prepare_max_pool_2d_s16(const OpView& view, PrepareContext* context, OpPointer* op);
Status prepare_max_pool_2d_f32(const OpView& view, PrepareContext* context, OpPointer* op);
Status prepare_reduce_s8(const OpView& view, PrepareContext* context, OpPointer* op);
Status prepare_reduce_s16(const OpView& view, PrepareContext* context, OpPointer* op);
Status prepare_reduce_f32(const OpView& view, PrepareContext* context, OpPointer* op);
Status prepare_softmax_s8(const OpView& view, PrepareContext* context, OpPointer* op);
Status prepare_softmax_f32(const OpView& view, PrepareContext* context, OpPointer* op);
Status prepare_resize_2d_s8(const OpView& view, PrepareContext* context, OpPointer* op);
Status prepare_resize_2d_f32(const OpView& view, PrepareContext* context, OpPointer* op);

}  // namespace octet
