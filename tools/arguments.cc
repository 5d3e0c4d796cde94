// SPDX-License-Identifier: Apache-2.0
#include "tools/arguments.h"

#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <variant>

namespace octet::tools {
namespace {

constexpr unsigned kConvert = 1, kRun = 2, kBench = 4, kInspect = 8, kEval = 16, kVerify = 32,
                   kCalibrate = 64, kReport = 128;
constexpr unsigned kRuntime = kRun | kBench | kInspect | kEval | kVerify;

struct CommandRow {
  Command command;
  unsigned bit;
  const char* name;
  const char* help;
};

constexpr CommandRow kCommands[] = {
    {Command::kConvert, kConvert, "convert", "Convert an ONNX network to an Octet model"},
    {Command::kCalibrate, kCalibrate, "calibrate", "Write what a network's activations are like on samples"},
    {Command::kRun, kRun, "run", "Run a model on files and show or write its outputs"},
    {Command::kBench, kBench, "bench", "Measure latency and memory"},
    {Command::kInspect, kInspect, "inspect", "Show what is in a model"},
    {Command::kEval, kEval, "eval", "Measure accuracy on labelled data, or against another model"},
    {Command::kReport, kReport, "report", "Show a conversion's report, or two side by side, as a page"},
    {Command::kVerify, kVerify, "verify", "Check that this CPU computes the bytes recorded at conversion"},
};

using Target = std::variant<std::string Arguments::*, int Arguments::*, bool Arguments::*,
                            std::vector<std::string> Arguments::*>;

struct OptionRow {
  unsigned commands;
  const char* name;
  const char* value;       // empty for a flag
  Target target;
  bool required;
  int minimum;             // integers: the least; lists: how many values follow one --name at least, or 0: exactly one
  const char* help;
};

const OptionRow kOptions[] = {
    {kConvert | kCalibrate, "-o,--output", "FILE", &Arguments::output, false, 0, "The model, or the cache, to write"},
    {kConvert | kCalibrate, "--calibration", "DIR|FILE", &Arguments::calibration, false, 0,
     "Folder of sample inputs, or a text file that lists them"},
    {kConvert, "--calibration-cache", "FILE", &Arguments::calibration_cache, false, 0,
     "What octet calibrate wrote: ranges without running the network"},
    {kCalibrate, "--merge", "CACHE CACHE...", &Arguments::merge, false, 1,
     "Merge these caches, in this order, instead of running a network"},
    {kConvert, "--precision", "int8|fp32", &Arguments::precision, false, 0, "int8 (default) or fp32"},
    {kConvert, "--method", "NAME", &Arguments::method, false, 0,
     "How ranges are chosen: auto (default), minmax, moving-average, mse, percentile, entropy or entropy-legacy"},
    {kConvert, "--percentile", "P", &Arguments::percentile, false, 0, "Of method percentile (default 99.99)"},
    {kConvert, "--averaging", "C", &Arguments::averaging, false, 0, "Of method moving-average (default 0.01)"},
    {kConvert, "--range", "NAME=MIN,MAX", &Arguments::ranges, false, 0,
     "Fix the range of a tensor or input; may be repeated"},
    {kConvert, "--symmetric", "", &Arguments::symmetric, false, 0, "Activations have zero point 0"},
    {kConvert, "--power-of-two", "", &Arguments::power_of_two, false, 0, "Every scale is a power of two"},
    {kConvert, "--per-tensor-weights", "", &Arguments::per_tensor_weights, false, 0,
     "One scale for all output channels of a layer"},
    {kConvert, "--round", "NAME", &Arguments::round, false, 0,
     "How weights are rounded: gptq (default: for the least error of the layer's output), descent, admm or nearest"},
    {kConvert, "--keep-float", "NAME...", &Arguments::keep_float, false, 1, "Operators that stay in float"},
    {kConvert, "--int16", "NAME...", &Arguments::int16, false, 1, "Operators or tensors whose values get 16 bits instead of 8"},
    {kConvert, "--min-sqnr", "DB", &Arguments::min_sqnr, false, 0,
     "Promote activations to 16 bits, then layers to float, until the outputs have this SQNR against float"},
    {kConvert, "--max-drop", "POINTS", &Arguments::max_drop, false, 0,
     "The same until top-1 drops by no more than this; needs --labels"},
    {kConvert, "--validation", "DIR|FILE", &Arguments::validation, false, 0,
     "Samples that the budget is measured on (default: a part of the calibration samples, held out)"},
    {kConvert, "--confidence", "P", &Arguments::confidence, false, 0,
     "How sure --max-drop must be to hold on other samples (default 0.95; 0.5: as measured)"},
    {kConvert, "--overrides", "FILE.json", &Arguments::overrides, false, 0,
     "Precision, range, method and weight scales of single operators and tensors (docs/cli.md)"},
    {kConvert, "--export-qdq", "FILE.onnx", &Arguments::export_qdq, false, 0,
     "Write the quantized network as ONNX with QuantizeLinear and DequantizeLinear too"},
    {kConvert, "--data-free", "", &Arguments::data_free, false, 0,
     "No samples: ranges and biases from the network's batch normalization and synthetic inputs"},
    {kConvert, "--equalize", "NAME", &Arguments::equalize, false, 0,
     "Even out the weights of neighbouring layers: off (default), exact (keeps clamps such as ReLU6) or relu (makes "
     "them ReLU where they are in the way)"},
    {kConvert, "--balance", "NAME", &Arguments::balance, false, 0,
     "Even out the channels of activations: auto (default: where they are far apart), off or all"},
    {kConvert, "--weights-only", "", &Arguments::weights_only, false, 0,
     "Store the weights of what runs in float as integers; without calibration data that is the whole network"},
    {kConvert, "--weight-bits", "8|4", &Arguments::weight_bits, false, 4, "Of --weights-only (default 8)"},
    {kConvert, "--group-size", "N", &Arguments::group_size, false, 0,
     "Of --weights-only: weights that share a scale (default: a channel with 8 bits, 32 with 4)"},
    {kConvert | kCalibrate, "--mean", "A,B,C", &Arguments::mean, false, 0,
     "Mean per channel in 0..255 pixel units, in the network's channel order"},
    {kConvert | kCalibrate, "--std", "A,B,C", &Arguments::std, false, 0, "Standard deviation per channel, same units and order"},
    {kConvert | kCalibrate, "--color", "RGB|BGR|GRAY", &Arguments::color, false, 0, "Channel order of the network's input"},
    {kConvert | kCalibrate, "--resize", "N|WxH", &Arguments::resize, false, 0, "Resize images: shorter side N, or stretch to WxH"},
    {kConvert | kCalibrate, "--crop", "N|WxH", &Arguments::crop, false, 0, "Centre crop after the resize"},
    {kConvert | kCalibrate, "--shape", "NAME=1,3,224,224", &Arguments::shapes, false, 0, "Fix the shape of an input; may be repeated"},
    {kConvert, "--report", "FILE.html|.json", &Arguments::reports, false, 0,
     "Write a report of the conversion: what each layer loses; may be repeated"},
    {kReport, "-o,--output", "PAGE.html", &Arguments::output, true, 0, "The page to write"},
    {kConvert | kReport, "--compare", "OTHER.json", &Arguments::compare, false, 0,
     "Another conversion's report, to stand beside this one on the page"},
    {kRun, "--input", "[NAME=]FILE", &Arguments::inputs, true, 0, "Input file; once for each input of the network"},
    {kRun, "--top", "K", &Arguments::top, false, 1, "Show the K largest values of each output"},
    {kRun | kEval | kConvert, "--labels", "FILE", &Arguments::labels, false, 0,
     "run: class names, one a line; eval, convert: 'file_name class_index' lines"},
    {kRun, "--output", "DIR", &Arguments::output, false, 0, "Write each output to DIR as .npy"},
    {kBench, "--warmup", "N", &Arguments::warmup, false, 0, "Runs before measuring (default 5)"},
    {kBench, "--runs", "N", &Arguments::runs, false, 1, "Measured runs (default 50)"},
    {kBench, "--profile", "", &Arguments::profile, false, 0, "Show the time of each operator"},
    {kInspect, "--operators", "", &Arguments::operators, false, 0,
     "Print the CMake options of a build that runs this model and no more"},
    {kEval, "--data", "DIR", &Arguments::data, true, 0, "Folder of the files that the labels name"},
    {kEval, "--reference", "OTHER.octet", &Arguments::reference, false, 0, "Compare the outputs with this model's"},
    {kEval, "--per-layer", "", &Arguments::per_layer, false, 0,
     "Compare every tensor that both have by name, not the outputs alone; --reference may be an ONNX file"},
    {kEval, "--python", "PATH", &Arguments::python, false, 0,
     "A Python with onnxruntime, for an ONNX file as --reference (default: OCTET_PYTHON, then python3)"},
    {kBench | kInspect | kEval, "--json", "", &Arguments::json, false, 0, "Print one JSON object and nothing else"},
    {kConvert | kCalibrate | kRuntime, "--threads", "N", &Arguments::threads, false, 1, "Threads (default 1)"},
    {kConvert | kCalibrate | kRuntime, "--cpu-features", "LIST", &Arguments::cpu_features, false, 0,
     "Use only these: portable, avx2, avxvnni, avx512vnni, neon, dotprod, i8mm"},
    {kConvert | kCalibrate | kRuntime, "--verbose", "", &Arguments::verbose, false, 0, "Say more"},
};

void add_option(CLI::App* app, const OptionRow& row, Arguments* arguments) {
  CLI::Option* option = nullptr;
  if (auto text = std::get_if<std::string Arguments::*>(&row.target))
    option = app->add_option(row.name, arguments->*(*text), row.help);
  if (auto number = std::get_if<int Arguments::*>(&row.target))
    option = app->add_option(row.name, arguments->*(*number), row.help)->check(CLI::Range(row.minimum, 1000000));
  if (auto list = std::get_if<std::vector<std::string> Arguments::*>(&row.target))
    option = row.minimum == 0 ? app->add_option(row.name, arguments->*(*list), row.help)->expected(1)->take_all()
                              : app->add_option(row.name, arguments->*(*list), row.help)->expected(row.minimum, 1 << 20);
  if (auto flag = std::get_if<bool Arguments::*>(&row.target))
    option = app->add_flag(row.name, arguments->*(*flag), row.help);
  if (row.value[0] != '\0') option->type_name(row.value);
  if (row.required) option->required();
}

// One line of whatever CLI11 says.
std::string one_line(std::string text) {
  for (char& c : text)
    if (c == '\n') c = ' ';
  return text;
}

bool parse_integer(const char* text, char** end, int* value) {
  const long parsed = strtol(text, end, 10);
  if (*end == text || parsed < 1 || parsed > 1 << 20) return false;
  *value = static_cast<int>(parsed);
  return true;
}

}  // namespace

bool parse_arguments(int argc, char** argv, Arguments* arguments, int* exit_code) {
  CLI::App app("Octet: INT8 inference for small CPUs", "octet");
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string("octet ") + OCTET_VERSION);
  arguments->argv.assign(argv, argv + argc);
  for (const CommandRow& row : kCommands) {
    CLI::App* command = app.add_subcommand(row.name, row.help);
    const bool onnx = (row.bit & (kConvert | kCalibrate)) != 0;
    command->add_option("MODEL", arguments->model, onnx ? "The ONNX file" : row.bit == kReport ? "The report's .json" : "The .octet file")
        ->required(row.bit != kCalibrate)  // which can merge instead
        ->type_name("");
    for (const OptionRow& option : kOptions)
      if (option.commands & row.bit) add_option(command, option, arguments);
    command->callback([arguments, &row] { arguments->command = row.command; });
  }
  try {
    app.parse(argc, argv);
    return true;
  } catch (const CLI::ParseError& failure) {
    if (failure.get_exit_code() == 0) {
      app.exit(failure);
      *exit_code = 0;
    } else {
      fprintf(stderr, "octet: %s (see octet --help)\n", one_line(failure.what()).c_str());
      *exit_code = 2;
    }
    return false;
  }
}

Status parse_numbers(const char* option, const std::string& text, std::vector<float>* numbers) {
  numbers->clear();
  const char* at = text.c_str();
  while (*at != '\0') {
    char* end = nullptr;
    const float value = strtof(at, &end);
    if (end == at || !std::isfinite(value) || (*end != ',' && *end != '\0'))
      return error(StatusCode::kInvalidArgument, "%s %s: must be numbers separated by commas", option, text.c_str());
    numbers->push_back(value);
    at = *end == ',' ? end + 1 : end;
  }
  return Status();
}

Status parse_size(const char* option, const std::string& text, int* first, int* second) {
  char* end = nullptr;
  *second = 0;
  bool good = parse_integer(text.c_str(), &end, first);
  if (good && *end == 'x') good = parse_integer(end + 1, &end, second);
  if (!good || *end != '\0')
    return error(StatusCode::kInvalidArgument, "%s %s: must be N or WxH, each from 1 to 1048576", option, text.c_str());
  return Status();
}

Status parse_range_option(const std::string& text, std::map<std::string, std::pair<float, float>>* ranges) {
  const size_t equals = text.rfind('=');
  std::vector<float> numbers;
  if (equals != std::string::npos && equals > 0)
    OCTET_RETURN_IF_ERROR(parse_numbers("--range", text.substr(equals + 1), &numbers));
  if (numbers.size() != 2 || !(numbers[0] < numbers[1]))
    return error(StatusCode::kInvalidArgument, "--range %s: must be NAME=MIN,MAX with MIN below MAX", text.c_str());
  (*ranges)[text.substr(0, equals)] = {numbers[0], numbers[1]};
  return Status();
}

Status parse_shape_option(const std::string& text, std::map<std::string, std::vector<int64_t>>* shapes) {
  const size_t equals = text.rfind('=');
  const std::string name = text.substr(0, equals == std::string::npos ? 0 : equals);
  const char* at = text.c_str() + (name.empty() ? text.size() : equals + 1);
  std::vector<int64_t> shape;
  while (*at != '\0') {
    char* end = nullptr;
    int value = 0;
    if (!parse_integer(at, &end, &value) || (*end != ',' && *end != '\0')) {
      shape.clear();
      break;
    }
    shape.push_back(value);
    at = *end == ',' ? end + 1 : end;
  }
  if (shape.empty())
    return error(StatusCode::kInvalidArgument, "--shape %s: must be NAME=1,3,224,224 with dimensions of at least 1",
                 text.c_str());
  (*shapes)[name] = shape;
  return Status();
}

}  // namespace octet::tools
