// SPDX-License-Identifier: Apache-2.0
#include "tools/commands/report.h"

#include <cstdio>

#include "tools/commands/commands.h"

namespace octet::tools {
namespace {

std::string escape(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '&')
      escaped += "&amp;";
    else if (c == '<')
      escaped += "&lt;";
    else if (c == '>')
      escaped += "&gt;";
    else
      escaped += c;
  }
  return escaped;
}

std::string row(const std::string& label, const std::string& value) {
  return "<tr><th>" + escape(label) + "</th><td>" + escape(value) + "</td></tr>\n";
}

std::string list(const char* title, const std::vector<std::string>& lines) {
  if (lines.empty()) return "";
  std::string html = std::string("<h2>") + title + "</h2>\n<ul>\n";
  for (const std::string& line : lines) html += "<li>" + escape(line) + "</li>\n";
  return html + "</ul>\n";
}

constexpr char kHead[] =
    "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>Octet conversion</title>\n<style>"
    "body{font:15px/1.5 system-ui,sans-serif;max-width:70em;margin:2em auto;padding:0 1em;color:#222}"
    "table{border-collapse:collapse}th,td{text-align:left;padding:.2em .8em;border-bottom:1px solid #ddd}"
    "tr.f32 td{background:#fff3e0}</style>\n";

}  // namespace

std::string report_html(const std::string& source, const std::string& output,
                        const converter::ConvertReport& report) {
  char number[64];
  std::string html = kHead;
  html += "<h1>" + escape(source) + " &rarr; " + escape(output) + "</h1>\n<table>\n";
  html += row("Size", bytes_text(report.source_bytes) + " to " + bytes_text(report.model_bytes));
  html += row("Operators", std::to_string(report.int8_operators) + " in INT8, " +
                               std::to_string(report.float_operators) + " in float");
  html += row("Weights", bytes_text(report.weights_bytes));
  html += row("Arena", bytes_text(report.arena_bytes));
  snprintf(number, sizeof number, "%.2f million", static_cast<double>(report.macs) / 1e6);
  html += row("MACs", number);
  html += row("Calibration samples", std::to_string(report.samples));
  snprintf(number, sizeof number, "%.2f bits", report.minimum_headroom_bits);
  html += row("Least accumulator headroom", number);
  html += "</table>\n" + list("Warnings", report.warnings) + list("Notes", report.notes);
  html += "<h2>Layers</h2>\n<table>\n<tr><th>Name</th><th>Operator</th><th>Precision</th><th>Why float</th></tr>\n";
  for (const converter::LayerReport& layer : report.layers)
    html += "<tr class=\"" + escape(layer.precision) + "\"><td>" + escape(layer.name) + "</td><td>" +
            escape(layer.type) + "</td><td>" + escape(layer.precision) + "</td><td>" + escape(layer.reason) +
            "</td></tr>\n";
  return html + "</table>\n</html>\n";
}

}  // namespace octet::tools
