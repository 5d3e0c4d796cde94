// SPDX-License-Identifier: Apache-2.0
//
// add_s16 on NEON: 16 sums at a time in s16, exactly the steps of the reference.
#include "kernels/add_s16_frame.h"

namespace octet::kernels {
namespace {

// One operand on its way to a product with its multiplier.
struct Operand {
  int16x8_t zero_point, multiplier;

  Operand(int32_t zero, int32_t m) : zero_point(all_s16(zero)), multiplier(all_s16(m)) {}

  template <class T>
  int16x8_t scaled(int16x8_t q) const {
    const int16x8_t wide = sizeof(T) == 2 ? vqaddq_s16(q, q) : vshlq_n_s16(vsubq_s16(q, zero_point), 7);
    return vqrdmulhq_s16(wide, multiplier);
  }

  template <class A, class B>
  static void store_sum(const Operand& a, const A* x, const Operand& b, const B* y,
                        const ActivationOutput& out, void* output, size_t i) {
    const int16x8x2_t p = load_activations(x), q = load_activations(y);
    out.store({{vqaddq_s16(a.scaled<A>(p.val[0]), b.scaled<B>(q.val[0])),
                vqaddq_s16(a.scaled<A>(p.val[1]), b.scaled<B>(q.val[1]))}},
              output, i);
  }
};

}  // namespace

void add_s16_neon(const AddS16& add, const ElementwiseS16& operands) { add_any<Operand>(add, operands); }

}  // namespace octet::kernels
