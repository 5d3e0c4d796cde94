// SPDX-License-Identifier: Apache-2.0
//
// Statistics as a file: JSON that a person can read and a diff can show, the same bytes for the same
// statistics. It belongs to one network (the hash of its file, and the shapes of its inputs) and to one
// preprocessing.
//
//   {"format": "octet calibration 1", "network_sha256": ..., "shapes": ..., "preprocessing": ..., "tensors":
//   {NAME: {
//     "min": -1, "max": 6, "zeros": 12, "sum": [[exponent, mantissa], ...], "sum_of_squares": [...],
//     "exponent": -8, "first_bin": -256, "counts": [...],         of the histogram, bins of width 2^exponent
//     "channels": [[min, max], ...],
//     "dropped": 0, "dropped_range": [0, 0], "samples": [[min, max], ...]}, ...}}    extremes of the last
//     samples
#pragma once

#include <map>
#include <string>
#include <vector>

#include "converter/statistics/collect.h"

namespace octet::converter {

struct CalibrationCache {
  std::string network_sha256, shapes, preprocessing;
  std::map<std::string, TensorStatistics> tensors;
};

// "none", or one line that tells any two preprocessings apart.
std::string preprocessing_text(const ImagePreprocessing& image);

// The name of every f32 activation, made unique: the later ones of a name get "#2", "#3", ... in order of
// ValueId.
std::map<ValueId, std::string> activation_names(const Graph& graph);

CalibrationCache make_cache(const Graph& graph, const std::string& sha256, const ConvertOptions& options,
                            Statistics statistics);
// The other way; an error where the cache is of another network or preprocessing, or lacks an activation.
Status statistics_from_cache(const Graph& graph, const std::string& sha256, const ConvertOptions& options,
                             Statistics* statistics);

std::string cache_text(const CalibrationCache& cache);
Status read_cache(const std::string& path, CalibrationCache* cache);
// Appends the samples of `later`; `path` and `later_path` are for messages.
Status merge_cache(const std::string& path, const std::string& later_path, const CalibrationCache& later,
                   CalibrationCache* cache);

}  // namespace octet::converter
