// SPDX-License-Identifier: Apache-2.0
//
// The XNNPACK nodes of each operator, in calls that the 2022 and the 2024 API share.
#include <limits>

#include "runtime/xnnpack/island_builder.h"
#include "runtime/xnnpack/rules.h"

// The 2024 header prefers newer names for some of them, which 2022 does not have.
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

namespace octet {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

uint32_t u32(int32_t value) { return static_cast<uint32_t>(value); }
size_t size(int32_t value) { return static_cast<size_t>(value); }

// Weights and optional bias of Conv2D, ConvTranspose2D and FullyConnected, as they lie in the file.
struct WeightIds {
  uint32_t filter, bias;
};
WeightIds define_weights(IslandBuilder& b, const OpView& view) {
  const Tensor *w = view.input(1), *bias = view.input(2);
  const uint32_t filter = b.weights(static_cast<const float*>(w->constant), xnnpack_dims(*w));
  if (!bias) return {filter, XNN_INVALID_VALUE_ID};
  return {filter, b.weights(static_cast<const float*>(bias->constant), {size(w->shape[0])})};
}

// Depthwise layers too: XNNPACK picks its depthwise kernels from the groups.
xnn_status define_conv(IslandBuilder& b, const OpView& view) {
  const auto& o = *view.options<schema::Conv2DOptions>();
  const Shape& w = view.input(1)->shape;
  const WeightIds ids = define_weights(b, view);
  return xnn_define_convolution_2d(
      b.subgraph(), u32(o.pad_top()), u32(o.pad_right()), u32(o.pad_bottom()), u32(o.pad_left()), u32(w[1]),
      u32(w[2]), u32(o.stride_height()), u32(o.stride_width()), u32(o.dilation_height()),
      u32(o.dilation_width()), u32(o.groups()), size(w[3]), size(w[0] / o.groups()), o.activation_min(),
      o.activation_max(), b.value_of(view.input(0)), ids.filter, ids.bias, b.value_of(view.output(0)), 0);
}

xnn_status define_conv_transpose(IslandBuilder& b, const OpView& view) {
  const auto& o = *view.options<schema::Conv2DOptions>();
  const Shape& w = view.input(1)->shape;
  const WeightIds ids = define_weights(b, view);
  return xnn_define_deconvolution_2d(
      b.subgraph(), u32(o.pad_top()), u32(o.pad_right()), u32(o.pad_bottom()), u32(o.pad_left()),
      u32(o.output_pad_height()), u32(o.output_pad_width()), u32(w[1]), u32(w[2]), u32(o.stride_height()),
      u32(o.stride_width()), u32(o.dilation_height()), u32(o.dilation_width()), u32(o.groups()), size(w[3]),
      size(w[0] / o.groups()), o.activation_min(), o.activation_max(), b.value_of(view.input(0)), ids.filter,
      ids.bias, b.value_of(view.output(0)), 0);
}

xnn_status define_fully_connected(IslandBuilder& b, const OpView& view) {
  const auto& o = *view.options<schema::FullyConnectedOptions>();
  const WeightIds ids = define_weights(b, view);
  return xnn_define_fully_connected(b.subgraph(), o.activation_min(), o.activation_max(),
                                    b.value_of(view.input(0)), ids.filter, ids.bias,
                                    b.value_of(view.output(0)), 0);
}

xnn_status define_binary(IslandBuilder& b, const OpView& view) {
  const auto& o = *view.options<schema::BinaryOptions>();
  const float low = o.activation_min(), high = o.activation_max();
  const uint32_t x = b.value_of(view.input(0)), y = b.value_of(view.input(1)), z = b.value_of(view.output(0));
  switch (o.kind()) {
    case schema::BinaryKind_Add:
      return xnn_define_add2(b.subgraph(), low, high, x, y, z, 0);
    case schema::BinaryKind_Sub:
      return xnn_define_subtract(b.subgraph(), low, high, x, y, z, 0);
    case schema::BinaryKind_Mul:
      return xnn_define_multiply2(b.subgraph(), low, high, x, y, z, 0);
    case schema::BinaryKind_Div:
      return xnn_define_divide(b.subgraph(), low, high, x, y, z, 0);
    case schema::BinaryKind_Min:
      return xnn_define_minimum2(b.subgraph(), x, y, z, 0);
    case schema::BinaryKind_Max:
      return xnn_define_maximum2(b.subgraph(), x, y, z, 0);
    default:
      return xnn_status_unsupported_parameter;
  }
}

xnn_status define_unary(IslandBuilder& b, const OpView& view) {
  const auto& o = *view.options<schema::UnaryOptions>();
  const xnn_subgraph_t graph = b.subgraph();
  const uint32_t x = b.value_of(view.input(0)), y = b.value_of(view.output(0));
  switch (o.kind()) {
    case schema::UnaryKind_Relu:
      return xnn_define_clamp(graph, 0.0f, kInfinity, x, y, 0);
    case schema::UnaryKind_Clip:
      return xnn_define_clamp(graph, o.alpha(), o.beta(), x, y, 0);
    case schema::UnaryKind_HardSwish:
      return xnn_define_hardswish(graph, x, y, 0);
    case schema::UnaryKind_Sigmoid:
      return xnn_define_sigmoid(graph, x, y, 0);
    case schema::UnaryKind_Abs:
      return xnn_define_abs(graph, x, y, 0);
    case schema::UnaryKind_Neg:
      return xnn_define_negate(graph, x, y, 0);
    case schema::UnaryKind_Floor:
      return xnn_define_floor(graph, x, y, 0);
    case schema::UnaryKind_Ceil:
      return xnn_define_ceiling(graph, x, y, 0);
    case schema::UnaryKind_Round:
      return xnn_define_bankers_rounding(graph, x, y, 0);
    case schema::UnaryKind_Sqrt:
      return xnn_define_square_root(graph, x, y, 0);
    case schema::UnaryKind_LeakyRelu:
      return xnn_define_leaky_relu(graph, o.alpha(), x, y, 0);
    case schema::UnaryKind_Elu:
      return xnn_define_elu(graph, o.alpha(), x, y, 0);
    default:
      return xnn_status_unsupported_parameter;
  }
}

xnn_status define_prelu(IslandBuilder& b, const OpView& view) {
  const Tensor &x = *view.input(0), &slope = *view.input(1);
  const size_t channels = size(x.shape[x.shape.rank - 1]);
  const float* slopes = static_cast<const float*>(slope.constant);
  const uint32_t slope_id =
      slope.shape.elements() == 1 ? b.filled(slopes[0], channels) : b.weights(slopes, {channels});
  return xnn_define_prelu(b.subgraph(), b.value_of(&x), slope_id, b.value_of(view.output(0)), 0);
}

xnn_status define_average_pool(IslandBuilder& b, const OpView& view) {
  const auto& o = *view.options<schema::Pool2DOptions>();
  return xnn_define_average_pooling_2d(b.subgraph(), 0, 0, 0, 0, u32(o.kernel_height()),
                                       u32(o.kernel_width()), u32(o.stride_height()), u32(o.stride_width()),
                                       o.activation_min(), o.activation_max(), b.value_of(view.input(0)),
                                       b.value_of(view.output(0)), 0);
}

xnn_status define_max_pool(IslandBuilder& b, const OpView& view) {
  const auto& o = *view.options<schema::Pool2DOptions>();
  return xnn_define_max_pooling_2d(b.subgraph(), u32(o.pad_top()), u32(o.pad_right()), u32(o.pad_bottom()),
                                   u32(o.pad_left()), u32(o.kernel_height()), u32(o.kernel_width()),
                                   u32(o.stride_height()), u32(o.stride_width()), u32(o.dilation_height()),
                                   u32(o.dilation_width()), o.activation_min(), o.activation_max(),
                                   b.value_of(view.input(0)), b.value_of(view.output(0)), 0);
}

xnn_status define_reshape(IslandBuilder& b, uint32_t from, const Tensor& to) {
  const std::vector<size_t> dims = xnnpack_dims(to);
  return xnn_define_static_reshape(b.subgraph(), dims.size(), dims.data(), from, b.value_of(&to), 0);
}

// Average pooling with a window as large as the picture; then, without keep_dims, a reshape.
xnn_status define_spatial_mean(IslandBuilder& b, const OpView& view) {
  const Shape& x = view.input(0)->shape;
  const Tensor& output = *view.output(0);
  const bool reshapes = output.shape.rank != 4;
  const uint32_t pooled = reshapes ? b.internal({size(x[0]), 1, 1, size(x[3])}) : b.value_of(&output);
  const xnn_status status =
      xnn_define_average_pooling_2d(b.subgraph(), 0, 0, 0, 0, u32(x[1]), u32(x[2]), u32(x[1]), u32(x[2]),
                                    -kInfinity, kInfinity, b.value_of(view.input(0)), pooled, 0);
  return status == xnn_status_success && reshapes ? define_reshape(b, pooled, output) : status;
}

xnn_status define_pad(IslandBuilder& b, const OpView& view) {
  const auto& o = *view.options<schema::PadOptions>();
  const std::vector<size_t> begin(o.begin()->begin(), o.begin()->end());
  const std::vector<size_t> end(o.end()->begin(), o.end()->end());
  return xnn_define_static_constant_pad(b.subgraph(), begin.data(), end.data(), o.value(),
                                        b.value_of(view.input(0)), b.value_of(view.output(0)), 0);
}

xnn_status define_operator(IslandBuilder& b, const OpView& view) {
  switch (view.definition->type()) {
    case schema::OperatorType_Conv2D:
      return define_conv(b, view);
    case schema::OperatorType_ConvTranspose2D:
      return define_conv_transpose(b, view);
    case schema::OperatorType_FullyConnected:
      return define_fully_connected(b, view);
    case schema::OperatorType_Binary:
      return define_binary(b, view);
    case schema::OperatorType_Unary:
      return define_unary(b, view);
    case schema::OperatorType_PRelu:
      return define_prelu(b, view);
    case schema::OperatorType_AveragePool2D:
      return define_average_pool(b, view);
    case schema::OperatorType_MaxPool2D:
      return define_max_pool(b, view);
    case schema::OperatorType_Reduce:
      return define_spatial_mean(b, view);
    case schema::OperatorType_Softmax:
      return xnn_define_softmax(b.subgraph(), b.value_of(view.input(0)), b.value_of(view.output(0)), 0);
    case schema::OperatorType_Pad:
      return define_pad(b, view);
    case schema::OperatorType_Reshape:
      return define_reshape(b, b.value_of(view.input(0)), *view.output(0));
    default:
      return xnn_status_unsupported_parameter;
  }
}

}  // namespace

xnn_status IslandBuilder::add(const OpView& view) {
  const xnn_status status = define_operator(*this, view);
  if (status_ == xnn_status_success) status_ = status;
  return status_;
}

}  // namespace octet
