// SPDX-License-Identifier: Apache-2.0
//
// Before   NCHW, as ONNX has it: images [N, C, H, W], Conv weights [O, I, h, w]
// After    NHWC: images [N, H, W, C], Conv weights [O, h, w, I]; Graph::layout says so
// Applies  to the whole graph, once
// Formula  every value keeps its meaning and gets a stored order of its axes (layout_state.h). Convolutions,
// pools
//          and the like store channels last; elementwise operators, Concat, Slice, Pad, reductions, Softmax
//          rename their axes and keep the order; constants are permuted at once; a Transpose becomes another
//          name for the same bytes; a flattened image in front of FullyConnected permutes its weights'
//          columns. The network's own inputs and outputs take their order into GraphPort::permutation. A
//          Transpose is left only where an operator (MatMul, a Reshape that tears axes apart, ...) insists on
//          another order.
#include <set>

#include "converter/passes/layout_state.h"
#include "converter/passes/passes.h"

namespace octet::converter {

namespace {

// DepthToSpace, SpaceToDepth, ChannelShuffle on [N, H, W, C]: split, transpose, join.
struct Shuffle {
  Dims split;
  std::vector<int64_t> perm;
};

Shuffle shuffle_of(const Graph& graph, const Node& node) {
  const Dims& x = graph.value(node.inputs[0]).shape;
  const int64_t b = node.integer("blocksize", 1), g = node.integer("group", 1);
  if (node.op == "ChannelShuffle") return {{x[0], x[1], x[2], g, x[3] / g}, {0, 1, 2, 4, 3}};
  if (node.op == "SpaceToDepth") return {{x[0], x[1] / b, b, x[2] / b, b, x[3]}, {0, 1, 3, 2, 4, 5}};
  const int64_t c = x[3] / (b * b);
  if (node.text("mode") == "CRD") return {{x[0], x[1], x[2], c, b, b}, {0, 1, 4, 2, 5, 3}};
  return {{x[0], x[1], x[2], b, b, c}, {0, 1, 3, 2, 4, 5}};
}

// Replaces the node at `index` by Reshape, Transpose, Reshape. Returns the index of the last.
size_t expand_shuffle(Graph* graph, size_t index) {
  const Node node = *graph->nodes[index];
  const Shuffle shuffle = shuffle_of(*graph, node);
  const TensorType type = graph->value(node.inputs[0]).type;
  const std::string name = graph->value(node.outputs[0]).name;
  const ValueId split = graph->add_value(name + "/split", type, shuffle.split);
  const Dims moved_shape = permute(shuffle.split, Permutation(shuffle.perm.begin(), shuffle.perm.end()));
  const ValueId moved = graph->add_value(name + "/moved", type, moved_shape);
  graph->value(split).quantization = graph->value(moved).quantization =
      graph->value(node.inputs[0]).quantization;
  graph->nodes[index]->op = "Reshape";
  graph->nodes[index]->attributes.clear();
  graph->nodes[index]->inputs = {moved};
  Node& transpose = graph->insert_node(index, "Transpose", node.name + "/transpose");
  transpose.source = node.source;
  transpose.inputs = {split};
  transpose.outputs = {moved};
  transpose.attributes["perm"] = shuffle.perm;
  Node& reshape = graph->insert_node(index, "Reshape", node.name + "/split");
  reshape.source = node.source;
  reshape.inputs = {node.inputs[0]};
  reshape.outputs = {split};
  return index + 2;
}

// A graph input is stored as its readers want it.
void move_inputs(LayoutState* state) {
  for (GraphPort& port : state->graph().inputs) {
    const auto wanted = state->wanted(port.value);
    if (!wanted || is_identity(*wanted)) continue;
    state->store(port.value, *wanted);
    port.permutation = *wanted;
  }
}

// Outputs keep the order they have. Each has a tensor of its own that a node writes.
void move_outputs(LayoutState* state) {
  Graph& graph = state->graph();
  std::set<ValueId> taken;
  for (const GraphPort& port : graph.inputs) taken.insert(port.value);
  for (GraphPort& port : graph.outputs) {
    const Permutation order = state->stored(port.value);
    port.permutation = is_identity(order) ? Permutation{} : order;
    port.value = state->physical(port.value);
    if (!graph.value(port.value).is_constant() && taken.insert(port.value).second) continue;
    const Value source = graph.value(port.value);
    Node& node = graph.insert_node(graph.nodes.size(), "Identity", "copy_" + port.name);
    node.source = "graph output";
    node.inputs = {port.value};
    const ValueId copy = graph.add_value(port.name, source.type, source.shape);
    graph.value(copy).quantization = source.quantization;
    graph.nodes.back()->outputs = {copy};
    taken.insert(copy);
    port.value = copy;
  }
}

}  // namespace

Status move_to_nhwc(Graph* graph, Diagnostics* diagnostics, bool* changed) {
  if (graph->layout == Layout::kNhwc) return {};
  LayoutState state(graph);
  move_inputs(&state);
  for (size_t index = 0; index < graph->nodes.size(); ++index) {
    Node* node = graph->nodes[index].get();
    if (node->source == "layout") continue;
    state.set_current(node);
    bool drop = false;
    OCTET_RETURN_IF_ERROR(move_node(&state, node, &drop));
    while (graph->nodes[index].get() != node) ++index;  // behind what was inserted
    if (drop) graph->nodes.erase(graph->nodes.begin() + static_cast<std::ptrdiff_t>(index--));
  }
  move_outputs(&state);
  graph->layout = Layout::kNhwc;
  for (size_t index = 0; index < graph->nodes.size(); ++index) {
    const std::string& op = graph->nodes[index]->op;
    if (op == "DepthToSpace" || op == "SpaceToDepth" || op == "ChannelShuffle")
      index = expand_shuffle(graph, index);
  }
  size_t transposes = 0;
  for (const auto& node : graph->nodes) transposes += node->op == "Transpose";
  diagnostics->detail("move_to_nhwc", "", std::to_string(transposes) + " transposes left");
  *changed = true;
  return {};
}

}  // namespace octet::converter
