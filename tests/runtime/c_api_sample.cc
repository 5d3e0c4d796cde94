// SPDX-License-Identifier: Apache-2.0
#include "tests/runtime/c_api_sample.h"

#include "tests/testing/sample_model.h"

const void* sample_model_bytes(size_t* bytes) {
  static const octet::testing::AlignedBytes model = octet::testing::sample_model();
  *bytes = model.size();
  return model.data();
}
