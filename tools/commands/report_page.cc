// SPDX-License-Identifier: Apache-2.0
//
// octet report: the JSON of a conversion, or of two, as a page.
#include "tools/report/report_page.h"

#include <filesystem>
#include <fstream>

#include "tools/commands/commands.h"

namespace octet::tools {
namespace {

Status write_page(const Arguments& arguments) {
  std::vector<std::string> reports(1);
  OCTET_RETURN_IF_ERROR(read_report(arguments.model, &reports[0]));
  if (!arguments.compare.empty()) {
    reports.emplace_back();
    OCTET_RETURN_IF_ERROR(read_report(arguments.compare, &reports[1]));
  }
  const std::string aside = arguments.output + ".part";  // then renamed: no half-written file is left
  std::ofstream file(aside, std::ios::binary);
  file << report_page(reports);
  file.close();
  std::error_code failed;
  if (file) std::filesystem::rename(aside, arguments.output, failed);
  if (file && !failed) return Status();
  std::filesystem::remove(aside, failed);
  return error(StatusCode::kIoError, "%s: cannot write", arguments.output.c_str());
}

}  // namespace

int run_report(const Arguments& arguments) {
  const Status status = write_page(arguments);
  return status.ok() ? 0 : report_error(status);
}

}  // namespace octet::tools
