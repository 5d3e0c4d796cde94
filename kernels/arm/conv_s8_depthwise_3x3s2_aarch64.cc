// SPDX-License-Identifier: Apache-2.0
//
// Depthwise conv_s8 with a 3x3 kernel and stride 2 on AArch64 without dot products: two outputs
// of a row at once, from five columns of three input rows, the last of which is the first of the next two
// outputs. conv_s8_depthwise.h is the frame, conv_s8_depthwise_chains.h the arithmetic.
#include "kernels/arm/conv_s8_depthwise_chains.h"

namespace octet::kernels {
namespace {

template <size_t kChain>
struct Depthwise3x3s2 : ThreeByThree<kChain> {
  static constexpr size_t kKernel = 3, kStride = 2, kInputRows = 3, kOutputRows = 1;
  static constexpr size_t kOutputs = 2, kReach = 5, kRing = 1, kShared = 1, kAdvance = 0;
  using Base = ThreeByThree<kChain>;
  using Base::Base;
  using Fast = Depthwise3x3s2<3>;

  template <class Pixels>
  static void begin(const Pixels& pixels, ThreeRows* ring) {
    ring[0] = Base::column(pixels, 0);
  }

  template <size_t kBegin, class Pixels>
  inline void inside(const Pixels& pixels, ThreeRows* ring, int8_t* const (&out)[2]) {
    const ThreeRows a = ring[0], b = Base::column(pixels, 0), d = Base::column(pixels, 1),
                    e = Base::column(pixels, 2);
    ring[0] = Base::column(pixels, 3);
    this->two_outputs({{&a, &b, &d}, {&d, &e, &ring[0]}}, out);
  }
};

}  // namespace

extern const ConvS8Kernel conv_s8_depthwise_3x3s2_aarch64_kernel;
const ConvS8Kernel conv_s8_depthwise_3x3s2_aarch64_kernel =
    DepthwiseColumns<Depthwise3x3s2<2>>::kernel("conv_s8_depthwise_3x3s2_aarch64", kNeon);

}  // namespace octet::kernels
