// SPDX-License-Identifier: Apache-2.0
#include "converter/quantize/wide_pin.h"

#include "converter/quantize/uses.h"

namespace octet::converter {
namespace {

constexpr int kWideAxis = -2;

}  // namespace

Quantization wide_pin(double scale, int64_t zero_point, int64_t low, int64_t high) {
  Quantization result;
  for (int64_t q : {low, high})
    result.channel_scales.push_back(static_cast<float>(scale * static_cast<double>(q - zero_point)));
  result.channel_axis = kWideAxis;
  return result;
}

bool is_wide_pin(const Quantization& quantization) {
  return quantization.channel_axis == kWideAxis && quantization.channel_scales.size() == 2;
}

void take_wide_pins(Graph* graph, Ranges* ranges, std::vector<std::string>* int16) {
  const Uses uses(*graph);
  for (size_t i = 0; i < graph->values.size(); ++i) {
    const ValueId id = static_cast<ValueId>(i);
    Value& value = graph->value(id);
    if (!is_wide_pin(value.quantization)) continue;
    const Range range = {value.quantization.channel_scales[0], value.quantization.channel_scales[1]};
    value.quantization = Quantization();
    if (!is_f32_activation(*graph, id)) continue;
    if (uses.writer(id) == nullptr && uses.readers(id).empty()) continue;  // dead
    (*ranges)[id] = range;
    int16->push_back(value.name);
  }
}

}  // namespace octet::converter
