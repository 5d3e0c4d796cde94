// SPDX-License-Identifier: Apache-2.0
//
// What octet convert says of the conversion's losses, and the files of --report.
#pragma once

#include "octet_converter/converter.h"
#include "tools/arguments.h"

namespace octet::tools {

// Are the names of --report and --compare such that write_reports can write them?
Status check_report_options(const Arguments& arguments);

// On how many samples losses are measured: more, with histograms, for a file.
converter::ReportOptions report_options(const Arguments& arguments);

// Runs the written model for its speed, and writes every file of --report, .json or .html.
Status write_reports(const Arguments& arguments, const std::string& options,
                     const converter::ConvertReport& report);

// The outputs' error, and the layers that lose most by themselves: a few lines on stdout.
void print_losses(const converter::ConvertReport& report);

}  // namespace octet::tools
