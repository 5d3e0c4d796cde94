// SPDX-License-Identifier: Apache-2.0
//
// MaxPool2D on [N, H, W, C]. s8 in max_pool_2d_s8.cc, s16 in pool_2d_s16.cc, f32 in max_pool_2d_f32.cc.
#include "runtime/ops/op_checks.h"
#include "runtime/ops/ops.h"
#include "runtime/ops/pool_checks.h"

namespace octet {

// Checks: pool_checks.h; s8 and s16: input and output have the same quantization.
Status validate_max_pool_2d(const OpView& view) {
  OCTET_RETURN_IF_ERROR(validate_pool(view));
  return check_same_meaning(view, *view.input(0), *view.output(0));
}

}  // namespace octet
