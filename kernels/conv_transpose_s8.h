// SPDX-License-Identifier: Apache-2.0
//
// conv_transpose_s8: the transposed convolution. A ConvS8 read the other way:
// every input pixel (n, y, x) scatters into output pixels
//
//   acc[n][y * sh + ky * dh - pt][x * sw + kx * dw - pl][o] += sum over c of
//       (input[n][y][x][g * C/groups + c] - input_zero_point) * weights[o][ky][kx][c]
//
// starting from bias[o]; targets outside the output are dropped. Then as conv_s8.
//
// It is computed as sh * sw ordinary convolutions. Output row Y = i * sh + phase
// meets only the taps with (Y + pt - ky * dh) divisible by sh, and those are
// equally spaced, so each phase (of rows and columns) is a convolution with
// stride 1 over the input whose outputs stand sh rows and sw pixels apart.
#pragma once

#include "kernels/conv_s8.h"

namespace octet::kernels {

// The executable specification. Output strides must be 0 (dense).
void conv_transpose_s8_reference(const ConvS8& transposed, const int8_t* input, void* output);

// One of the convolutions that together compute a transposed one.
struct ConvTransposeS8Phase {
  ConvS8 conv;           // weights are the caller's to fill: see below
  size_t output_offset;  // elements from the output's begin to conv's output
  size_t weights_bytes;
};

size_t conv_transpose_s8_phase_count(const ConvS8& transposed);
ConvTransposeS8Phase conv_transpose_s8_phase(const ConvS8& transposed, size_t index);

// Writes the phase's weights, OHWI, weights_bytes of them: the taps it meets, in reverse order.
void conv_transpose_s8_phase_weights(const ConvS8& transposed, size_t index, int8_t* weights);

}  // namespace octet::kernels
