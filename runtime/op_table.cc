// SPDX-License-Identifier: Apache-2.0
//
// The table of operators: one row per type of the schema.
#include "runtime/op.h"
#include "runtime/ops/ops.h"

namespace octet {
namespace {

constexpr OpRow kOps[] = {
    {schema::OperatorType_Quantize, "Quantize", validate_quantize, prepare_quantize},
    {schema::OperatorType_Dequantize, "Dequantize", validate_dequantize, prepare_dequantize},
    {schema::OperatorType_Table, "Table", validate_table, prepare_table},
    {schema::OperatorType_Conv2D, "Conv2D", validate_conv_2d, prepare_conv_2d},
    {schema::OperatorType_ConvTranspose2D, "ConvTranspose2D", validate_conv_transpose_2d,
     prepare_conv_transpose_2d},
    {schema::OperatorType_FullyConnected, "FullyConnected", validate_fully_connected,
     prepare_fully_connected},
    {schema::OperatorType_MatMul, "MatMul", validate_mat_mul, prepare_mat_mul},
    {schema::OperatorType_Binary, "Binary", validate_binary, prepare_binary},
    {schema::OperatorType_Unary, "Unary", validate_unary, prepare_unary},
    {schema::OperatorType_PRelu, "PRelu", validate_prelu, prepare_prelu},
    {schema::OperatorType_Where, "Where", validate_where, prepare_where},
    {schema::OperatorType_Cast, "Cast", validate_cast, prepare_cast},
    {schema::OperatorType_AveragePool2D, "AveragePool2D", validate_average_pool_2d, prepare_average_pool_2d},
    {schema::OperatorType_MaxPool2D, "MaxPool2D", validate_max_pool_2d, prepare_max_pool_2d},
    {schema::OperatorType_Reduce, "Reduce", validate_reduce, prepare_reduce},
    {schema::OperatorType_ArgReduce, "ArgReduce", validate_arg_reduce, prepare_arg_reduce},
    {schema::OperatorType_Softmax, "Softmax", validate_softmax, prepare_softmax},
    {schema::OperatorType_Reshape, "Reshape", validate_reshape, prepare_reshape},
    {schema::OperatorType_Transpose, "Transpose", validate_transpose, prepare_transpose},
    {schema::OperatorType_Concat, "Concat", validate_concat, prepare_concat},
    {schema::OperatorType_Slice, "Slice", validate_slice, prepare_slice},
    {schema::OperatorType_Pad, "Pad", validate_pad, prepare_pad},
    {schema::OperatorType_Expand, "Expand", validate_expand, prepare_expand},
    {schema::OperatorType_Tile, "Tile", validate_tile, prepare_tile},
    {schema::OperatorType_Resize2D, "Resize2D", validate_resize_2d, prepare_resize_2d},
    {schema::OperatorType_Gather, "Gather", validate_gather, prepare_gather},
    {schema::OperatorType_GatherElements, "GatherElements", validate_gather_elements,
     prepare_gather_elements},
    {schema::OperatorType_GatherND, "GatherND", validate_gather_nd, prepare_gather_nd},
    {schema::OperatorType_ScatterND, "ScatterND", validate_scatter_nd, prepare_scatter_nd},
    {schema::OperatorType_LayerNormalization, "LayerNormalization", validate_layer_normalization,
     prepare_layer_normalization},
    {schema::OperatorType_InstanceNormalization, "InstanceNormalization", validate_instance_normalization,
     prepare_instance_normalization},
    {schema::OperatorType_LocalResponseNormalization, "LocalResponseNormalization",
     validate_local_response_normalization, prepare_local_response_normalization},
    {schema::OperatorType_LpNormalization, "LpNormalization", validate_lp_normalization,
     prepare_lp_normalization},
    {schema::OperatorType_Recurrent, "Recurrent", validate_recurrent, prepare_recurrent},
    {schema::OperatorType_TopK, "TopK", validate_top_k, prepare_top_k},
    {schema::OperatorType_NonMaxSuppression, "NonMaxSuppression", validate_non_max_suppression,
     prepare_non_max_suppression},
    {schema::OperatorType_CumSum, "CumSum", validate_cum_sum, prepare_cum_sum},
    {schema::OperatorType_OneHot, "OneHot", validate_one_hot, prepare_one_hot},
    {schema::OperatorType_ScatterElements, "ScatterElements", validate_scatter_elements,
     prepare_scatter_elements},
    {schema::OperatorType_GroupNormalization, "GroupNormalization", validate_group_normalization,
     prepare_group_normalization},
    {schema::OperatorType_Trilu, "Trilu", validate_trilu, prepare_trilu},
};

static_assert(sizeof kOps / sizeof kOps[0] == schema::OperatorType_MAX + 1, "a row for every type");

}  // namespace

const OpRow* find_op(schema::OperatorType type) {
  for (const OpRow& row : kOps)
    if (row.type == type) return &row;
  return nullptr;
}

}  // namespace octet
