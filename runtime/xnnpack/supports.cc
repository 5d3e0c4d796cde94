// SPDX-License-Identifier: Apache-2.0
//
// Which operators run on XNNPACK. The answer holds for both APIs that Octet
// builds against (2022 and 2024), so that a model gets the same islands on each.
// Wherever XNNPACK's result could differ from ONNX's, the answer is no.
#include <cmath>
#include <limits>

#include "runtime/xnnpack/provider.h"
#include "runtime/xnnpack/rules.h"

namespace octet {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

bool usable_tensor(const Tensor* tensor) {
  return tensor->is_f32() && tensor->shape.rank <= kXnnpackMaxRank && tensor->bytes > 0;
}

bool usable_tensors(const OpView& view) {
  for (const Tensor* input : view.inputs)
    if (input && !usable_tensor(input)) return false;
  for (const Tensor* output : view.outputs)
    if (output && !usable_tensor(output)) return false;
  return view.input(0) != nullptr && view.output(0) != nullptr;
}

bool supports_conv(const OpView& view) {
  const auto& o = *view.options<schema::Conv2DOptions>();
  return XnnpackRange{o.activation_min(), o.activation_max()}.valid();
}

// The size without output padding and pads must be XNNPACK's; the added rows less than a stride.
bool supports_conv_transpose(const OpView& view) {
  const auto& o = *view.options<schema::Conv2DOptions>();
  if (!XnnpackRange{o.activation_min(), o.activation_max()}.valid()) return false;
  const Shape &x = view.input(0)->shape, &w = view.input(1)->shape, &y = view.output(0)->shape;
  const auto grown = [](int64_t in, int64_t kernel, int64_t stride, int64_t dilation, int64_t adjustment,
                        int64_t pads) {
    return stride * (in - 1) + adjustment + dilation * (kernel - 1) + 1 - pads;
  };
  return o.output_pad_height() < o.stride_height() && o.output_pad_width() < o.stride_width() &&
         grown(x[1], w[1], o.stride_height(), o.dilation_height(), o.output_pad_height(),
               int64_t{o.pad_top()} + o.pad_bottom()) == y[1] &&
         grown(x[2], w[2], o.stride_width(), o.dilation_width(), o.output_pad_width(),
               int64_t{o.pad_left()} + o.pad_right()) == y[2];
}

// The output keeps the input's leading axes.
bool supports_fully_connected(const OpView& view) {
  const auto& o = *view.options<schema::FullyConnectedOptions>();
  const Shape &x = view.input(0)->shape, &y = view.output(0)->shape;
  if (x.rank < 1 || y.rank != x.rank) return false;
  for (int i = 0; i + 1 < x.rank; ++i)
    if (x[i] != y[i]) return false;
  return XnnpackRange{o.activation_min(), o.activation_max()}.valid();
}

bool supports_binary(const OpView& view) {
  const auto& o = *view.options<schema::BinaryOptions>();
  switch (o.kind()) {
    case schema::BinaryKind_Add:
    case schema::BinaryKind_Sub:
    case schema::BinaryKind_Mul:
    case schema::BinaryKind_Div:
      return XnnpackRange{o.activation_min(), o.activation_max()}.valid();
    case schema::BinaryKind_Min:
    case schema::BinaryKind_Max:
      return o.activation_min() == -kInfinity && o.activation_max() == kInfinity;
    default:
      return false;
  }
}

bool supports_unary(const OpView& view) {
  const auto& o = *view.options<schema::UnaryOptions>();
  switch (o.kind()) {
    case schema::UnaryKind_Relu:
    case schema::UnaryKind_HardSwish:
    case schema::UnaryKind_Sigmoid:
    case schema::UnaryKind_Abs:
    case schema::UnaryKind_Neg:
    case schema::UnaryKind_Floor:
    case schema::UnaryKind_Ceil:
    case schema::UnaryKind_Round:
    case schema::UnaryKind_Sqrt:
      return true;
    case schema::UnaryKind_Clip:
      return XnnpackRange{o.alpha(), o.beta()}.valid();
    case schema::UnaryKind_LeakyRelu:
      return std::isnormal(o.alpha());
    case schema::UnaryKind_Elu:
      return std::isnormal(o.alpha()) && o.alpha() > 0;
    default:
      return false;
  }
}

// A constant slope: one value, or one per channel of the last axis.
bool supports_prelu(const OpView& view) {
  const Tensor &x = *view.input(0), &slope = *view.input(1);
  if (!slope.is_constant() || x.shape.rank < 1) return false;
  const size_t channels = static_cast<size_t>(x.shape[x.shape.rank - 1]), slopes = slope.shape.elements();
  if (slopes == 1) return true;
  return slopes == channels && slope.shape[slope.shape.rank - 1] == x.shape[x.shape.rank - 1];
}

// More than one element in a window (XNNPACK refuses one), windows that touch or overlap.
bool usable_pool(const XnnpackWindow& y, const XnnpackWindow& x) {
  return y.kernel * x.kernel > 1 && y.stride <= y.kernel && x.stride <= x.kernel && y.floor_sized() &&
         x.floor_sized();
}

XnnpackWindow pool_height(const OpView& view, const schema::Pool2DOptions& o) {
  return {view.input(0)->shape[1], view.output(0)->shape[1], o.kernel_height(),
          o.stride_height(),       o.dilation_height(),      o.pad_top(),
          o.pad_bottom()};
}

XnnpackWindow pool_width(const OpView& view, const schema::Pool2DOptions& o) {
  return {view.input(0)->shape[2],
          view.output(0)->shape[2],
          o.kernel_width(),
          o.stride_width(),
          o.dilation_width(),
          o.pad_left(),
          o.pad_right()};
}

bool has_pads(const XnnpackWindow& w) { return w.pad_before != 0 || w.pad_after != 0; }

// Without pads the divisor is the same for every rule; with them XNNPACK's is not always ONNX's.
bool supports_average_pool(const OpView& view) {
  const auto& o = *view.options<schema::Pool2DOptions>();
  const XnnpackWindow y = pool_height(view, o), x = pool_width(view, o);
  return usable_pool(y, x) && !has_pads(y) && !has_pads(x) && y.dilation == 1 && x.dilation == 1 &&
         XnnpackRange{o.activation_min(), o.activation_max()}.valid();
}

// XNNPACK repeats the border pixel for a pad, which is only right if the window holds that pixel:
// no dilation, and pads shorter than the window.
bool supports_max_pool(const OpView& view) {
  const auto& o = *view.options<schema::Pool2DOptions>();
  const XnnpackWindow y = pool_height(view, o), x = pool_width(view, o);
  if (!usable_pool(y, x) || !XnnpackRange{o.activation_min(), o.activation_max()}.valid()) return false;
  for (const XnnpackWindow& w : {y, x}) {
    if (!has_pads(w)) continue;
    if (y.dilation != 1 || x.dilation != 1 || w.pad_before >= w.kernel || w.pad_after >= w.kernel)
      return false;
  }
  return true;
}

bool supports_reduce(const OpView& view) {
  if (!is_spatial_mean(view)) return false;
  const Shape& x = view.input(0)->shape;
  return int64_t{x[1]} * x[2] > 1;
}

bool supports_softmax(const OpView& view) {
  const auto& o = *view.options<schema::SoftmaxOptions>();
  return !o.log() && view.input(0)->shape.rank >= 1 && o.axis() == view.input(0)->shape.rank - 1;
}

bool supports_pad(const OpView& view) {
  const auto& o = *view.options<schema::PadOptions>();
  if (o.mode() != schema::PadMode_Constant || std::isnan(o.value())) return false;
  for (const int32_t pad : *o.begin())
    if (pad < 0) return false;
  for (const int32_t pad : *o.end())
    if (pad < 0) return false;
  return view.input(0)->shape.rank >= 1;
}

}  // namespace

bool is_spatial_mean(const OpView& view) {
  const auto& o = *view.options<schema::ReduceOptions>();
  return o.kind() == schema::ReduceKind_Mean && view.input(0)->shape.rank == 4 && o.axes() &&
         o.axes()->size() == 2 && o.axes()->Get(0) == 1 && o.axes()->Get(1) == 2;
}

bool xnnpack_supports(const OpView& view) {
  if (!usable_tensors(view)) return false;
  switch (view.definition->type()) {
    case schema::OperatorType_Conv2D:
      return supports_conv(view);
    case schema::OperatorType_ConvTranspose2D:
      return supports_conv_transpose(view);
    case schema::OperatorType_FullyConnected:
      return supports_fully_connected(view);
    case schema::OperatorType_Binary:
      return supports_binary(view);
    case schema::OperatorType_Unary:
      return supports_unary(view);
    case schema::OperatorType_PRelu:
      return supports_prelu(view);
    case schema::OperatorType_AveragePool2D:
      return supports_average_pool(view);
    case schema::OperatorType_MaxPool2D:
      return supports_max_pool(view);
    case schema::OperatorType_Reduce:
      return supports_reduce(view);
    case schema::OperatorType_Softmax:
      return supports_softmax(view);
    case schema::OperatorType_Pad:
      return supports_pad(view);
    case schema::OperatorType_Reshape:
      return true;
    default:
      return false;
  }
}

}  // namespace octet
