// SPDX-License-Identifier: Apache-2.0
//
// The loop around a requantize_s16 kernel on vectors: kActivations at a time, the last ones together with
// some of those before them, or through memory that has as many. For files of one instruction set. Scaling is
// made of a RequantizeS16 and has apply(), from what load_activations gives to what ActivationOutput::store
// takes.
#pragma once

#include <cstring>

#include "kernels/activations_vectors.h"
#include "kernels/requantize_s16.h"

namespace octet::kernels {
namespace {

template <class Scaling, class T>
void requantize_all(const RequantizeS16& r, const T* input, void* output, size_t count) {
  const Scaling scaling(r);
  const ActivationOutput out(r.output_s16, r.output_min, r.output_max, r.output_zero_point,
                             r.output_s16 ? 0 : 6);
  if (count < kActivations) {
    T few[kActivations] = {};
    int16_t results[kActivations];
    std::memcpy(few, input, count * sizeof(T));
    out.store(scaling.apply(load_activations(few)), results, 0);
    std::memcpy(output, results, count * (r.output_s16 ? 2 : 1));
    return;
  }
  size_t i = 0;
  for (; i + kActivations <= count; i += kActivations)
    out.store(scaling.apply(load_activations(input + i)), output, i);
  if (i < count)
    out.store(scaling.apply(load_activations(input + count - kActivations)), output, count - kActivations);
}

template <class Scaling>
void requantize_any(const RequantizeS16& requantize, const void* input, void* output, size_t count) {
  if (requantize.input_s16)
    requantize_all<Scaling>(requantize, static_cast<const int16_t*>(input), output, count);
  else
    requantize_all<Scaling>(requantize, static_cast<const int8_t*>(input), output, count);
}

}  // namespace
}  // namespace octet::kernels
