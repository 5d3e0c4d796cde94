// SPDX-License-Identifier: Apache-2.0
//
// calibrate_file and merge_calibration: statistics as files (statistics/cache.h).
#include "converter/pass.h"
#include "converter/stages.h"
#include "converter/statistics/cache.h"
#include "converter/statistics/warnings.h"

namespace octet::converter {
namespace {

Status write_cache(const std::string& path, const CalibrationCache& cache) {
  const std::string text = cache_text(cache);
  return write_file(path, reinterpret_cast<const uint8_t*>(text.data()), text.size());
}

Status run_calibration(const std::string& path, const ConvertOptions& options, Diagnostics* diagnostics,
                       ConvertReport* report, CalibrationCache* cache) {
  if (options.samples == nullptr)
    return error(StatusCode::kInvalidArgument, "%s: calibration needs samples: pass --calibration",
                 path.c_str());
  Graph graph;
  std::string sha256;
  OCTET_RETURN_IF_ERROR(import_onnx(path, options.shapes, &graph, diagnostics, &sha256));
  bool quantized_already = false;
  OCTET_RETURN_IF_ERROR(import_qdq(&graph, diagnostics, &quantized_already));
  if (quantized_already)
    return error(StatusCode::kInvalidArgument, "%s: is quantized already and needs no calibration",
                 path.c_str());
  OCTET_RETURN_IF_ERROR(run_passes(&graph, diagnostics));
  Statistics statistics;
  OCTET_RETURN_IF_ERROR(collect_statistics(graph, options, &statistics, &report->samples));
  warn_about_statistics(graph, statistics, options, diagnostics);
  *cache = make_cache(graph, sha256, options, std::move(statistics));
  return Status();
}

}  // namespace

Status calibrate_file(const std::string& path, const std::string& output, const ConvertOptions& options,
                      ConvertReport* report) {
  *report = ConvertReport();
  Diagnostics diagnostics;
  CalibrationCache cache;
  const Status status = run_calibration(path, options, &diagnostics, report, &cache);
  fill_messages(diagnostics, report);
  OCTET_RETURN_IF_ERROR(status);
  return write_cache(output, cache);
}

Status merge_calibration(const std::vector<std::string>& caches, const std::string& output) {
  if (caches.empty()) return error(StatusCode::kInvalidArgument, "merge: no caches given; needs at least 1");
  CalibrationCache whole;
  OCTET_RETURN_IF_ERROR(read_cache(caches[0], &whole));
  for (size_t i = 1; i < caches.size(); ++i) {
    CalibrationCache later;
    OCTET_RETURN_IF_ERROR(read_cache(caches[i], &later));
    OCTET_RETURN_IF_ERROR(merge_cache(caches[0], caches[i], later, &whole));
  }
  return write_cache(output, whole);
}

}  // namespace octet::converter
