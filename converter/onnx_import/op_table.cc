// SPDX-License-Identifier: Apache-2.0
//
// The ONNX operators that are imported, one row each. What is not here is refused.
#include <map>
#include <utility>

#include "converter/onnx_import/handlers.h"

namespace octet::converter {

namespace {

using Table = std::map<std::string, Handler>;

const Table& onnx_operators() {
  static const Table table = {
      // elementwise, no attributes
      {"Abs", import_unary},
      {"Acos", import_unary},
      {"Acosh", import_unary},
      {"Asin", import_unary},
      {"Asinh", import_unary},
      {"Atan", import_unary},
      {"Atanh", import_unary},
      {"Ceil", import_unary},
      {"Cos", import_unary},
      {"Cosh", import_unary},
      {"Erf", import_unary},
      {"Exp", import_unary},
      {"Floor", import_unary},
      {"HardSwish", import_unary},
      {"IsNaN", import_unary},
      {"Log", import_unary},
      {"Mish", import_unary},
      {"Neg", import_unary},
      {"Not", import_unary},
      {"Reciprocal", import_unary},
      {"Relu", import_unary},
      {"Round", import_unary},
      {"Sigmoid", import_unary},
      {"Sign", import_unary},
      {"Sin", import_unary},
      {"Sinh", import_unary},
      {"Softplus", import_unary},
      {"Softsign", import_unary},
      {"Sqrt", import_unary},
      {"Tan", import_unary},
      {"Tanh", import_unary},
      // elementwise, with attributes
      {"Celu", import_unary_alpha},
      {"Elu", import_unary_alpha},
      {"HardSigmoid", import_unary_alpha},
      {"LeakyRelu", import_unary_alpha},
      {"Selu", import_unary_alpha},
      {"Shrink", import_unary_alpha},
      {"ThresholdedRelu", import_unary_alpha},
      {"Clip", import_clip},
      {"Gelu", import_gelu},
      {"IsInf", import_is_inf},
      {"PRelu", import_prelu},
      {"Cast", import_cast},
      {"CastLike", import_cast},
      // two inputs and more
      {"Add", import_binary},
      {"And", import_binary},
      {"Div", import_binary},
      {"Equal", import_binary},
      {"Greater", import_binary},
      {"GreaterOrEqual", import_binary},
      {"Less", import_binary},
      {"LessOrEqual", import_binary},
      {"Mul", import_binary},
      {"Or", import_binary},
      {"Sub", import_binary},
      {"Xor", import_binary},
      {"Mod", import_mod},
      {"Pow", import_pow},
      {"Max", import_variadic},
      {"Mean", import_variadic},
      {"Min", import_variadic},
      {"Sum", import_variadic},
      {"Where", import_where},
      // known at conversion
      {"Constant", import_constant},
      {"ConstantOfShape", import_constant_of_shape},
      {"EyeLike", import_eye_like},
      {"If", import_if},
      {"NonZero", import_non_zero},
      {"Range", import_range},
      {"Shape", import_shape},
      {"Size", import_size},
      {"Dropout", import_identity},
      {"Identity", import_identity},
      // data movement
      {"Concat", import_concat},
      {"DepthToSpace", import_depth_space},
      {"Expand", import_expand},
      {"Flatten", import_flatten},
      {"Pad", import_pad},
      {"Reshape", import_reshape},
      {"Slice", import_slice},
      {"SpaceToDepth", import_depth_space},
      {"Split", import_split},
      {"Squeeze", import_squeeze},
      {"Tile", import_tile},
      {"Transpose", import_transpose},
      {"Unsqueeze", import_unsqueeze},
      {"Resize", import_resize},
      {"Upsample", import_upsample},
      {"CumSum", import_cum_sum},
      {"Gather", import_gather},
      {"GatherElements", import_gather},
      {"GatherND", import_gather_nd},
      {"NonMaxSuppression", import_non_max_suppression},
      {"OneHot", import_one_hot},
      {"Scatter", import_scatter},
      {"ScatterElements", import_scatter},
      {"ScatterND", import_scatter_nd},
      {"TopK", import_top_k},
      {"Trilu", import_trilu},
      // convolutions, pools, products
      {"Conv", import_conv},
      {"ConvTranspose", import_conv_transpose},
      {"AveragePool", import_pool},
      {"MaxPool", import_pool},
      {"GlobalAveragePool", import_global_pool},
      {"GlobalMaxPool", import_global_pool},
      {"Gemm", import_gemm},
      {"MatMul", import_mat_mul},
      // reductions and normalizations
      {"ArgMax", import_arg_reduce},
      {"ArgMin", import_arg_reduce},
      {"ReduceL1", import_reduce},
      {"ReduceL2", import_reduce},
      {"ReduceLogSum", import_reduce},
      {"ReduceLogSumExp", import_reduce},
      {"ReduceMax", import_reduce},
      {"ReduceMean", import_reduce},
      {"ReduceMin", import_reduce},
      {"ReduceProd", import_reduce},
      {"ReduceSum", import_reduce},
      {"ReduceSumSquare", import_reduce},
      {"LogSoftmax", import_softmax},
      {"Softmax", import_softmax},
      {"BatchNormalization", import_batch_normalization},
      {"GroupNormalization", import_group_normalization},
      {"InstanceNormalization", import_instance_normalization},
      {"LRN", import_lrn},
      {"LayerNormalization", import_layer_normalization},
      {"LpNormalization", import_lp_normalization},
      {"MeanVarianceNormalization", import_mean_variance_normalization},
      {"GRU", import_recurrent},
      {"LSTM", import_recurrent},
      {"RNN", import_recurrent},
      // quantized
      {"QuantizeLinear", import_quantize_linear},
      {"DequantizeLinear", import_dequantize_linear},
      {"QLinearConv", import_qlinear_conv},
      {"QLinearMatMul", import_qlinear_mat_mul},
      {"ConvInteger", import_conv_integer},
      {"MatMulInteger", import_mat_mul_integer},
      {"DynamicQuantizeLinear", import_dynamic_quantize_linear},
  };
  return table;
}

const Table& microsoft_operators() {
  static const Table table = {
      {"DequantizeLinear", import_dequantize_linear},
      {"FastGelu", import_gelu},
      {"FusedConv", import_fused_conv},
      {"Gelu", import_gelu},
      {"QGemm", import_qgemm},
      {"QLinearAdd", import_qlinear_binary},
      {"QLinearAveragePool", import_qlinear_pool},
      {"QLinearConcat", import_qlinear_concat},
      {"QLinearGlobalAveragePool", import_qlinear_pool},
      {"QLinearLeakyRelu", import_qlinear_unary},
      {"QLinearMul", import_qlinear_binary},
      {"QLinearReduceMean", import_qlinear_reduce_mean},
      {"QLinearSigmoid", import_qlinear_unary},
      {"QLinearSoftmax", import_qlinear_softmax},
      {"QLinearWhere", import_qlinear_where},
      {"QuantizeLinear", import_quantize_linear},
      {"DynamicQuantizeMatMul", import_dynamic_quantize_mat_mul},
      {"MatMulIntegerToFloat", import_mat_mul_integer_to_float},
  };
  return table;
}

}  // namespace

Handler find_handler(const std::string& domain, const std::string& type) {
  if (!domain.empty() && domain != "com.microsoft") return nullptr;
  const Table& table = domain.empty() ? onnx_operators() : microsoft_operators();
  const auto found = table.find(type);
  return found == table.end() ? nullptr : found->second;
}

}  // namespace octet::converter
