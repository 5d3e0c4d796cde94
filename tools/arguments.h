// SPDX-License-Identifier: Apache-2.0
//
// The command line of `octet`: every option stands in one table
// (arguments.cc), which drives parsing and --help.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "runtime/status.h"

namespace octet::tools {

enum class Command { kNone, kConvert, kCalibrate, kRun, kBench, kInspect, kEval, kVerify, kReport };

// What the person asked for; texts are checked and parsed by the functions below.
struct Arguments {
  Command command = Command::kNone;
  std::string model;

  // convert
  std::string output;
  std::string export_qdq;
  std::string calibration;
  std::string precision = "int8";
  std::string method = "auto";
  std::string calibration_cache;
  std::string percentile, averaging;
  std::vector<std::string> ranges;
  bool symmetric = false, power_of_two = false, per_tensor_weights = false;
  std::string round = "gptq";
  std::vector<std::string> keep_float, int16;
  std::string min_sqnr, max_drop, validation, confidence;
  std::string overrides;
  bool weights_only = false;
  int weight_bits = 8, group_size = 0;
  std::string mean, std;
  std::string color;
  std::string resize, crop;
  std::vector<std::string> shapes;
  std::vector<std::string> reports;
  std::string compare;

  // calibrate
  std::vector<std::string> merge;

  // run, eval (labels: convert too)
  std::vector<std::string> inputs;
  int top = 0;
  std::string labels;
  std::string data;
  std::string reference;
  bool per_layer = false;
  std::string python;

  // bench
  int warmup = 5;
  int runs = 50;
  bool profile = false;

  // inspect
  bool operators = false;

  // common
  int threads = 1;
  std::string cpu_features;
  bool json = false;
  bool verbose = false;

  std::vector<std::string> argv;   // as given, for provenance

  // convert: what is done to channels before the activations are measured
  std::string equalize = "off", balance = "auto";
  bool data_free = false;
};

// Parses. Returns true to go on; false if the program should end with *exit_code
// (after --help: 0; after wrong usage, with a line on stderr: 2).
bool parse_arguments(int argc, char** argv, Arguments* arguments, int* exit_code);

// "1,2.5,3" -> numbers. `option` is for messages.
Status parse_numbers(const char* option, const std::string& text, std::vector<float>* numbers);

// "256" -> {256, 0}; "320x240" -> {320, 240}.
Status parse_size(const char* option, const std::string& text, int* first, int* second);

// Adds "NAME=min,max" to *ranges.
Status parse_range_option(const std::string& text, std::map<std::string, std::pair<float, float>>* ranges);

// Adds "NAME=1,3,224,224" to *shapes.
Status parse_shape_option(const std::string& text, std::map<std::string, std::vector<int64_t>>* shapes);

}  // namespace octet::tools
