// SPDX-License-Identifier: Apache-2.0
//
// The stages between ONNX bytes and model bytes, in order. convert.cc chains
// them; each is a file or folder of the same name.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "converter/diagnostics.h"
#include "converter/graph.h"
#include "octet_converter/converter.h"

namespace octet::converter {

// convert.cc: what the stages said, as lines.
void fill_messages(const Diagnostics& diagnostics, ConvertReport* report);

// onnx_import/: protobuf -> canonical float graph (or with QuantizeLinear / DequantizeLinear
// and QLinear nodes rewritten to them), all shapes static, opset 7 to 21.
// *sha256 is the hash of the file's bytes (hex).
Status import_onnx(const std::string& path,
                   const std::map<std::string, std::vector<int64_t>>& shapes, Graph* graph,
                   Diagnostics* diagnostics, std::string* sha256);

// evaluate.cc: runs one node whose inputs are all constants, on the runtime's own kernels.
// Used by constant folding. kUnsupported if the node cannot be lowered.
Status evaluate_node(const Graph& graph, const Node& node, std::vector<Constant>* outputs);

// quantize/import_qdq.cc, right behind import_onnx and before run_passes: QuantizeLinear / DequantizeLinear
// pairs disappear from the graph, and what they said is pinned on the values: an activation stays F32 with
// Value::quantization set; a weight becomes an f32 constant (exactly its dequantized numbers) with
// channel_scales. So passes see a plain float graph; they keep Value::quantization of the values they keep,
// and copy it where they replace a constant by a permuted or reshaped one. quantize() then takes the pinned
// scales instead of ranges: convert = import_onnx, import_qdq(&found), run_passes, found ? {} : calibrate,
// quantize. *found says if there were any pairs.
Status import_qdq(Graph* graph, Diagnostics* diagnostics, bool* found);

// calibrate.cc: the range of every f32 activation, seen on samples.
struct Range {
  float min = 0, max = 0;
};
using Ranges = std::map<ValueId, Range>;
Status calibrate(const Graph& graph, const ConvertOptions& options, Ranges* ranges,
                 Diagnostics* diagnostics, size_t* samples);
// For a network that is quantized already: ranges of the activations that it gives no scale, seen behind its own
// rounding. None if it gives them all, *ranges has them already, or there are no samples.
Status calibrate_missing(const Graph& graph, const ConvertOptions& options, Ranges* ranges,
                         Diagnostics* diagnostics, size_t* samples);
// From options.ranges.cache, which must be of the file with this hash.
Status calibrate_from_cache(const Graph& graph, const std::string& sha256, const ConvertOptions& options,
                            Ranges* ranges, Diagnostics* diagnostics, size_t* samples);

// quantize/: decides what runs in s8, sets types and scales on values, quantizes weights and
// bias, and inserts Quantize / Dequantize / Requantize nodes where they differ. Afterwards the
// type of a node's values says its precision, and every f32 node has float_reason.
Status quantize(Graph* graph, const Ranges& ranges, const ConvertOptions& options,
                Diagnostics* diagnostics);

// export_qdq/: the quantized graph as an ONNX file with QuantizeLinear / DequantizeLinear around every value in
// 8 bits (opset 17), 16 bits (opset 21), s8 weights and s32 bias. Written aside, then renamed.
Status export_qdq(const Graph& graph, const std::string& path, Diagnostics* diagnostics);

// lower/: graph -> model bytes. Computes multipliers, tables and folded bias from the values'
// quantization. No golden runs, facts or provenance yet.
struct LowerOptions {
  ImagePreprocessing preprocessing;
  // Written into the model; filled by write_model.
  std::string source_name, source_sha256, provenance;
};
// The model's bytes, 64-byte aligned. value_to_tensor maps ValueId -> tensor index (-1 = none).
struct LoweredModel {
  std::vector<uint8_t> storage;
  size_t offset = 0, bytes = 0;
  std::vector<int> value_to_tensor;
  double minimum_headroom_bits = 31;
  std::map<std::string, double> headroom_bits;  // by node, of those with an accumulator
  const uint8_t* data() const { return storage.data() + offset; }
};
Status lower(const Graph& graph, const LowerOptions& options, LoweredModel* model,
             Diagnostics* diagnostics);

// write_model.cc: lowers, loads the result in the runtime, measures facts (arena, MACs), runs the golden
// inputs and records their hashes, and returns the final bytes.
// golden_sample: one calibration sample (declared form, one buffer per input); may be empty. samples: what the
// usual ranges of activations are measured on (usual_ranges.h); may be null.
Status finish_model(const Graph& graph, const LowerOptions& options,
                    const std::vector<std::vector<uint8_t>>& golden_sample, LoweredModel* model,
                    Diagnostics* diagnostics, SampleSource* samples = nullptr);

// Writes aside, then renames.
Status write_file(const std::string& path, const uint8_t* data, size_t bytes);

}  // namespace octet::converter
