// SPDX-License-Identifier: Apache-2.0
//
// CalibrationCache <-> JSON text.
#include <cmath>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>

#include "converter/statistics/cache.h"

namespace octet::converter {
namespace {

using Json = nlohmann::json;

constexpr char kFormat[] = "octet calibration 1";

std::string quoted(const std::string& text) {
  return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
}

// Nine digits tell any two floats apart. + 0: never "-0".
std::string number(float value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.9g", static_cast<double>(value + 0.0f));
  return text;
}

std::string pair(const Range& range) { return "[" + number(range.min) + "," + number(range.max) + "]"; }

std::string sum_text(const ExactSum& sum) {
  std::string text;
  for (const auto& [exponent, mantissa] : sum.terms())
    text += (text.empty() ? "[" : ",[") + std::to_string(exponent) + "," + std::to_string(mantissa) + "]";
  return "[" + text + "]";
}

// Lines start at multiples of 32 bins, so that a diff shows where counts differ.
std::string counts_text(const Histogram& histogram) {
  std::string text = "[";
  for (int bin = histogram.first(); bin < histogram.last(); ++bin) {
    if (bin > histogram.first()) text += bin % 32 == 0 ? ",\n" : ",";
    text += std::to_string(histogram.count(bin));
  }
  return text + "]";
}

template <class Items>
std::string pairs_text(const Items& items) {
  std::string text = "[";
  for (size_t i = 0; i < items.size(); ++i) text += (i == 0 ? "" : i % 8 == 0 ? ",\n" : ",") + pair(items[i]);
  return text + "]";
}

std::string tensor_text(const TensorStatistics& seen) {
  const Histogram& histogram = seen.histogram;
  std::string text = "{\"min\":" + number(seen.range.min) + ",\"max\":" + number(seen.range.max);
  text += ",\"zeros\":" + std::to_string(histogram.zeros());
  text += ",\"sum\":" + sum_text(seen.sum) + ",\"sum_of_squares\":" + sum_text(seen.sum_of_squares);
  text += ",\n\"exponent\":" + std::to_string(histogram.exponent());
  text += ",\"first_bin\":" + std::to_string(histogram.first()) + ",\"counts\":" + counts_text(histogram);
  text += ",\n\"channels\":" + pairs_text(seen.channels);
  text += ",\n\"dropped\":" + std::to_string(seen.recent.dropped());
  text += ",\"dropped_range\":" + pair(seen.recent.before());
  return text + ",\"samples\":" + pairs_text(seen.recent.kept()) + "}";
}

float finite(const Json& value) {
  const float result = static_cast<float>(value.get<double>());
  if (!std::isfinite(result)) throw std::runtime_error("a number is not finite");
  return result;
}

uint64_t natural(const Json& value) {
  if (!value.is_number_unsigned()) throw std::runtime_error("a count is no natural number");
  return value.get<uint64_t>();
}

Range read_pair(const Json& value) {
  const Range range{finite(value.at(0)), finite(value.at(1))};
  if (range.min > range.max) throw std::runtime_error("a minimum is above its maximum");
  return range;
}

void read_sum(const Json& value, ExactSum* sum) {
  for (const Json& term : value) sum->add_term(term.at(0).get<int>(), term.at(1).get<int64_t>());
}

void read_tensor(const Json& value, TensorStatistics* seen) {
  seen->range = read_pair({value.at("min"), value.at("max")});
  read_sum(value.at("sum"), &seen->sum);
  read_sum(value.at("sum_of_squares"), &seen->sum_of_squares);
  std::vector<uint64_t> counts;
  for (const Json& count : value.at("counts")) counts.push_back(natural(count));
  if (!seen->histogram.restore(value.at("exponent").get<int>(), value.at("first_bin").get<int>(), counts,
                               natural(value.at("zeros"))))
    throw std::runtime_error("the counts do not fit the histogram");
  for (const Json& channel : value.at("channels")) seen->channels.push_back(read_pair(channel));
  std::deque<Range> kept;
  for (const Json& sample : value.at("samples")) kept.push_back(read_pair(sample));
  if (kept.size() > RecentExtremes::kKept) throw std::runtime_error("more than 1024 samples are listed");
  seen->recent.restore(natural(value.at("dropped")), read_pair(value.at("dropped_range")), std::move(kept));
}

void read_all(const Json& root, CalibrationCache* cache) {
  if (root.at("format").get<std::string>() != kFormat)
    throw std::runtime_error("format must be '" + std::string(kFormat) + "'");
  cache->network_sha256 = root.at("network_sha256").get<std::string>();
  cache->shapes = root.at("shapes").get<std::string>();
  cache->preprocessing = root.at("preprocessing").get<std::string>();
  for (const auto& [name, value] : root.at("tensors").items()) {
    try {
      read_tensor(value, &cache->tensors[name]);
    } catch (const std::exception& failure) {
      throw std::runtime_error("tensor '" + name + "': " + failure.what());
    }
  }
}

}  // namespace

std::string cache_text(const CalibrationCache& cache) {
  std::string text =
      "{\"format\":" + quoted(kFormat) + ",\n\"network_sha256\":" + quoted(cache.network_sha256);
  text += ",\n\"shapes\":" + quoted(cache.shapes) + ",\n\"preprocessing\":" + quoted(cache.preprocessing);
  text += ",\n\"tensors\":{";
  bool first = true;
  for (const auto& [name, seen] : cache.tensors) {
    text += (first ? "\n" : ",\n") + quoted(name) + ":" + tensor_text(seen);
    first = false;
  }
  return text + "}}\n";
}

Status read_cache(const std::string& path, CalibrationCache* cache) {
  std::ifstream file(path);
  if (!file) return error(StatusCode::kIoError, "%s: cannot open", path.c_str());
  *cache = CalibrationCache();
  try {
    read_all(Json::parse(file), cache);
  } catch (const std::exception& failure) {
    return error(StatusCode::kInvalidArgument, "%s: no calibration cache: %s", path.c_str(), failure.what());
  }
  return Status();
}

}  // namespace octet::converter
