// SPDX-License-Identifier: Apache-2.0
//
// One function per ONNX operator or group of like operators: it reads the node in the manner of its opset and
// emits canonical nodes (list in converter/graph.h). The table that names them is op_table.cc.
#pragma once

#include "converter/onnx_import/importer.h"

namespace octet::converter {

// elementwise.cc
void import_unary(OnnxOp& op);        // the same name and no attributes
void import_unary_alpha(OnnxOp& op);  // with alpha, beta, gamma, bias, lambd
void import_binary(OnnxOp& op);
void import_pow(OnnxOp& op);
void import_mod(OnnxOp& op);
void import_variadic(OnnxOp& op);  // Sum, Mean, Min, Max
void import_clip(OnnxOp& op);
void import_prelu(OnnxOp& op);
void import_where(OnnxOp& op);
void import_cast(OnnxOp& op);
void import_gelu(OnnxOp& op);
void import_is_inf(OnnxOp& op);
void import_identity(OnnxOp& op);  // Identity, Dropout

// constants.cc
void import_constant(OnnxOp& op);
void import_constant_of_shape(OnnxOp& op);
void import_shape(OnnxOp& op);
void import_size(OnnxOp& op);
void import_range(OnnxOp& op);
void import_eye_like(OnnxOp& op);
void import_non_zero(OnnxOp& op);
void import_if(OnnxOp& op);

// movement.cc
void import_reshape(OnnxOp& op);
void import_flatten(OnnxOp& op);
void import_squeeze(OnnxOp& op);
void import_unsqueeze(OnnxOp& op);
void import_transpose(OnnxOp& op);
void import_concat(OnnxOp& op);
void import_split(OnnxOp& op);
void import_slice(OnnxOp& op);
void import_pad(OnnxOp& op);
void import_expand(OnnxOp& op);
void import_tile(OnnxOp& op);
void import_depth_space(OnnxOp& op);

// indexing.cc
void import_gather(OnnxOp& op);
void import_gather_nd(OnnxOp& op);
void import_scatter(OnnxOp& op);
void import_scatter_nd(OnnxOp& op);
void import_one_hot(OnnxOp& op);
void import_top_k(OnnxOp& op);
void import_cum_sum(OnnxOp& op);
void import_trilu(OnnxOp& op);
void import_non_max_suppression(OnnxOp& op);

// convolution.cc, pooling.cc, products.cc
void import_conv(OnnxOp& op);
void import_conv_transpose(OnnxOp& op);
void import_fused_conv(OnnxOp& op);
void import_pool(OnnxOp& op);
void import_global_pool(OnnxOp& op);
void import_gemm(OnnxOp& op);
void import_mat_mul(OnnxOp& op);

// reduction.cc
void import_reduce(OnnxOp& op);
void import_arg_reduce(OnnxOp& op);
void import_softmax(OnnxOp& op);

// normalization.cc
void import_batch_normalization(OnnxOp& op);
void import_instance_normalization(OnnxOp& op);
void import_layer_normalization(OnnxOp& op);
void import_group_normalization(OnnxOp& op);
void import_lrn(OnnxOp& op);
void import_lp_normalization(OnnxOp& op);
void import_mean_variance_normalization(OnnxOp& op);

// resize.cc, recurrent.cc
void import_resize(OnnxOp& op);
void import_upsample(OnnxOp& op);
void import_recurrent(OnnxOp& op);

// quantized.cc
void import_quantize_linear(OnnxOp& op);
void import_dequantize_linear(OnnxOp& op);
void import_qlinear_conv(OnnxOp& op);
void import_qlinear_mat_mul(OnnxOp& op);
void import_qgemm(OnnxOp& op);
void import_qlinear_binary(OnnxOp& op);
void import_qlinear_unary(OnnxOp& op);
void import_qlinear_pool(OnnxOp& op);
void import_qlinear_softmax(OnnxOp& op);
void import_qlinear_concat(OnnxOp& op);
void import_qlinear_reduce_mean(OnnxOp& op);
void import_qlinear_where(OnnxOp& op);

// dynamic_quantized.cc
void import_dynamic_quantize_linear(OnnxOp& op);
void import_mat_mul_integer(OnnxOp& op);
void import_conv_integer(OnnxOp& op);
void import_mat_mul_integer_to_float(OnnxOp& op);
void import_dynamic_quantize_mat_mul(OnnxOp& op);

// fake_quantize.cc. False, and nothing is emitted, if the node is no end of fake quantization in arithmetic
// (Mul, Div) or clamps no quantized bytes (Clip).
bool import_fake_quantize(OnnxOp& op);
bool import_quantized_clip(OnnxOp& op, double low, double high);

// Shared between handlers.

// Conv of x with static weights and optional bias, as the node's window attributes say. x may have rank 3.
ValueId emit_conv(OnnxOp& op, ValueId x, ValueId weights, ValueId bias);
// AveragePool / MaxPool / global pools of x.
ValueId emit_pool(OnnxOp& op, const std::string& type, ValueId x);
ValueId emit_global_pool(OnnxOp& op, const std::string& kind, ValueId x);
// x [..., K] times b: FullyConnected if b is a static matrix, else MatMul.
ValueId emit_mat_mul(OnnxOp& op, ValueId a, ValueId b);
// FullyConnected with weights [O, K]; bias may be anything that broadcasts, or kNoValue.
ValueId emit_fully_connected(OnnxOp& op, ValueId x, ValueId weights, ValueId bias);
// Softmax or LogSoftmax with the meaning of the node's opset.
ValueId emit_softmax(OnnxOp& op, const std::string& type, ValueId x, int64_t axis, bool flattens);
ValueId emit_quantize(OnnxOp& op, ValueId x, ValueId scale, ValueId zero_point, int64_t axis);
ValueId emit_dequantize(OnnxOp& op, ValueId x, ValueId scale, ValueId zero_point, int64_t axis);

// Windows of convolutions and pools: spatial vectors of length 1 or 2 made 2-D, auto_pad resolved.
struct Windows {
  std::vector<int64_t> kernel, strides, dilations, pads;  // pads: t, l, b, r
  Attributes attributes() const;
};
// `spatial`: the input's lengths, as many as it has spatial axes; `kernel`: as long.
Windows read_windows(OnnxOp& op, const Dims& spatial, std::vector<int64_t> kernel);
// [N, C, L] -> [N, C, 1, L]; rank 4 stays; others are refused.
ValueId as_image(OnnxOp& op, ValueId x);
// The shape of `image` back at the rank that x had.
ValueId from_image(OnnxOp& op, ValueId image, size_t rank);

}  // namespace octet::converter
