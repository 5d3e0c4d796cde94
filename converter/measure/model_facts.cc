// SPDX-License-Identifier: Apache-2.0
#include "converter/measure/model_facts.h"

#include <algorithm>
#include <cstdio>

namespace octet::converter {
namespace {

const char* type_name(TensorType type) {
  switch (type) {
    case schema::TensorType_F32:
      return "f32";
    case schema::TensorType_S8:
      return "s8";
    case schema::TensorType_U8:
      return "u8";
    case schema::TensorType_S16:
      return "s16";
    case schema::TensorType_S32:
      return "s32";
    case schema::TensorType_S64:
      return "s64";
    case schema::TensorType_BOOL:
      return "bool";
  }
  return "?";
}

TensorReport tensor_report(const Tensor& tensor) {
  TensorReport report;
  report.name = tensor.name;
  report.type = type_name(tensor.type);
  report.shape.assign(tensor.shape.dims, tensor.shape.dims + tensor.shape.rank);
  const bool s8 = tensor.type == schema::TensorType_S8, s16 = tensor.type == schema::TensorType_S16;
  if (!(tensor.scale > 0) || !(s8 || s16)) return report;
  report.scale = tensor.scale;
  report.zero_point = tensor.zero_point;
  report.range_min = report.scale * ((s8 ? -128 : -16384) - tensor.zero_point);
  report.range_max = report.scale * ((s8 ? 127 : 16383) - tensor.zero_point);
  return report;
}

void fill_tensors(const Model& model, const std::vector<int>& indices, ConvertReport* report) {
  for (const Tensor& tensor : model.tensors())
    if (!tensor.is_constant()) report->tensors.push_back(tensor_report(tensor));
  const auto activation = [&](uint32_t tensor) -> TensorReport* {
    return indices[tensor] < 0 ? nullptr : &report->tensors[static_cast<size_t>(indices[tensor])];
  };
  for (const schema::Input* input : *model.root().inputs())
    if (TensorReport* tensor = activation(input->tensor())) tensor->input = true;
  for (const schema::Output* output : *model.root().outputs())
    if (TensorReport* tensor = activation(output->tensor())) tensor->output = true;
}

// The widest integers that it reads or writes, else f32, else "integer".
std::string precision_of(const LayerReport& layer, const std::vector<TensorReport>& tensors) {
  bool s16 = false, s8 = false, f32 = false;
  for (const auto* list : {&layer.inputs, &layer.outputs})
    for (const size_t index : *list) {
      s16 = s16 || (tensors[index].type == "s16" && tensors[index].scale > 0);
      s8 = s8 || tensors[index].type == "s8";
      f32 = f32 || tensors[index].type == "f32";
    }
  return s16 ? "s16" : s8 ? "s8" : f32 ? "f32" : "integer";
}

// Largest over least scale of the output channels.
std::optional<double> scale_spread(const schema::Tensor& weights) {
  const auto* scales = weights.channel_scales();
  if (scales == nullptr || scales->size() == 0) return std::nullopt;
  const auto [least, most] = std::minmax_element(scales->begin(), scales->end());
  if (!(*least > 0)) return std::nullopt;
  return static_cast<double>(*most) / static_cast<double>(*least);
}

// The activations among `operands`; constants are counted in *layer.
std::vector<size_t> take_operands(const Model& model, const flatbuffers::Vector<int32_t>* operands,
                                  const std::vector<int>& indices, LayerReport* layer) {
  std::vector<size_t> activations;
  if (operands == nullptr) return activations;
  for (const int32_t tensor : *operands) {
    if (tensor < 0) continue;
    const size_t index = static_cast<size_t>(tensor);
    if (indices[index] >= 0) {
      activations.push_back(static_cast<size_t>(indices[index]));
      continue;
    }
    layer->weights_bytes += model.tensors()[index].bytes;
    if (!layer->weight_scale_spread)
      layer->weight_scale_spread = scale_spread(*model.root().tensors()->Get(static_cast<unsigned>(tensor)));
  }
  return activations;
}

LayerReport layer_report(const Model& model, const schema::Operator& op, const std::vector<int>& indices) {
  LayerReport layer;
  layer.name = op.name() != nullptr ? op.name()->str() : "";
  layer.type = schema::EnumNameOperatorType(op.type());
  if (op.type() == schema::OperatorType_Binary && op.options_as_BinaryOptions() != nullptr)
    layer.type = schema::EnumNameBinaryKind(op.options_as_BinaryOptions()->kind());
  if (op.type() == schema::OperatorType_Unary && op.options_as_UnaryOptions() != nullptr)
    layer.type = schema::EnumNameUnaryKind(op.options_as_UnaryOptions()->kind());
  layer.reason = op.float_reason() != nullptr ? op.float_reason()->str() : "";
  layer.macs = op.macs();
  layer.inputs = take_operands(model, op.inputs(), indices, &layer);
  layer.outputs = take_operands(model, op.outputs(), indices, &layer);
  return layer;
}

}  // namespace

std::vector<int> activation_indices(const Model& model) {
  std::vector<int> indices;
  int next = 0;
  for (const Tensor& tensor : model.tensors()) indices.push_back(tensor.is_constant() ? -1 : next++);
  return indices;
}

void fill_facts(const Model& model, const LoweredModel& lowered, ConvertReport* report) {
  const schema::Facts& facts = *model.root().facts();
  report->arena_bytes = facts.arena_bytes();
  report->macs = facts.macs();
  report->weights_bytes = facts.weights_bytes();
  report->model_bytes = lowered.bytes;
  report->minimum_headroom_bits = lowered.minimum_headroom_bits;
  const std::vector<int> indices = activation_indices(model);
  fill_tensors(model, indices, report);
  if (model.root().operators() == nullptr) return;
  for (const schema::Operator* op : *model.root().operators()) {
    LayerReport layer = layer_report(model, *op, indices);
    layer.precision = precision_of(layer, report->tensors);
    const auto headroom = lowered.headroom_bits.find(layer.name);
    if (headroom != lowered.headroom_bits.end()) layer.headroom_bits = headroom->second;
    report->float_operators += layer.precision == "f32" ? 1 : 0;
    report->int8_operators += layer.precision == "s8" || layer.precision == "s16" ? 1 : 0;
    report->int16_operators += layer.precision == "s16" ? 1 : 0;
    report->layers.push_back(std::move(layer));
  }
}

void explain_int16(const ConvertOptions& options, ConvertReport* report) {
  const auto names = [](const std::vector<std::string>& list, const std::string& name) {
    return std::find(list.begin(), list.end(), name) != list.end();
  };
  for (LayerReport& layer : report->layers) {
    if (layer.precision != "s16" || !layer.reason.empty() || layer.outputs.empty()) continue;
    const TensorReport& output = report->tensors[layer.outputs[0]];
    if (output.type != "s16")
      layer.reason = "reads 16 bits";
    else if (names(report->budget.int16, output.name) || names(report->budget.int16, layer.name))
      layer.reason = "16 bits for the budget";
    else if (names(options.precision_options.int16, output.name) ||
             names(options.precision_options.int16, layer.name))
      layer.reason = "16 bits as asked";
    for (const SensitivityReport& item : report->budget.sensitivity)
      if (!item.weights && item.name == output.name && output.type == "s16") {
        char text[80];
        std::snprintf(text, sizeof text, ": in 8 bits it costs %.0f%% of all error", 100 * item.share);
        layer.reason += text;
        break;
      }
  }
}

}  // namespace octet::converter
