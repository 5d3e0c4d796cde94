// SPDX-License-Identifier: Apache-2.0
//
// The canonical operators (converter/graph.h) that have an ONNX form here, one row each.
#include "converter/export_qdq/writers.h"
#include "converter/quantize/tables.h"

namespace octet::converter {
namespace {

struct WriteRow {
  const char* op;
  WriteNode write;
};

const WriteRow kRows[] = {
    {"Conv", write_conv},
    {"ConvTranspose", write_conv_transpose},
    {"FullyConnected", write_fully_connected},
    {"MatMul", write_native},
    {"Add", write_elementwise},
    {"Sub", write_elementwise},
    {"Mul", write_elementwise},
    {"Div", write_elementwise},
    {"Min", write_elementwise},
    {"Max", write_elementwise},
    {"Pow", write_elementwise},
    {"Mod", write_elementwise},
    {"Equal", write_elementwise},
    {"Less", write_elementwise},
    {"LessOrEqual", write_elementwise},
    {"Greater", write_elementwise},
    {"GreaterOrEqual", write_elementwise},
    {"And", write_elementwise},
    {"Or", write_elementwise},
    {"Xor", write_elementwise},
    {"PRelu", write_elementwise},
    {"Where", write_elementwise},
    {"Cast", write_cast},
    {"AveragePool", write_pool},
    {"MaxPool", write_pool},
    {"Resize", write_resize},
    {"LRN", write_image},
    {"InstanceNormalization", write_image},
    {"Reduce", write_reduce},
    {"ArgMax", write_native},
    {"ArgMin", write_native},
    {"Softmax", write_along_axis},
    {"LogSoftmax", write_along_axis},
    {"Concat", write_along_axis},
    {"LpNormalization", write_along_axis},
    {"Reshape", write_reshape},
    {"Transpose", write_transpose},
    {"Slice", write_slice},
    {"Pad", write_pad},
    {"Expand", write_expand},
    {"Tile", write_tile},
    {"Gather", write_native},
    {"GatherElements", write_native},
    {"GatherND", write_native},
    {"ScatterND", write_native},
    {"ScatterElements", write_native},
    {"LayerNormalization", write_native},
    {"LSTM", write_native},
    {"GRU", write_native},
    {"RNN", write_native},
    {"TopK", write_with_number},
    {"CumSum", write_with_number},
    {"Trilu", write_with_number},
    {"Quantize", write_rounding},
    {"Dequantize", write_rounding},
    {"Requantize", write_rounding},
    {"Identity", write_rounding},
};

}  // namespace

WriteNode find_writer(const std::string& op) {
  for (const WriteRow& row : kRows)
    if (op == row.op) return row.write;
  return find_unary(op) != nullptr ? write_unary : nullptr;
}

}  // namespace octet::converter
