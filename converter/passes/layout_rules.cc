// SPDX-License-Identifier: Apache-2.0
//
// One rule per kind of operator: in which order it takes its inputs, what becomes of
// its attributes, and in which order its output then lies.
#include <algorithm>
#include <set>

#include "converter/dequantized_constant.h"
#include "converter/passes/layout_state.h"
#include "converter/passes/rewrite.h"
#include "converter/quantize/tables.h"

namespace octet::converter {

namespace {

using State = LayoutState;

// Attributes that have an entry per axis, rearranged to the stored order.
void permute_lists(Node* node, const char* key, const Permutation& order, size_t halves = 1) {
  const std::vector<int64_t> old = node->integers(key);
  std::vector<int64_t> list;
  for (size_t half = 0; half < halves; ++half)
    for (int axis : order) list.push_back(old[half * order.size() + static_cast<size_t>(axis)]);
  node->attributes[key] = list;
}

// The order that moves the fewest elements of the inputs with the output's rank; undecided: what readers
// want.
Permutation common_order(State* state, const Node& node, size_t rank) {
  std::map<Permutation, int64_t> votes;
  for (ValueId input : node.inputs) {
    if (input == kNoValue || state->rank(input) != rank || is_weight(state->graph(), state->physical(input)))
      continue;
    votes[state->stored(input)] += element_count(state->original(input));
  }
  if (votes.empty()) return State::natural(rank);
  const auto wanted = state->wanted(node.outputs[0]);
  Permutation best;
  int64_t most = -1;
  for (const auto& [order, count] : votes) {
    const bool preferred = wanted ? order == *wanted : !is_identity(order);
    if (count > most || (count == most && preferred)) best = order, most = count;
  }
  return best;
}

Status move_elementwise(State* state, Node* node) {
  const State::Scramble* scramble = node->inputs.empty() ? nullptr : state->scramble(node->inputs[0]);
  if (scramble != nullptr) {
    state->set_scramble(node->outputs[0], *scramble);
    node->inputs[0] = state->physical(node->inputs[0]);
    return {};
  }
  const Permutation order = common_order(state, *node, state->rank(node->outputs[0]));
  for (ValueId& input : node->inputs)
    if (input != kNoValue) input = state->materialize_operand(input, order);
  state->store(node->outputs[0], order);
  return {};
}

// Scale and zero point stay vectors; the axis they follow moves.
Status move_quantizer(State* state, Node* node) {
  if (state->graph().value(node->inputs[0]).is_constant()) return {};  // weights: moved by whoever reads them
  const ValueId x = node->inputs[0];
  if (const State::Scramble* scramble = state->scramble(x)) state->set_scramble(node->outputs[0], *scramble);
  const Permutation order = state->stored(x);
  if (state->graph().value(node->inputs[1]).constant->elements() > 1)
    node->attributes["axis"] = state->position(x, node->integer("axis"));
  node->inputs[0] = state->physical(x);
  state->store(node->outputs[0], order);
  return {};
}

// Scales along axis 1 of [I, O / g, h, w] hold for every group; the output has them along axis 0.
Quantization transposed_pin(Quantization pin, int64_t groups) {
  if (pin.channel_axis != 1) return pin.channel_axis < 0 ? pin : Quantization();  // per input: quantized anew
  const std::vector<float> once = pin.channel_scales;
  for (int64_t g = 1; g < groups; ++g)
    pin.channel_scales.insert(pin.channel_scales.end(), once.begin(), once.end());
  pin.channel_axis = 0;
  return pin;
}

// [O, I, h, w] -> [O, h, w, I].   Transposed: [I, O / g, h, w] -> [O, h, w, I / g].
Status move_conv_weights(State* state, Node* node) {
  Graph& graph = state->graph();
  const ValueId weights = node->inputs[1];
  if (node->op == "Conv") {
    node->inputs[1] = transpose_weight(&graph, weights, {0, 2, 3, 1});
    return {};
  }
  const int64_t groups = node->integer("group", 1);
  const Dims shape = graph.value(weights).shape;
  const Dims split = {groups, shape[0] / groups, shape[1], shape[2], shape[3]};
  const Dims joined = {groups * shape[1], shape[2], shape[3], shape[0] / groups};
  const Permutation order = {0, 2, 3, 4, 1};
  DequantizedConstant found;
  if (!find_dequantized_constant(graph, weights, &found)) {
    const Constant moved = transpose(reshape(*graph.value(weights).constant, split), order);
    const ValueId taken = graph.add_constant(graph.value(weights).name, reshape(moved, joined));
    graph.value(taken).quantization = transposed_pin(graph.value(weights).quantization, groups);
    node->inputs[1] = taken;
    return {};
  }
  // Scales along O / g hold for every group.
  Constant scale = *found.scale, zero_point;
  if (found.zero_point != nullptr) zero_point = *found.zero_point;
  if (found.axis == 0)
    return Status(StatusCode::kUnsupported,
                  "node '" + node->name + "': ConvTranspose with weight scales per input channel");
  if (found.axis > 0 && groups > 1) {
    const auto repeat = [&](const Constant& once) {
      return reshape(broadcast_to(reshape(once, {1, shape[1]}), {groups, shape[1]}), {groups * shape[1]});
    };
    scale = repeat(scale);
    if (found.zero_point != nullptr && found.zero_point->elements() > 1) zero_point = repeat(zero_point);
  }
  const Constant moved = reshape(transpose(reshape(*found.data, split), order), joined);
  node->inputs[1] =
      replace_dequantized(&graph, found, moved, scale, found.zero_point != nullptr ? &zero_point : nullptr,
                          found.axis < 0 ? -1 : 0);
  return {};
}

Status move_channels_last(State* state, Node* node) {
  const Permutation order = State::channels_last(state->rank(node->inputs[0]));
  node->inputs[0] = state->materialize(node->inputs[0], order);
  if (node->op == "Conv" || node->op == "ConvTranspose")
    OCTET_RETURN_IF_ERROR(move_conv_weights(state, node));
  state->store(node->outputs[0], order);
  return {};
}

Status move_fully_connected(State* state, Node* node) {
  const ValueId x = node->inputs[0];
  if (const State::Scramble* scramble = state->scramble(x)) {
    Graph& graph = state->graph();
    const int64_t outputs = graph.value(node->inputs[1]).shape[0],
                  columns = graph.value(node->inputs[1]).shape[1];
    Dims split = {outputs};
    split.insert(split.end(), scramble->axes.begin(), scramble->axes.end());
    Permutation order = {0};
    for (int axis : scramble->order) order.push_back(axis + 1);
    DequantizedConstant found;
    if (find_dequantized_constant(graph, node->inputs[1], &found)) {
      Constant moved = reshape(transpose(reshape(*found.data, split), order), {outputs, columns});
      node->inputs[1] =
          replace_dequantized(&graph, found, std::move(moved), *found.scale, found.zero_point, found.axis);
    } else {
      const Value weights = graph.value(node->inputs[1]);
      node->inputs[1] = graph.add_constant(
          weights.name, reshape(transpose(reshape(*weights.constant, split), order), {outputs, columns}));
      graph.value(node->inputs[1]).quantization = weights.quantization;  // along axis 0, which stays
    }
    node->inputs[0] = state->physical(x);
    return {};
  }
  const Permutation order = state->stored(x);
  const bool columns_last = order.back() == static_cast<int>(order.size()) - 1;
  const Permutation taken = columns_last ? order : State::natural(order.size());
  node->inputs[0] = state->materialize(x, taken);
  state->store(node->outputs[0], taken);
  return {};
}

Status move_transpose(State* state, Node* node, bool* drop) {
  const ValueId x = node->inputs[0];
  const auto perm = node->integers("perm");
  const Permutation back = inverse(Permutation(perm.begin(), perm.end()));
  Permutation order;
  for (int axis : state->stored(x)) order.push_back(back[static_cast<size_t>(axis)]);
  const ValueId y = node->outputs[0];
  Graph& graph = state->graph();
  const Quantization pin = graph.value(y).quantization;
  const bool only_reader =
      state->physical(x) == x && graph.consumers(x).size() == 1 && !graph.is_graph_output(x);
  if (pin.quantized() && only_reader && !graph.value(x).quantization.quantized() &&
      graph.producer(x) != nullptr)
    graph.value(x).quantization = pin;  // rounding commutes with moving
  if (pin.quantized() && !same_pin(pin, graph.value(state->physical(x)).quantization)) {
    // The network rounds here: the bytes stay in place, and a Requantize carries them to the scale they take.
    node->op = "Requantize";
    node->attributes.clear();
    node->inputs[0] = state->physical(x);
    state->store(y, order);
    return {};
  }
  state->alias(y, x, order);
  *drop = true;
  return {};
}

Status move_reshape(State* state, Node* node) {
  const ValueId x = node->inputs[0], y = node->outputs[0];
  const Dims from = state->original(x), to = state->original(y);
  if (const auto order = through_reshape(from, to, state->stored(x))) {
    node->inputs[0] = state->physical(x);
    state->store(y, *order);
    return {};
  }
  const auto scramble = scramble_of_flatten(from, to, state->stored(x));
  if (scramble && state->takes_scramble(y)) {
    node->inputs[0] = state->physical(x);
    state->set_scramble(y, *scramble);
    return {};
  }
  // The bytes have to move: best into the order from which the result is what its readers want.
  const auto wanted = state->wanted(y);
  const auto ahead = wanted ? through_reshape(to, from, *wanted) : std::nullopt;
  const Permutation taken = ahead && through_reshape(from, to, *ahead) ? *ahead : State::natural(from.size());
  node->inputs[0] = state->materialize(x, taken);
  state->store(y, through_reshape(from, to, taken).value_or(State::natural(to.size())));  // none: it is empty
  return {};
}

// The order of what is left when `gone` axes are removed.
Permutation without(const Permutation& order, const std::set<int64_t>& gone) {
  Permutation left;
  for (int axis : order) {
    if (gone.count(axis) != 0) continue;
    left.push_back(axis - static_cast<int>(std::count_if(
                              gone.begin(), gone.end(), [axis](int64_t removed) { return removed < axis; })));
  }
  return left;
}

Status move_reduce(State* state, Node* node) {
  const ValueId x = node->inputs[0];
  const Permutation order = state->stored(x);
  std::vector<int64_t> axes =
      node->op == "Reduce" ? node->integers("axes") : std::vector<int64_t>{node->integer("axis")};
  const std::set<int64_t> gone(axes.begin(), axes.end());
  for (int64_t& axis : axes) axis = state->position(x, axis);
  std::sort(axes.begin(), axes.end());
  if (node->op == "Reduce")
    node->attributes["axes"] = axes;
  else
    node->attributes["axis"] = axes[0];
  node->inputs[0] = state->physical(x);
  state->store(node->outputs[0], node->integer("keepdims", 1) != 0 ? order : without(order, gone));
  return {};
}

// Softmax, CumSum, TopK and the like: the axis moves with the rest.
Status move_along_axis(State* state, Node* node) {
  const ValueId x = node->inputs[0];
  const Permutation order = state->stored(x);
  node->attributes["axis"] = state->position(x, node->integer("axis"));
  node->inputs[0] = state->physical(x);
  for (ValueId output : node->outputs) state->store(output, order);
  return {};
}

Status move_concat(State* state, Node* node) {
  const Permutation order = common_order(state, *node, state->rank(node->outputs[0]));
  for (ValueId& input : node->inputs) input = state->materialize(input, order);
  const ValueId y = node->outputs[0];
  state->store(y, order);
  node->attributes["axis"] = state->position(y, node->integer("axis"));
  return {};
}

// Slice, Pad, Tile, Expand of equal rank: one entry per axis.
Status move_per_axis(State* state, Node* node) {
  const ValueId x = node->inputs[0], y = node->outputs[0];
  if (state->rank(x) != state->rank(y)) {
    node->inputs[0] = state->materialize(x, State::natural(state->rank(x)));
    return {};
  }
  const Permutation order = state->stored(x);
  for (const char* key : {"starts", "steps", "repeats"})
    if (node->has(key)) permute_lists(node, key, order);
  if (node->has("pads")) permute_lists(node, "pads", order, 2);
  node->inputs[0] = state->physical(x);
  state->store(y, order);
  return {};
}

Status move_natural(State* state, Node* node) {
  for (ValueId& input : node->inputs)
    if (input != kNoValue) input = state->materialize(input, State::natural(state->rank(input)));
  return {};
}

Status move_gather(State* state, Node* node) {
  const ValueId x = node->inputs[0], indices = node->inputs[1];
  if (state->rank(indices) > 1) return move_natural(state, node);
  const Permutation order = state->stored(x);
  const int64_t axis = node->integer("axis");
  node->attributes["axis"] = state->position(x, axis);
  node->inputs[0] = state->physical(x);
  node->inputs[1] = state->physical(indices);
  state->store(node->outputs[0], state->rank(indices) == 1 ? order : without(order, {axis}));
  return {};
}

}  // namespace

bool is_elementwise(const Node& node) {
  static const std::set<std::string> ops = {
      "Add",     "Sub",  "Mul",         "Div",     "Min",            "Max",            "Pow",
      "Mod",     "Less", "LessOrEqual", "Greater", "GreaterOrEqual", "Equal",          "And",
      "Or",      "Xor",  "Where",       "PRelu",   "Cast",           "QuantizeLinear", "DequantizeLinear",
      "Requantize"};
  return ops.count(node.op) != 0 || find_unary(node.op) != nullptr;
}

bool is_channels_last(const Node& node) {
  static const std::set<std::string> ops = {
      "Conv",   "ConvTranspose",         "AveragePool",        "MaxPool",
      "Resize", "DepthToSpace",          "SpaceToDepth",       "ChannelShuffle",
      "LRN",    "InstanceNormalization", "GroupNormalization", "BatchNormalization"};
  return ops.count(node.op) != 0;
}

Status move_node(LayoutState* state, Node* node, bool* drop) {
  static const std::set<std::string> along_axis = {"Softmax", "LogSoftmax", "CumSum", "TopK",
                                                   "LpNormalization"};
  static const std::set<std::string> per_axis = {"Slice", "Pad", "Tile", "Expand"};
  const std::string& op = node->op;
  if (op == "QuantizeLinear" || op == "DequantizeLinear") return move_quantizer(state, node);
  if (is_elementwise(*node)) return move_elementwise(state, node);
  if (is_channels_last(*node)) return move_channels_last(state, node);
  if (op == "FullyConnected") return move_fully_connected(state, node);
  if (op == "Transpose") return move_transpose(state, node, drop);
  if (op == "Reshape") return move_reshape(state, node);
  if (op == "Reduce" || op == "ArgMax" || op == "ArgMin") return move_reduce(state, node);
  if (along_axis.count(op) != 0) return move_along_axis(state, node);
  if (op == "Concat") return move_concat(state, node);
  if (per_axis.count(op) != 0) return move_per_axis(state, node);
  if (op == "Gather") return move_gather(state, node);
  return move_natural(state, node);
}

}  // namespace octet::converter
