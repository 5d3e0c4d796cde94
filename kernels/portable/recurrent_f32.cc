// SPDX-License-Identifier: Apache-2.0
//
// See recurrent_f32.h. Up to 4 sequences advance together, one row of the float tile each.
//
// Packed, per direction (gemm_f32.h): the gates that see x and h alike, as rows [W | R] with bias Wb + Rb
// (Rnn and Lstm all, Gru z and r); for Gru then Wn with its bias, and Rn with its bias, where
// without linear_before_reset all of the bias is with Wn.
#include "kernels/portable/recurrent_f32.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "kernels/portable/gemm_f32.h"

namespace octet::kernels {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

size_t joint_outputs(const RecurrentF32& l) {
  return (l.kind == RecurrentKind::kGru ? 2 : l.gates()) * l.hidden;
}

struct PackedSizes {
  size_t joint, input, state;  // floats
  size_t total() const { return joint + input + state; }
};

PackedSizes packed_sizes(const RecurrentF32& l) {
  const bool gru = l.kind == RecurrentKind::kGru;
  return {gemm_packed_floats_f32(joint_outputs(l), l.inputs + l.hidden),
          gru ? gemm_packed_floats_f32(l.hidden, l.inputs) : 0,
          gru ? gemm_packed_floats_f32(l.hidden, l.hidden) : 0};
}

// As gemm_pack_f32, for rows [W | R] and bias Wb + Rb.
void pack_joint(const RecurrentF32& l, const float* w, const float* r, const float* b, float* packed) {
  const size_t outputs = joint_outputs(l), k = l.inputs + l.hidden, all = l.gates() * l.hidden;
  std::fill(packed, packed + gemm_packed_floats_f32(outputs, k), 0.0f);
  for (size_t o = 0; o < outputs; ++o) {
    float* column = packed + o / kGemmColumnsF32 * gemm_block_floats_f32(k) + o % kGemmColumnsF32;
    column[0] = b ? b[o] + b[all + o] : 0.0f;
    for (size_t p = 0; p < k; ++p)
      column[(p + 1) * kGemmColumnsF32] = p < l.inputs ? w[o * l.inputs + p] : r[o * l.hidden + p - l.inputs];
  }
}

// The new-gate of Gru: Wn and Rn with their biases.
void pack_gru_new_gate(const RecurrentF32& l, const float* w, const float* r, const float* b, float* packed) {
  const size_t first = 2 * l.hidden, all = 3 * l.hidden;
  const PackedSizes sizes = packed_sizes(l);
  float* input = packed + sizes.joint;
  float* state = input + sizes.input;
  gemm_pack_f32(w + first * l.inputs, b ? b + first : nullptr, l.hidden, l.inputs, input);
  const float* state_bias = b ? b + all + first : nullptr;
  gemm_pack_f32(r + first * l.hidden, l.linear_before_reset ? state_bias : nullptr, l.hidden, l.hidden,
                state);
  if (!state_bias || l.linear_before_reset) return;
  for (size_t o = 0; o < l.hidden; ++o)
    input[o / kGemmColumnsF32 * gemm_block_floats_f32(l.inputs) + o % kGemmColumnsF32] += state_bias[o];
}

// Rows of one operand of a product: row i at rows[i], k long.
struct Rows {
  const float* rows[kGemmRowsF32];
  size_t k;
};

// out[i * stride + o] = bias[o] + a[i] . first columns + b[i] . further columns of packed row o.
void multiply(const float* packed, size_t outputs, const Rows& a, const Rows* b, float* out, size_t stride) {
  const size_t k = a.k + (b ? b->k : 0);
  for (size_t o = 0; o < outputs; o += kGemmColumnsF32, packed += gemm_block_floats_f32(k)) {
    GemmTileF32 tile(packed);
    const float* weights = packed + kGemmColumnsF32;
    tile.accumulate(a.rows, weights, kGemmColumnsF32, a.k);
    if (b) tile.accumulate(b->rows, weights + a.k * kGemmColumnsF32, kGemmColumnsF32, b->k);
    for (size_t i = 0; i < kGemmRowsF32; ++i)
      tile.store_row(i, std::min(kGemmColumnsF32, outputs - o), -kInfinity, kInfinity, out + i * stride + o);
  }
}

// Up to 4 sequences of one direction on their way through time.
class Sequences {
 public:
  Sequences(const RecurrentF32& layer, const RecurrentOperands& operands, size_t item, void* scratch)
      : l_(layer), at_(operands), hidden_(layer.hidden) {
    const size_t tiles = (l_.batch + kGemmRowsF32 - 1) / kGemmRowsF32;
    direction_ = item / tiles;
    first_ = item % tiles * kGemmRowsF32;
    count_ = std::min(kGemmRowsF32, l_.batch - first_);
    reverse_ = direction_ == 1 || l_.first_reverse;
    packed_ = static_cast<const float*>(at_.packed) + direction_ * packed_sizes(l_).total();
    peephole_ = at_.peepholes ? at_.peepholes + direction_ * 3 * hidden_ : nullptr;
    h_ = static_cast<float*>(scratch);
    c_ = h_ + kGemmRowsF32 * hidden_;
    temporary_ = c_ + kGemmRowsF32 * hidden_;
    gates_ = temporary_ + kGemmRowsF32 * hidden_;
  }

  void run() {
    start();
    for (size_t step = 0; step < longest_; ++step) {
      compute_gates(step);
      for (size_t i = 0; i < count_; ++i) {
        if (step >= lengths_[i]) continue;
        advance(i);
        if (at_.y) std::memcpy(y_at(i, time_of(i, step)), h_ + i * hidden_, hidden_ * sizeof(float));
      }
    }
    finish();
  }

 private:
  size_t time_of(size_t i, size_t step) const { return reverse_ ? lengths_[i] - 1 - step : step; }

  size_t state_index(size_t i) const {
    const size_t b = first_ + i;
    return (l_.batch_first ? b * l_.directions + direction_ : direction_ * l_.batch + b) * hidden_;
  }

  const float* x_at(size_t i, size_t time) const {
    const size_t b = first_ + i;
    return at_.x + (l_.batch_first ? b * l_.steps + time : time * l_.batch + b) * l_.inputs;
  }

  float* y_at(size_t i, size_t time) const {
    const size_t b = first_ + i;
    const size_t row = l_.batch_first ? (b * l_.steps + time) * l_.directions + direction_
                                      : (time * l_.directions + direction_) * l_.batch + b;
    return at_.y + row * hidden_;
  }

  void start() {
    const int32_t steps = static_cast<int32_t>(l_.steps);
    for (size_t i = 0; i < kGemmRowsF32; ++i) {
      const size_t row = i * hidden_;
      std::fill(h_ + row, h_ + row + hidden_, 0.0f);
      std::fill(c_ + row, c_ + row + hidden_, 0.0f);
      if (i >= count_) continue;
      lengths_[i] =
          at_.lengths ? static_cast<size_t>(std::clamp(at_.lengths[first_ + i], 0, steps)) : l_.steps;
      longest_ = std::max(longest_, lengths_[i]);
      if (at_.initial_h) std::memcpy(h_ + row, at_.initial_h + state_index(i), hidden_ * sizeof(float));
      if (at_.initial_c) std::memcpy(c_ + row, at_.initial_c + state_index(i), hidden_ * sizeof(float));
    }
  }

  void finish() {
    for (size_t i = 0; i < count_; ++i) {
      for (size_t time = lengths_[i]; at_.y && time < l_.steps; ++time)
        std::fill(y_at(i, time), y_at(i, time) + hidden_, 0.0f);
      if (at_.y_h) std::memcpy(at_.y_h + state_index(i), h_ + i * hidden_, hidden_ * sizeof(float));
      if (at_.y_c) std::memcpy(at_.y_c + state_index(i), c_ + i * hidden_, hidden_ * sizeof(float));
    }
  }

  // Clips and applies activation `which` to one gate, in place.
  void activate(size_t which, float* gate) const {
    if (l_.clip > 0)
      for (size_t j = 0; j < hidden_; ++j) gate[j] = std::min(std::max(gate[j], -l_.clip), l_.clip);
    const RecurrentActivation& activation = l_.activations[direction_][which];
    activation.kernel(activation.parameters, gate, gate, hidden_);
  }

  Rows rows_of(const float* state) const {
    return {{state, state + hidden_, state + 2 * hidden_, state + 3 * hidden_}, hidden_};
  }

  // The gates' arguments of all rows; for Gru also z, r and the argument of n.
  void compute_gates(size_t step) {
    Rows x = {{}, l_.inputs};
    for (size_t i = 0; i < kGemmRowsF32; ++i) {
      // A row without a step left reads some valid input; its gates are not used.
      const size_t row = std::min(i, count_ - 1);
      x.rows[i] = x_at(row, step < lengths_[row] ? time_of(row, step) : 0);
    }
    const Rows h = rows_of(h_);
    multiply(packed_, joint_outputs(l_), x, &h, gates_, stride());
    if (l_.kind == RecurrentKind::kGru) compute_gru_new_gate(x);
  }

  void compute_gru_new_gate(const Rows& x) {
    const PackedSizes sizes = packed_sizes(l_);
    const float *input = packed_ + sizes.joint, *state = input + sizes.input;
    multiply(input, hidden_, x, nullptr, gates_ + 2 * hidden_, stride());
    for (size_t i = 0; i < kGemmRowsF32; ++i) {
      activate(0, gates_ + i * stride());
      activate(0, gates_ + i * stride() + hidden_);
    }
    // Without linear_before_reset the state's product is of r * h.
    for (size_t i = 0; i < kGemmRowsF32; ++i)
      for (size_t j = 0; j < hidden_; ++j) {
        const float r = l_.linear_before_reset ? 1.0f : gates_[i * stride() + hidden_ + j];
        c_[i * hidden_ + j] = r * h_[i * hidden_ + j];
      }
    multiply(state, hidden_, rows_of(c_), nullptr, temporary_, hidden_);
    for (size_t i = 0; i < kGemmRowsF32; ++i) {
      float* gate = gates_ + i * stride();
      for (size_t j = 0; j < hidden_; ++j) {
        const float r = l_.linear_before_reset ? gate[hidden_ + j] : 1.0f;
        gate[2 * hidden_ + j] += r * temporary_[i * hidden_ + j];
      }
    }
  }

  // One step of row i, from its gates.
  void advance(size_t i) {
    float* gate = gates_ + i * stride();
    float* h = h_ + i * hidden_;
    switch (l_.kind) {
      case RecurrentKind::kRnn:
        activate(0, gate);
        std::memcpy(h, gate, hidden_ * sizeof(float));
        return;
      case RecurrentKind::kGru: {
        float *z = gate, *n = gate + 2 * hidden_;
        activate(1, n);
        for (size_t j = 0; j < hidden_; ++j) h[j] = (1 - z[j]) * n[j] + z[j] * h[j];
        return;
      }
      case RecurrentKind::kLstm:
        advance_lstm(gate, h, c_ + i * hidden_);
        return;
    }
  }

  void add_peephole(size_t which, const float* c, float* gate) const {
    if (!peephole_) return;
    for (size_t j = 0; j < hidden_; ++j) gate[j] += peephole_[which * hidden_ + j] * c[j];
  }

  void advance_lstm(float* gate, float* h, float* c) const {
    float *input = gate, *output = gate + hidden_, *forget = gate + 2 * hidden_, *cell = gate + 3 * hidden_;
    add_peephole(0, c, input);
    add_peephole(2, c, forget);
    activate(0, input);
    activate(0, forget);
    activate(1, cell);
    for (size_t j = 0; j < hidden_; ++j) c[j] = forget[j] * c[j] + input[j] * cell[j];
    add_peephole(1, c, output);
    activate(0, output);
    std::memcpy(h, c, hidden_ * sizeof(float));
    activate(2, h);
    for (size_t j = 0; j < hidden_; ++j) h[j] *= output[j];
  }

  size_t stride() const { return l_.gates() * hidden_; }

  const RecurrentF32& l_;
  const RecurrentOperands& at_;
  const size_t hidden_;
  size_t direction_, first_, count_, longest_ = 0;
  size_t lengths_[kGemmRowsF32] = {};
  bool reverse_;
  const float *packed_, *peephole_;
  float *h_, *c_, *temporary_, *gates_;  // 4 rows each; Gru keeps r * h in c_
};

}  // namespace

size_t recurrent_f32_packed_bytes(const RecurrentF32& layer) {
  return layer.directions * packed_sizes(layer).total() * sizeof(float);
}

void recurrent_f32_pack(const RecurrentF32& layer, const RecurrentWeights& weights, void* packed) {
  const size_t outputs = layer.gates() * layer.hidden;
  float* out = static_cast<float*>(packed);
  for (size_t d = 0; d < layer.directions; ++d, out += packed_sizes(layer).total()) {
    const float* w = weights.w + d * outputs * layer.inputs;
    const float* r = weights.r + d * outputs * layer.hidden;
    const float* b = weights.b ? weights.b + d * 2 * outputs : nullptr;
    pack_joint(layer, w, r, b, out);
    if (layer.kind == RecurrentKind::kGru) pack_gru_new_gate(layer, w, r, b, out);
  }
}

size_t recurrent_f32_items(const RecurrentF32& layer) {
  return layer.directions * ((layer.batch + kGemmRowsF32 - 1) / kGemmRowsF32);
}

size_t recurrent_f32_scratch_bytes(const RecurrentF32& layer) {
  return kGemmRowsF32 * layer.hidden * (3 + layer.gates()) * sizeof(float);
}

void recurrent_f32(const RecurrentF32& layer, const RecurrentOperands& operands, size_t first_item,
                   size_t last_item, void* scratch) {
  for (size_t item = first_item; item < last_item; ++item) Sequences(layer, operands, item, scratch).run();
}

}  // namespace octet::kernels
