// SPDX-License-Identifier: Apache-2.0
//
// Runs one node whose inputs are constants on the runtime's own kernels, so that a folded constant is
// what the device would have computed.
#include <cstring>

#include "converter/lower/lower.h"
#include "converter/stages.h"
#include "runtime/model.h"
#include "runtime/session.h"

namespace octet::converter {

namespace {

// The node alone: its input values (constants), its outputs as graph outputs.
Status one_node_graph(const Graph& graph, const Node& node, Graph* single) {
  single->layout = graph.layout;
  auto copy = std::make_unique<Node>(node);
  for (ValueId& id : copy->inputs) {
    if (id == kNoValue) continue;
    if (!graph.value(id).is_constant())
      return node_error(StatusCode::kInvalidArgument, node,
                        "input '" + graph.value(id).name + "' is not constant");
    single->values.push_back(graph.value(id));
    id = static_cast<ValueId>(single->values.size() - 1);
  }
  for (ValueId& id : copy->outputs) {
    if (id == kNoValue) continue;
    const Value& value = graph.value(id);
    single->values.push_back(value);
    id = static_cast<ValueId>(single->values.size() - 1);
    single->outputs.push_back({value.name, id, value.type, value.shape, {}});
  }
  single->nodes.push_back(std::move(copy));
  return Status();
}

void copy_output(const Value& value, const Tensor& tensor, Constant* constant) {
  constant->type = value.type;
  constant->shape = value.shape;
  constant->bytes.resize(tensor.bytes);
  if (tensor.bytes > 0) std::memcpy(constant->bytes.data(), tensor.data, tensor.bytes);
}

}  // namespace

Status evaluate_node(const Graph& graph, const Node& node, std::vector<Constant>* outputs) {
  Graph single;
  OCTET_RETURN_IF_ERROR(one_node_graph(graph, node, &single));
  LoweredModel lowered;
  OCTET_RETURN_IF_ERROR(lower(single, LowerOptions(), &lowered, nullptr));
  std::unique_ptr<Model> model;
  OCTET_RETURN_IF_ERROR(at_node(node, Model::load_memory(lowered.data(), lowered.bytes, &model)));
  SessionOptions options;
  options.cpu_features = "portable";
  options.use_xnnpack = false;
  options.keep_all_tensors = true;
  std::unique_ptr<Session> session;
  OCTET_RETURN_IF_ERROR(at_node(node, Session::create(*model, options, &session)));
  session->run();
  outputs->assign(node.outputs.size(), Constant());
  size_t port = 0;
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    if (node.outputs[i] == kNoValue) continue;
    copy_output(graph.value(node.outputs[i]), session->output(port++), &(*outputs)[i]);
  }
  return Status();
}

}  // namespace octet::converter
