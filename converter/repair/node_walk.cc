// SPDX-License-Identifier: Apache-2.0
#include "converter/repair/node_walk.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <set>

#include "runtime/session.h"

namespace octet::converter {
namespace {

// The node alone; its activations are graph inputs and outputs in their own form.
// inputs: the ids (of `graph`) behind each graph input.
Graph single_node(const Graph& graph, const Node& node, std::vector<ValueId>* inputs) {
  Graph single;
  single.layout = graph.layout;
  auto copy = std::make_unique<Node>(node);
  std::map<ValueId, ValueId> placed;
  for (ValueId& id : copy->inputs) {
    if (id == kNoValue) continue;
    const auto [entry, fresh] = placed.emplace(id, static_cast<ValueId>(single.values.size()));
    const Value& value = graph.value(id);
    if (fresh) {
      single.values.push_back(value);
      if (!value.is_constant()) {
        single.inputs.push_back({value.name, entry->second, value.type, value.shape, {}});
        inputs->push_back(id);
      }
    }
    id = entry->second;
  }
  for (ValueId& id : copy->outputs) {
    if (id == kNoValue) continue;
    const Value& value = graph.value(id);
    single.values.push_back(value);
    id = static_cast<ValueId>(single.values.size() - 1);
    single.outputs.push_back({value.name, id, value.type, value.shape, {}});
  }
  single.nodes.push_back(std::move(copy));
  return single;
}

size_t value_bytes(const Value& value) {
  size_t bytes = element_bytes(value.type);
  for (int64_t dim : value.shape) bytes *= static_cast<size_t>(dim);
  return bytes;
}

std::vector<size_t> count_readers(const Graph& graph) {
  std::vector<size_t> readers(graph.values.size(), 0);
  for (const auto& node : graph.nodes)
    for (ValueId id : std::set<ValueId>(node->inputs.begin(), node->inputs.end()))
      if (id != kNoValue) ++readers[static_cast<size_t>(id)];
  return readers;
}

}  // namespace

NodeWalk::NodeWalk(const Graph& graph, size_t samples)
    : graph_(graph), samples_(samples), stored_(graph.values.size()), readers_left_(count_readers(graph)) {}

void NodeWalk::set_input(ValueId id, size_t sample, Bytes bytes) {
  stored_[static_cast<size_t>(id)].resize(samples_);
  stored_[static_cast<size_t>(id)][sample] = std::move(bytes);
}

Status NodeWalk::run(const Node& node) {
  std::vector<ValueId> inputs;
  const Graph single = single_node(graph_, node, &inputs);
  LoweredModel lowered;
  OCTET_RETURN_IF_ERROR(lower(single, LowerOptions(), &lowered, nullptr));
  std::unique_ptr<Model> model;
  OCTET_RETURN_IF_ERROR(Model::load_memory(lowered.data(), lowered.bytes, &model));
  std::unique_ptr<Session> session;
  OCTET_RETURN_IF_ERROR(Session::create(*model, SessionOptions(), &session));
  for (size_t sample = 0; sample < samples_; ++sample) {
    for (size_t i = 0; i < inputs.size(); ++i) {
      const Bytes& from = stored_[static_cast<size_t>(inputs[i])][sample];
      Tensor& to = session->input(i);
      if (from.size() != to.bytes)
        return error(StatusCode::kInternal, "node walk: '%s' has %zu bytes; must be %zu",
                     graph_.value(inputs[i]).name.c_str(), from.size(), to.bytes);
      std::memcpy(to.data, from.data(), from.size());
    }
    session->run();
    size_t port = 0;
    for (ValueId id : node.outputs) {
      if (id == kNoValue) continue;
      const Tensor& tensor = session->output(port++);
      const auto* data = static_cast<const uint8_t*>(tensor.data);
      stored_[static_cast<size_t>(id)].resize(samples_);
      stored_[static_cast<size_t>(id)][sample].assign(data, data + tensor.bytes);
    }
  }
  return Status();
}

void NodeWalk::release(const Node& node) {
  for (ValueId id : std::set<ValueId>(node.inputs.begin(), node.inputs.end())) {
    if (id == kNoValue || static_cast<size_t>(id) >= readers_left_.size()) continue;
    if (--readers_left_[static_cast<size_t>(id)] == 0) stored_[static_cast<size_t>(id)].clear();
  }
  for (ValueId id : node.outputs)
    if (id != kNoValue && readers_left_[static_cast<size_t>(id)] == 0)
      stored_[static_cast<size_t>(id)].clear();
}

Status feed_walk(const Graph& graph, const std::vector<Sample>& samples, NodeWalk* walk) {
  LoweredModel lowered;
  OCTET_RETURN_IF_ERROR(lower(graph, LowerOptions(), &lowered, nullptr));
  std::unique_ptr<Model> model;
  OCTET_RETURN_IF_ERROR(Model::load_memory(lowered.data(), lowered.bytes, &model));
  std::unique_ptr<Session> session;
  OCTET_RETURN_IF_ERROR(Session::create(*model, SessionOptions(), &session));
  for (size_t s = 0; s < samples.size(); ++s) {
    for (size_t i = 0; i < graph.inputs.size(); ++i) {
      OCTET_RETURN_IF_ERROR(session->set_input(i, samples[s][i].data(), samples[s][i].size()));
      const auto* data = static_cast<const uint8_t*>(session->input(i).data);
      walk->set_input(graph.inputs[i].value, s, Bytes(data, data + session->input(i).bytes));
    }
  }
  return Status();
}

size_t peak_activation_bytes(const Graph& graph) {
  std::vector<size_t> readers = count_readers(graph);
  size_t alive = 0, peak = 0;
  for (const GraphPort& port : graph.inputs) alive += value_bytes(graph.value(port.value));
  for (const auto& node : graph.nodes) {
    for (ValueId id : node->outputs)
      if (id != kNoValue) alive += value_bytes(graph.value(id));
    peak = std::max(peak, alive);
    for (ValueId id : std::set<ValueId>(node->inputs.begin(), node->inputs.end()))
      if (id != kNoValue && !graph.value(id).is_constant() && --readers[static_cast<size_t>(id)] == 0)
        alive -= value_bytes(graph.value(id));
    for (ValueId id : node->outputs)
      if (id != kNoValue && readers[static_cast<size_t>(id)] == 0) alive -= value_bytes(graph.value(id));
  }
  return peak;
}

}  // namespace octet::converter
