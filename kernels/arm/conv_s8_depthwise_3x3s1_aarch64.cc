// SPDX-License-Identifier: Apache-2.0
//
// Depthwise conv_s8 with a 3x3 kernel and stride 1 on AArch64 without dot products: two outputs
// of a row at once, from four columns of three input rows, the last two of which are the first of the next
// two outputs. conv_s8_depthwise.h is the frame, conv_s8_depthwise_chains.h the arithmetic.
#include "kernels/arm/conv_s8_depthwise_chains.h"

namespace octet::kernels {
namespace {

template <size_t kChain>
struct Depthwise3x3s1 : ThreeByThree<kChain> {
  static constexpr size_t kKernel = 3, kStride = 1, kInputRows = 3, kOutputRows = 1;
  static constexpr size_t kOutputs = 2, kReach = 4, kRing = 4, kShared = 2, kAdvance = 2;
  using Base = ThreeByThree<kChain>;
  using Base::Base;
  using Fast = Depthwise3x3s1<3>;

  template <class Pixels>
  static void begin(const Pixels& pixels, ThreeRows* ring) {
    ring[0] = Base::column(pixels, 0);
    ring[1] = Base::column(pixels, 1);
  }

  template <size_t kBegin, class Pixels>
  inline void inside(const Pixels& pixels, ThreeRows* ring, int8_t* const (&out)[2]) {
    const ThreeRows &a = ring[kBegin], &b = ring[kBegin + 1];
    ThreeRows &d = ring[(kBegin + 2) % 4], &e = ring[(kBegin + 3) % 4];
    d = Base::column(pixels, 0);
    e = Base::column(pixels, 1);
    this->two_outputs({{&a, &b, &d}, {&b, &d, &e}}, out);
  }
};

}  // namespace

extern const ConvS8Kernel conv_s8_depthwise_3x3s1_aarch64_kernel;
const ConvS8Kernel conv_s8_depthwise_3x3s1_aarch64_kernel =
    DepthwiseColumns<Depthwise3x3s1<2>>::kernel("conv_s8_depthwise_3x3s1_aarch64", kNeon);

}  // namespace octet::kernels
