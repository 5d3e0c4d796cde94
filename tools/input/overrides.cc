// SPDX-License-Identifier: Apache-2.0
#include "tools/input/overrides.h"

#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

namespace octet::tools {
namespace {

using Json = nlohmann::ordered_json;
using converter::ConvertOptions;

// Where in the file an entry stands, for messages.
struct Place {
  const std::string& path;
  std::string kind, name;  // "nodes", "conv1"

  Status refuse(const std::string& key, const Json& value, const char* rule) const {
    return error(StatusCode::kInvalidArgument, "%s: %s '%s': %s %s; %s", path.c_str(), kind.c_str(),
                 name.c_str(), key.c_str(), value.dump().c_str(), rule);
  }
};

bool is_text(const Json& value, const char* text) {
  return value.is_string() && value.get<std::string>() == text;
}

Status read_precision(const Place& place, const Json& value, bool node,
                      converter::PrecisionOptions* options) {
  if (is_text(value, "int8"))
    options->int8.push_back(place.name);
  else if (is_text(value, "int16"))
    options->int16.push_back(place.name);
  else if (node && is_text(value, "fp32"))
    options->keep_float.push_back(place.name);
  else
    return place.refuse("precision", value,
                        node ? "must be \"int8\", \"int16\" or \"fp32\"" : "must be \"int8\" or \"int16\"");
  return Status();
}

Status read_range(const Place& place, const Json& value, converter::RangeOptions* options) {
  const bool pair = value.is_array() && value.size() == 2 && value[0].is_number() && value[1].is_number();
  const float low = pair ? value[0].get<float>() : 0, high = pair ? value[1].get<float>() : 0;
  if (!(low < high) || !std::isfinite(low) || !std::isfinite(high))
    return place.refuse("range", value, "must be [min, max], finite, with min below max");
  options->fixed[place.name] = {low, high};
  return Status();
}

Status read_node(const Place& place, const std::string& key, const Json& value, ConvertOptions* options) {
  if (key == "precision") return read_precision(place, value, true, &options->precision_options);
  if (key != "weights")
    return place.refuse(key, value, "unknown key; a node has \"precision\" and \"weights\"");
  if (!is_text(value, "per-tensor") && !is_text(value, "per-channel"))
    return place.refuse(key, value, "must be \"per-tensor\" or \"per-channel\"");
  options->ranges.weights_per_tensor[place.name] = is_text(value, "per-tensor");
  return Status();
}

Status read_tensor(const Place& place, const std::string& key, const Json& value, ConvertOptions* options) {
  if (key == "precision") return read_precision(place, value, false, &options->precision_options);
  if (key == "range") return read_range(place, value, &options->ranges);
  if (key != "method")
    return place.refuse(key, value, "unknown key; a tensor has \"precision\", \"range\" and \"method\"");
  if (!value.is_string()) return place.refuse(key, value, "must be a name that --method takes");
  options->ranges.methods[place.name] = value.get<std::string>();
  return Status();
}

Status read_entry(const Place& place, const Json& entry, ConvertOptions* options) {
  if (!entry.is_object() || entry.empty())
    return error(StatusCode::kInvalidArgument, "%s: %s '%s': must be an object with at least one key",
                 place.path.c_str(), place.kind.c_str(), place.name.c_str());
  for (const auto& [key, value] : entry.items())
    OCTET_RETURN_IF_ERROR(place.kind == "nodes" ? read_node(place, key, value, options)
                                                : read_tensor(place, key, value, options));
  if (entry.contains("range") && entry.contains("method"))
    return place.refuse("method", entry["method"], "the range is given as well; one of the two decides");
  return Status();
}

}  // namespace

Status parse_overrides(const std::string& path, const std::string& text, ConvertOptions* options) {
  const Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded() || !json.is_object())
    return error(StatusCode::kInvalidArgument, "%s: not a JSON object", path.c_str());
  for (const auto& [kind, entries] : json.items()) {
    if ((kind != "nodes" && kind != "tensors") || !entries.is_object())
      return error(StatusCode::kInvalidArgument,
                   "%s: '%s'; the file has the objects \"nodes\" and \"tensors\" and nothing else",
                   path.c_str(), kind.c_str());
    for (const auto& [name, entry] : entries.items())
      OCTET_RETURN_IF_ERROR(read_entry({path, kind, name}, entry, options));
  }
  return Status();
}

Status read_overrides(const std::string& path, ConvertOptions* options) {
  std::ifstream file(path);
  if (!file)
    return error(StatusCode::kIoError, "--overrides %s: cannot open: %s", path.c_str(), strerror(errno));
  std::ostringstream text;
  text << file.rdbuf();
  return parse_overrides(path, text.str(), options);
}

}  // namespace octet::tools
