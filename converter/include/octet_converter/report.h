// SPDX-License-Identifier: Apache-2.0
//
// What a conversion did to the network: what a person reads behind it, and what the report is made of
// (tools/report/). Errors are measured on samples, against the float network (docs/quantization.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace octet::converter {

struct ReportOptions {
  size_t samples = 8;       // on how many samples, spread over all of them, errors are measured; 0: none
  bool histograms = false;  // of each activation as well
};

// Of values q against float's x, over all measured samples.
struct ErrorReport {
  double sqnr_db = 0;  // 10 log10(sum x^2 / sum (q - x)^2); infinity where they are equal
  double cosine = 1;   // sum x q / sqrt(sum x^2 * sum q^2); 1 where both are 0
};

// counts[i] values x != 0 with first + i * width <= x < first + (i + 1) * width.
struct HistogramReport {
  double first = 0, width = 0;
  std::vector<uint64_t> counts;
};

// An activation of the converted model.
struct TensorReport {
  std::string name, type;  // "s8", "s16", "f32", ...
  std::vector<int64_t> shape;
  bool input = false, output = false;  // of the network
  double scale = 0;                    // real = scale * (q - zero_point); 0: in float
  int32_t zero_point = 0;
  double range_min = 0, range_max = 0;  // what q can stand for
  // Float's values on the samples; absent where nothing was measured.
  struct Seen {
    double min = 0, max = 0;
    double zeros = 0;    // share of all values
    double clipped = 0;  // share of values over half a step outside of the range
    HistogramReport histogram;
  };
  std::optional<Seen> seen;
  std::optional<ErrorReport> error;  // accumulated: of all layers up to here
};

// An operator of the converted model, in execution order.
struct LayerReport {
  std::string name, type, precision, reason;  // reason: why it stays f32, or has 16 bits
  std::vector<size_t> inputs, outputs;        // activations: indices into ConvertReport::tensors
  uint64_t macs = 0, weights_bytes = 0;
  std::optional<double> headroom_bits;        // log2(2^31 / largest accumulator), by proof
  std::optional<double> weight_scale_spread;  // largest scale of an output channel / the least one
  // Of the first output, against what float computes from the inputs that the layer gets here: what the
  // layer's own weights and rounding cost.
  std::optional<ErrorReport> own_error;
};

struct OutputReport {
  std::string name;
  ErrorReport error;
  double largest_difference = 0;  // max |q - x|
};

struct MeasuredReport {
  size_t samples = 0;  // 0: nothing was measured
  std::vector<OutputReport> outputs;
  std::optional<size_t> same_top1;  // samples whose first output has its largest value where float has it
};

}  // namespace octet::converter
