// SPDX-License-Identifier: Apache-2.0
//
// The report of a conversion as JSON, schema "octet report 1" (docs/cli.md): the one form in which it is
// kept. The page (report_page.h) shows this text.
#pragma once

#include <string>

#include "octet_converter/converter.h"
#include "tools/report/measure_speed.h"

namespace octet::tools {

// What the converter does not know.
struct ReportFacts {
  std::string source, output;  // files
  std::string options;         // the command line
  Speed speed;
};

std::string report_json(const converter::ConvertReport& report, const ReportFacts& facts);

}  // namespace octet::tools
