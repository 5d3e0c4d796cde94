// SPDX-License-Identifier: Apache-2.0
//
// kActivations, load_activations and ActivationOutput of the instruction set that a file is compiled for:
// what the frames of s16 kernels (add_s16_frame.h, requantize_s16_frame.h) stand on.
#pragma once

#if defined(__AVX2__)
#include "kernels/x86/activations_avx2.h"
#else
#include "kernels/arm/activations_neon.h"
#endif
