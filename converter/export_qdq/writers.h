// SPDX-License-Identifier: Apache-2.0
//
// One function per canonical operator or group of like ones: writes the node's ONNX form.
#pragma once

#include <string>

#include "converter/export_qdq/onnx_writer.h"
#include "runtime/status.h"

namespace octet::converter {

using WriteNode = Status (*)(OnnxWriter& out, const Node& node);

// write_table.cc: null if the operator has no ONNX form here.
WriteNode find_writer(const std::string& op);

// write_linear.cc
Status write_conv(OnnxWriter& out, const Node& node);
Status write_conv_transpose(OnnxWriter& out, const Node& node);
Status write_fully_connected(OnnxWriter& out, const Node& node);

// write_elementwise.cc
Status write_elementwise(OnnxWriter& out, const Node& node);  // ONNX's operator of the same name, any axes
Status write_unary(OnnxWriter& out, const Node& node);
Status write_cast(OnnxWriter& out, const Node& node);
Status write_rounding(OnnxWriter& out, const Node& node);  // Quantize, Dequantize, Requantize, Identity

// write_image.cc: [N, C, H, W]
Status write_pool(OnnxWriter& out, const Node& node);
Status write_resize(OnnxWriter& out, const Node& node);
Status write_image(OnnxWriter& out, const Node& node);  // with ONNX's attributes: LRN, InstanceNormalization

// write_movement.cc
Status write_reshape(OnnxWriter& out, const Node& node);
Status write_transpose(OnnxWriter& out, const Node& node);
Status write_along_axis(OnnxWriter& out, const Node& node);  // Concat, Softmax, ArgMax, ...: attribute axis
Status write_reduce(OnnxWriter& out, const Node& node);
Status write_slice(OnnxWriter& out, const Node& node);
Status write_pad(OnnxWriter& out, const Node& node);
Status write_expand(OnnxWriter& out, const Node& node);
Status write_tile(OnnxWriter& out, const Node& node);
Status write_native(OnnxWriter& out, const Node& node);       // inputs and attributes are ONNX's
Status write_with_number(OnnxWriter& out, const Node& node);  // TopK, CumSum, Trilu: a number is an input

// Behind tensor `name`, which the node computes for its output: the fused clamp, then the fused function.
std::string write_activation(OnnxWriter& out, const Node& node, std::string name);
// ONNX's form of the function of one variable `op`; `parameters` holds its attributes.
std::string write_function(OnnxWriter& out, const std::string& op, const Node& parameters,
                           const std::string& input, const std::string& wanted);

}  // namespace octet::converter
