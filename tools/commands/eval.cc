// SPDX-License-Identifier: Apache-2.0
//
// octet eval: top-1 and top-5 on labelled files, and agreement and SQNR
// against another model.
#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tools/commands/commands.h"
#include "tools/input/labels.h"
#include "tools/input/sample.h"
#include "tools/progress.h"

namespace octet::tools {
namespace {

// Sums over the files seen so far.
struct Score {
  size_t files = 0, labelled = 0, top1 = 0, top5 = 0, agreement = 0;
  double signal = 0, noise = 0;

  double percent(size_t count, size_t of) const {
    return of ? 100.0 * static_cast<double>(count) / static_cast<double>(of) : 0;
  }
  // 10 log10(sum reference^2 / sum (output - reference)^2); equal outputs give infinity.
  double sqnr_db() const { return 10.0 * std::log10(signal / noise); }
};

Status list_files(const Arguments& arguments, std::vector<Labelled>* files) {
  if (!arguments.labels.empty()) return read_labels(arguments.labels, arguments.data, files);
  if (arguments.reference.empty())
    return error(StatusCode::kInvalidArgument, "eval needs --labels FILE, --reference OTHER.octet, or both");
  std::vector<std::string> paths;
  OCTET_RETURN_IF_ERROR(list_samples(arguments.data, &paths));
  for (const std::string& path : paths) files->push_back({path, -1});
  return Status();
}

// Runs one file through one model; all outputs, as f32, one after the other. *classes is the length of the first.
Status run_file(const std::string& path, LoadedModel* loaded, std::vector<float>* outputs, size_t* classes) {
  std::vector<InputSpec> specs;
  for (const schema::Input* input : *loaded->model->root().inputs()) specs.push_back(input_spec(*input));
  std::vector<InputData> data;
  OCTET_RETURN_IF_ERROR(read_sample(path, specs, &data));
  for (size_t i = 0; i < data.size(); ++i) OCTET_RETURN_IF_ERROR(set_session_input(loaded->session.get(), i, data[i]));
  loaded->session->run();
  outputs->clear();
  for (size_t i = 0; i < loaded->model->root().outputs()->size(); ++i) {
    std::vector<float> values;
    OCTET_RETURN_IF_ERROR(read_output_f32(*loaded->session, i, &values));
    outputs->insert(outputs->end(), values.begin(), values.end());
    if (i == 0) *classes = values.size();
  }
  return Status();
}

Status add_label(const Labelled& file, const std::vector<float>& first, Score* score) {
  if (static_cast<size_t>(file.label) >= first.size())
    return error(StatusCode::kInvalidArgument, "%s: class %ld; the model's first output has %zu values",
                 file.path.c_str(), file.label, first.size());
  const std::vector<size_t> best = top_indices(first, 5);
  ++score->labelled;
  for (size_t k = 0; k < best.size(); ++k)
    if (best[k] == static_cast<size_t>(file.label)) {
      score->top1 += k == 0;
      ++score->top5;
    }
  return Status();
}

Status evaluate(const Arguments& arguments, Score* score) {
  std::vector<Labelled> files;
  OCTET_RETURN_IF_ERROR(list_files(arguments, &files));
  LoadedModel model, reference;
  OCTET_RETURN_IF_ERROR(load_model(arguments.model, arguments, SessionOptions(), &model));
  const bool compare = !arguments.reference.empty();
  if (compare) OCTET_RETURN_IF_ERROR(load_model(arguments.reference, arguments, SessionOptions(), &reference));
  Progress progress("eval");
  std::vector<float> outputs, expected;
  for (const Labelled& file : files) {
    size_t classes = 0, reference_classes = 0;
    OCTET_RETURN_IF_ERROR(run_file(file.path, &model, &outputs, &classes));
    const std::vector<float> first(outputs.begin(), outputs.begin() + static_cast<ptrdiff_t>(classes));
    if (file.label >= 0) OCTET_RETURN_IF_ERROR(add_label(file, first, score));
    if (compare) {
      OCTET_RETURN_IF_ERROR(run_file(file.path, &reference, &expected, &reference_classes));
      if (expected.size() != outputs.size() || classes != reference_classes)
        return error(StatusCode::kInvalidArgument, "--reference %s: its outputs have %zu values; %s has %zu",
                     arguments.reference.c_str(), expected.size(), arguments.model.c_str(), outputs.size());
      for (size_t i = 0; i < outputs.size(); ++i) {
        const double difference = static_cast<double>(outputs[i]) - static_cast<double>(expected[i]);
        score->signal += static_cast<double>(expected[i]) * static_cast<double>(expected[i]);
        score->noise += difference * difference;
      }
      expected.resize(classes);
      score->agreement += top_indices(first, 1) == top_indices(expected, 1);
    }
    progress.update(++score->files, files.size());
  }
  return Status();
}

// Four decimals; a number that JSON cannot hold (equal outputs: infinity) becomes null.
nlohmann::ordered_json number(bool present, double value) {
  if (!present || !std::isfinite(value)) return nullptr;
  return std::round(value * 1e4) / 1e4;
}

}  // namespace

int run_eval(const Arguments& arguments) {
  if (arguments.per_layer) return run_eval_layers(arguments);
  Score score;
  const Status status = evaluate(arguments, &score);
  if (!status.ok()) return report_error(status);
  const bool compare = !arguments.reference.empty();
  const double top1 = score.percent(score.top1, score.labelled), top5 = score.percent(score.top5, score.labelled);
  const double agreement = score.percent(score.agreement, score.files);
  if (arguments.json) {
    nlohmann::ordered_json json;
    json["images"] = score.files;
    json["top1"] = number(score.labelled > 0, top1);
    json["top5"] = number(score.labelled > 0, top5);
    json["agreement_top1"] = number(compare, agreement);
    json["output_sqnr_db"] = number(compare, score.sqnr_db());
    printf("%s\n", json.dump(2).c_str());
    return 0;
  }
  printf("%zu files\n", score.files);
  if (score.labelled > 0) printf("top-1 %.2f%%, top-5 %.2f%%\n", top1, top5);
  if (compare)
    printf("against %s: top-1 agreement %.2f%%, output SQNR %.2f dB\n", arguments.reference.c_str(), agreement,
           score.sqnr_db());
  return 0;
}

}  // namespace octet::tools
