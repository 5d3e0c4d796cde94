// SPDX-License-Identifier: Apache-2.0
//
// Checks of untrusted pooling operators; the header lists them.
#include "runtime/ops/pool_checks.h"

#include "runtime/ops/op_checks.h"

namespace octet {
namespace {

constexpr int kLargest = 65536;
constexpr int64_t kLongestOutput = 1 << 20;

struct NamedValue {
  const char* name;
  int32_t value, least;
};

Status check_options(const OpView& view, const schema::Pool2DOptions& o) {
  const NamedValue values[] = {
      {"kernel_height", o.kernel_height(), 1},
      {"kernel_width", o.kernel_width(), 1},
      {"stride_height", o.stride_height(), 1},
      {"stride_width", o.stride_width(), 1},
      {"dilation_height", o.dilation_height(), 1},
      {"dilation_width", o.dilation_width(), 1},
      {"pad_top", o.pad_top(), 0},
      {"pad_left", o.pad_left(), 0},
      {"pad_bottom", o.pad_bottom(), 0},
      {"pad_right", o.pad_right(), 0},
  };
  for (const NamedValue& v : values)
    if (v.value < v.least || v.value > kLargest)
      return invalid(view, "%s %d; must be in [%d, %d]", v.name, v.value, v.least, kLargest);
  if (!(o.activation_min() <= o.activation_max()))
    return invalid(view, "activation_min %g above activation_max %g", static_cast<double>(o.activation_min()),
                   static_cast<double>(o.activation_max()));
  return Status();
}

Status check_pool_axis(const OpView& view, const char* name, const kernels::PoolAxis& axis) {
  const int64_t window = static_cast<int64_t>(axis.dilation) * (static_cast<int64_t>(axis.kernel) - 1) + 1;
  const int64_t room = static_cast<int64_t>(axis.pad_begin + axis.input + axis.pad_end) - window;
  const int64_t stride = static_cast<int64_t>(axis.stride);
  const int64_t output = static_cast<int64_t>(axis.output);
  if (room <= -stride)
    return invalid(view, "%s window of %lld exceeds the padded input", name, static_cast<long long>(window));
  const int64_t most = (room > 0 ? (room + stride - 1) / stride : 0) + 1;
  const int64_t least = room >= 0 ? room / stride + 1 : 1;
  if (output < least || output > most || output > kLongestOutput)
    return invalid(view, "output %s %lld; must be in [%lld, %lld] and at most %lld", name,
                   static_cast<long long>(output), static_cast<long long>(least),
                   static_cast<long long>(most), static_cast<long long>(kLongestOutput));
  for (size_t o = 0; o < axis.output; ++o) {
    const kernels::PoolWindow w = kernels::pool_window(axis, o);
    if (w.first >= w.last) return invalid(view, "%s window of output %zu lies outside the input", name, o);
  }
  return Status();
}

}  // namespace

Status validate_pool(const OpView& view) {
  OCTET_RETURN_IF_ERROR(check_operands(view, 1, 1));
  const Tensor &x = *view.input(0), &y = *view.output(0);
  if (!(x.is_f32() && y.is_f32()) && !(x.is_quantized() && y.is_quantized()))
    return invalid(view, "types %s -> %s; must be both F32, or S8 or S16", type_text(x), type_text(y));
  OCTET_RETURN_IF_ERROR(check_rank(view, x, "input", 4));
  OCTET_RETURN_IF_ERROR(check_rank(view, y, "output", 4));
  const auto* options = view.options<schema::Pool2DOptions>();
  if (options == nullptr) return invalid(view, "no Pool2DOptions");
  OCTET_RETURN_IF_ERROR(check_options(view, *options));
  if (x.shape[0] != y.shape[0] || x.shape[3] != y.shape[3])
    return invalid(view, "output shape %s of input %s; batch and channels must stay",
                   shape_text(y.shape).c_str(), shape_text(x.shape).c_str());
  const kernels::Pool2D geometry = pool_geometry(view);
  OCTET_RETURN_IF_ERROR(check_pool_axis(view, "height", geometry.y));
  return check_pool_axis(view, "width", geometry.x);
}

kernels::Pool2D pool_geometry(const OpView& view) {
  const auto& o = *view.options<schema::Pool2DOptions>();
  const Shape &x = view.input(0)->shape, &y = view.output(0)->shape;
  const auto size = [](int32_t value) { return static_cast<size_t>(value); };
  return {size(x[0]),
          size(x[3]),
          {size(x[1]), size(y[1]), size(o.kernel_height()), size(o.stride_height()),
           size(o.dilation_height()), size(o.pad_top()), size(o.pad_bottom())},
          {size(x[2]), size(y[2]), size(o.kernel_width()), size(o.stride_width()), size(o.dilation_width()),
           size(o.pad_left()), size(o.pad_right())}};
}

}  // namespace octet
