// SPDX-License-Identifier: Apache-2.0
//
// RNN, GRU and LSTM layers in float, as in ONNX. With x the input of step t, h and c the state before it,
// * elementwise, and f, g, k the activation functions (each after a clip of its argument):
//
//   Rnn    h' = f(x W^T + h R^T + Wb + Rb)
//   Gru    z = f(x Wz^T + h Rz^T + Wbz + Rbz)     r = f(x Wr^T + h Rr^T + Wbr + Rbr)
//          n = g(x Wn^T + (r * h) Rn^T + Wbn + Rbn)
//              or, linear_before_reset:  g(x Wn^T + Wbn + r * (h Rn^T + Rbn))
//          h' = (1 - z) * n + z * h
//   Lstm   i = f(x Wi^T + h Ri^T + Pi * c + Wbi + Rbi)     u = f(x Wf^T + h Rf^T + Pf * c + Wbf + Rbf)
//          n = g(x Wc^T + h Rc^T + Wbc + Rbc)              c' = u * c + i * n
//          o = f(x Wo^T + h Ro^T + Po * c' + Wbo + Rbo)    h' = o * k(c')
//
// Rows of W, R and B are in ONNX's gate order: Lstm i o f c, Gru z r n; P is Pi Po Pf.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/portable/unary_f32.h"

namespace octet::kernels {

enum class RecurrentKind : uint8_t { kRnn, kLstm, kGru };  // as in the schema

struct RecurrentActivation {
  UnaryKernel kernel;
  Unary parameters;
};

struct RecurrentF32 {
  RecurrentKind kind;
  size_t steps, batch, inputs, hidden;
  size_t directions;   // 1, or 2: forward and reverse
  bool first_reverse;  // direction 0 runs from the end
  bool batch_first;    // x [batch][steps][inputs] instead of [steps][batch][inputs]; Y, Y_h alike
  bool linear_before_reset;
  float clip;                             // 0: none
  RecurrentActivation activations[2][3];  // per direction: f, g, k

  size_t gates() const { return kind == RecurrentKind::kRnn ? 1 : kind == RecurrentKind::kGru ? 3 : 4; }
};

// W [directions][gates * hidden][inputs], R [directions][gates * hidden][hidden],
// B null or [directions][2 * gates * hidden]: Wb, then Rb.
struct RecurrentWeights {
  const float* w;
  const float* r;
  const float* b;
};
size_t recurrent_f32_packed_bytes(const RecurrentF32& layer);
void recurrent_f32_pack(const RecurrentF32& layer, const RecurrentWeights& weights, void* packed);

// Null where absent. States are [directions][batch][hidden] or, batch_first, [batch][directions][hidden];
// y is [steps][directions][batch][hidden] or [batch][steps][directions][hidden].
struct RecurrentOperands {
  const void* packed;
  const float* peepholes;  // [directions][3 * hidden]
  const float* x;
  const int32_t* lengths;  // [batch], clamped to [0, steps]
  const float* initial_h;
  const float* initial_c;
  float* y;  // 0 behind the length of a sequence
  float* y_h;
  float* y_c;
};

// Work items are up to 4 sequences in one direction.
size_t recurrent_f32_items(const RecurrentF32& layer);
size_t recurrent_f32_scratch_bytes(const RecurrentF32& layer);
void recurrent_f32(const RecurrentF32& layer, const RecurrentOperands& operands, size_t first_item,
                   size_t last_item, void* scratch);

}  // namespace octet::kernels
