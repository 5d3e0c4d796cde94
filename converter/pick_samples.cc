// SPDX-License-Identifier: Apache-2.0
#include "converter/pick_samples.h"

#include <algorithm>

namespace octet::converter {

Status pick_samples(SampleSource* source, size_t inputs, size_t wanted, std::vector<Sample>* samples) {
  OCTET_RETURN_IF_ERROR(source->rewind());
  const size_t total = source->size();
  const size_t step = std::max<size_t>(total / std::max<size_t>(wanted, 1), 1);
  for (size_t i = 0; samples->size() < wanted; ++i) {
    Sample sample(inputs);
    bool done = false;
    OCTET_RETURN_IF_ERROR(source->next(&sample, &done));
    if (done) break;
    if (i % step == 0) samples->push_back(std::move(sample));
  }
  return Status();
}

}  // namespace octet::converter
