// SPDX-License-Identifier: Apache-2.0
//
// RNN, GRU and LSTM against ONNX's equations in double, for every combination of direction, layout,
// lengths, states, peepholes and bias.
#include "kernels/portable/recurrent_f32.h"

#include "tests/kernels/f32_case.h"

namespace octet::testing {
namespace {

using kernels::RecurrentF32;
using kernels::RecurrentKind;

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

struct Case {
  RecurrentF32 layer;
  std::vector<float> x, w, r, b, p, h0, c0;  // empty: absent
  std::vector<int32_t> lengths;
};

struct Result {
  std::vector<float> y, y_h, y_c;
};

// One sequence in one direction, step by step.
class Reference {
 public:
  Reference(const Case& test, size_t direction, size_t sequence)
      : t_(test), l_(test.layer), d_(direction), n_(sequence) {}

  void run(Result* out) {
    const size_t hidden = l_.hidden;
    h_.assign(hidden, 0), c_.assign(hidden, 0);
    for (size_t j = 0; j < hidden && !t_.h0.empty(); ++j) h_[j] = t_.h0[state(j)];
    for (size_t j = 0; j < hidden && !t_.c0.empty(); ++j) c_[j] = t_.c0[state(j)];
    const size_t length = t_.lengths.empty() ? l_.steps : static_cast<size_t>(t_.lengths[n_]);
    const bool reverse = d_ == 1 || l_.first_reverse;
    for (size_t step = 0; step < l_.steps; ++step) {
      const size_t time = reverse && step < length ? length - 1 - step : step;
      if (step < length) advance(time);
      for (size_t j = 0; j < hidden; ++j)
        out->y[y_index(time, j)] = step < length ? static_cast<float>(h_[j]) : 0;
    }
    for (size_t j = 0; j < hidden; ++j) {
      out->y_h[state(j)] = static_cast<float>(h_[j]);
      out->y_c[state(j)] = static_cast<float>(c_[j]);
    }
  }

 private:
  size_t state(size_t j) const {
    return ((l_.batch_first ? n_ * l_.directions + d_ : d_ * l_.batch + n_)) * l_.hidden + j;
  }
  size_t y_index(size_t time, size_t j) const {
    const size_t row = l_.batch_first ? (n_ * l_.steps + time) * l_.directions + d_
                                      : (time * l_.directions + d_) * l_.batch + n_;
    return row * l_.hidden + j;
  }
  double clipped(double x) const {
    return l_.clip > 0 ? std::min<double>(std::max<double>(x, -l_.clip), l_.clip) : x;
  }

  // Row `gate * hidden + j` of W times x, of R times `state`, and the two biases.
  double from_input(size_t gate, size_t j, size_t time) const {
    const size_t rows = l_.gates() * l_.hidden, row = gate * l_.hidden + j;
    const size_t x = (l_.batch_first ? n_ * l_.steps + time : time * l_.batch + n_) * l_.inputs;
    double sum = t_.b.empty() ? 0 : t_.b[d_ * 2 * rows + row];
    for (size_t i = 0; i < l_.inputs; ++i)
      sum += double{t_.w[(d_ * rows + row) * l_.inputs + i]} * t_.x[x + i];
    return sum;
  }
  double from_state(size_t gate, size_t j, const std::vector<double>& state) const {
    const size_t rows = l_.gates() * l_.hidden, row = gate * l_.hidden + j;
    double sum = t_.b.empty() ? 0 : t_.b[d_ * 2 * rows + rows + row];
    for (size_t i = 0; i < l_.hidden; ++i) sum += t_.r[(d_ * rows + row) * l_.hidden + i] * state[i];
    return sum;
  }
  double peephole(size_t which, size_t j, double c) const {
    return t_.p.empty() ? 0 : t_.p[(d_ * 3 + which) * l_.hidden + j] * c;
  }

  void advance(size_t time) {
    const std::vector<double> h = h_;
    std::vector<double> gated(l_.hidden);
    for (size_t j = 0; j < l_.hidden && l_.kind == RecurrentKind::kGru; ++j)
      gated[j] = sigmoid(clipped(from_input(1, j, time) + from_state(1, j, h))) * h[j];
    for (size_t j = 0; j < l_.hidden; ++j) {
      const double joint = from_input(0, j, time) + from_state(0, j, h);
      if (l_.kind == RecurrentKind::kRnn) {
        h_[j] = std::tanh(clipped(joint));
      } else if (l_.kind == RecurrentKind::kGru) {
        const double z = sigmoid(clipped(joint)),
                     r = sigmoid(clipped(from_input(1, j, time) + from_state(1, j, h)));
        const double n = l_.linear_before_reset ? from_input(2, j, time) + r * from_state(2, j, h)
                                                : from_input(2, j, time) + from_state(2, j, gated);
        h_[j] = (1 - z) * std::tanh(clipped(n)) + z * h[j];
      } else {
        const double c = c_[j];
        const double i = sigmoid(clipped(joint + peephole(0, j, c)));
        const double f = sigmoid(clipped(from_input(2, j, time) + from_state(2, j, h) + peephole(2, j, c)));
        const double n = std::tanh(clipped(from_input(3, j, time) + from_state(3, j, h)));
        c_[j] = f * c + i * n;
        const double o =
            sigmoid(clipped(from_input(1, j, time) + from_state(1, j, h) + peephole(1, j, c_[j])));
        h_[j] = o * std::tanh(clipped(c_[j]));
      }
    }
  }

  const Case& t_;
  const RecurrentF32& l_;
  const size_t d_, n_;
  std::vector<double> h_, c_;
};

Case random_case(Random* r, RecurrentKind kind) {
  Case t;
  RecurrentF32& l = t.layer;
  const auto pick = [r](int64_t low, int64_t high) { return static_cast<size_t>(r->in_range(low, high)); };
  l = {};
  l.kind = kind;
  l.steps = pick(1, 5), l.batch = pick(1, 6), l.inputs = pick(1, 5), l.hidden = pick(1, 11);
  l.directions = pick(1, 2);
  l.first_reverse = l.directions == 1 && r->one_in(2);
  l.batch_first = r->one_in(2), l.linear_before_reset = r->one_in(2);
  l.clip = r->one_in(3) ? 0.6f : 0;
  const auto function = [](kernels::UnaryKind k) {
    return kernels::RecurrentActivation{kernels::select_unary(k, kernels::Element::kF32), {0, 0}};
  };
  const auto first = kind == RecurrentKind::kRnn ? kernels::UnaryKind::kTanh : kernels::UnaryKind::kSigmoid;
  for (auto& direction : l.activations) {
    direction[0] = function(first);
    direction[1] = direction[2] = function(kernels::UnaryKind::kTanh);
  }
  const size_t rows = l.directions * l.gates() * l.hidden, states = l.directions * l.batch * l.hidden;
  t.x = random_f32(r, l.steps * l.batch * l.inputs);
  t.w = random_f32(r, rows * l.inputs, -1, 1);
  t.r = random_f32(r, rows * l.hidden, -0.5f, 0.5f);
  if (!r->one_in(3)) t.b = random_f32(r, 2 * rows, -1, 1);
  if (r->one_in(2)) t.h0 = random_f32(r, states, -1, 1);
  if (kind == RecurrentKind::kLstm && r->one_in(2)) t.c0 = random_f32(r, states, -1, 1);
  if (kind == RecurrentKind::kLstm && r->one_in(2)) t.p = random_f32(r, l.directions * 3 * l.hidden, -1, 1);
  if (r->one_in(2))
    for (size_t n = 0; n < l.batch; ++n)
      t.lengths.push_back(static_cast<int32_t>(pick(0, static_cast<int64_t>(l.steps))));
  return t;
}

Result run_case(const Case& t) {
  const RecurrentF32& l = t.layer;
  const size_t states = l.directions * l.batch * l.hidden;
  const auto data = [](auto& guarded, const auto& values) {
    return values.empty() ? nullptr : guarded.data();
  };
  Guarded<float> x(t.x), w(t.w), r(t.r), b(t.b), p(t.p), h0(t.h0), c0(t.c0), y(l.steps * states), y_h(states),
      y_c(states);
  Guarded<int32_t> lengths(t.lengths);
  Guarded<uint8_t> packed(kernels::recurrent_f32_packed_bytes(l)),
      scratch(kernels::recurrent_f32_scratch_bytes(l));
  kernels::recurrent_f32_pack(l, {w.data(), r.data(), data(b, t.b)}, packed.data());
  const kernels::RecurrentOperands at = {packed.data(),
                                         data(p, t.p),
                                         x.data(),
                                         data(lengths, t.lengths),
                                         data(h0, t.h0),
                                         data(c0, t.c0),
                                         y.data(),
                                         y_h.data(),
                                         l.kind == RecurrentKind::kLstm ? y_c.data() : nullptr};
  const size_t items = kernels::recurrent_f32_items(l);
  kernels::recurrent_f32(l, at, items / 2, items, scratch.data());
  kernels::recurrent_f32(l, at, 0, items / 2, scratch.data());
  return {y.values(), y_h.values(), y_c.values()};
}

void check(RecurrentKind kind) {
  const uint64_t seed = test_seed(1);
  for (uint64_t i = 0; i < 100; ++i) {
    SCOPED_TRACE("OCTET_TEST_SEED=" + std::to_string(seed) + " case " + std::to_string(i));
    Random random(seed + i);
    const Case test = random_case(&random, kind);
    const Result got = run_case(test);
    Result want = got;
    for (size_t d = 0; d < test.layer.directions; ++d)
      for (size_t n = 0; n < test.layer.batch; ++n) Reference(test, d, n).run(&want);
    for (size_t k = 0; k < want.y.size(); ++k) ASSERT_TRUE(close(got.y[k], want.y[k], 1, 2e-6)) << "Y " << k;
    for (size_t k = 0; k < want.y_h.size(); ++k)
      ASSERT_TRUE(close(got.y_h[k], want.y_h[k], 1, 2e-6)) << "Y_h " << k;
    for (size_t k = 0; k < want.y_c.size() && kind == RecurrentKind::kLstm; ++k)
      ASSERT_TRUE(close(got.y_c[k], want.y_c[k], 2, 2e-6)) << "Y_c " << k;
  }
}

TEST(RecurrentF32, Rnn) { check(RecurrentKind::kRnn); }
TEST(RecurrentF32, Gru) { check(RecurrentKind::kGru); }
TEST(RecurrentF32, Lstm) { check(RecurrentKind::kLstm); }

// Lengths from outside may be anything.
TEST(RecurrentF32, HostileLengths) {
  Random random(test_seed(2));
  Case test = random_case(&random, RecurrentKind::kLstm);
  test.layer.batch = 2, test.layer.steps = 3, test.layer.directions = 1;
  test.x = random_f32(&random, 6 * test.layer.inputs);
  test.h0.clear(), test.c0.clear(), test.p.clear(), test.b.clear();
  const size_t rows = test.layer.gates() * test.layer.hidden;
  test.w = random_f32(&random, rows * test.layer.inputs);
  test.r = random_f32(&random, rows * test.layer.hidden);
  test.lengths = {-7, 2147483647};
  const Result hostile = run_case(test);
  test.lengths = {0, 3};
  EXPECT_EQ(hostile.y, run_case(test).y);
}

}  // namespace
}  // namespace octet::testing
