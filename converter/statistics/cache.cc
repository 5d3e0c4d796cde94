// SPDX-License-Identifier: Apache-2.0
#include "converter/statistics/cache.h"

#include <cstdio>
#include <set>

namespace octet::converter {
namespace {

std::string number_text(float value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.9g", static_cast<double>(value));
  return text;
}

std::string list_text(const std::vector<float>& values) {
  std::string text;
  for (const float value : values) text += (text.empty() ? "" : ",") + number_text(value);
  return text.empty() ? "-" : text;
}

std::string shapes_text(const Graph& graph) {
  std::string text;
  for (const GraphPort& port : graph.inputs) {
    text += (text.empty() ? "" : " ") + port.name + "=";
    for (size_t i = 0; i < port.shape.size(); ++i) text += (i > 0 ? "," : "") + std::to_string(port.shape[i]);
  }
  return text;
}

Status mismatch(const std::string& path, const char* what, const std::string& has, const std::string& other,
                const std::string& wants) {
  return error(StatusCode::kInvalidArgument, "%s: calibrated with %s '%s'; %s has '%s'", path.c_str(), what,
               has.c_str(), other.c_str(), wants.c_str());
}

Status check_key(const std::string& path, const CalibrationCache& cache, const std::string& other,
                 const CalibrationCache& wanted) {
  if (cache.network_sha256 != wanted.network_sha256)
    return mismatch(path, "network (sha256)", cache.network_sha256, other, wanted.network_sha256);
  if (cache.shapes != wanted.shapes)
    return mismatch(path, "input shapes", cache.shapes, other, wanted.shapes);
  if (cache.preprocessing != wanted.preprocessing)
    return mismatch(path, "preprocessing", cache.preprocessing, other, wanted.preprocessing);
  return Status();
}

}  // namespace

std::string preprocessing_text(const ImagePreprocessing& image) {
  if (!image.present) return "none";
  const char* colors[] = {"RGB", "BGR", "GRAY"};
  std::string text = std::string("color ") + colors[static_cast<int>(image.color)];
  text += " mean " + list_text(image.mean) + " std " + list_text(image.std) + " resize ";
  text += image.resize_shorter_side > 0
              ? std::to_string(image.resize_shorter_side)
              : std::to_string(image.resize_width) + "x" + std::to_string(image.resize_height);
  return text + " crop " + std::to_string(image.crop_width) + "x" + std::to_string(image.crop_height);
}

std::map<ValueId, std::string> activation_names(const Graph& graph) {
  std::map<ValueId, std::string> names;
  std::set<std::string> taken;
  for (size_t id = 0; id < graph.values.size(); ++id) {
    const Value& value = graph.values[id];
    if (value.is_constant() || value.type != schema::TensorType_F32) continue;
    std::string name = value.name;
    for (int again = 2; !taken.insert(name).second; ++again) name = value.name + "#" + std::to_string(again);
    names[static_cast<ValueId>(id)] = name;
  }
  return names;
}

CalibrationCache make_cache(const Graph& graph, const std::string& sha256, const ConvertOptions& options,
                            Statistics statistics) {
  CalibrationCache cache{sha256, shapes_text(graph), preprocessing_text(options.preprocessing), {}};
  const std::map<ValueId, std::string> names = activation_names(graph);
  for (auto& [id, seen] : statistics) cache.tensors[names.at(id)] = std::move(seen);
  return cache;
}

Status statistics_from_cache(const Graph& graph, const std::string& sha256, const ConvertOptions& options,
                             Statistics* statistics) {
  const std::string& path = options.ranges.cache;
  CalibrationCache cache;
  OCTET_RETURN_IF_ERROR(read_cache(path, &cache));
  OCTET_RETURN_IF_ERROR(check_key(path, cache, "this conversion", make_cache(graph, sha256, options, {})));
  statistics->clear();
  std::set<ValueId> used;
  for (const auto& node : graph.nodes) {
    used.insert(node->inputs.begin(), node->inputs.end());
    used.insert(node->outputs.begin(), node->outputs.end());
  }
  for (const auto& [id, name] : activation_names(graph)) {
    const auto found = cache.tensors.find(name);
    if (found != cache.tensors.end())
      (*statistics)[id] = std::move(found->second);
    else if (used.count(id) != 0)
      return error(StatusCode::kInvalidArgument,
                   "%s: no statistics of '%s'; calibrate again with this version of Octet", path.c_str(),
                   name.c_str());
  }
  return Status();
}

Status merge_cache(const std::string& path, const std::string& later_path, const CalibrationCache& later,
                   CalibrationCache* cache) {
  OCTET_RETURN_IF_ERROR(check_key(path, *cache, later_path, later));
  for (const auto& [name, seen] : later.tensors)
    if (cache->tensors.count(name) == 0)
      return error(StatusCode::kInvalidArgument, "%s: no statistics of '%s', which %s has", path.c_str(),
                   name.c_str(), later_path.c_str());
  for (auto& [name, seen] : cache->tensors) {
    const auto found = later.tensors.find(name);
    if (found == later.tensors.end())
      return error(StatusCode::kInvalidArgument, "%s: no statistics of '%s', which %s has",
                   later_path.c_str(), name.c_str(), path.c_str());
    seen.merge(found->second);
  }
  return Status();
}

}  // namespace octet::converter
