// SPDX-License-Identifier: Apache-2.0
//
// octet run: files in, answers out.
#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "tools/commands/commands.h"
#include "tools/input/array_file.h"
#include "tools/input/sample.h"

namespace octet::tools {
namespace {

// Which input "NAME=FILE" or "FILE" means.
Status place_input(const Model& model, const std::string& text, size_t position, size_t* index, std::string* file) {
  const auto& inputs = *model.root().inputs();
  const size_t equals = text.find('=');
  if (equals != std::string::npos) {
    const std::string name = text.substr(0, equals);
    for (unsigned i = 0; i < inputs.size(); ++i)
      if (inputs.Get(i)->name()->str() == name) {
        *index = i;
        *file = text.substr(equals + 1);
        return Status();
      }
    std::error_code failure;
    if (!std::filesystem::exists(text, failure))
      return error(StatusCode::kInvalidArgument, "--input %s: the model has no input '%s'", text.c_str(), name.c_str());
  }
  if (position >= inputs.size())
    return error(StatusCode::kInvalidArgument, "--input %s: the model has only %u inputs", text.c_str(), inputs.size());
  *index = position;
  *file = text;
  return Status();
}

Status fill_inputs(const Arguments& arguments, LoadedModel* loaded) {
  const auto& inputs = *loaded->model->root().inputs();
  std::vector<bool> filled(inputs.size());
  for (size_t k = 0; k < arguments.inputs.size(); ++k) {
    size_t index = 0;
    std::string file;
    OCTET_RETURN_IF_ERROR(place_input(*loaded->model, arguments.inputs[k], k, &index, &file));
    InputData data;
    OCTET_RETURN_IF_ERROR(read_input(file, input_spec(*inputs.Get(static_cast<unsigned>(index))), &data));
    OCTET_RETURN_IF_ERROR(set_session_input(loaded->session.get(), index, data));
    filled[index] = true;
  }
  for (unsigned i = 0; i < inputs.size(); ++i)
    if (!filled[i])
      return error(StatusCode::kInvalidArgument, "input '%s' is missing; give --input %s=FILE",
                   inputs.Get(i)->name()->c_str(), inputs.Get(i)->name()->c_str());
  return Status();
}

Status read_class_names(const std::string& path, std::vector<std::string>* names) {
  std::ifstream file(path);
  if (!file) return error(StatusCode::kIoError, "--labels %s: cannot open: %s", path.c_str(), strerror(errno));
  for (std::string line; std::getline(file, line);) names->push_back(line);
  return Status();
}

void print_summary(const schema::Output& output, const std::vector<float>& values) {
  float low = values.empty() ? 0 : values[0], high = low;
  double sum = 0;
  for (const float value : values) {
    low = std::fmin(low, value);
    high = std::fmax(high, value);
    sum += value;
  }
  printf("%s %s %s: min %g, max %g, mean %g\n", output.name()->c_str(), type_text(output.type()),
         shape_text(output.shape()).c_str(), static_cast<double>(low), static_cast<double>(high),
         values.empty() ? 0.0 : sum / static_cast<double>(values.size()));
}

void print_top(const schema::Output& output, const std::vector<float>& values,
               const std::vector<std::string>& names, size_t k) {
  printf("%s\n", output.name()->c_str());
  for (const size_t i : top_indices(values, k))
    printf("  %4zu  %-12g %s\n", i, static_cast<double>(values[i]), i < names.size() ? names[i].c_str() : "");
}

std::string safe_name(const std::string& name) {
  std::string safe;
  for (const char c : name) safe += (isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '.') ? c : '_';
  return safe.empty() || safe[0] == '.' ? "_" + safe : safe;
}

Status write_output(const Session& session, size_t i, const std::string& folder) {
  const schema::Output& output = *session.model().root().outputs()->Get(static_cast<unsigned>(i));
  Array array;
  array.type = output.type();
  if (output.shape()) array.shape.assign(output.shape()->begin(), output.shape()->end());
  OCTET_RETURN_IF_ERROR(read_output_bytes(session, i, &array.bytes));
  return write_npy((std::filesystem::path(folder) / (safe_name(output.name()->str()) + ".npy")).string(), array);
}

Status show_outputs(const Arguments& arguments, const LoadedModel& loaded) {
  std::vector<std::string> names;
  if (!arguments.labels.empty()) OCTET_RETURN_IF_ERROR(read_class_names(arguments.labels, &names));
  if (!arguments.output.empty()) {
    std::error_code failure;
    std::filesystem::create_directories(arguments.output, failure);
    if (failure)
      return error(StatusCode::kIoError, "--output %s: cannot create: %s", arguments.output.c_str(),
                   failure.message().c_str());
  }
  const auto& outputs = *loaded.model->root().outputs();
  for (unsigned i = 0; i < outputs.size(); ++i) {
    std::vector<float> values;
    OCTET_RETURN_IF_ERROR(read_output_f32(*loaded.session, i, &values));
    const size_t top = arguments.top > 0 ? static_cast<size_t>(arguments.top) : names.empty() ? 0 : 5;
    if (top > 0)
      print_top(*outputs.Get(i), values, names, top);
    else
      print_summary(*outputs.Get(i), values);
    if (!arguments.output.empty()) OCTET_RETURN_IF_ERROR(write_output(*loaded.session, i, arguments.output));
  }
  return Status();
}

}  // namespace

int run_run(const Arguments& arguments) {
  LoadedModel loaded;
  Status status = load_model(arguments.model, arguments, SessionOptions(), &loaded);
  if (status.ok()) status = fill_inputs(arguments, &loaded);
  if (!status.ok()) return report_error(status);
  loaded.session->run();
  status = show_outputs(arguments, loaded);
  return status.ok() ? 0 : report_error(status);
}

}  // namespace octet::tools
