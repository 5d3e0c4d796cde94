// SPDX-License-Identifier: Apache-2.0
//
// octet bench: latency, memory, and with --profile the time of each operator.
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "runtime/verify.h"
#include "tools/commands/commands.h"
#include "tools/hardware/hold_float.h"
#include "tools/hardware/limits.h"
#include "tools/hardware/machine.h"
#include "tools/progress.h"

namespace octet::tools {
namespace {

using Clock = std::chrono::steady_clock;

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

struct Measurement {
  double load_ms = 0, first_run_ms = 0;
  std::vector<double> run_ms;  // sorted ascending

  double at(double fraction) const {
    return run_ms[std::min(run_ms.size() - 1,
                           static_cast<size_t>(fraction * static_cast<double>(run_ms.size())))];
  }
};

// Of a golden run whose inputs look like real use; null if the file has none.
const schema::Golden* find_sample(const schema::Model& root) {
  if (root.golden() == nullptr) return nullptr;
  for (const schema::Golden* golden : *root.golden()) {
    bool noise = false;
    for (const schema::GoldenInput* input : *golden->inputs())
      noise = noise || input->kind() == schema::GoldenKind_Noise;
    if (!noise) return golden;
  }
  return nullptr;
}

// Inputs for timing: the sample that the file carries, as some kernels take longer for unusual inputs; else a
// fixed pattern, so that float operators see ordinary numbers.
void fill_inputs(Session* session) {
  const unsigned count = session->model().root().inputs()->size();
  if (const schema::Golden* sample = find_sample(session->model().root())) {
    for (unsigned i = 0; i < count; ++i)
      if (!make_golden_input(*sample->inputs()->Get(i), &session->input(i)).ok()) break;
    return;
  }
  for (unsigned i = 0; i < count; ++i) {
    Tensor& tensor = session->input(i);
    uint32_t state = 12345;
    for (size_t k = 0; k < tensor.shape.elements(); ++k) {
      state = state * 1664525u + 1013904223u;
      if (tensor.is_f32())
        tensor.as<float>()[k] = static_cast<float>(state >> 8) / 8388608.0f - 1.0f;
      else if (tensor.is_s8())
        tensor.as<int8_t>()[k] = static_cast<int8_t>(state >> 24);
      else if (tensor.is_s16())
        tensor.as<int16_t>()[k] = static_cast<int16_t>(static_cast<int32_t>(state >> 17) - 16384);
    }
    if (!tensor.is_f32() && !tensor.is_quantized()) std::fill_n(tensor.as<uint8_t>(), tensor.bytes, uint8_t{0});
  }
}

Status measure(const Arguments& arguments, LoadedModel* loaded, Measurement* result) {
  SessionOptions options;
  options.profile = arguments.profile;
  const Clock::time_point start = Clock::now();
  OCTET_RETURN_IF_ERROR(load_model(arguments.model, arguments, options, loaded));
  result->load_ms = milliseconds_since(start);
  fill_inputs(loaded->session.get());
  const Clock::time_point first = Clock::now();
  loaded->session->run();
  result->first_run_ms = milliseconds_since(first);
  Progress progress("bench");
  const int total = arguments.warmup + arguments.runs;
  for (int i = 0; i < total; ++i) {
    const Clock::time_point begin = Clock::now();
    loaded->session->run();
    const double elapsed = milliseconds_since(begin);
    if (i >= arguments.warmup) result->run_ms.push_back(elapsed);
    progress.update(static_cast<size_t>(i) + 1, static_cast<size_t>(total));
  }
  std::sort(result->run_ms.begin(), result->run_ms.end());
  return Status();
}

// Of this program alone: getrusage's figure may be that of the program which started it.
uint64_t peak_rss_bytes() {
#ifdef __linux__
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.compare(0, 6, "VmHWM:") == 0) return std::strtoull(line.c_str() + 6, nullptr, 10) * 1024;
#endif
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
#ifdef __APPLE__
  return static_cast<uint64_t>(usage.ru_maxrss);
#else
  return static_cast<uint64_t>(usage.ru_maxrss) * 1024;
#endif
}

struct OperatorTime {
  std::string type, name, kernel;
  double min_ms = 0, mean_ms = 0;
  uint64_t macs = 0;
  double limit_gmacs = 0;  // of all threads together; 0: unknown

  double gmacs() const { return min_ms > 0 ? static_cast<double>(macs) / min_ms / 1e6 : 0; }
  bool has_percent() const { return macs > 0 && limit_gmacs > 0; }
  double percent() const { return 100 * gmacs() / limit_gmacs; }
};

std::vector<OperatorTime> operator_times(const Session& session, int threads) {
  std::vector<OperatorTime> times;
  const auto& operators = *session.model().root().operators();
  for (const StepProfile& step : session.profile()) {
    const schema::Operator& first = *operators.Get(static_cast<unsigned>(step.first_operator));
    OperatorTime time;
    time.type = step.operator_count > 1 ? "float island of " + std::to_string(step.operator_count)
                                        : schema::EnumNameOperatorType(first.type());
    time.name = first.name() ? first.name()->str() : "";
    time.kernel = step.kernel;
    time.min_ms = static_cast<double>(step.min_ns) / 1e6;
    time.mean_ms = step.runs ? static_cast<double>(step.total_ns) / 1e6 / static_cast<double>(step.runs) : 0;
    for (int i = 0; i < step.operator_count; ++i)
      time.macs += operators.Get(static_cast<unsigned>(step.first_operator + i))->macs();
    time.limit_gmacs = threads * hardware_limit_of_kernel(step.kernel, session.cpu_features());
    times.push_back(time);
  }
  return times;
}

nlohmann::ordered_json machine_json() {
  const Machine machine = describe_machine();
  nlohmann::ordered_json json = {{"board", machine.board}, {"governor", machine.governor}};
  for (const CoreKind& kind : machine.cores) json["cores"].push_back(core_text(kind));
  json["cache_bytes"] = {{"l1", machine.caches.l1}, {"l2", machine.caches.l2}, {"l3", machine.caches.l3}};
  json["octet_version"] = OCTET_VERSION;
  json["compiler"] = __VERSION__;
  return json;
}

nlohmann::ordered_json to_json(const Arguments& arguments, const LoadedModel& loaded,
                               const Measurement& result) {
  nlohmann::ordered_json json;
  json["model"] = arguments.model;
  json["threads"] = arguments.threads;
  json["cpu_features"] = kernels::cpu_feature_names(loaded.session->cpu_features());
  json["runs"] = arguments.runs;
  json["latency_ms"] = {{"min", result.run_ms.front()},
                        {"median", result.at(0.5)},
                        {"p90", result.at(0.9)},
                        {"max", result.run_ms.back()}};
  json["load_ms"] = result.load_ms;
  json["first_run_ms"] = result.first_run_ms;
  json["arena_bytes"] = loaded.session->arena_bytes();
  json["packed_weight_bytes"] = loaded.session->packed_bytes();
  json["peak_rss_bytes"] = peak_rss_bytes();
  json["macs"] = loaded.model->root().facts() ? loaded.model->root().facts()->macs() : 0;
  if (!arguments.profile) return json;
  json["machine"] = machine_json();
  json["limits"] = nlohmann::ordered_json::object();
  for (const Limit& limit : hardware_limits()) json["limits"][limit.name] = limit.gmacs;
  json["operators"] = nlohmann::ordered_json::array();
  for (const OperatorTime& time : operator_times(*loaded.session, arguments.threads)) {
    json["operators"].push_back({{"type", time.type},
                                 {"name", time.name},
                                 {"kernel", time.kernel},
                                 {"min_ms", time.min_ms},
                                 {"mean_ms", time.mean_ms},
                                 {"macs", time.macs},
                                 {"gmacs", time.gmacs()},
                                 {"percent_of_limit", nullptr}});
    if (time.has_percent()) json["operators"].back()["percent_of_limit"] = time.percent();
  }
  return json;
}

// "machine  Raspberry Pi 4: 4 x Cortex-A72 (1500 MHz); caches 32 KB, 1 MB, 0 B"
void print_machine() {
  const Machine machine = describe_machine();
  printf("machine  %s%s", machine.board.c_str(), machine.board.empty() ? "" : ": ");
  for (const CoreKind& kind : machine.cores) printf("%s; ", core_text(kind).c_str());
  printf("caches of a core %s, %s, shared %s%s%s\n", bytes_text(machine.caches.l1).c_str(),
         bytes_text(machine.caches.l2).c_str(), bytes_text(machine.caches.l3).c_str(),
         machine.governor.empty() ? "" : "; governor ", machine.governor.c_str());
}

void print_profile(const std::vector<OperatorTime>& times) {
  printf("limits  ");
  for (const Limit& limit : hardware_limits()) printf(" %s %.1f ", limit.name, limit.gmacs);
  printf("%s\n", hardware_limits().empty() ? " unknown on this architecture" : "GMAC/s of one core");
  printf("\n%-24s %-28s %9s %9s %9s %8s %7s  %s\n", "operator", "name", "min us", "mean us", "1000 MACs",
         "GMAC/s", "% limit", "kernel");
  for (const OperatorTime& time : times) {
    printf("%-24s %-28.28s %9.1f %9.1f %9.0f %8.1f ", time.type.c_str(), time.name.c_str(), time.min_ms * 1e3,
           time.mean_ms * 1e3, static_cast<double>(time.macs) / 1e3, time.gmacs());
    if (time.has_percent())
      printf("%7.1f  %s\n", time.percent(), time.kernel.c_str());
    else
      printf("%7s  %s\n", "-", time.kernel.c_str());
  }
}

void print_text(const Arguments& arguments, const LoadedModel& loaded, const Measurement& result) {
  printf("%s, %d thread%s, %s\n", arguments.model.c_str(), arguments.threads,
         arguments.threads == 1 ? "" : "s",
         kernels::cpu_feature_names(loaded.session->cpu_features()).c_str());
  printf("latency  min %.3f ms, median %.3f ms, p90 %.3f ms, max %.3f ms over %d runs\n",
         result.run_ms.front(), result.at(0.5), result.at(0.9), result.run_ms.back(), arguments.runs);
  printf("start    load %.2f ms, first run %.2f ms\n", result.load_ms, result.first_run_ms);
  printf("memory   arena %s, packed weights %s, peak resident %s\n",
         bytes_text(loaded.session->arena_bytes()).c_str(),
         bytes_text(loaded.session->packed_bytes()).c_str(), bytes_text(peak_rss_bytes()).c_str());
  if (!arguments.profile) return;
  print_machine();
  print_profile(operator_times(*loaded.session, arguments.threads));
#if defined(__aarch64__) || defined(__arm__)
  printf(
      "\nOctet's developers have no ARM board. To help, send what `octet bench %s --profile --json` "
      "prints.\n",
      arguments.model.c_str());
#endif
}

}  // namespace

int run_bench(const Arguments& arguments) {
  LoadedModel loaded;
  Measurement result;
  const char* variable = std::getenv("OCTET_CPU_FEATURES");
  hold_float(arguments.cpu_features.empty() && variable ? variable : arguments.cpu_features);
  const Status status = measure(arguments, &loaded, &result);
  if (!status.ok()) return report_error(status);
  if (arguments.json)
    printf("%s\n", to_json(arguments, loaded, result).dump(2).c_str());
  else
    print_text(arguments, loaded, result);
  return 0;
}

}  // namespace octet::tools
