// SPDX-License-Identifier: Apache-2.0
//
// The `octet` command: converts, runs, measures, inspects, evaluates and
// verifies models. See docs/cli.md.
#include <cstdio>

#include "tools/commands/commands.h"

#if defined(OCTET_CONVERTS_IN_ANOTHER_PROGRAM)
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstring>

namespace {

// Becomes octet-convert, which stands beside this program. Returns only if it cannot.
int convert_beside(char** argv) {
  char path[PATH_MAX + 16] = "";
  const ssize_t length = readlink("/proc/self/exe", path, PATH_MAX);
  if (length > 0) {
    strcpy(path + length, "-convert");
    execv(path, argv);
  }
  fprintf(stderr, "octet: cannot start '%s': %s\n", path, strerror(errno));
  return 1;
}

}  // namespace
#endif

int main(int argc, char** argv) {
  using namespace octet::tools;
  Arguments arguments;
  int exit_code = 0;
  if (!parse_arguments(argc, argv, &arguments, &exit_code)) return exit_code;
  switch (arguments.command) {
    case Command::kConvert:
    case Command::kCalibrate:
#if defined(OCTET_CONVERTS_IN_ANOTHER_PROGRAM)
      return convert_beside(argv);
#elif defined(OCTET_HAVE_CONVERTER)
      return arguments.command == Command::kConvert ? run_convert(arguments) : run_calibrate(arguments);
#else
      fprintf(stderr, "octet: this build has no converter; convert on a desktop\n");
      return 2;
#endif
    case Command::kRun: return run_run(arguments);
    case Command::kBench: return run_bench(arguments);
    case Command::kInspect: return run_inspect(arguments);
    case Command::kEval: return run_eval(arguments);
    case Command::kVerify: return run_verify(arguments);
    case Command::kReport: return run_report(arguments);
    case Command::kNone: break;
  }
  return 2;
}
