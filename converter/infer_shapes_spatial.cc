// SPDX-License-Identifier: Apache-2.0
//
// Shapes of convolutions, pools, matrix products and recurrent operators.
#include <algorithm>

#include "converter/constant_math.h"
#include "converter/infer_shapes.h"

namespace octet::converter {

int64_t Window::output(int64_t input) const {
  const int64_t room = input + pad_begin + pad_end - extent();
  return room < 0 ? 0 : room / stride + 1;
}

Window window_of(const Node& node, int axis) {
  const size_t i = static_cast<size_t>(axis);
  const auto kernel = node.integers("kernel_shape"), strides = node.integers("strides");
  const auto dilations = node.integers("dilations"), pads = node.integers("pads");
  Window window;
  if (i < kernel.size()) window.kernel = kernel[i];
  if (i < strides.size()) window.stride = strides[i];
  if (i < dilations.size()) window.dilation = dilations[i];
  if (i + 2 < pads.size()) {
    window.pad_begin = pads[i];
    window.pad_end = pads[i + 2];
  }
  return window;
}

namespace shapes {

namespace {

using Out = std::vector<TypedShape>*;

// Batch, channels, height and width of a 4-D tensor in the graph's layout.
struct Image {
  int64_t batch, channels, spatial[2];
};

Image image_of(const Graph& graph, const Dims& shape) {
  if (graph.layout == Layout::kNchw) return {shape[0], shape[1], {shape[2], shape[3]}};
  return {shape[0], shape[3], {shape[1], shape[2]}};
}

Dims image_shape(const Graph& graph, const Image& image) {
  if (graph.layout == Layout::kNchw) return {image.batch, image.channels, image.spatial[0], image.spatial[1]};
  return {image.batch, image.spatial[0], image.spatial[1], image.channels};
}

Status check_window(const Node& node, const Window& window) {
  if (window.kernel < 1) return bad(node, "kernel " + std::to_string(window.kernel) + "; must be at least 1");
  if (window.stride < 1) return bad(node, "stride " + std::to_string(window.stride) + "; must be at least 1");
  if (window.dilation < 1)
    return bad(node, "dilation " + std::to_string(window.dilation) + "; must be at least 1");
  if (window.pad_begin < 0 || window.pad_end < 0) return bad(node, "negative padding");
  return {};
}

Status check_image(const Graph& graph, const Node& node) {
  const Dims& shape = graph.value(node.inputs[0]).shape;
  if (shape.size() == 4) return {};
  return bad(node, "input of shape " + shape_text(shape) + "; must have rank 4");
}

}  // namespace

Status conv(const Graph& graph, const Node& node, Out out) {
  OCTET_RETURN_IF_ERROR(check_image(graph, node));
  const Dims& weights = graph.value(node.inputs[1]).shape;
  if (weights.size() != 4) return bad(node, "weights of shape " + shape_text(weights) + "; must have rank 4");
  Image image = image_of(graph, graph.value(node.inputs[0]).shape);
  const int64_t groups = node.integer("group", 1);
  const bool nchw = graph.layout == Layout::kNchw;
  const int64_t taken = nchw ? weights[1] : weights[3];
  if (groups < 1 || weights[0] % groups != 0 || taken * groups != image.channels)
    return bad(node, "input has " + std::to_string(image.channels) + " channels; weights take " +
                         std::to_string(groups) + " groups of " + std::to_string(taken) + " and give " +
                         std::to_string(weights[0]));
  const ValueId bias = node.input(2);
  if (bias != kNoValue && graph.value(bias).shape != Dims{weights[0]})
    return bad(node, "bias of shape " + shape_text(graph.value(bias).shape) + "; must be [" +
                         std::to_string(weights[0]) + "]");
  image.channels = weights[0];
  for (int i = 0; i < 2; ++i) {
    const Window window = window_of(node, i);
    OCTET_RETURN_IF_ERROR(check_window(node, window));
    if (window.kernel != weights[static_cast<size_t>(nchw ? 2 + i : 1 + i)])
      return bad(node, "kernel_shape differs from the weights' " + shape_text(weights));
    image.spatial[i] = window.output(image.spatial[i]);
    if (image.spatial[i] < 1) return bad(node, "the kernel is larger than its padded input");
  }
  out->push_back({graph.value(node.inputs[0]).type, image_shape(graph, image)});
  return {};
}

Status conv_transpose(const Graph& graph, const Node& node, Out out) {
  OCTET_RETURN_IF_ERROR(check_image(graph, node));
  const Dims& weights = graph.value(node.inputs[1]).shape;
  if (weights.size() != 4) return bad(node, "weights of shape " + shape_text(weights) + "; must have rank 4");
  Image image = image_of(graph, graph.value(node.inputs[0]).shape);
  const int64_t groups = node.integer("group", 1);
  const bool nchw = graph.layout == Layout::kNchw;  // IOHW [I, O/g, h, w] or OHWI [O, h, w, I/g]
  const int64_t taken = nchw ? weights[0] : weights[3] * groups;
  const int64_t given = nchw ? weights[1] * groups : weights[0];
  if (groups < 1 || taken != image.channels || taken % groups != 0 || given % groups != 0)
    return bad(node, "input has " + std::to_string(image.channels) + " channels; weights take " +
                         std::to_string(taken) + " in " + std::to_string(groups) + " groups");
  const ValueId bias = node.input(2);
  if (bias != kNoValue && graph.value(bias).shape != Dims{given})
    return bad(node, "bias of shape " + shape_text(graph.value(bias).shape) + "; must be [" +
                         std::to_string(given) + "]");
  image.channels = given;
  const auto extra = node.integers("output_padding");
  for (int i = 0; i < 2; ++i) {
    const Window window = window_of(node, i);
    OCTET_RETURN_IF_ERROR(check_window(node, window));
    const int64_t more = extra.size() == 2 ? extra[static_cast<size_t>(i)] : 0;
    if (more < 0) return bad(node, "negative output_padding");
    image.spatial[i] =
        window.stride * (image.spatial[i] - 1) + window.extent() + more - window.pad_begin - window.pad_end;
    if (image.spatial[i] < 1) return bad(node, "pads leave no output");
  }
  out->push_back({graph.value(node.inputs[0]).type, image_shape(graph, image)});
  return {};
}

Status pool(const Graph& graph, const Node& node, Out out) {
  OCTET_RETURN_IF_ERROR(check_image(graph, node));
  Image image = image_of(graph, graph.value(node.inputs[0]).shape);
  for (int i = 0; i < 2; ++i) {
    const Window window = window_of(node, i);
    OCTET_RETURN_IF_ERROR(check_window(node, window));
    if (window.pad_begin >= window.extent() || window.pad_end >= window.extent())
      return bad(node, "padding " + std::to_string(std::max(window.pad_begin, window.pad_end)) +
                           " holds a whole window of " + std::to_string(window.extent()));
    image.spatial[i] = window.output(image.spatial[i]);
    if (image.spatial[i] < 1) return bad(node, "the window is larger than its padded input");
  }
  out->push_back({graph.value(node.inputs[0]).type, image_shape(graph, image)});
  return {};
}

Status fully_connected(const Graph& graph, const Node& node, Out out) {
  Dims shape = graph.value(node.inputs[0]).shape;
  const Dims& weights = graph.value(node.inputs[1]).shape;
  if (shape.empty() || weights.size() != 2 || shape.back() != weights[1])
    return bad(node, "input " + shape_text(shape) + " times weights " + shape_text(weights));
  shape.back() = weights[0];
  const ValueId bias = node.input(2);
  if (bias != kNoValue && graph.value(bias).shape != Dims{weights[0]})
    return bad(node, "bias of shape " + shape_text(graph.value(bias).shape) + "; must be [" +
                         std::to_string(weights[0]) + "]");
  out->push_back({graph.value(node.inputs[0]).type, shape});
  return {};
}

Status mat_mul(const Graph& graph, const Node& node, Out out) {
  const Dims &a = graph.value(node.inputs[0]).shape, &b = graph.value(node.inputs[1]).shape;
  Dims shape;
  if (a.size() < 2 || b.size() < 2 || a.back() != b[b.size() - 2] ||
      !broadcast_shapes(Dims(a.begin(), a.end() - 2), Dims(b.begin(), b.end() - 2), &shape))
    return bad(node, "shapes " + shape_text(a) + " and " + shape_text(b) + " do not multiply");
  shape.push_back(a[a.size() - 2]);
  shape.push_back(b.back());
  out->push_back({graph.value(node.inputs[0]).type, shape});
  return {};
}

Status depth_space(const Graph& graph, const Node& node, Out out) {
  OCTET_RETURN_IF_ERROR(check_image(graph, node));
  Image image = image_of(graph, graph.value(node.inputs[0]).shape);
  const int64_t block = node.integer("blocksize");
  if (block < 1) return bad(node, "blocksize " + std::to_string(block) + "; must be at least 1");
  const bool unpack = node.op == "DepthToSpace";
  if (unpack ? image.channels % (block * block) != 0
             : image.spatial[0] % block != 0 || image.spatial[1] % block != 0)
    return bad(node, "blocksize " + std::to_string(block) + " does not divide " +
                         shape_text(graph.value(node.inputs[0]).shape));
  image.channels = unpack ? image.channels / (block * block) : image.channels * block * block;
  for (int64_t& length : image.spatial) length = unpack ? length * block : length / block;
  out->push_back({graph.value(node.inputs[0]).type, image_shape(graph, image)});
  return {};
}

Status stated_resize(const Graph& graph, const Node& node, Out out) {
  OCTET_RETURN_IF_ERROR(check_image(graph, node));
  const Value& input = graph.value(node.inputs[0]);
  const Dims& stated = graph.value(node.outputs[0]).shape;
  if (stated.size() != 4) return bad(node, "output must have rank 4");
  const Image from = image_of(graph, input.shape), to = image_of(graph, stated);
  if (from.batch != to.batch || from.channels != to.channels || to.spatial[0] < 1 || to.spatial[1] < 1)
    return bad(node,
               shape_text(input.shape) + " to " + shape_text(stated) + "; only height and width can change");
  out->push_back({input.type, stated});
  return {};
}

// ONNX LSTM, GRU, RNN: X [T, N, I], W [D, gates * H, I], R [D, gates * H, H]; layout 1 swaps T and N.
Status recurrent(const Graph& graph, const Node& node, Out out) {
  const Dims &x = graph.value(node.inputs[0]).shape, &w = graph.value(node.inputs[1]).shape;
  const Dims& r = graph.value(node.inputs[2]).shape;
  const int64_t hidden = node.integer("hidden_size");
  const int64_t gates = node.op == "LSTM" ? 4 : node.op == "GRU" ? 3 : 1;
  const int64_t directions = node.text("direction", "forward") == "bidirectional" ? 2 : 1;
  if (x.size() != 3 || hidden < 1 || w != Dims{directions, gates * hidden, x[2]} ||
      r != Dims{directions, gates * hidden, hidden})
    return bad(node, "X " + shape_text(x) + ", W " + shape_text(w) + ", R " + shape_text(r) +
                         " with hidden size " + std::to_string(hidden));
  const TensorType type = graph.value(node.inputs[0]).type;
  const bool batch_first = node.integer("layout") == 1;
  const Dims state = batch_first ? Dims{x[0], directions, hidden} : Dims{directions, x[1], hidden};
  out->push_back(
      {type, batch_first ? Dims{x[0], x[1], directions, hidden} : Dims{x[0], directions, x[1], hidden}});
  out->push_back({type, state});
  if (node.op == "LSTM") out->push_back({type, state});
  return {};
}

}  // namespace shapes

}  // namespace octet::converter
