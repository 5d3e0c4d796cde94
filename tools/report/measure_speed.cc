// SPDX-License-Identifier: Apache-2.0
#include "tools/report/measure_speed.h"

#include <algorithm>
#include <chrono>
#include <cstring>

#include "tools/commands/commands.h"
#include "tools/hardware/machine.h"

namespace octet::tools {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kLeastRuns = 3, kMostRuns = 50;
constexpr double kLongestMs = 250;

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

// Zero points and zeros: any ordinary input takes the same time.
void clear_inputs(Session* session) {
  for (size_t i = 0; i < session->input_count(); ++i)
    std::memset(session->input(i).data, 0, session->input(i).bytes);
}

}  // namespace

Status measure_speed(const std::string& path, const Arguments& arguments, Speed* speed) {
  LoadedModel loaded;
  SessionOptions options;
  options.profile = true;
  OCTET_RETURN_IF_ERROR(load_model(path, arguments, options, &loaded));
  Session* session = loaded.session.get();
  clear_inputs(session);
  session->run();
  const Clock::time_point start = Clock::now();
  while (speed->runs < kLeastRuns || (speed->runs < kMostRuns && milliseconds_since(start) < kLongestMs)) {
    const Clock::time_point begin = Clock::now();
    session->run();
    const double elapsed = milliseconds_since(begin);
    speed->run_ms = speed->runs == 0 ? elapsed : std::min(speed->run_ms, elapsed);
    ++speed->runs;
  }
  speed->threads = static_cast<size_t>(arguments.threads);
  speed->cpu_features = kernels::cpu_feature_names(session->cpu_features());
  const Machine machine = describe_machine();
  if (!machine.cores.empty()) speed->cpu = core_text(machine.cores.front());
  const size_t operators = loaded.model->root().operators()->size();
  speed->operator_ms.assign(operators, -1);
  speed->kernels.assign(operators, "");
  for (const StepProfile& step : session->profile()) {
    const size_t first = static_cast<size_t>(step.first_operator);
    speed->operator_ms[first] = static_cast<double>(step.min_ns) / 1e6;
    for (int i = 0; i < step.operator_count; ++i)
      speed->kernels[first + static_cast<size_t>(i)] = step.kernel;
  }
  return Status();
}

}  // namespace octet::tools
