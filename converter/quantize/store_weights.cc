// SPDX-License-Identifier: Apache-2.0
#include "converter/quantize/store_weights.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <set>

namespace octet::converter {

namespace {

struct Group {
  float scale = 0;
  double squared_error = 0;
};

int rounded(float weight, float scale, int largest) {
  if (scale == 0) return 0;
  return std::clamp(static_cast<int>(std::nearbyint(weight / scale)), -largest, largest);
}

double squared_error(const float* weights, size_t count, float scale, int largest) {
  double sum = 0;
  for (size_t i = 0; i < count; ++i) {
    const double lost =
        weights[i] - static_cast<double>(scale * static_cast<float>(rounded(weights[i], scale, largest)));
    sum += lost * lost;
  }
  return sum;
}

Group choose_scale(const float* weights, size_t count, int bits) {
  const int largest = bits == 8 ? 127 : 7;
  float peak = 0;
  for (size_t i = 0; i < count; ++i) peak = std::max(peak, std::fabs(weights[i]));
  Group best;
  best.scale = peak / static_cast<float>(largest);
  best.squared_error = squared_error(weights, count, best.scale, largest);
  if (bits == 8) return best;
  for (int step = 1; step < 16; ++step) {
    Group other;
    other.scale = peak / static_cast<float>(largest) * (1.0f - static_cast<float>(step) / 32.0f);
    other.squared_error = squared_error(weights, count, other.scale, largest);
    if (other.squared_error < best.squared_error) best = other;
  }
  return best;
}

void pack(int q, int bits, size_t column, uint8_t* row) {
  if (bits == 8)
    row[column] = static_cast<uint8_t>(q);
  else
    row[column / 2] = static_cast<uint8_t>(row[column / 2] | (q & 15) << (column % 2 * 4));
}

struct Stored {
  StoredForm form;
  Constant numbers;
  double sqnr_db = 0;
};

// `constant` as a matrix of dims[0] rows.
Stored store(const Constant& constant, int bits, int64_t group_size) {
  const auto rows = static_cast<size_t>(constant.shape[0]);
  const size_t columns = constant.elements() / rows, group = static_cast<size_t>(group_size);
  const size_t row_bytes = (columns * static_cast<size_t>(bits) + 7) / 8;
  Stored stored;
  stored.form.bits = bits;
  stored.form.group_size = group_size;
  stored.numbers = constant;
  Constant packed;
  packed.type = schema::TensorType_U8;
  packed.shape = {static_cast<int64_t>(rows * row_bytes)};
  packed.bytes.assign(rows * row_bytes, 0);
  double signal = 0, noise = 0;
  for (size_t r = 0; r < rows; ++r)
    for (size_t first = 0; first < columns; first += group) {
      const size_t count = std::min(group, columns - first);
      const float* weights = constant.as<float>() + r * columns + first;
      const Group chosen = choose_scale(weights, count, bits);
      stored.form.scales.push_back(chosen.scale);
      noise += chosen.squared_error;
      for (size_t i = 0; i < count; ++i) {
        const int q = rounded(weights[i], chosen.scale, bits == 8 ? 127 : 7);
        pack(q, bits, first + i, packed.bytes.data() + r * row_bytes);
        stored.numbers.as<float>()[r * columns + first + i] = chosen.scale * static_cast<float>(q);
        signal += static_cast<double>(weights[i]) * weights[i];
      }
    }
  stored.sqnr_db = noise > 0 ? 10 * std::log10(signal / noise) : INFINITY;
  stored.form.packed = std::make_shared<const Constant>(std::move(packed));
  return stored;
}

// Which inputs of an operator are weights, and whether an output channel is a whole row of dims[0] or
// only the last axis.
struct WeightRule {
  const char* op;
  std::vector<size_t> inputs;
  bool whole_rows;
};

const WeightRule* find_rule(const Node& node) {
  static const std::vector<WeightRule> rules = {
      {"Conv", {1}, true},       {"ConvTranspose", {1}, true}, {"FullyConnected", {1}, true},
      {"MatMul", {0, 1}, false}, {"Gather", {0}, true},        {"LSTM", {1, 2}, false},
      {"GRU", {1, 2}, false},    {"RNN", {1, 2}, false},
  };
  for (const WeightRule& rule : rules)
    if (node.op == rule.op) return &rule;
  return nullptr;
}

bool worth_storing(const Value& value) {
  return value.is_constant() && value.type == schema::TensorType_F32 && value.shape.size() >= 2 &&
         value.stored == nullptr && value.constant->elements() >= kWorthStoring &&
         std::all_of(value.constant->as<float>(), value.constant->as<float>() + value.constant->elements(),
                     [](float weight) { return std::isfinite(weight); });
}

// Constants that every reader takes as weights, and how many neighbours an output channel has.
std::map<ValueId, int64_t> weights_of(const Graph& graph) {
  std::map<ValueId, int64_t> found;
  std::set<ValueId> otherwise;
  for (const auto& node : graph.nodes) {
    const WeightRule* rule = find_rule(*node);
    for (size_t i = 0; i < node->inputs.size(); ++i) {
      const ValueId id = node->inputs[i];
      if (id == kNoValue || !worth_storing(graph.value(id))) continue;
      const bool weights =
          rule != nullptr && std::find(rule->inputs.begin(), rule->inputs.end(), i) != rule->inputs.end();
      if (!weights) {
        otherwise.insert(id);
        continue;
      }
      const Value& value = graph.value(id);
      const int64_t row = static_cast<int64_t>(value.constant->elements()) / value.shape[0];
      const int64_t channel = rule->whole_rows ? row : value.shape.back();
      if (channel >= kFewestInputs) found[id] = channel;
    }
  }
  for (const ValueId id : otherwise) found.erase(id);
  for (const GraphPort& port : graph.outputs) found.erase(port.value);
  return found;
}

}  // namespace

Status check_weight_options(const WeightOptions& options) {
  if (options.bits != 8 && options.bits != 4)
    return error(StatusCode::kInvalidArgument, "--weight-bits %d: must be 8 or 4", options.bits);
  if (options.group_size < 0)
    return error(StatusCode::kInvalidArgument, "--group-size %d: must not be negative", options.group_size);
  return Status();
}

void store_weights(Graph* graph, const WeightOptions& options, Diagnostics* diagnostics) {
  if (!options.store_as_integers) return;
  size_t constants = 0, before = 0, after = 0;
  for (const auto& [id, channel] : weights_of(*graph)) {
    const int64_t asked = options.group_size > 0 ? options.group_size : options.bits == 8 ? channel : 32;
    Value& value = graph->value(id);
    Stored stored = store(*value.constant, options.bits, std::min(asked, channel));
    ++constants;
    before += value.constant->bytes.size();
    after += stored.form.packed->bytes.size() + stored.form.scales.size() * sizeof(float);
    char lost[96];
    std::snprintf(lost, sizeof lost, "stored in %d bits, groups of %lld: %.1f dB", options.bits,
                  static_cast<long long>(stored.form.group_size), stored.sqnr_db);
    diagnostics->detail("store_weights", value.name, lost);
    value.constant = std::make_shared<const Constant>(std::move(stored.numbers));
    value.stored = std::make_shared<const StoredForm>(std::move(stored.form));
  }
  diagnostics->note("store_weights", "",
                    std::to_string(constants) + " constants of float operators stored in " +
                        std::to_string(options.bits) + " bits: " + std::to_string(after) +
                        " bytes instead of " + std::to_string(before));
}

}  // namespace octet::converter
