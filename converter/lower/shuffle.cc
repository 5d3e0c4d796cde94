// SPDX-License-Identifier: Apache-2.0
//
// DepthToSpace, SpaceToDepth and ChannelShuffle as Reshape, Transpose, Reshape, in either layout.
#include "converter/lower/lower.h"

namespace octet::converter {

namespace {

// input -> split shape -> transposed -> output shape.
Status lower_shuffle(const Node& node, const Dims& split, const std::vector<int32_t>& permutation,
                     ModelBuilder* model) {
  const Value& input = model->value(node.inputs[0]);
  const Value& output = model->value(node.outputs[0]);
  Dims moved;
  for (int32_t axis : permutation) moved.push_back(split[static_cast<size_t>(axis)]);
  OperatorParts reshape, transpose, back;
  reshape.type = back.type = schema::OperatorType_Reshape;
  transpose.type = schema::OperatorType_Transpose;
  reshape.name_suffix = "/split";
  transpose.name_suffix = "/transpose";
  reshape.inputs = {model->tensor(node.inputs[0])};
  reshape.outputs = transpose.inputs = {
      model->add_activation(output.name + "/split", input.type, split, input.quantization)};
  transpose.outputs = back.inputs = {
      model->add_activation(output.name + "/transposed", input.type, moved, input.quantization)};
  back.outputs = {model->tensor(node.outputs[0])};
  model->add_operator(node, reshape);
  model->add_operator(node, transpose, schema::CreateTransposeOptionsDirect(model->fbb(), &permutation));
  model->add_operator(node, back);
  return Status();
}

Status read_input(const Node& node, const ModelBuilder& model, Dims* shape) {
  *shape = model.value(node.inputs[0]).shape;
  if (shape->size() != 4)
    return node_error(StatusCode::kUnsupported, node, "input " + shape_text(*shape) + "; must have rank 4");
  return Status();
}

}  // namespace

Status lower_depth_to_space(const Node& node, ModelBuilder* model) {
  Dims x;
  OCTET_RETURN_IF_ERROR(read_input(node, *model, &x));
  const int64_t b = node.integer("blocksize", 1);
  const bool crd = node.text("mode", "DCR") == "CRD";
  if (model->graph().layout == Layout::kNhwc) {
    const int64_t c = x[3] / (b * b);
    return crd ? lower_shuffle(node, {x[0], x[1], x[2], c, b, b}, {0, 1, 4, 2, 5, 3}, model)
               : lower_shuffle(node, {x[0], x[1], x[2], b, b, c}, {0, 1, 3, 2, 4, 5}, model);
  }
  const int64_t c = x[1] / (b * b);
  return crd ? lower_shuffle(node, {x[0], c, b, b, x[2], x[3]}, {0, 1, 4, 2, 5, 3}, model)
             : lower_shuffle(node, {x[0], b, b, c, x[2], x[3]}, {0, 3, 4, 1, 5, 2}, model);
}

Status lower_space_to_depth(const Node& node, ModelBuilder* model) {
  Dims x;
  OCTET_RETURN_IF_ERROR(read_input(node, *model, &x));
  const int64_t b = node.integer("blocksize", 1);
  if (model->graph().layout == Layout::kNhwc)
    return lower_shuffle(node, {x[0], x[1] / b, b, x[2] / b, b, x[3]}, {0, 1, 3, 2, 4, 5}, model);
  return lower_shuffle(node, {x[0], x[1], x[2] / b, b, x[3] / b, b}, {0, 3, 5, 1, 2, 4}, model);
}

Status lower_channel_shuffle(const Node& node, ModelBuilder* model) {
  Dims x;
  OCTET_RETURN_IF_ERROR(read_input(node, *model, &x));
  const int64_t g = node.integer("group", 1);
  if (model->graph().layout == Layout::kNhwc)
    return lower_shuffle(node, {x[0], x[1], x[2], g, x[3] / g}, {0, 1, 2, 4, 3}, model);
  return lower_shuffle(node, {x[0], g, x[1] / g, x[2], x[3]}, {0, 2, 1, 3, 4}, model);
}

}  // namespace octet::converter
