// SPDX-License-Identifier: Apache-2.0
//
// fold_mul_add_into_conv
//   Before        Conv, ConvTranspose or FullyConnected -> Mul, Div, Add or Sub with a constant per output channel
//   After         the convolution alone; the arithmetic is in its weights and bias
//   Applies when  weights, bias and the operand are finite constants; nobody else reads the convolution, and it has no
//                 activation yet; its output is not pinned, as then the network rounds before the arithmetic
//   Formula       per output channel o, in double and rounded once:
//                   y * c:  W[o] *= c, b[o] *= c          y + c:  b[o] += c
//                   y / c:  W[o] /= c, b[o] /= c          y - c:  b[o] -= c        c - y:  W[o] = -W[o], b[o] = c - b[o]
//                 Pinned weight scales follow: s[o] *= |c|.
#include <algorithm>
#include <cmath>

#include "converter/constant_math.h"
#include "converter/passes/passes.h"
#include "converter/passes/rewrite.h"

namespace octet::converter {

namespace {

constexpr char kStage[] = "fold_mul_add_into_conv";

// y[o] becomes factor[o] * y[o] + term[o].
struct Affine {
  std::vector<double> factor, term;
};

bool is_linear(const Node& node) {
  return node.op == "Conv" || node.op == "ConvTranspose" || node.op == "FullyConnected";
}

bool is_floating_constant(const Graph& graph, ValueId id) {
  return id != kNoValue && graph.value(id).is_constant() && graph.value(id).type == schema::TensorType_F32;
}

// Where the output channel of a weight is: element i belongs to channel `of(i)`.
struct WeightChannels {
  int64_t channels = 0, step = 1, per_group = 0, inputs_per_group = 0;

  size_t of(size_t i) const {
    const int64_t slice = static_cast<int64_t>(i) / step;
    if (per_group == 0) return static_cast<size_t>(slice);             // axis 0
    const int64_t input = slice / per_group, within = slice % per_group;   // [I, O / g, ...]
    return static_cast<size_t>(input / inputs_per_group * per_group + within);
  }
};

WeightChannels weight_channels(const Graph& graph, const Node& node) {
  const Dims& shape = graph.value(node.inputs[1]).shape;
  WeightChannels where;
  where.channels = shape[0];
  where.step = element_count(Dims(shape.begin() + 1, shape.end()));
  if (node.op != "ConvTranspose" || graph.layout == Layout::kNhwc) return where;
  const int64_t groups = node.integer("group", 1);
  where.per_group = shape[1];
  where.inputs_per_group = shape[0] / groups;
  where.channels = shape[1] * groups;
  where.step = shape[2] * shape[3];
  return where;
}

// The operand as one number per channel of y. False if it varies along another axis, or is not finite.
bool per_channel(const Graph& graph, const Node& linear, ValueId operand, int64_t channels,
                 std::vector<double>* numbers) {
  const Constant& constant = *graph.value(operand).constant;
  const size_t rank = graph.value(linear.outputs[0]).shape.size();
  const bool second = linear.op != "FullyConnected" && graph.layout == Layout::kNchw;
  const size_t axis = second ? 1 : rank - 1, lead = rank - constant.shape.size();
  if (constant.shape.size() > rank || element_count(constant.shape) == 0) return false;
  for (size_t i = 0; i < constant.shape.size(); ++i)
    if (constant.shape[i] != 1 && lead + i != axis) return false;
  *numbers = to_doubles(constant);
  for (double number : *numbers)
    if (!std::isfinite(number)) return false;
  if (numbers->size() == 1) numbers->assign(static_cast<size_t>(channels), (*numbers)[0]);
  return static_cast<int64_t>(numbers->size()) == channels;
}

// What `node` does with y, operand number `at` of it. False for c / y and y / 0.
bool affine_of(const Node& node, size_t at, const std::vector<double>& c, Affine* affine) {
  affine->factor.assign(c.size(), 1);
  affine->term.assign(c.size(), 0);
  if (node.op == "Mul") {
    affine->factor = c;
  } else if (node.op == "Add") {
    affine->term = c;
  } else if (node.op == "Sub" && at == 0) {
    for (size_t o = 0; o < c.size(); ++o) affine->term[o] = -c[o];
  } else if (node.op == "Sub") {
    affine->factor.assign(c.size(), -1);
    affine->term = c;
  } else {
    if (at != 0 || std::count(c.begin(), c.end(), 0.0) != 0) return false;
    for (size_t o = 0; o < c.size(); ++o) affine->factor[o] = 1 / c[o];
  }
  return true;
}

bool all_finite(const std::vector<float>& data) {
  return std::all_of(data.begin(), data.end(), [](float x) { return std::isfinite(x); });
}

struct Folded {
  std::vector<float> weights, bias;
};

// False if an element leaves the range of f32.
bool fold_numbers(const Graph& graph, const Node& linear, const Affine& affine, Folded* folded) {
  const WeightChannels where = weight_channels(graph, linear);
  folded->weights = to_floats(*graph.value(linear.inputs[1]).constant);
  for (size_t i = 0; i < folded->weights.size(); ++i)
    folded->weights[i] = static_cast<float>(folded->weights[i] * affine.factor[where.of(i)]);
  folded->bias.assign(affine.term.size(), 0);
  if (linear.input(2) != kNoValue) folded->bias = to_floats(*graph.value(linear.inputs[2]).constant);
  for (size_t o = 0; o < folded->bias.size(); ++o)
    folded->bias[o] = static_cast<float>(folded->bias[o] * affine.factor[o] + affine.term[o]);
  return folded->bias.size() == affine.term.size() && all_finite(folded->weights) && all_finite(folded->bias);
}

// The scales of the new weights: the same integers stand for the new numbers. channel_axis = -1 where no one axis
// counts the channels.
Quantization scaled_pin(const Quantization& pin, int channel_axis, const std::vector<double>& factor) {
  Quantization result = pin;
  if (!pin.quantized()) return result;
  const bool varies = std::any_of(factor.begin(), factor.end(),
                                  [&factor](double f) { return std::fabs(f) != std::fabs(factor[0]); });
  const auto times = [](float scale, double f) {
    return f == 0 ? scale : static_cast<float>(scale * std::fabs(f));   // weights are all 0 then: any scale
  };
  if (pin.channel_scales.empty() && !varies) {
    result.scale = times(pin.scale, factor[0]);
    return result;
  }
  if (pin.channel_scales.empty()) result.channel_scales.assign(factor.size(), pin.scale);
  if (channel_axis < 0 || result.channel_scales.size() != factor.size()) return Quantization();   // quantized anew
  for (size_t o = 0; o < factor.size(); ++o) result.channel_scales[o] = times(result.channel_scales[o], factor[o]);
  if (pin.channel_scales.empty()) result.channel_axis = channel_axis;
  result.scale = 0;
  return result;
}

void store(Graph* graph, Node* linear, const Folded& folded, const std::vector<double>& factor) {
  const Value weights = graph->value(linear->inputs[1]);
  const bool channels_second = linear->op == "ConvTranspose" && graph->layout == Layout::kNchw;
  const int axis = !channels_second ? 0 : linear->integer("group", 1) == 1 ? 1 : -1;
  const bool scaled = std::any_of(factor.begin(), factor.end(), [](double f) { return f != 1; });
  if (scaled) {
    linear->inputs[1] = graph->add_constant(weights.name, make_f32(weights.shape, folded.weights));
    graph->value(linear->inputs[1]).quantization = scaled_pin(weights.quantization, axis, factor);
  }
  const ValueId old = linear->input(2);
  const std::string name = old != kNoValue ? graph->value(old).name : linear->name + "/bias";
  linear->inputs.resize(3, kNoValue);
  linear->inputs[2] =
      graph->add_constant(name, make_f32({static_cast<int64_t>(folded.bias.size())}, folded.bias));
}

// The Conv-like node that writes operand `at` of `node` and may take the other, constant operand; else null.
Node* linear_writer(const Graph& graph, const Node& node, size_t at) {
  const ValueId y = node.inputs[at], operand = node.inputs[1 - at];
  if (!is_floating_constant(graph, operand)) return nullptr;
  Node* linear = graph.producer(y);
  if (linear == nullptr || !is_linear(*linear) || has_activation(*linear) || !has_one_reader(graph, y)) return nullptr;
  if (!is_floating_constant(graph, linear->input(1))) return nullptr;
  if (linear->input(2) != kNoValue && !is_floating_constant(graph, linear->input(2))) return nullptr;
  return graph.value(node.outputs[0]).shape == graph.value(y).shape ? linear : nullptr;
}

bool fold(Graph* graph, Node* node, size_t at, Diagnostics* diagnostics) {
  Node* linear = linear_writer(*graph, *node, at);
  if (linear == nullptr) return false;
  std::vector<double> operand;
  Affine affine;
  Folded folded;
  const int64_t channels = weight_channels(*graph, *linear).channels;
  if (!per_channel(*graph, *linear, node->inputs[1 - at], channels, &operand)) return false;
  if (!affine_of(*node, at, operand, &affine) || !fold_numbers(*graph, *linear, affine, &folded)) return false;
  if (graph->value(linear->outputs[0]).quantization.quantized()) {
    note_pinned(*graph, linear->outputs[0], *node, kStage, diagnostics);
    return false;
  }
  store(graph, linear, folded, affine.factor);
  for (const char* key : {"activation_min", "activation_max", "table_activation"})
    if (node->has(key)) linear->attributes[key] = node->attributes[key];
  linear->outputs = node->outputs;
  diagnostics->detail(kStage, linear->name, "takes " + node->op + " '" + node->name + "'");
  retire(node);
  return true;
}

}  // namespace

Status fold_mul_add_into_conv(Graph* graph, Diagnostics* diagnostics, bool* changed) {
  bool any = false;
  for (const auto& node : graph->nodes) {
    if (node->op != "Mul" && node->op != "Add" && node->op != "Sub" && node->op != "Div") continue;
    for (size_t at = 0; at < 2 && !node->inputs.empty(); ++at) any |= fold(graph, node.get(), at, diagnostics);
  }
  if (!any) return Status();
  graph->remove_dead_nodes();
  *changed = true;
  return Status();
}

}  // namespace octet::converter
