// SPDX-License-Identifier: Apache-2.0
#include "tools/commands/report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "converter/stages.h"
#include "tools/report/report_json.h"
#include "tools/report/report_page.h"

namespace octet::tools {
namespace {

using converter::ConvertReport;
using converter::LayerReport;

constexpr size_t kReportSamples = 32, kWorstLayers = 3;

bool ends_in(const std::string& path, const char* suffix) {
  const std::string end = suffix;
  return path.size() > end.size() && path.compare(path.size() - end.size(), end.size(), end) == 0;
}

bool is_page(const std::string& path) { return ends_in(path, ".html") || ends_in(path, ".htm"); }

}  // namespace

Status check_report_options(const Arguments& arguments) {
  bool page = false;
  for (const std::string& path : arguments.reports) {
    if (!is_page(path) && !ends_in(path, ".json"))
      return error(StatusCode::kInvalidArgument, "--report %s: must end in .html or .json", path.c_str());
    page = page || is_page(path);
  }
  if (arguments.compare.empty()) return Status();
  if (!page)
    return error(StatusCode::kInvalidArgument, "--compare %s: needs --report FILE.html",
                 arguments.compare.c_str());
  std::string unused;  // better now than behind the conversion
  return read_report(arguments.compare, &unused);
}

converter::ReportOptions report_options(const Arguments& arguments) {
  converter::ReportOptions options;
  if (!arguments.reports.empty()) options = {kReportSamples, true};
  return options;
}

Status write_reports(const Arguments& arguments, const std::string& options, const ConvertReport& report) {
  if (arguments.reports.empty()) return Status();
  ReportFacts facts = {arguments.model, arguments.output, options, {}};
  if (!arguments.output.empty())  // else nothing but QDQ ONNX was written
    OCTET_RETURN_IF_ERROR(measure_speed(arguments.output, arguments, &facts.speed));
  const std::string json = report_json(report, facts);
  std::vector<std::string> sides = {json};
  if (!arguments.compare.empty()) {
    sides.emplace_back();
    OCTET_RETURN_IF_ERROR(read_report(arguments.compare, &sides.back()));
  }
  for (const std::string& path : arguments.reports) {
    const std::string text = is_page(path) ? report_page(sides) : json;
    OCTET_RETURN_IF_ERROR(
        converter::write_file(path, reinterpret_cast<const uint8_t*>(text.data()), text.size()));
  }
  return Status();
}

void print_losses(const ConvertReport& report) {
  if (report.measured.samples == 0 || report.measured.outputs.empty()) return;
  const auto& outputs = report.measured.outputs;
  const auto worst = std::min_element(outputs.begin(), outputs.end(), [](const auto& a, const auto& b) {
    return a.error.sqnr_db < b.error.sqnr_db;
  });
  printf("  against float on %zu samples: output SQNR %.1f dB", report.measured.samples,
         worst->error.sqnr_db);
  if (outputs.size() > 1) printf(" ('%s', the worst of %zu)", worst->name.c_str(), outputs.size());
  if (report.measured.same_top1) printf(", the same top-1 in %zu", *report.measured.same_top1);
  printf("\n");
  std::vector<const LayerReport*> layers;
  for (const LayerReport& layer : report.layers)
    if (layer.own_error && std::isfinite(layer.own_error->sqnr_db)) layers.push_back(&layer);
  std::stable_sort(layers.begin(), layers.end(), [](const LayerReport* a, const LayerReport* b) {
    return a->own_error->sqnr_db < b->own_error->sqnr_db;
  });
  layers.resize(std::min(layers.size(), kWorstLayers));
  for (size_t i = 0; i < layers.size(); ++i)
    printf("%s%s '%s' %.1f dB", i == 0 ? "  most is lost by " : ", ", layers[i]->type.c_str(),
           layers[i]->name.c_str(), layers[i]->own_error->sqnr_db);
  if (!layers.empty()) printf("\n");
}

}  // namespace octet::tools
