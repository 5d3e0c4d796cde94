// SPDX-License-Identifier: Apache-2.0
//
// The conversion's report as one self-contained HTML page.
#pragma once

#include <string>

#include "octet_converter/converter.h"

namespace octet::tools {

// The page's text: sizes, what runs where and why, warnings and notes.
std::string report_html(const std::string& source, const std::string& output,
                        const converter::ConvertReport& report);

}  // namespace octet::tools
