// SPDX-License-Identifier: Apache-2.0
//
// The walk over an ONNX graph. Importer owns names and scopes; an OnnxOp is one
// node under import: what its handler reads, and where it emits canonical nodes.
// Whatever has constant inputs alone is folded as it is emitted, so that shapes,
// axes and indices are constants by the time that an operator asks for them.
#pragma once

#include <onnx/onnx_pb.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "converter/constant_math.h"
#include "converter/diagnostics.h"
#include "converter/graph.h"
#include "converter/onnx_import/import_error.h"
#include "converter/onnx_import/read_model.h"

namespace octet::converter {

class Importer;

using Attributes = std::map<std::string, Attribute>;
// Overrides for functions: attribute name inside -> attribute of the call.
using AttributeBindings = std::map<std::string, const onnx::AttributeProto*>;

// Names that a graph, subgraph or function sees.
struct Scope {
  const Scope* outer = nullptr;
  Opsets opsets;
  std::map<std::string, ValueId> values;
  AttributeBindings attributes;                             // of the function call this scope belongs to
  std::map<std::string, const onnx::NodeProto*> producers;  // of the tensors that nodes of this scope wrote

  ValueId find(const std::string& name) const;
  // The node that wrote the tensor, or null.
  const onnx::NodeProto* producer(const std::string& name) const;
};

class OnnxOp {
 public:
  OnnxOp(Importer* importer, Scope* scope, const onnx::NodeProto& node, std::string name, int opset);

  const std::string& type() const { return node_.op_type(); }
  const std::string& name() const { return name_; }
  int opset() const { return opset_; }
  Graph& graph();
  Diagnostics& diagnostics();
  const onnx::NodeProto& proto() const { return node_; }
  Scope* scope() { return scope_; }
  Importer& importer() { return *importer_; }

  // Stops the import: "node 'conv1': Conv (opset 13): <rule>".
  [[noreturn]] void fail(const std::string& rule, StatusCode code = StatusCode::kInvalidModel) const;
  [[noreturn]] void unsupported(const std::string& rule) const { fail(rule, StatusCode::kUnsupported); }

  // Inputs, in ONNX order; an empty name is an input left out.
  size_t input_count() const { return static_cast<size_t>(node_.input_size()); }
  bool has_input(size_t i) const;
  ValueId input(size_t i);           // fails if it is left out
  ValueId optional_input(size_t i);  // or kNoValue
  std::vector<ValueId> inputs();     // all, none left out
  const Value& value(ValueId id);
  Dims shape(size_t i) { return value(input(i)).shape; }  // a copy: emitting moves the values
  int64_t rank(size_t i) { return static_cast<int64_t>(shape(i).size()); }
  TensorType element_type(size_t i) { return value(input(i)).type; }

  // Attributes of the ONNX node.
  bool has(const char* key) const { return attribute(key) != nullptr; }
  int64_t integer(const char* key, int64_t fallback) const;
  float number(const char* key, float fallback) const;
  std::string text(const char* key, const std::string& fallback) const;
  std::vector<int64_t> integers(const char* key) const;
  std::vector<float> numbers(const char* key) const;
  std::vector<std::string> texts(const char* key) const;
  const onnx::TensorProto* tensor(const char* key) const;
  const onnx::GraphProto* subgraph(const char* key) const;
  // Refuses attributes that the handler did not ask for: what is not understood must not be ignored.
  void check_all_read() const;
  // An axis in [-rank, rank) made non-negative.
  int64_t axis(int64_t axis, int64_t rank) const;

  // Inputs that have to be constants, as a plan is made of them. `what` names them in the message.
  bool is_constant(size_t i) { return has_input(i) && value(input(i)).is_constant(); }
  const Constant& constant(size_t i, const char* what);
  std::vector<int64_t> static_integers(size_t i, const char* what);
  int64_t static_integer(size_t i, const char* what);
  float static_number(size_t i, const char* what);

  // Emits canonical nodes; returns their (first) output. Constant inputs alone: a folded constant.
  ValueId emit(const std::string& op, std::vector<ValueId> inputs, Attributes attributes = {});
  // For operators whose output shape is theirs to state.
  ValueId emit_stated(const std::string& op, std::vector<ValueId> inputs, Attributes attributes,
                      TensorType type, Dims shape);
  std::vector<ValueId> emit_many(const std::string& op, std::vector<ValueId> inputs, Attributes attributes,
                                 size_t outputs);
  ValueId emit_constant(Constant constant);
  ValueId emit_scalar(float value) { return emit_constant(make_f32({}, {value})); }
  ValueId emit_reshape(ValueId value, Dims shape);
  ValueId emit_transpose(ValueId value, const Permutation& permutation);

  // Binds ONNX output i to a value, which takes its name if it was emitted here.
  size_t output_count() const { return static_cast<size_t>(node_.output_size()); }
  bool wants_output(size_t i) const {
    return i < output_count() && !node_.output(static_cast<int>(i)).empty();
  }
  void output(size_t i, ValueId value);

 private:
  const onnx::AttributeProto* attribute(const std::string& key) const;
  std::vector<ValueId> finish(Node* node);
  ValueId remember(ValueId value);  // as emitted here

  Importer* importer_;
  Scope* scope_;
  const onnx::NodeProto& node_;
  std::string name_;
  int opset_;
  std::set<ValueId> emitted_;
  mutable std::set<std::string> read_;  // names of attributes asked for
};

// One row per ONNX operator: its handler.
using Handler = void (*)(OnnxOp& op);
// Null if the operator is not supported. domain "" is ai.onnx.
Handler find_handler(const std::string& domain, const std::string& type);

class Importer {
 public:
  // The model's inputs have the shapes that they are to be converted with (apply_shapes).
  Importer(const onnx::ModelProto& model, Graph* graph, Diagnostics* diagnostics);

  void import_model(const Opsets& opsets);
  // The nodes of a subgraph or function in `scope`; outputs are then found by name.
  void import_nodes(const google::protobuf::RepeatedPtrField<onnx::NodeProto>& nodes, Scope* scope);
  void import_initializers(const onnx::GraphProto& proto, Scope* scope);

  std::string unique_node_name(const std::string& wanted);

  Graph& graph() { return *graph_; }
  Diagnostics& diagnostics() { return *diagnostics_; }

 private:
  void import_inputs(const onnx::GraphProto& proto, Scope* scope);
  void import_outputs(const onnx::GraphProto& proto, const Scope& scope);
  void import_node(const onnx::NodeProto& node, Scope* scope);
  bool inline_function(const onnx::NodeProto& node, Scope* scope);
  void compare_with_onnx(const onnx::GraphProto& proto, const Scope& scope);

  const onnx::ModelProto& model_;
  Graph* graph_;
  Diagnostics* diagnostics_;
  std::set<std::string> node_names_;
  int depth_ = 0;
  int imported_nodes_ = 0;
};

// A declared shape. Dimensions without a size are -1; writes the names of symbolic dimensions too. Throws
// ImportError for what is no tensor.
Dims declared_shape(const onnx::ValueInfoProto& input, std::vector<std::string>* symbols);
// The inputs of the graph that are no initialisers.
std::vector<const onnx::ValueInfoProto*> real_inputs(const onnx::GraphProto& graph);

}  // namespace octet::converter
