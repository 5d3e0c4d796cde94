// SPDX-License-Identifier: Apache-2.0
//
// Graph -> model bytes: one row per canonical operator, whose function writes
// one schema operator (or several, where the schema has no such composite).
// The precision of a node is read from the types of its values.
#pragma once

#include "converter/lower/model_builder.h"

namespace octet::converter {

struct LowerRow {
  const char* op;  // canonical operator
  Status (*lower)(const Node& node, ModelBuilder* model);
};

// lower_table.cc. Null for an operator that cannot be lowered.
const LowerRow* find_lower(const std::string& op);

// lower() of stages.h with facts and golden runs.
Status lower_with_extras(const Graph& graph, const LowerOptions& options, const ModelExtras& extras,
                         LoweredModel* model, Diagnostics* diagnostics);

// The form in which a node computes.
enum class Form { kF32, kS8, kS8ToF32, kMixed };
// From the types of input 0 and output 0; kS8 stands for s16 too, and any other type counts as f32.
Form node_form(const Node& node, const ModelBuilder& model);

// "Conv 'conv3': " and the rule: an error about `node`.
Status node_error(StatusCode code, const Node& node, const std::string& rule);
// Prefixes the message of a failed status with the node.
Status at_node(const Node& node, const Status& status);

// kUnsupported unless the graph is NHWC: spatial operators are lowered in that layout only.
Status require_nhwc(const Node& node, const ModelBuilder& model);
// An activation in s8, or in s16 with a scale.
bool is_quantized(const Value& value);
// kInternal unless the value is quantized s8 or s16; unless it is s8.
Status require_s8(const Node& node, const ModelBuilder& model, ValueId id);
Status require_quantized(const Node& node, const ModelBuilder& model, ValueId id);
// kUnsupported "has no s8 form" unless the node computes in f32 (or other types that are not s8).
Status require_float(const Node& node, const ModelBuilder& model);

// Inputs and outputs of the node as tensors, in order.
OperatorParts plain_parts(schema::OperatorType type, const Node& node, ModelBuilder* model);

// The fused clamp attributes activation_min, activation_max.
struct Activation {
  float min, max;
  bool bounded() const;
};
Activation activation_of(const Node& node);
// The clamp in the quantized domain of `output`, of type s8 or s16.
void clamp_output(const Activation& activation, const Quantization& output, TensorType type,
                  RequantizationData* data);

// One function per row, each in lower/<op>.cc.
Status lower_conv(const Node& node, ModelBuilder* model);
Status lower_conv_transpose(const Node& node, ModelBuilder* model);
Status lower_fully_connected(const Node& node, ModelBuilder* model);
Status lower_mat_mul(const Node& node, ModelBuilder* model);
Status lower_binary(const Node& node, ModelBuilder* model);
Status lower_unary(const Node& node, ModelBuilder* model);
Status lower_p_relu(const Node& node, ModelBuilder* model);
Status lower_where(const Node& node, ModelBuilder* model);
Status lower_cast(const Node& node, ModelBuilder* model);
Status lower_average_pool(const Node& node, ModelBuilder* model);
Status lower_max_pool(const Node& node, ModelBuilder* model);
Status lower_reduce(const Node& node, ModelBuilder* model);
Status lower_arg_reduce(const Node& node, ModelBuilder* model);
Status lower_softmax(const Node& node, ModelBuilder* model);
Status lower_reshape(const Node& node, ModelBuilder* model);
Status lower_transpose(const Node& node, ModelBuilder* model);
Status lower_concat(const Node& node, ModelBuilder* model);
Status lower_slice(const Node& node, ModelBuilder* model);
Status lower_pad(const Node& node, ModelBuilder* model);
Status lower_expand(const Node& node, ModelBuilder* model);
Status lower_tile(const Node& node, ModelBuilder* model);
Status lower_resize(const Node& node, ModelBuilder* model);
Status lower_depth_to_space(const Node& node, ModelBuilder* model);
Status lower_space_to_depth(const Node& node, ModelBuilder* model);
Status lower_channel_shuffle(const Node& node, ModelBuilder* model);
Status lower_gather(const Node& node, ModelBuilder* model);
Status lower_scatter(const Node& node, ModelBuilder* model);
Status lower_one_hot(const Node& node, ModelBuilder* model);
Status lower_cum_sum(const Node& node, ModelBuilder* model);
Status lower_top_k(const Node& node, ModelBuilder* model);
Status lower_non_max_suppression(const Node& node, ModelBuilder* model);
Status lower_trilu(const Node& node, ModelBuilder* model);
Status lower_normalization(const Node& node, ModelBuilder* model);
Status lower_local_response_normalization(const Node& node, ModelBuilder* model);
Status lower_recurrent(const Node& node, ModelBuilder* model);
Status lower_quantize(const Node& node, ModelBuilder* model);
Status lower_dequantize(const Node& node, ModelBuilder* model);
Status lower_requantize(const Node& node, ModelBuilder* model);

}  // namespace octet::converter
