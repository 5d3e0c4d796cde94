// SPDX-License-Identifier: Apache-2.0
//
// convert_file: the stages in order (converter/stages.h), and the report about them.
#include <sys/stat.h>

#include <algorithm>

#include "converter/budget/meet_budget.h"
#include "converter/data_free/study.h"
#include "converter/measure/measure.h"
#include "converter/measure/model_facts.h"
#include "converter/pass.h"
#include "converter/print_graph.h"
#include "converter/quantize/store_weights.h"
#include "converter/quantize/wide_pin.h"
#include "converter/ranges/choose_ranges.h"
#include "converter/repair/equalize.h"
#include "converter/repair/repair.h"
#include "converter/simulate_quantization.h"
#include "converter/stages.h"
#include "runtime/model.h"

namespace octet::converter {

void fill_messages(const Diagnostics& diagnostics, ConvertReport* report) {
  for (const Diagnostic& item : diagnostics.items()) {
    std::string line = item.stage + ": ";
    if (!item.node.empty()) line += "'" + item.node + "': ";
    line += item.message;
    auto& list = item.severity == Severity::kWarning ? report->warnings
                 : item.severity == Severity::kNote  ? report->notes
                                                     : report->details;
    list.push_back(line);
  }
}

namespace {

// The first calibration sample, for a golden run that looks like real use.
Status first_sample(SampleSource* samples, size_t inputs, std::vector<std::vector<uint8_t>>* sample) {
  sample->clear();
  if (samples == nullptr) return Status();
  OCTET_RETURN_IF_ERROR(samples->rewind());
  sample->resize(inputs);
  bool done = false;
  OCTET_RETURN_IF_ERROR(samples->next(sample, &done));
  if (done) sample->clear();
  return Status();
}

struct Source {
  std::string path, sha256;
  Graph* reference;  // the float graph that the quantized one is compared with, layer by layer
};

// Quantizes with nothing but the network.
Status to_int8_without_samples(const Source& source, const ConvertOptions& options, Graph* graph,
                               Diagnostics* diagnostics) {
  if (options.samples != nullptr || !options.ranges.cache.empty())
    return error(StatusCode::kInvalidArgument, "%s: data-free conversion takes neither samples nor a cache",
                 source.path.c_str());
  equalize_without_samples(options, graph, diagnostics);
  Study study;
  OCTET_RETURN_IF_ERROR(study_without_samples(*graph, options, &study, diagnostics));
  OCTET_RETURN_IF_ERROR(fix_ranges(*graph, options.ranges, &study.ranges));
  *source.reference = graph->clone();
  OCTET_RETURN_IF_ERROR(quantize(graph, study.ranges, options, diagnostics));
  return options.repair.correct_bias ? correct_means(*source.reference, study, graph, diagnostics) : Status();
}

struct Int8Task {
  const Graph& in_float;  // as imported: what the outputs are compared with
  const Ranges& ranges;
  const ConvertOptions& options;
  bool quantized_already, held_out;
};

// With promotions until the budget holds, or as it is where there is none.
Status quantize_within_budget(const Int8Task& task, Graph* graph, Diagnostics* diagnostics,
                              BudgetReport* report) {
  const Graph source = graph->clone();
  const auto make = [&](const ConvertOptions& with, Graph* made, Diagnostics* said) {
    OCTET_RETURN_IF_ERROR(quantize(made, task.ranges, with, said));
    if (!task.quantized_already) OCTET_RETURN_IF_ERROR(repair(source, with, made, said));
    store_weights(made, with.weights, said);
    return Status();
  };
  if (!task.options.budget.asked()) return make(task.options, graph, diagnostics);
  return meet_budget({task.in_float, source, task.options, make, task.held_out}, graph, diagnostics, report);
}

Status to_int8(bool quantized_already, const Source& source, const ConvertOptions& given, Graph* graph,
               Diagnostics* diagnostics, ConvertReport* report) {
  ConvertOptions options = given;
  SampleParts parts;
  OCTET_RETURN_IF_ERROR(check_budget_options(options));
  if (quantized_already && options.budget.asked())
    return error(StatusCode::kInvalidArgument, "%s: brings its own scales; a budget needs a float network",
                 source.path.c_str());
  OCTET_RETURN_IF_ERROR(hold_out_samples(&options, &parts));
  const Graph in_float = graph->clone();
  Ranges ranges;
  OCTET_RETURN_IF_ERROR(check_repair_options(options.repair));  // before the work begins
  OCTET_RETURN_IF_ERROR(check_equalize_options(options));
  if (!quantized_already && options.data_free.enabled) {
    OCTET_RETURN_IF_ERROR(to_int8_without_samples(source, options, graph, diagnostics));
    store_weights(graph, options.weights, diagnostics);
    return Status();
  }
  if (quantized_already && !options.ranges.cache.empty())
    diagnostics->warning("calibrate", "",
                         "the calibration cache is not used: the network brings its own scales");
  if (!quantized_already && !options.ranges.cache.empty()) {
    OCTET_RETURN_IF_ERROR(
        calibrate_from_cache(*graph, source.sha256, options, &ranges, diagnostics, &report->samples));
  } else if (!quantized_already) {
    if (options.samples == nullptr)
      return error(StatusCode::kInvalidArgument,
                   "%s: needs calibration data: pass --calibration with a folder or list of samples, "
                   "--data-free or --precision fp32",
                   source.path.c_str());
    OCTET_RETURN_IF_ERROR(calibrate_equalized(options, graph, &ranges, diagnostics, &report->samples));
    *source.reference = graph->clone();
  } else {
    take_wide_pins(graph, &ranges, &options.precision_options.int16);
    OCTET_RETURN_IF_ERROR(calibrate_missing(*graph, options, &ranges, diagnostics, &report->samples));
  }
  return quantize_within_budget({in_float, ranges, options, quantized_already, parts.held_out != nullptr},
                                graph, diagnostics, &report->budget);
}

// Facts, and what was lost on the way from `reference`; a conversion does not fail for want of the latter.
Status fill_report(const Graph& reference, const Graph& graph, const LoweredModel& lowered,
                   const ConvertOptions& options, Diagnostics* diagnostics, ConvertReport* report) {
  std::unique_ptr<Model> model;
  OCTET_RETURN_IF_ERROR(Model::load_memory(lowered.data(), lowered.bytes, &model));
  fill_facts(*model, lowered, report);
  explain_int16(options, report);
  if (options.precision != Precision::kInt8) return Status();
  const Status measured = measure({reference, graph, lowered, *model}, options, report);
  if (!measured.ok())
    diagnostics->warning("measure", "",
                         "the layers could not be measured: " + std::string(measured.message()));
  return Status();
}

void check_preprocessing(const Graph& graph, const ConvertOptions& options, Diagnostics* diagnostics) {
  if (!options.preprocessing.present) return;
  const bool any_image = std::any_of(graph.inputs.begin(), graph.inputs.end(), [](const GraphPort& port) {
    const auto is_channels = [](int64_t dim) { return dim == 1 || dim == 3; };
    return port.shape.size() == 4 && (is_channels(port.shape[1]) || is_channels(port.shape[3]));
  });
  if (!any_image)
    diagnostics->warning("convert", "",
                         "image preprocessing was given, but no input is an image; it is not stored");
}

LowerOptions lower_options(const std::string& path, const std::string& sha256,
                           const ConvertOptions& options) {
  LowerOptions lower;
  lower.preprocessing = options.preprocessing;
  lower.source_name = path.substr(path.find_last_of('/') + 1);
  lower.source_sha256 = sha256;
  lower.provenance = options.provenance;
  return lower;
}

Status run_stages(const std::string& path, const ConvertOptions& options, LoweredModel* model,
                  Diagnostics* diagnostics, ConvertReport* report) {
  OCTET_RETURN_IF_ERROR(check_weight_options(options.weights));
  Graph graph;
  std::string sha256;
  OCTET_RETURN_IF_ERROR(import_onnx(path, options.shapes, &graph, diagnostics, &sha256));
  bool quantized_already = false;
  OCTET_RETURN_IF_ERROR(import_qdq(&graph, diagnostics, &quantized_already));
  OCTET_RETURN_IF_ERROR(run_passes(&graph, diagnostics));
  Graph reference = graph.clone();
  if (options.precision == Precision::kInt8)
    OCTET_RETURN_IF_ERROR(
        to_int8(quantized_already, {path, sha256, &reference}, options, &graph, diagnostics, report));
  else if (quantized_already)
    diagnostics->note(
        "convert", "",
        "the network is quantized already: in fp32 its weights keep their quantized values, and " +
            std::to_string(simulate_pinned_scales(&graph)) + " activations are rounded as it says");
  if (options.precision == Precision::kFp32) store_weights(&graph, options.weights, diagnostics);
  diagnostics->detail("graph", "", "what is lowered\n" + print_graph(graph));
  if (!options.export_qdq.empty()) OCTET_RETURN_IF_ERROR(export_qdq(graph, options.export_qdq, diagnostics));
  check_preprocessing(graph, options, diagnostics);
  std::vector<std::vector<uint8_t>> sample;
  OCTET_RETURN_IF_ERROR(first_sample(options.samples, graph.inputs.size(), &sample));
  OCTET_RETURN_IF_ERROR(
      finish_model(graph, lower_options(path, sha256, options), sample, model, diagnostics, options.samples));
  return fill_report(reference, graph, *model, options, diagnostics, report);
}

}  // namespace

Status convert_file(const std::string& path, const std::string& output, const ConvertOptions& options,
                    ConvertReport* report) {
  *report = ConvertReport();
  struct stat facts;
  if (::stat(path.c_str(), &facts) == 0) report->source_bytes = static_cast<uint64_t>(facts.st_size);
  if (!options.export_qdq.empty() && options.precision != Precision::kInt8)
    return error(StatusCode::kInvalidArgument, "--export-qdq %s: needs --precision int8",
                 options.export_qdq.c_str());
  Diagnostics diagnostics;
  LoweredModel model;
  const Status status = run_stages(path, options, &model, &diagnostics, report);
  fill_messages(diagnostics, report);
  OCTET_RETURN_IF_ERROR(status);
  return output.empty() ? Status() : write_file(output, model.data(), model.bytes);
}

}  // namespace octet::converter
