// SPDX-License-Identifier: Apache-2.0
//
// The `octet` command: converts, runs, measures, inspects, evaluates and
// verifies models. See docs/cli.md.
#include <cstdio>

#include "tools/commands/commands.h"

int main(int argc, char** argv) {
  using namespace octet::tools;
  Arguments arguments;
  int exit_code = 0;
  if (!parse_arguments(argc, argv, &arguments, &exit_code)) return exit_code;
  switch (arguments.command) {
    case Command::kConvert:
#ifdef OCTET_HAVE_CONVERTER
      return run_convert(arguments);
#else
      fprintf(stderr, "octet: convert: this build has no converter; convert on a desktop\n");
      return 2;
#endif
    case Command::kRun: return run_run(arguments);
    case Command::kBench: return run_bench(arguments);
    case Command::kInspect: return run_inspect(arguments);
    case Command::kEval: return run_eval(arguments);
    case Command::kVerify: return run_verify(arguments);
    case Command::kNone: break;
  }
  return 2;
}
