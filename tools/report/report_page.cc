// SPDX-License-Identifier: Apache-2.0
#include "tools/report/report_page.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

namespace octet::tools {
namespace {

constexpr char kPage[] =
#include "page.html.inc"
    ;
constexpr char kStyle[] =
#include "page.css.inc"
    ;
constexpr char kCharts[] =
#include "charts.js.inc"
    ;
constexpr char kScript[] =
#include "page.js.inc"
    ;

void put(const std::string& place, const std::string& text, std::string* page) {
  page->replace(page->find(place), place.size(), text);
}

// Nothing in it can end the script element that holds it: "<" becomes an escape, which JSON allows in
// strings, the only place where it occurs.
std::string without_tags(const std::string& json) {
  std::string safe;
  for (const char c : json)
    if (c == '<')
      safe += "\\u003c";
    else
      safe += c;
  return safe;
}

}  // namespace

std::string report_page(const std::vector<std::string>& reports) {
  std::string data = "[";
  for (const std::string& report : reports) data += (data.size() > 1 ? "," : "") + without_tags(report);
  std::string page = kPage;
  put("{{page.css}}", kStyle, &page);
  put("{{charts.js}}", kCharts, &page);
  put("{{page.js}}", kScript, &page);
  put("{{data}}", data + "]", &page);  // last: it may hold what looks like a place
  return page;
}

Status read_report(const std::string& path, std::string* text) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return error(StatusCode::kIoError, "%s: cannot open: %s", path.c_str(), strerror(errno));
  std::ostringstream bytes;
  bytes << file.rdbuf();
  const nlohmann::ordered_json json = nlohmann::ordered_json::parse(bytes.str(), nullptr, false);
  const auto format = json.is_object() ? json.find("format") : json.end();
  if (json.is_discarded() || format == json.end() || *format != "octet report 1")
    return error(StatusCode::kInvalidArgument,
                 "%s: no report of a conversion; must be what octet convert --report FILE.json wrote",
                 path.c_str());
  *text = json.dump(1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  return Status();
}

}  // namespace octet::tools
