// SPDX-License-Identifier: Apache-2.0
//
// A report as one self-contained HTML page: page.html with page.css, charts.js and page.js in it, and the
// report's JSON, from which they draw. It loads nothing (its Content-Security-Policy forbids it), and names
// in the JSON enter the page as text.
#pragma once

#include <string>
#include <vector>

#include "runtime/status.h"

namespace octet::tools {

// One report's JSON, or two to stand side by side.
std::string report_page(const std::vector<std::string>& reports);

// A file that report_json wrote; an error where it is none. *text is its JSON.
Status read_report(const std::string& path, std::string* text);

}  // namespace octet::tools
