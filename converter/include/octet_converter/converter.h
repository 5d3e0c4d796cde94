// SPDX-License-Identifier: Apache-2.0
//
// octet::converter, the public API of the offline converter: ONNX in, .octet out.
// Desktop code; throws nothing across this API.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "octet_converter/budget_options.h"
#include "octet_converter/budget_report.h"
#include "octet_converter/data_free_options.h"
#include "octet_converter/equalize_options.h"
#include "octet_converter/precision_options.h"
#include "octet_converter/range_options.h"
#include "octet_converter/repair_options.h"
#include "octet_converter/report.h"
#include "octet_converter/weight_options.h"
#include "runtime/status.h"

namespace octet::converter {

// Calibration samples, one at a time; the converter keeps none of them, so memory does
// not grow with their number.
class SampleSource {
 public:
  virtual ~SampleSource() = default;
  // How many samples there are, or 0 if unknown (streams).
  virtual size_t size() const = 0;
  // Back to the first sample (the converter may walk the samples more than once).
  virtual Status rewind() = 0;
  // Fills inputs[i] (resized to the byte size of model input i, in its declared type,
  // shape and layout, e.g. f32 NCHW after preprocessing) for every input of the network.
  // Sets *done and leaves inputs alone behind the last sample.
  virtual Status next(std::vector<std::vector<uint8_t>>* inputs, bool* done) = 0;
};

// How an image becomes the network's input; stored in the model. Mirrors schema Preprocessing.
struct ImagePreprocessing {
  bool present = false;            // false: the input is not an image
  enum class Color { kRgb, kBgr, kGray } color = Color::kRgb;
  std::vector<float> mean;         // 0..255 units, channel order of the network; empty = 0
  std::vector<float> std;          // empty = 1
  int resize_shorter_side = 0;     // --resize N; 0 = not given
  int resize_width = 0, resize_height = 0;   // --resize WxH; 0 = not given
  int crop_width = 0, crop_height = 0;       // --crop; 0 = none
};

enum class Precision { kInt8, kFp32 };

// Facts about an input of the ONNX file, for whoever builds a SampleSource.
struct InputInfo {
  std::string name;
  std::string type;                // "f32", "u8", "s64", ...
  std::vector<int64_t> shape;      // after shape overrides; -1 = still unknown
  bool image = false;              // rank 4, 1 or 3 channels in axis 1 or 3
  bool channels_last = false;
};

struct ConvertOptions {
  std::map<std::string, std::vector<int64_t>> shapes;   // --shape NAME=...
  Precision precision = Precision::kInt8;
  RangeOptions ranges;                                  // what the activations' scales cover
  PrecisionOptions precision_options;                   // what does not run in plain INT8
  BudgetOptions budget;                                 // how much may be lost
  RepairOptions repair;                                 // against the error that rounding brings
  WeightOptions weights;                                // how the file stores what runs in float
  ImagePreprocessing preprocessing;                     // applies to the (single) image input
  ReportOptions report;                                 // what is measured of the result
  SampleSource* samples = nullptr;                      // needed for kInt8 unless data-free or quantized already
  std::string export_qdq;                               // write the quantized network as QDQ ONNX too; empty: no
  size_t threads = 1;
  std::string provenance;                               // the command line's options, one line
  // Called with a stage ("calibrate") and progress in [0, 1]; may be empty.
  std::function<void(const char* stage, size_t done, size_t total)> progress;
  EqualizeOptions equalize;                             // channels, before the activations are measured
  DataFreeOptions data_free;                            // instead of samples
};

// What a person reads after conversion, and what the report is made of.
struct ConvertReport {
  std::vector<std::string> warnings, notes, details;
  std::vector<TensorReport> tensors;                    // activations
  std::vector<LayerReport> layers;
  MeasuredReport measured;
  size_t float_operators = 0, int8_operators = 0;
  size_t int16_operators = 0;                           // of int8_operators, those with 16-bit activations
  uint64_t source_bytes = 0, model_bytes = 0, arena_bytes = 0, macs = 0, weights_bytes = 0;
  size_t samples = 0;
  BudgetReport budget;
  double minimum_headroom_bits = 0;                     // over all accumulators: log2(2^31 / bound)
};

// Reads the inputs of an ONNX file (no weights needed) for building samples.
Status read_onnx_inputs(const std::string& path, const ConvertOptions& options,
                        std::vector<InputInfo>* inputs, bool* already_quantized);

// Converts `path` and writes `output` (aside first, then renamed: no half-written file is left); nothing if it is
// empty, for who wants options.export_qdq alone.
Status convert_file(const std::string& path, const std::string& output,
                    const ConvertOptions& options, ConvertReport* report);

// Runs `path` over options.samples and writes what it saw to `output`, for RangeOptions::cache: a JSON file that
// belongs to this network and preprocessing. The same bytes for any options.threads. Fills messages and samples.
Status calibrate_file(const std::string& path, const std::string& output,
                      const ConvertOptions& options, ConvertReport* report);

// Writes what one calibration over the samples of all `caches`, in this order, would have written.
Status merge_calibration(const std::vector<std::string>& caches, const std::string& output);

}  // namespace octet::converter
