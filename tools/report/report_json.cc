// SPDX-License-Identifier: Apache-2.0
#include "tools/report/report_json.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

namespace octet::tools {
namespace {

using Json = nlohmann::ordered_json;
using converter::ConvertReport;
using converter::ErrorReport;
using converter::LayerReport;
using converter::TensorReport;

// Six significant digits. JSON has no infinity: SQNR of equal values is kExact.
constexpr double kExact = 999;

Json number(double value) {
  if (std::isinf(value)) return value > 0 ? kExact : -kExact;
  if (!std::isfinite(value)) return nullptr;
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value);
  return std::strtod(text, nullptr);
}

Json number(const std::optional<double>& value) { return value ? number(*value) : Json(nullptr); }

Json to_json(const std::optional<ErrorReport>& error) {
  if (!error) return nullptr;
  return {{"sqnr_db", number(error->sqnr_db)}, {"cosine", number(error->cosine)}};
}

Json to_json(const TensorReport& tensor) {
  Json json = {{"name", tensor.name}, {"type", tensor.type}, {"shape", tensor.shape}};
  if (tensor.input) json["input"] = true;
  if (tensor.output) json["output"] = true;
  if (tensor.scale > 0) {
    json["scale"] = tensor.scale;
    json["zero_point"] = tensor.zero_point;
    json["range"] = {number(tensor.range_min), number(tensor.range_max)};
  }
  if (tensor.seen) {
    const auto& histogram = tensor.seen->histogram;
    json["seen"] = {{"min", number(tensor.seen->min)},
                    {"max", number(tensor.seen->max)},
                    {"zeros", number(tensor.seen->zeros)},
                    {"clipped", number(tensor.seen->clipped)}};
    if (!histogram.counts.empty())
      json["histogram"] = {
          {"first", histogram.first}, {"width", histogram.width}, {"counts", histogram.counts}};
  }
  json["error"] = to_json(tensor.error);
  return json;
}

const char* precision_name(const std::string& precision) {
  return precision == "s8" ? "int8" : precision == "s16" ? "int16" : precision == "f32" ? "fp32" : "integer";
}

Json to_json(const LayerReport& layer, const Speed& speed, size_t index) {
  Json json = {{"index", index},
               {"name", layer.name},
               {"type", layer.type},
               {"precision", precision_name(layer.precision)},
               {"reason", layer.reason},
               {"inputs", layer.inputs},
               {"outputs", layer.outputs},
               {"macs", layer.macs},
               {"weights_bytes", layer.weights_bytes},
               {"headroom_bits", number(layer.headroom_bits)},
               {"weight_scale_spread", number(layer.weight_scale_spread)},
               {"own_error", to_json(layer.own_error)},
               {"ms", nullptr},
               {"kernel", nullptr}};
  if (index >= speed.operator_ms.size()) return json;
  if (speed.operator_ms[index] >= 0) json["ms"] = number(speed.operator_ms[index]);
  json["kernel"] = speed.kernels[index];
  return json;
}

Json measured_json(const converter::MeasuredReport& measured) {
  if (measured.samples == 0) return nullptr;
  Json json = {{"samples", measured.samples}, {"same_top1", nullptr}, {"outputs", Json::array()}};
  if (measured.same_top1) json["same_top1"] = *measured.same_top1;
  for (const converter::OutputReport& output : measured.outputs)
    json["outputs"].push_back({{"name", output.name},
                               {"sqnr_db", number(output.error.sqnr_db)},
                               {"cosine", number(output.error.cosine)},
                               {"largest_difference", number(output.largest_difference)}});
  return json;
}

Json budget_json(const converter::BudgetReport& budget) {
  if (budget.asked.empty()) return nullptr;
  Json json = {{"asked", budget.asked},
               {"lines", budget.lines},
               {"int16", budget.int16},
               {"keep_float", budget.keep_float},
               {"sensitivity", Json::array()}};
  for (const converter::SensitivityReport& item : budget.sensitivity)
    json["sensitivity"].push_back({{"name", item.name},
                                   {"weights", item.weights},
                                   {"sqnr_db", number(item.sqnr_db)},
                                   {"share", number(item.share)},
                                   {"promotion", item.promotion}});
  return json;
}

Json speed_json(const Speed& speed) {
  if (speed.runs == 0) return nullptr;
  return {{"ms", number(speed.run_ms)},
          {"runs", speed.runs},
          {"threads", speed.threads},
          {"cpu", speed.cpu},
          {"cpu_features", speed.cpu_features}};
}

}  // namespace

std::string report_json(const ConvertReport& report, const ReportFacts& facts) {
  Json json = {{"format", "octet report 1"},
               {"octet_version", OCTET_VERSION},
               {"source", facts.source},
               {"output", facts.output},
               {"options", facts.options},
               {"source_bytes", report.source_bytes},
               {"model_bytes", report.model_bytes},
               {"weights_bytes", report.weights_bytes},
               {"arena_bytes", report.arena_bytes},
               {"macs", report.macs},
               {"operators",
                {{"int8", report.int8_operators - report.int16_operators},
                 {"int16", report.int16_operators},
                 {"fp32", report.float_operators}}},
               {"headroom_bits", number(report.minimum_headroom_bits)},
               {"calibration_samples", report.samples},
               {"measured", measured_json(report.measured)},
               {"speed", speed_json(facts.speed)},
               {"budget", budget_json(report.budget)},
               {"warnings", report.warnings},
               {"notes", report.notes}};
  json["tensors"] = Json::array();
  for (const TensorReport& tensor : report.tensors) json["tensors"].push_back(to_json(tensor));
  json["layers"] = Json::array();
  for (size_t i = 0; i < report.layers.size(); ++i)
    json["layers"].push_back(to_json(report.layers[i], facts.speed, i));
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace octet::tools
