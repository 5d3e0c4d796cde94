// SPDX-License-Identifier: Apache-2.0
//
// Four pixels by the quads of a panel in the order that in-order cores without dot product want (Cortex-A53,
// A35), for conv_s8_gemm_4x4_inorder_aarch64.cc, which says what is computed and how a panel is packed.
//
// Such a core issues two instructions a cycle: a 128-bit vector operation and beside it one on general
// registers or a load of 64 bits into one. A load into a vector register has no vector operation beside it.
// So 16 bytes come by ldr d, ldr x and ins, and cost one cycle, that of the ldr d, with an ins beside it.
// Results are ready after four cycles: the sums of four pixels take turns.
//
// The limit is 96 cycles for the 512 products of a pair of blocks and 56 for the 256 of a single one. In the
// issue model of docs/performance.md these loops take 98 and 57: 5.22 and 4.49 products a cycle. A line of
// assembly is a cycle of the model.
//
// The loops load ahead, so that a quad begins with what the one before it has loaded: two offsets more than
// there are blocks, and 32 bytes behind the weights.
//
// v0-v3, v4-v7  the pixels' bytes of the first and the second block
// v8-v11        weights of two channels
// v12-v15       sums of products, at the end the results
// v16-v31       accumulators, [channel][pixel]
#pragma once

#include <cstddef>
#include <cstdint>

namespace octet::kernels {
namespace {

// A panel: for each of `quads`, counts[0] pairs of blocks and counts[1] single ones, not both zero; all
// offsets and all weights in that order.
struct ChainPanel {
  const uint32_t* counts;
  const uint32_t* offsets;
  const int8_t* weights;
  size_t quads;
};

// sums[quad][pixel][channel], without bias.
__attribute__((always_inline)) inline void multiply_chains(const int8_t* const (&pixels)[4],
                                                           const ChainPanel& panel, int32_t* sums) {
  const uint32_t *counts = panel.counts, *offsets = panel.offsets;
  const int8_t* weights = panel.weights;
  size_t quads = panel.quads;
  uint32_t pairs, singles;
  // clang-format off
  asm volatile(
      "ldr w5, [%[offsets]], #4\n"
      "ldr d8, [%[weights]]\n"
      "ldr x9, [%[weights], #8]\n"
      "ldr d9, [%[weights], #16]\nadd x7, x5, #8\n"
      "ldr x10, [%[weights], #24]\n"
      "ldr d0, [%[p0], x5]\nins v8.d[1], x9\n"
      "ldr x11, [%[p0], x7]\n"
      "ldr d1, [%[p1], x5]\nins v9.d[1], x10\n"
      "ldr x12, [%[p1], x7]\n"
      "ldr d2, [%[p2], x5]\nins v0.d[1], x11\n"
      "ldr x13, [%[p2], x7]\n"
      "ldr d3, [%[p3], x5]\nins v1.d[1], x12\n"
      "ldr x14, [%[p3], x7]\n"
      "ins v2.d[1], x13\n"
      "ins v3.d[1], x14\n"
      "0:\n"
      "ldp %w[pairs], %w[singles], [%[counts]], #8\n"
      "movi d16, #0\nmovi d17, #0\n"
      "movi d18, #0\nmovi d19, #0\n"
      "movi d20, #0\nmovi d21, #0\n"
      "movi d22, #0\nmovi d23, #0\n"
      "movi d24, #0\nmovi d25, #0\n"
      "movi d26, #0\nmovi d27, #0\n"
      "movi d28, #0\nmovi d29, #0\n"
      "movi d30, #0\nmovi d31, #0\n"
      "cbz %w[pairs], 2f\n"
      "ldr w6, [%[offsets]], #4\n"
      "ldr d4, [%[p0], x6]\nadd x8, x6, #8\n"
      "ldr x9, [%[p0], x8]\n"
      "ldr d5, [%[p1], x6]\n"
      "ldr x10, [%[p1], x8]\n"
      "ldr d6, [%[p2], x6]\nins v4.d[1], x9\n"
      "ldr x11, [%[p2], x8]\n"
      "ldr d7, [%[p3], x6]\nins v5.d[1], x10\n"
      "ldr x12, [%[p3], x8]\n"
      "ins v6.d[1], x11\n"
      "ins v7.d[1], x12\n"
      ".p2align 4\n"
      "1:\n"
      "smull v12.8h, v0.8b, v8.8b\n"
      "smull v13.8h, v1.8b, v8.8b\nldr x9, [%[weights], #40]\n"
      "smull v14.8h, v2.8b, v8.8b\n"
      "smull v15.8h, v3.8b, v8.8b\n"
      "smlal2 v12.8h, v0.16b, v8.16b\nldr x10, [%[weights], #88]\n"
      "smlal2 v13.8h, v1.16b, v8.16b\nldr x11, [%[weights], #136]\n"
      "ldr d10, [%[weights], #32]\n"
      "smlal2 v14.8h, v2.16b, v8.16b\n"
      "smlal2 v15.8h, v3.16b, v8.16b\nldr x12, [%[weights], #152]\n"
      "smlal v12.8h, v4.8b, v9.8b\n"
      "smlal v13.8h, v5.8b, v9.8b\nldr x13, [%[weights], #72]\n"
      "smlal v14.8h, v6.8b, v9.8b\n"
      "smlal v15.8h, v7.8b, v9.8b\nldp w5, w6, [%[offsets]], #8\n"
      "smlal2 v12.8h, v4.16b, v9.16b\n"
      "ins v10.d[1], x9\nldr d11, [%[weights], #48]\n"
      "smlal2 v13.8h, v5.16b, v9.16b\n"
      "smlal2 v14.8h, v6.16b, v9.16b\nldr x9, [%[weights], #56]\n"
      "smlal2 v15.8h, v7.16b, v9.16b\n"
      "sadalp v16.4s, v12.8h\n"
      "sadalp v17.4s, v13.8h\n"
      "ins v11.d[1], x9\nldr d8, [%[weights], #64]\n"
      "sadalp v18.4s, v14.8h\nprfm pldl1keep, [%[weights], #576]\n"
      "sadalp v19.4s, v15.8h\nldr x9, [%[weights], #104]\n"
      "prfm pldl1keep, [%[weights], #512]\nsmull v12.8h, v0.8b, v10.8b\n"
      "add x7, x5, #8\nldr d9, [%[weights], #80]\n"
      "smull v13.8h, v1.8b, v10.8b\n"
      "smull v14.8h, v2.8b, v10.8b\n"
      "smull v15.8h, v3.8b, v10.8b\n"
      "smlal2 v12.8h, v0.16b, v10.16b\n"
      "smlal2 v13.8h, v1.16b, v10.16b\n"
      "smlal2 v14.8h, v2.16b, v10.16b\nldr x14, [%[weights], #120]\n"
      "smlal2 v15.8h, v3.16b, v10.16b\n"
      "smlal v12.8h, v4.8b, v11.8b\n"
      "smlal v13.8h, v5.8b, v11.8b\nldr x15, [%[p2], x7]\n"
      "add x8, x6, #8\nsmlal v14.8h, v6.8b, v11.8b\n"
      "smlal v15.8h, v7.8b, v11.8b\n"
      "ins v8.d[1], x13\nldr d10, [%[weights], #96]\n"
      "smlal2 v12.8h, v4.16b, v11.16b\nldr x13, [%[p0], x8]\n"
      "smlal2 v13.8h, v5.16b, v11.16b\n"
      "smlal2 v14.8h, v6.16b, v11.16b\n"
      "smlal2 v15.8h, v7.16b, v11.16b\n"
      "ins v9.d[1], x10\nldr d11, [%[weights], #112]\n"
      "sadalp v20.4s, v12.8h\n"
      "sadalp v21.4s, v13.8h\n"
      "sadalp v22.4s, v14.8h\n"
      "sadalp v23.4s, v15.8h\n"
      "smull v12.8h, v0.8b, v8.8b\n"
      "smull v13.8h, v1.8b, v8.8b\n"
      "smull v14.8h, v2.8b, v8.8b\nldr x10, [%[p3], x8]\n"
      "subs %w[pairs], %w[pairs], #1\nsmull v15.8h, v3.8b, v8.8b\n"
      "smlal2 v12.8h, v0.16b, v8.16b\n"
      "smlal2 v13.8h, v1.16b, v8.16b\n"
      "smlal2 v14.8h, v2.16b, v8.16b\n"
      "smlal2 v15.8h, v3.16b, v8.16b\n"
      "smlal v12.8h, v4.8b, v9.8b\n"
      "smlal v13.8h, v5.8b, v9.8b\n"
      "smlal v14.8h, v6.8b, v9.8b\n"
      "smlal v15.8h, v7.8b, v9.8b\n"
      "smlal2 v12.8h, v4.16b, v9.16b\n"
      "smlal2 v13.8h, v5.16b, v9.16b\n"
      "smlal2 v14.8h, v6.16b, v9.16b\n"
      "smlal2 v15.8h, v7.16b, v9.16b\n"
      "sadalp v24.4s, v12.8h\nldr x16, [%[p1], x7]\n"
      "sadalp v25.4s, v13.8h\n"
      "sadalp v26.4s, v14.8h\n"
      "ins v10.d[1], x9\nldr d8, [%[weights], #128]\n"
      "sadalp v27.4s, v15.8h\nldr x9, [%[p0], x7]\n"
      "ldr d9, [%[weights], #144]\n"
      "smull v12.8h, v0.8b, v10.8b\n"
      "smull v13.8h, v1.8b, v10.8b\n"
      "smull v14.8h, v2.8b, v10.8b\n"
      "smull v15.8h, v3.8b, v10.8b\n"
      "smlal2 v12.8h, v0.16b, v10.16b\n"
      "smlal2 v13.8h, v1.16b, v10.16b\n"
      "ldr d1, [%[p1], x5]\nins v11.d[1], x14\n"
      "smlal2 v14.8h, v2.16b, v10.16b\n"
      "smlal2 v15.8h, v3.16b, v10.16b\n"
      "smlal v12.8h, v4.8b, v11.8b\n"
      "smlal v13.8h, v5.8b, v11.8b\n"
      "smlal v14.8h, v6.8b, v11.8b\nldr x14, [%[p1], x8]\n"
      "smlal v15.8h, v7.8b, v11.8b\n"
      "ins v1.d[1], x16\nldr d2, [%[p2], x5]\n"
      "smlal2 v12.8h, v4.16b, v11.16b\n"
      "smlal2 v13.8h, v5.16b, v11.16b\n"
      "ldr d0, [%[p0], x5]\nins v8.d[1], x11\n"
      "ldr x11, [%[p2], x8]\nsmlal2 v14.8h, v6.16b, v11.16b\n"
      "smlal2 v15.8h, v7.16b, v11.16b\n"
      "ldr d3, [%[p3], x5]\n"
      "ldr d7, [%[p3], x6]\nins v2.d[1], x15\n"
      "ins v9.d[1], x12\nldr d4, [%[p0], x6]\n"
      "sadalp v28.4s, v12.8h\n"
      "sadalp v29.4s, v13.8h\nldr x12, [%[p3], x7]\n"
      "ins v0.d[1], x9\nldr d5, [%[p1], x6]\n"
      "ldr d6, [%[p2], x6]\nins v4.d[1], x13\n"
      "sadalp v30.4s, v14.8h\nadd %[weights], %[weights], #128\n"
      "sadalp v31.4s, v15.8h\n"
      "ins v5.d[1], x14\nins v7.d[1], x10\n"
      "ins v6.d[1], x11\nins v3.d[1], x12\n"
      "b.ne 1b\n"
      "sub %[offsets], %[offsets], #4\n"
      "cbz %w[singles], 3f\n"
      ".p2align 4\n"
      "2:\n"
      "smull v12.8h, v0.8b, v8.8b\n"
      "smull v13.8h, v1.8b, v8.8b\n"
      "smull v14.8h, v2.8b, v8.8b\n"
      "smull v15.8h, v3.8b, v8.8b\n"
      "smlal2 v12.8h, v0.16b, v8.16b\n"
      "smlal2 v13.8h, v1.16b, v8.16b\n"
      "smlal2 v14.8h, v2.16b, v8.16b\n"
      "smlal2 v15.8h, v3.16b, v8.16b\n"
      "sadalp v16.4s, v12.8h\n"
      "ldr d11, [%[weights], #48]\n"
      "ldr x9, [%[weights], #40]\nsadalp v17.4s, v13.8h\n"
      "sadalp v18.4s, v14.8h\n"
      "sadalp v19.4s, v15.8h\n"
      "smull v12.8h, v0.8b, v9.8b\nldr w5, [%[offsets]], #4\n"
      "smull v13.8h, v1.8b, v9.8b\n"
      "smull v14.8h, v2.8b, v9.8b\nldr x10, [%[weights], #56]\n"
      "ldr d10, [%[weights], #32]\n"
      "smull v15.8h, v3.8b, v9.8b\n"
      "smlal2 v12.8h, v0.16b, v9.16b\n"
      "smlal2 v13.8h, v1.16b, v9.16b\n"
      "smlal2 v14.8h, v2.16b, v9.16b\n"
      "smlal2 v15.8h, v3.16b, v9.16b\n"
      "sadalp v20.4s, v12.8h\n"
      "sadalp v21.4s, v13.8h\n"
      "sadalp v22.4s, v14.8h\n"
      "ldr d9, [%[weights], #80]\nins v10.d[1], x9\n"
      "sadalp v23.4s, v15.8h\n"
      "smull v12.8h, v0.8b, v10.8b\nadd x7, x5, #8\n"
      "prfm pldl1keep, [%[weights], #512]\nsmull v13.8h, v1.8b, v10.8b\n"
      "smull v14.8h, v2.8b, v10.8b\n"
      "ldr d8, [%[weights], #64]\nins v11.d[1], x10\n"
      "smull v15.8h, v3.8b, v10.8b\n"
      "smlal2 v12.8h, v0.16b, v10.16b\n"
      "smlal2 v13.8h, v1.16b, v10.16b\n"
      "smlal2 v14.8h, v2.16b, v10.16b\nldr x9, [%[weights], #88]\n"
      "smlal2 v15.8h, v3.16b, v10.16b\n"
      "sadalp v24.4s, v12.8h\nsubs %w[singles], %w[singles], #1\n"
      "sadalp v25.4s, v13.8h\nldr x10, [%[p0], x7]\n"
      "ldr x11, [%[weights], #72]\nsadalp v26.4s, v14.8h\n"
      "sadalp v27.4s, v15.8h\n"
      "smull v12.8h, v0.8b, v11.8b\nldr x12, [%[p1], x7]\n"
      "smull v13.8h, v1.8b, v11.8b\nldr x13, [%[p3], x7]\n"
      "smull v14.8h, v2.8b, v11.8b\n"
      "smull v15.8h, v3.8b, v11.8b\n"
      "smlal2 v12.8h, v0.16b, v11.16b\n"
      "smlal2 v13.8h, v1.16b, v11.16b\n"
      "ins v8.d[1], x11\nldr d1, [%[p1], x5]\n"
      "ldr d0, [%[p0], x5]\nins v9.d[1], x9\n"
      "smlal2 v14.8h, v2.16b, v11.16b\n"
      "smlal2 v15.8h, v3.16b, v11.16b\n"
      "sadalp v28.4s, v12.8h\n"
      "ldr d2, [%[p2], x5]\nins v1.d[1], x12\n"
      "ldr d3, [%[p3], x5]\nins v0.d[1], x10\n"
      "sadalp v29.4s, v13.8h\nldr x9, [%[p2], x7]\n"
      "sadalp v30.4s, v14.8h\n"
      "sadalp v31.4s, v15.8h\nadd %[weights], %[weights], #64\n"
      "ins v2.d[1], x9\nins v3.d[1], x13\n"
      "b.ne 2b\n"
      "3:\n"
      "addp v16.4s, v16.4s, v20.4s\n"
      "addp v17.4s, v17.4s, v21.4s\n"
      "addp v18.4s, v18.4s, v22.4s\n"
      "addp v19.4s, v19.4s, v23.4s\n"
      "addp v24.4s, v24.4s, v28.4s\n"
      "addp v25.4s, v25.4s, v29.4s\n"
      "addp v26.4s, v26.4s, v30.4s\n"
      "addp v27.4s, v27.4s, v31.4s\n"
      "addp v12.4s, v16.4s, v24.4s\n"
      "addp v13.4s, v17.4s, v25.4s\n"
      "addp v14.4s, v18.4s, v26.4s\n"
      "addp v15.4s, v19.4s, v27.4s\n"
      "subs %[quads], %[quads], #1\n"
      "stp q12, q13, [%[sums]], #32\n"
      "stp q14, q15, [%[sums]], #32\n"
      "b.ne 0b\n"
      : [counts] "+&r"(counts), [offsets] "+&r"(offsets), [weights] "+&r"(weights), [sums] "+&r"(sums),
        [quads] "+&r"(quads), [pairs] "=&r"(pairs), [singles] "=&r"(singles)
      : [p0] "r"(pixels[0]), [p1] "r"(pixels[1]), [p2] "r"(pixels[2]), [p3] "r"(pixels[3])
      : "cc", "memory", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16",
        "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11", "v12", "v13", "v14", "v15",
        "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v24", "v25", "v26", "v27", "v28", "v29",
        "v30", "v31");
  // clang-format on
}

}  // namespace
}  // namespace octet::kernels
