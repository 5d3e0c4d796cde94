// SPDX-License-Identifier: Apache-2.0
#include "converter/ranges/choose_ranges.h"

#include <cmath>
#include <set>
#include <string>

namespace octet::converter {
namespace {

const std::set<std::string>& movements() {
  static const std::set<std::string> names = {"Reshape", "Transpose", "Concat", "Slice",          "Pad",
                                              "MaxPool", "Expand",    "Tile",   "ChannelShuffle", "Identity",
                                              "Gather",  "Where",     "Resize"};
  return names;
}

// From below by ReLU, from both sides, or by what it computes.
bool bounded(const Node& node) {
  if (node.op == "Sigmoid" || node.op == "Softmax" || node.op == "Tanh" || node.op == "HardSigmoid")
    return true;
  const char* low = node.op == "Clip" ? "min" : "activation_min";
  const char* high = node.op == "Clip" ? "max" : "activation_max";
  return std::isfinite(node.number(low, -INFINITY)) || std::isfinite(node.number(high, INFINITY));
}

// Whether every way from `value` leads to an output of the network without weights.
bool is_answer(const Graph& graph, ValueId value, int depth) {
  if (graph.is_graph_output(value)) return true;
  const std::vector<Node*> readers = graph.consumers(value);
  if (readers.empty() || depth == 0) return false;
  for (const Node* reader : readers) {
    const bool passes = movements().count(reader->op) != 0 || reader->op == "Softmax" ||
                        reader->op == "LogSoftmax" || reader->op == "Sigmoid" ||
                        reader->op == "AveragePool" || reader->op == "Reduce";
    if (!passes || !is_answer(graph, reader->outputs[0], depth - 1)) return false;
  }
  return true;
}

// The activations of `seen` (a map by ValueId) that the user calls `name`: a tensor's name or an input's.
template <class Map>
Status find_named(const Graph& graph, const Map& seen, const char* what, const std::string& name,
                  std::set<ValueId>* named) {
  for (const GraphPort& port : graph.inputs)
    if (port.name == name && seen.count(port.value) != 0) named->insert(port.value);
  for (const auto& entry : seen)
    if (graph.value(entry.first).name == name) named->insert(entry.first);
  if (!named->empty()) return Status();
  return error(StatusCode::kInvalidArgument,
               "%s of '%s': no float activation has this name after fusing; a calibration cache lists them",
               what, name.c_str());
}

// The tensors for which the user chose a method of their own.
Status find_methods(const Graph& graph, const Statistics& statistics, const RangeOptions& options,
                    std::map<ValueId, const RangeMethod*>* methods, Diagnostics* diagnostics) {
  for (const auto& [name, method] : options.methods) {
    RangeOptions asked = options;
    asked.method = method;
    const RangeMethod* row = nullptr;
    OCTET_RETURN_IF_ERROR(find_range_method(asked, &row));
    std::set<ValueId> named;
    OCTET_RETURN_IF_ERROR(find_named(graph, statistics, "range method", name, &named));
    for (const ValueId id : named) (*methods)[id] = row;
    if (row->caution != nullptr) diagnostics->warning("calibrate", name, row->caution);
  }
  return Status();
}

}  // namespace

Status fix_ranges(const Graph& graph, const RangeOptions& options, Ranges* ranges) {
  for (const auto& [name, range] : options.fixed) {
    if (!(range.first < range.second) || !std::isfinite(range.first) || !std::isfinite(range.second))
      return error(StatusCode::kInvalidArgument,
                   "range of '%s': [%g, %g]; the minimum must be below the maximum", name.c_str(),
                   static_cast<double>(range.first), static_cast<double>(range.second));
    std::set<ValueId> named;
    OCTET_RETURN_IF_ERROR(find_named(graph, *ranges, "range", name, &named));
    for (const ValueId id : named) (*ranges)[id] = {range.first, range.second};
  }
  return Status();
}

bool clips_by_error(const Graph& graph, ValueId value) {
  constexpr int kDepth = 32;
  if (is_answer(graph, value, kDepth)) return false;
  const Node* writer = graph.producer(value);
  for (int depth = 0; writer != nullptr && movements().count(writer->op) != 0 && depth < kDepth; ++depth) {
    ValueId moved = kNoValue;  // the first activation that the operator moves
    for (const ValueId id : writer->inputs)
      if (moved == kNoValue && id != kNoValue && !graph.value(id).is_constant()) moved = id;
    if (moved == kNoValue) break;
    writer = graph.producer(moved);
  }
  return writer != nullptr && !bounded(*writer);
}

Status choose_ranges(const Graph& graph, const Statistics& statistics, const RangeOptions& options,
                     Ranges* ranges, Diagnostics* diagnostics) {
  const RangeMethod* method = nullptr;
  OCTET_RETURN_IF_ERROR(find_range_method(options, &method));
  if (method->caution != nullptr) diagnostics->warning("calibrate", "", method->caution);
  std::map<ValueId, const RangeMethod*> own;
  OCTET_RETURN_IF_ERROR(find_methods(graph, statistics, options, &own, diagnostics));
  ranges->clear();
  size_t clipped = 0;
  for (const auto& [id, seen] : statistics) {
    Range& range = (*ranges)[id];
    const auto found = own.find(id);
    const RangeMethod& row = found != own.end() ? *found->second : *method;
    if (row.range != nullptr)
      range = row.range(seen, options);
    else
      range = clips_by_error(graph, id) ? mse_range(seen, options) : minmax_range(seen, options);
    clipped += range.min > std::min(seen.range.min, 0.0f) || range.max < std::max(seen.range.max, 0.0f);
  }
  OCTET_RETURN_IF_ERROR(fix_ranges(graph, options, ranges));
  diagnostics->note("calibrate", "",
                    options.method + " clips the extremes of " + std::to_string(clipped) + " of " +
                        std::to_string(ranges->size()) + " activations");
  return Status();
}

}  // namespace octet::converter
