// SPDX-License-Identifier: Apache-2.0
//
// The table of canonical operators (converter/graph.h) and their lower functions.
#include <cstring>

#include "converter/lower/lower.h"
#include "converter/quantize/tables.h"

namespace octet::converter {

namespace {

const LowerRow kRows[] = {
    {"Conv", lower_conv},
    {"ConvTranspose", lower_conv_transpose},
    {"FullyConnected", lower_fully_connected},
    {"MatMul", lower_mat_mul},
    {"Add", lower_binary},
    {"Sub", lower_binary},
    {"Mul", lower_binary},
    {"Div", lower_binary},
    {"Min", lower_binary},
    {"Max", lower_binary},
    {"Pow", lower_binary},
    {"Mod", lower_binary},
    {"Equal", lower_binary},
    {"Less", lower_binary},
    {"LessOrEqual", lower_binary},
    {"Greater", lower_binary},
    {"GreaterOrEqual", lower_binary},
    {"And", lower_binary},
    {"Or", lower_binary},
    {"Xor", lower_binary},
    {"PRelu", lower_p_relu},
    {"Where", lower_where},
    {"Cast", lower_cast},
    {"AveragePool", lower_average_pool},
    {"MaxPool", lower_max_pool},
    {"Reduce", lower_reduce},
    {"ArgMax", lower_arg_reduce},
    {"ArgMin", lower_arg_reduce},
    {"Softmax", lower_softmax},
    {"LogSoftmax", lower_softmax},
    {"Reshape", lower_reshape},
    {"Transpose", lower_transpose},
    {"Concat", lower_concat},
    {"Slice", lower_slice},
    {"Pad", lower_pad},
    {"Expand", lower_expand},
    {"Tile", lower_tile},
    {"Resize", lower_resize},
    {"DepthToSpace", lower_depth_to_space},
    {"SpaceToDepth", lower_space_to_depth},
    {"ChannelShuffle", lower_channel_shuffle},
    {"Gather", lower_gather},
    {"GatherElements", lower_gather},
    {"GatherND", lower_gather},
    {"ScatterND", lower_scatter},
    {"ScatterElements", lower_scatter},
    {"OneHot", lower_one_hot},
    {"CumSum", lower_cum_sum},
    {"TopK", lower_top_k},
    {"NonMaxSuppression", lower_non_max_suppression},
    {"Trilu", lower_trilu},
    {"LayerNormalization", lower_normalization},
    {"InstanceNormalization", lower_normalization},
    {"GroupNormalization", lower_normalization},
    {"LpNormalization", lower_normalization},
    {"LRN", lower_local_response_normalization},
    {"LSTM", lower_recurrent},
    {"GRU", lower_recurrent},
    {"RNN", lower_recurrent},
    {"Quantize", lower_quantize},
    {"Dequantize", lower_dequantize},
    {"Requantize", lower_requantize},
};

const LowerRow kUnaryRow = {"unary", lower_unary};

}  // namespace

const LowerRow* find_lower(const std::string& op) {
  for (const LowerRow& row : kRows)
    if (op == row.op) return &row;
  return find_unary(op) != nullptr ? &kUnaryRow : nullptr;
}

}  // namespace octet::converter
