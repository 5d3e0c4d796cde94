// SPDX-License-Identifier: Apache-2.0
//
// The walk: inputs, initialisers, nodes in order (functions inlined), outputs.
#include "converter/onnx_import/importer.h"

#include <algorithm>

#include "converter/infer_shapes.h"
#include "converter/onnx_import/read_tensor.h"

namespace octet::converter {

namespace {

constexpr int kMostNodes = 1000000;  // functions that call functions grow without end

}  // namespace

ValueId Scope::find(const std::string& name) const {
  for (const Scope* scope = this; scope != nullptr; scope = scope->outer) {
    const auto found = scope->values.find(name);
    if (found != scope->values.end()) return found->second;
  }
  return kNoValue;
}

const onnx::NodeProto* Scope::producer(const std::string& name) const {
  for (const Scope* scope = this; scope != nullptr; scope = scope->outer) {
    const auto found = scope->producers.find(name);
    if (found != scope->producers.end()) return found->second;
  }
  return nullptr;
}

Importer::Importer(const onnx::ModelProto& model, Graph* graph, Diagnostics* diagnostics)
    : model_(model), graph_(graph), diagnostics_(diagnostics) {}

void Importer::import_model(const Opsets& opsets) {
  const onnx::GraphProto& proto = model_.graph();
  Scope scope;
  scope.opsets = opsets;
  import_inputs(proto, &scope);
  import_initializers(proto, &scope);
  import_nodes(proto.node(), &scope);
  import_outputs(proto, scope);
  compare_with_onnx(proto, scope);
  graph_->remove_dead_nodes();
}

namespace {

[[noreturn]] void refuse_input(const onnx::ValueInfoProto& input, const std::string& reason,
                               StatusCode code = StatusCode::kInvalidModel) {
  throw_error(code, "input '" + input.name() + "'" + reason);
}

// "[N, 3, 224, 224]" and the option that would settle it.
void refuse_open_dimensions(const onnx::ValueInfoProto& input, const Dims& shape,
                            const std::vector<std::string>& symbols) {
  std::string option, text;
  for (size_t i = 0; i < shape.size(); ++i) {
    const std::string comma = i == 0 ? "" : ",", known = std::to_string(shape[i]);
    text += comma + (i == 0 ? "" : " ") + (shape[i] >= 0 ? known : symbols[i]);
    option += comma + (shape[i] >= 0 ? known : i == 0 ? "1" : symbols[i]);
  }
  if (std::any_of(shape.begin(), shape.end(), [](int64_t dim) { return dim < 0; }))
    refuse_input(input, ": shape [" + text + "] has dimensions without a size; give them with --shape " +
                            input.name() + "=" + option);
}

// The declared shape, all of it known, within the runtime's limits.
Dims static_shape(const onnx::ValueInfoProto& input) {
  std::vector<std::string> symbols;
  const Dims shape = declared_shape(input, &symbols);
  refuse_open_dimensions(input, shape, symbols);
  if (shape.size() > static_cast<size_t>(kMaxRank))
    refuse_input(input, ": rank " + std::to_string(shape.size()) + "; the limit is 8",
                 StatusCode::kUnsupported);
  if (std::any_of(shape.begin(), shape.end(), [](int64_t dim) { return dim < 1 || dim > (1 << 30); }))
    refuse_input(input, ": shape " + shape_text(shape) + "; dimensions must be at least 1",
                 StatusCode::kInvalidArgument);
  return shape;
}

}  // namespace

void Importer::import_inputs(const onnx::GraphProto& proto, Scope* scope) {
  for (const onnx::ValueInfoProto* input : real_inputs(proto)) {
    const Dims shape = static_shape(*input);
    const int onnx_type = input->type().tensor_type().elem_type();
    TensorType type;
    if (!tensor_type(onnx_type, &type))
      refuse_input(*input, ": element type " + onnx_type_name(onnx_type) + " is not supported",
                   StatusCode::kUnsupported);
    if (type == schema::TensorType_F32 && onnx_type != onnx::TensorProto::FLOAT)
      diagnostics_->note("import", "",
                         "input '" + input->name() + "' is " + onnx_type_name(onnx_type) +
                             "; the converted model takes float32");
    const ValueId value = graph_->add_value(input->name(), type, shape);
    scope->values[input->name()] = value;
    graph_->inputs.push_back({input->name(), value, type, shape, {}});
  }
}

void Importer::import_initializers(const onnx::GraphProto& proto, Scope* scope) {
  if (proto.sparse_initializer_size() > 0)
    throw_error(StatusCode::kUnsupported, "sparse initialisers are not supported");
  for (const onnx::TensorProto& tensor : proto.initializer())
    scope->values[tensor.name()] = graph_->add_constant(tensor.name(), read_tensor(tensor, "initialiser"));
}

void Importer::import_nodes(const google::protobuf::RepeatedPtrField<onnx::NodeProto>& nodes, Scope* scope) {
  if (++depth_ > 16) throw_error(StatusCode::kUnsupported, "subgraphs or functions nest deeper than 16");
  for (const onnx::NodeProto& node : nodes) import_node(node, scope);
  --depth_;
}

void Importer::import_node(const onnx::NodeProto& node, Scope* scope) {
  if (++imported_nodes_ > kMostNodes) throw_error(StatusCode::kUnsupported, "more than a million nodes");
  if (inline_function(node, scope)) return;
  const std::string domain = node.domain() == "ai.onnx" ? "" : node.domain();
  const int opset = domain == "com.microsoft" ? scope->opsets.microsoft : scope->opsets.onnx;
  std::string wanted = node.name();
  if (wanted.empty() && node.output_size() > 0) wanted = node.op_type() + "_" + node.output(0);
  OnnxOp op(this, scope, node, unique_node_name(wanted.empty() ? node.op_type() : wanted), opset);
  const Handler handler = find_handler(domain, node.op_type());
  if (handler == nullptr)
    throw_error(StatusCode::kUnsupported, "node '" + op.name() + "': operator " + node.op_type() + " (" +
                                              (domain.empty() ? "ai.onnx" : domain) + ", opset " +
                                              std::to_string(opset) + ") is not supported");
  handler(op);
  op.check_all_read();
  for (const std::string& output : node.output()) scope->producers[output] = &node;
  for (int i = 0; i < node.output_size(); ++i)
    if (!node.output(i).empty() && scope->values.count(node.output(i)) == 0)
      op.unsupported("output " + std::to_string(i) + " ('" + node.output(i) + "') is not supported");
}

bool Importer::inline_function(const onnx::NodeProto& node, Scope* scope) {
  for (const onnx::FunctionProto& function : model_.functions()) {
    if (function.name() != node.op_type() || function.domain() != node.domain()) continue;
    Scope inner;
    throw_if_error(read_opsets(function.opset_import(), "function " + function.name(), &inner.opsets));
    for (const auto& attribute : node.attribute()) inner.attributes[attribute.name()] = &attribute;
    for (int i = 0; i < function.input_size() && i < node.input_size(); ++i)
      if (!node.input(i).empty()) inner.values[function.input(i)] = scope->find(node.input(i));
    import_nodes(function.node(), &inner);
    for (int i = 0; i < function.output_size() && i < node.output_size(); ++i) {
      const ValueId value = inner.find(function.output(i));
      if (value == kNoValue)
        throw_error(StatusCode::kInvalidModel, "function " + function.name() + ": output '" +
                                                   function.output(i) + "' is written by no node");
      scope->values[node.output(i)] = value;
    }
    return true;
  }
  return false;
}

void Importer::import_outputs(const onnx::GraphProto& proto, const Scope& scope) {
  std::set<ValueId> seen;
  for (const GraphPort& port : graph_->inputs) seen.insert(port.value);
  for (const onnx::ValueInfoProto& output : proto.output()) {
    ValueId value = scope.find(output.name());
    if (value == kNoValue)
      throw_error(StatusCode::kInvalidModel, "output '" + output.name() + "' is written by no node");
    // An input, a constant, or a value that is an output already: copied, so that each port has its own
    // tensor.
    if (graph_->value(value).is_constant() || !seen.insert(value).second) {
      Node& node =
          graph_->insert_node(graph_->nodes.size(), "Identity", unique_node_name("copy_" + output.name()));
      node.source = "graph output";
      node.inputs = {value};
      const ValueId copy =
          graph_->add_value(output.name(), graph_->value(value).type, graph_->value(value).shape);
      graph_->nodes.back()->outputs = {copy};
      value = copy;
      seen.insert(copy);
    }
    const Value& written = graph_->value(value);
    TensorType declared = written.type;
    const int onnx_type = output.type().tensor_type().elem_type();
    if (tensor_type(onnx_type, &declared) && declared != written.type &&
        written.type == schema::TensorType_F32)
      throw_error(StatusCode::kUnsupported,
                  "output '" + output.name() + "' is declared " + onnx_type_name(onnx_type) +
                      ", but holds real numbers; the integers of dynamic quantization "
                      "exist only between its operators");
    graph_->outputs.push_back({output.name(), value, written.type, written.shape, {}});
  }
}

// Where the ONNX library inferred a whole static shape, ours must be the same.
void Importer::compare_with_onnx(const onnx::GraphProto& proto, const Scope& scope) {
  for (const onnx::ValueInfoProto& info : proto.value_info()) {
    const ValueId value = scope.find(info.name());
    if (value == kNoValue || !info.type().has_tensor_type() || !info.type().tensor_type().has_shape())
      continue;
    std::vector<std::string> symbols;
    const Dims theirs = declared_shape(info, &symbols);
    if (std::any_of(theirs.begin(), theirs.end(), [](int64_t dim) { return dim < 0; })) continue;
    if (theirs != graph_->value(value).shape)
      diagnostics_->warning("import", "",
                            "value '" + info.name() + "': shape " + shape_text(graph_->value(value).shape) +
                                "; ONNX infers " + shape_text(theirs));
  }
}

std::string Importer::unique_node_name(const std::string& wanted) {
  std::string name = wanted;
  for (int i = 2; !node_names_.insert(name).second; ++i) name = wanted + "_" + std::to_string(i);
  return name;
}

Dims declared_shape(const onnx::ValueInfoProto& input, std::vector<std::string>* symbols) {
  if (!input.type().has_tensor_type())
    throw_error(StatusCode::kUnsupported,
                "'" + input.name() + "' is no tensor (a sequence, map or optional)");
  Dims shape;
  for (const auto& dim : input.type().tensor_type().shape().dim()) {
    shape.push_back(dim.has_dim_value() && dim.dim_value() >= 0 ? dim.dim_value() : -1);
    symbols->push_back(dim.has_dim_param() && !dim.dim_param().empty() ? dim.dim_param() : "?");
  }
  return shape;
}

std::vector<const onnx::ValueInfoProto*> real_inputs(const onnx::GraphProto& graph) {
  std::set<std::string> initialized;
  for (const auto& tensor : graph.initializer()) initialized.insert(tensor.name());
  std::vector<const onnx::ValueInfoProto*> inputs;
  for (const auto& input : graph.input())
    if (initialized.count(input.name()) == 0) inputs.push_back(&input);
  return inputs;
}

}  // namespace octet::converter
