// SPDX-License-Identifier: Apache-2.0
//
// measure: what each layer of the converted model loses, on some of the samples.
//
// Float's network, the converted model and every layer alone (layers_alone.h) run over the same samples, all
// of their tensors kept, so memory is that of one sample for each thread. Sums are kept for each sample and
// added in the samples' order: the report does not depend on the number of threads.
#pragma once

#include "converter/stages.h"
#include "runtime/model.h"

namespace octet::converter {

// `quantized` was made from `reference` (same value ids) and lowered to `lowered`, which is `model`.
struct Conversion {
  const Graph& reference;
  const Graph& quantized;
  const LoweredModel& lowered;
  const Model& model;
};

// Fills what is measured of report->tensors, report->layers (fill_facts made them) and report->measured.
// Samples come from options.samples. Progress stage "measure".
Status measure(const Conversion& conversion, const ConvertOptions& options, ConvertReport* report);

}  // namespace octet::converter
