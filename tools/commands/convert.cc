// SPDX-License-Identifier: Apache-2.0
//
// octet convert: ONNX in, .octet out. octet calibrate: ONNX and samples in, a calibration cache out.
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "converter/stages.h"
#include "octet_converter/converter.h"
#include "tools/commands/budget.h"
#include "tools/commands/commands.h"
#include "tools/commands/report.h"
#include "tools/input/overrides.h"
#include "tools/input/sample.h"
#include "tools/progress.h"

namespace octet::tools {
namespace {

using converter::ConvertOptions;
using converter::ConvertReport;
using converter::ImagePreprocessing;
using converter::InputInfo;

// Files as calibration samples; keeps one sample at a time.
class FileSamples : public converter::SampleSource {
 public:
  FileSamples(std::vector<std::string> paths, std::vector<InputSpec> specs)
      : paths_(std::move(paths)), specs_(std::move(specs)) {}

  size_t size() const override { return paths_.size(); }
  Status rewind() override {
    next_ = 0;
    return Status();
  }
  Status next(std::vector<std::vector<uint8_t>>* inputs, bool* done) override {
    *done = next_ == paths_.size();
    if (*done) return Status();
    OCTET_RETURN_IF_ERROR(read_sample(paths_[next_++], specs_, &data_));
    inputs->resize(specs_.size());
    for (size_t i = 0; i < specs_.size(); ++i) declared_bytes(specs_[i], data_[i], &(*inputs)[i]);
    return Status();
  }

 private:
  std::vector<std::string> paths_;
  std::vector<InputSpec> specs_;
  std::vector<InputData> data_;
  size_t next_ = 0;
};

Status parse_color(const std::string& color, ImagePreprocessing* image) {
  if (color.empty() || color == "RGB") return Status();
  if (color == "BGR") {
    image->color = ImagePreprocessing::Color::kBgr;
  } else if (color == "GRAY") {
    image->color = ImagePreprocessing::Color::kGray;
  } else {
    return error(StatusCode::kInvalidArgument, "--color %s: must be RGB, BGR or GRAY", color.c_str());
  }
  return Status();
}

// One number, where it was given.
Status parse_number(const char* option, const std::string& text, double* number) {
  std::vector<float> numbers;
  OCTET_RETURN_IF_ERROR(parse_numbers(option, text, &numbers));
  if (numbers.size() > 1) return error(StatusCode::kInvalidArgument, "%s %s: must be one number", option, text.c_str());
  if (!text.empty()) *number = strtod(text.c_str(), nullptr);
  return Status();
}

Status parse_range_options(const Arguments& arguments, converter::RangeOptions* ranges) {
  OCTET_RETURN_IF_ERROR(parse_number("--percentile", arguments.percentile, &ranges->percentile));
  OCTET_RETURN_IF_ERROR(parse_number("--averaging", arguments.averaging, &ranges->averaging));
  for (const std::string& range : arguments.ranges) OCTET_RETURN_IF_ERROR(parse_range_option(range, &ranges->fixed));
  ranges->form = {arguments.symmetric, arguments.power_of_two, arguments.per_tensor_weights};
  return Status();
}

// Without samples there is nothing to quantize activations by: --weights-only then is for the whole network.
void parse_weight_options(const Arguments& arguments, ConvertOptions* options) {
  options->weights = {arguments.weights_only, arguments.weight_bits, arguments.group_size};
  const bool no_samples =
      arguments.calibration.empty() && arguments.calibration_cache.empty() && !arguments.data_free;
  if (arguments.weights_only && no_samples) options->precision = converter::Precision::kFp32;
}

Status parse_options(const Arguments& arguments, ConvertOptions* options) {
  if (arguments.precision != "int8" && arguments.precision != "fp32")
    return error(StatusCode::kInvalidArgument, "--precision %s: must be int8 or fp32", arguments.precision.c_str());
  options->precision =
      arguments.precision == "fp32" ? converter::Precision::kFp32 : converter::Precision::kInt8;
  parse_weight_options(arguments, options);
  options->ranges.method = arguments.method;
  options->ranges.cache = arguments.calibration_cache;
  OCTET_RETURN_IF_ERROR(parse_range_options(arguments, &options->ranges));
  options->repair.round = arguments.round;
  OCTET_RETURN_IF_ERROR(check_report_options(arguments));
  options->precision_options.keep_float = arguments.keep_float;
  options->precision_options.int16 = arguments.int16;
  OCTET_RETURN_IF_ERROR(parse_budget_options(arguments, &options->budget));
  if (!arguments.overrides.empty()) OCTET_RETURN_IF_ERROR(read_overrides(arguments.overrides, options));
  options->export_qdq = arguments.export_qdq;
  options->equalize.weights = arguments.equalize;
  options->equalize.activations = arguments.balance;
  options->data_free.enabled = arguments.data_free;
  options->threads = static_cast<size_t>(arguments.threads);
  ImagePreprocessing& image = options->preprocessing;
  OCTET_RETURN_IF_ERROR(parse_numbers("--mean", arguments.mean, &image.mean));
  OCTET_RETURN_IF_ERROR(parse_numbers("--std", arguments.std, &image.std));
  for (const float std : image.std)
    if (!(std > 0)) return error(StatusCode::kInvalidArgument, "--std %s: every value must be above 0",
                                 arguments.std.c_str());
  OCTET_RETURN_IF_ERROR(parse_color(arguments.color, &image));
  int first = 0, second = 0;
  if (!arguments.resize.empty()) {
    OCTET_RETURN_IF_ERROR(parse_size("--resize", arguments.resize, &first, &second));
    if (second == 0) image.resize_shorter_side = first;
    if (second != 0) image.resize_width = first, image.resize_height = second;
  }
  if (!arguments.crop.empty()) {
    OCTET_RETURN_IF_ERROR(parse_size("--crop", arguments.crop, &first, &second));
    image.crop_width = first;
    image.crop_height = second == 0 ? first : second;
  }
  for (const std::string& shape : arguments.shapes) OCTET_RETURN_IF_ERROR(parse_shape_option(shape, &options->shapes));
  std::string unknown;
  kernels::CpuFeatures features = kernels::detect_cpu_features();
  if (!kernels::mask_cpu_features(arguments.cpu_features.c_str(), &features, &unknown))
    return error(StatusCode::kInvalidArgument, "--cpu-features %s: unknown feature '%s'",
                 arguments.cpu_features.c_str(), unknown.c_str());
  for (size_t i = 1; i < arguments.argv.size(); ++i)
    options->provenance += (i > 1 ? " " : "") + arguments.argv[i];
  return Status();
}

// mean and std: one value for all channels, or one per channel.
Status spread_over_channels(const char* option, int channels, std::vector<float>* values) {
  if (values->size() == 1) values->assign(static_cast<size_t>(channels), values->front());
  if (!values->empty() && values->size() != static_cast<size_t>(channels))
    return error(StatusCode::kInvalidArgument, "%s has %zu values; the image input has %d channels", option,
                 values->size(), channels);
  return Status();
}

bool gave_image_options(const Arguments& arguments) {
  return !(arguments.mean.empty() && arguments.std.empty() && arguments.color.empty() && arguments.resize.empty() &&
           arguments.crop.empty());
}

InputSpec spec_of(const InputInfo& input, const ImagePreprocessing& image) {
  InputSpec spec;
  spec.name = input.name;
  spec.shape = input.shape;
  for (int type = schema::TensorType_MIN; type <= schema::TensorType_MAX; ++type)
    if (input.type == type_text(static_cast<TensorType>(type))) spec.type = static_cast<TensorType>(type);
  spec.recipe = {image.color == ImagePreprocessing::Color::kBgr, image.mean, image.std, image.resize_shorter_side,
                 image.resize_width, image.resize_height, image.crop_width, image.crop_height};
  return spec;
}

// Checks the image options against the network's inputs.
Status place_image_options(const Arguments& arguments, const std::vector<InputInfo>& inputs, ConvertOptions* options) {
  ImagePreprocessing& image = options->preprocessing;
  const InputInfo* taker = nullptr;
  size_t takers = 0;
  for (const InputInfo& input : inputs)
    if (spec_of(input, image).takes_image()) taker = &input, ++takers;
  image.present = takers == 1;
  if (!image.present) {
    if (gave_image_options(arguments))
      return error(StatusCode::kInvalidArgument,
                   "--mean, --std, --color, --resize and --crop need exactly one image input; the network has %zu",
                   takers);
    return Status();
  }
  const InputSpec spec = spec_of(*taker, image);
  if (image.color == ImagePreprocessing::Color::kGray && spec.channels() != 1)
    return error(StatusCode::kInvalidArgument, "--color GRAY: input '%s' has %d channels", spec.name.c_str(),
                 spec.channels());
  if (spec.channels() == 1) image.color = ImagePreprocessing::Color::kGray;
  if (image.crop_width > 0 && (image.crop_width != spec.width() || image.crop_height != spec.height()))
    return error(StatusCode::kInvalidArgument, "--crop %s: input '%s' takes %d x %d", arguments.crop.c_str(),
                 spec.name.c_str(), spec.width(), spec.height());
  OCTET_RETURN_IF_ERROR(spread_over_channels("--mean", spec.channels(), &image.mean));
  return spread_over_channels("--std", spec.channels(), &image.std);
}

void print_report(const Arguments& arguments, const ConvertReport& report) {
  for (const std::string& warning : report.warnings) fprintf(stderr, "warning: %s\n", warning.c_str());
  if (arguments.verbose)
    for (const auto* lines : {&report.notes, &report.details})
      for (const std::string& line : *lines) printf("%s\n", line.c_str());
  const std::string& written = arguments.output.empty() ? arguments.export_qdq : arguments.output;
  printf("%s: %s (ONNX %s), %zu operators in INT8, %zu in float, %.2f million MACs, arena %s\n",
         written.c_str(), bytes_text(report.model_bytes).c_str(), bytes_text(report.source_bytes).c_str(),
         report.int8_operators, report.float_operators, static_cast<double>(report.macs) / 1e6,
         bytes_text(report.arena_bytes).c_str());
  if (arguments.precision == "fp32") return;
  for (const std::string& line : report.budget.lines) printf("  %s\n", line.c_str());
  for (const converter::LayerReport& layer : report.layers)
    if (layer.precision == "f32" && !layer.reason.empty())
      printf("  in float: %s '%s': %s\n", layer.type.c_str(), layer.name.c_str(), layer.reason.c_str());
  print_losses(report);
}

// The image options in their place, the samples, and a bar for each stage that reports progress ("calibrate", then
// "repair"); alive while the converter runs.
class Preparation {
 public:
  Status prepare(const Arguments& arguments, ConvertOptions* options) {
    std::vector<InputInfo> inputs;
    bool already_quantized = false;
    OCTET_RETURN_IF_ERROR(converter::read_onnx_inputs(arguments.model, *options, &inputs, &already_quantized));
    OCTET_RETURN_IF_ERROR(place_image_options(arguments, inputs, options));
    options->progress = [this](const char* now, size_t done, size_t total) {
      if (progress_ == nullptr || stage_ != now) {
        progress_.reset();  // clears its line first
        progress_ = std::make_unique<Progress>(stage_ = now);
      }
      progress_->update(done, total);
    };
    std::vector<std::string> paths, validation;
    std::vector<InputSpec> specs;
    if (!arguments.calibration.empty()) OCTET_RETURN_IF_ERROR(list_samples(arguments.calibration, &paths));
    for (const InputInfo& input : inputs) specs.push_back(spec_of(input, options->preprocessing));
    OCTET_RETURN_IF_ERROR(list_validation(arguments, paths, &validation, &options->budget));
    if (!validation.empty()) {
      validation_ = std::make_unique<FileSamples>(std::move(validation), specs);
      options->budget.validation = validation_.get();
    }
    if (paths.empty()) return Status();
    samples_ = std::make_unique<FileSamples>(std::move(paths), std::move(specs));
    options->samples = samples_.get();
    return Status();
  }

 private:
  std::unique_ptr<FileSamples> samples_, validation_;
  std::string stage_;
  std::unique_ptr<Progress> progress_;
};

Status convert(const Arguments& arguments, ConvertOptions* options, ConvertReport* report) {
  {
    Preparation preparation;
    OCTET_RETURN_IF_ERROR(preparation.prepare(arguments, options));
    options->report = report_options(arguments);
    OCTET_RETURN_IF_ERROR(converter::convert_file(arguments.model, arguments.output, *options, report));
  }
  options->progress = nullptr;  // it belonged to the preparation
  return write_reports(arguments, options->provenance, *report);
}

Status calibrate(const Arguments& arguments, ConvertOptions* options, ConvertReport* report) {
  if (!arguments.merge.empty()) return converter::merge_calibration(arguments.merge, arguments.output);
  Preparation preparation;
  OCTET_RETURN_IF_ERROR(preparation.prepare(arguments, options));
  return converter::calibrate_file(arguments.model, arguments.output, *options, report);
}

}  // namespace

int run_convert(const Arguments& arguments) {
  ConvertOptions options;
  Status usage = parse_options(arguments, &options);
  if (usage.ok() && arguments.output.empty() && arguments.export_qdq.empty())
    usage = error(StatusCode::kInvalidArgument, "convert: needs --output FILE, or --export-qdq FILE.onnx");
  if (!usage.ok()) return report_error(usage, true);
  ConvertReport report;
  const Status status = convert(arguments, &options, &report);
  if (!status.ok()) return report_error(status);
  print_report(arguments, report);
  return 0;
}

int run_calibrate(const Arguments& arguments) {
  ConvertOptions options;
  Status usage = parse_options(arguments, &options);
  if (usage.ok() && arguments.model.empty() == arguments.merge.empty())
    usage = error(StatusCode::kInvalidArgument, "calibrate: needs either MODEL or --merge");
  if (usage.ok() && arguments.output.empty())
    usage = error(StatusCode::kInvalidArgument, "calibrate: needs --output CACHE.json");
  if (!usage.ok()) return report_error(usage, true);
  ConvertReport report;
  const Status status = calibrate(arguments, &options, &report);
  if (!status.ok()) return report_error(status);
  for (const std::string& warning : report.warnings) fprintf(stderr, "warning: %s\n", warning.c_str());
  if (arguments.verbose)
    for (const std::string& line : report.details) printf("%s\n", line.c_str());
  if (arguments.merge.empty())
    printf("%s: %zu samples\n", arguments.output.c_str(), report.samples);
  else
    printf("%s: %zu caches\n", arguments.output.c_str(), arguments.merge.size());
  return 0;
}

}  // namespace octet::tools
