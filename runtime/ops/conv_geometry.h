// SPDX-License-Identifier: Apache-2.0
//
// The geometry of a validated Conv2D, for the kernels' parameter structs: ConvS8
// and ConvF32 name these fields alike.
#pragma once

#include <cstddef>

#include "model_generated.h"
#include "runtime/op.h"

namespace octet {

// Fills batch, input, output, kernel, stride, dilation, pad and groups of *conv from the tensors
// and options of `view`; leaves the rest.
template <class Conv>
void set_conv_geometry(const OpView& view, Conv* conv) {
  const auto& o = *view.options<schema::Conv2DOptions>();
  const Shape &x = view.input(0)->shape, &w = view.input(1)->shape, &y = view.output(0)->shape;
  conv->batch = static_cast<size_t>(x[0]);
  conv->input_height = static_cast<size_t>(x[1]);
  conv->input_width = static_cast<size_t>(x[2]);
  conv->input_channels = static_cast<size_t>(x[3]);
  conv->output_height = static_cast<size_t>(y[1]);
  conv->output_width = static_cast<size_t>(y[2]);
  conv->output_channels = static_cast<size_t>(y[3]);
  conv->kernel_height = static_cast<size_t>(w[1]);
  conv->kernel_width = static_cast<size_t>(w[2]);
  conv->stride_height = static_cast<size_t>(o.stride_height());
  conv->stride_width = static_cast<size_t>(o.stride_width());
  conv->dilation_height = static_cast<size_t>(o.dilation_height());
  conv->dilation_width = static_cast<size_t>(o.dilation_width());
  conv->pad_top = static_cast<size_t>(o.pad_top());
  conv->pad_left = static_cast<size_t>(o.pad_left());
  conv->groups = static_cast<size_t>(o.groups());
}

}  // namespace octet
