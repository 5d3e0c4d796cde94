// SPDX-License-Identifier: Apache-2.0
#include "converter/export_qdq/onnx_writer.h"

#include <algorithm>

namespace octet::converter {

int64_t axis_in(AxisOrder form, int64_t native_axis) {
  static constexpr int64_t kChannelsFirst[] = {0, 2, 3, 1};  // of N, H, W, C
  return form == AxisOrder::kNative ? native_axis : kChannelsFirst[native_axis];
}

const Permutation& to_channels_first() {
  static const Permutation permutation = {0, 3, 1, 2};
  return permutation;
}

int onnx_type_of(TensorType type) {
  switch (type) {
    case schema::TensorType_S8:
      return onnx::TensorProto::INT8;
    case schema::TensorType_U8:
      return onnx::TensorProto::UINT8;
    case schema::TensorType_S16:
      return onnx::TensorProto::INT16;
    case schema::TensorType_S32:
      return onnx::TensorProto::INT32;
    case schema::TensorType_S64:
      return onnx::TensorProto::INT64;
    case schema::TensorType_BOOL:
      return onnx::TensorProto::BOOL;
    default:
      return onnx::TensorProto::FLOAT;
  }
}

namespace {

size_t slot(AxisOrder form) { return static_cast<size_t>(form); }

// [zero_point] or as many of them, as a tensor of `type`.
Constant zero_points(TensorType type, size_t count, bool scalar, int32_t zero_point) {
  const Dims shape = scalar ? Dims{} : Dims{static_cast<int64_t>(count)};
  return from_integers(type, shape, std::vector<int64_t>(count, zero_point));
}

}  // namespace

OnnxWriter::OnnxWriter(const Graph& graph, int opset) : graph_(graph), opset_(opset) {
  model_.set_ir_version(opset >= 21 ? 10 : 8);
  model_.set_producer_name("octet");
  auto* import = model_.add_opset_import();
  import->set_domain("");
  import->set_version(opset);
  proto_ = model_.mutable_graph();
  proto_->set_name("octet_qdq");
  for (const GraphPort& port : graph.inputs) used_.insert(port.name);
  for (const GraphPort& port : graph.outputs) used_.insert(port.name);
}

std::string OnnxWriter::fresh(const std::string& wanted) {
  const std::string base = wanted.empty() ? "tensor" : wanted;
  std::string name = base;
  for (int i = 2; !used_.insert(name).second; ++i) name = base + "_" + std::to_string(i);
  return name;
}

bool OnnxWriter::has(ValueId id, AxisOrder form) const {
  const auto found = names_.find(id);
  return found != names_.end() && !found->second[slot(form)].empty();
}

AxisOrder OnnxWriter::common_form(const Node& node) const {
  bool channels_first = false;
  for (ValueId id : node.inputs) {
    if (id == kNoValue || graph_.value(id).is_constant()) continue;
    const Value& value = graph_.value(id);
    if (value.shape.size() != 4 && element_count(value.shape) != 1) return AxisOrder::kNative;
    channels_first = channels_first || (value.shape.size() == 4 && has(id, AxisOrder::kChannelsFirst));
  }
  for (ValueId id : node.outputs)
    if (id != kNoValue && graph_.value(id).shape.size() != 4) return AxisOrder::kNative;
  return channels_first ? AxisOrder::kChannelsFirst : AxisOrder::kNative;
}

std::string OnnxWriter::read(ValueId id, AxisOrder form) {
  if (id == kNoValue) return "";
  const Value& value = graph_.value(id);
  if (value.shape.size() != 4) form = AxisOrder::kNative;
  std::string name = names_[id][slot(form)];
  if (!name.empty()) return name;
  if (value.is_constant()) {
    name = read_constant(id, form);
  } else {
    const bool back = form == AxisOrder::kNative;
    const std::string other = names_[id][slot(back ? AxisOrder::kChannelsFirst : AxisOrder::kNative)];
    const Permutation perm = back ? inverse(to_channels_first()) : to_channels_first();
    name = emit("Transpose", value.name + (back ? "/nhwc" : "/nchw"), {other});
    set("perm", std::vector<int64_t>(perm.begin(), perm.end()));
    if (value.quantization.scale != 0) name = rounded(name, value.type, value.quantization);
  }
  names_[id][slot(form)] = name;
  return name;
}

std::string OnnxWriter::read_constant(ValueId id, AxisOrder form) {
  const Value& value = graph_.value(id);
  const bool moves = form == AxisOrder::kChannelsFirst;
  const Constant data = moves ? transpose(*value.constant, to_channels_first()) : *value.constant;
  const Quantization& quantization = value.quantization;
  if (value.type == schema::TensorType_F32 || !quantization.quantized()) return initializer(value.name, data);
  if (quantization.channel_scales.empty())
    return dequantized_constant(value.name, data, {quantization.scale}, quantization.zero_point, -1);
  const int64_t axis = moves ? axis_in(form, quantization.channel_axis) : quantization.channel_axis;
  return dequantized_constant(value.name, data, quantization.channel_scales, 0, static_cast<int>(axis));
}

void OnnxWriter::define(ValueId id, AxisOrder form, const std::string& name) {
  const Value& value = graph_.value(id);
  alias(id, form, value.quantization.scale != 0 ? rounded(name, value.type, value.quantization) : name);
}

void OnnxWriter::alias(ValueId id, AxisOrder form, const std::string& name) {
  names_[id][slot(graph_.value(id).shape.size() == 4 ? form : AxisOrder::kNative)] = name;
}

std::string OnnxWriter::rounded(const std::string& name, TensorType type, const Quantization& quantization) {
  const std::string scale = scalar(name + "/scale", quantization.scale);
  const std::string zero =
      initializer(name + "/zero_point", zero_points(type, 1, true, quantization.zero_point));
  const std::string bytes = emit("QuantizeLinear", name + "/q", {name, scale, zero});
  return emit("DequantizeLinear", name + "/dq", {bytes, scale, zero});
}

std::string OnnxWriter::dequantized_constant(const std::string& name, const Constant& integers,
                                             const std::vector<float>& scales, int32_t zero_point, int axis) {
  const bool one = axis < 0;
  const Dims shape = one ? Dims{} : Dims{static_cast<int64_t>(scales.size())};
  std::vector<std::string> inputs = {initializer(name + "/q", integers),
                                     initializer(name + "/scale", make_f32(shape, scales))};
  if (integers.type != schema::TensorType_S32)  // of s32 only 0 is allowed, and meant where it is left out
    inputs.push_back(
        initializer(name + "/zero_point", zero_points(integers.type, scales.size(), one, zero_point)));
  const std::string real = emit("DequantizeLinear", name + "/dq", inputs);
  if (!one) set("axis", static_cast<int64_t>(axis));
  return real;
}

std::string OnnxWriter::initializer(const std::string& wanted, const Constant& constant) {
  onnx::TensorProto* tensor = proto_->add_initializer();
  tensor->set_name(fresh(wanted));
  tensor->set_data_type(onnx_type_of(constant.type));
  for (int64_t dim : constant.shape) tensor->add_dims(dim);
  tensor->set_raw_data(constant.bytes.data(), constant.bytes.size());
  return tensor->name();
}

std::string OnnxWriter::scalar(const std::string& wanted, float value) {
  return initializer(wanted, make_f32({}, {value}));
}

std::string OnnxWriter::integers(const std::string& wanted, const std::vector<int64_t>& data) {
  return initializer(wanted, make_s64({static_cast<int64_t>(data.size())}, data));
}

std::string OnnxWriter::emit(const std::string& op, const std::string& wanted,
                             const std::vector<std::string>& inputs) {
  onnx::NodeProto* node = proto_->add_node();
  const std::string name = fresh(wanted);
  node->set_op_type(op);
  node->set_name(name);
  for (const std::string& input : inputs) node->add_input(input);
  node->add_output(name);
  return name;
}

onnx::AttributeProto* OnnxWriter::attribute(const char* key, onnx::AttributeProto::AttributeType type) {
  onnx::AttributeProto* added = last().add_attribute();
  added->set_name(key);
  added->set_type(type);
  return added;
}

void OnnxWriter::set(const char* key, int64_t value) {
  attribute(key, onnx::AttributeProto::INT)->set_i(value);
}

void OnnxWriter::set(const char* key, float value) {
  attribute(key, onnx::AttributeProto::FLOAT)->set_f(value);
}

void OnnxWriter::set(const char* key, const std::string& value) {
  attribute(key, onnx::AttributeProto::STRING)->set_s(value);
}

void OnnxWriter::set(const char* key, const std::vector<int64_t>& values) {
  onnx::AttributeProto* added = attribute(key, onnx::AttributeProto::INTS);
  for (int64_t value : values) added->add_ints(value);
}

void OnnxWriter::set(const char* key, const Attribute& value) {
  if (const auto* integer = std::get_if<int64_t>(&value)) return set(key, *integer);
  if (const auto* number = std::get_if<float>(&value)) return set(key, *number);
  if (const auto* text = std::get_if<std::string>(&value)) return set(key, *text);
  if (const auto* list = std::get_if<std::vector<int64_t>>(&value)) return set(key, *list);
  if (const auto* numbers = std::get_if<std::vector<float>>(&value)) {
    onnx::AttributeProto* added = attribute(key, onnx::AttributeProto::FLOATS);
    for (float number : *numbers) added->add_floats(number);
  }
  if (const auto* texts = std::get_if<std::vector<std::string>>(&value)) {
    onnx::AttributeProto* added = attribute(key, onnx::AttributeProto::STRINGS);
    for (const std::string& text : *texts) added->add_strings(text);
  }
}

void OnnxWriter::bind_output(const std::string& tensor, const std::string& port) {
  bool made_here = false, taken = false;
  for (const auto& node : proto_->node())
    for (const std::string& output : node.output()) made_here = made_here || output == tensor;
  for (const auto& output : proto_->output()) taken = taken || output.name() == tensor;
  if (!made_here || taken) {
    emit("Identity", port + "/copy", {tensor});
    last().set_output(0, port);
    return;
  }
  for (auto& node : *proto_->mutable_node()) {
    for (auto& name : *node.mutable_input())
      if (name == tensor) name = port;
    for (auto& name : *node.mutable_output())
      if (name == tensor) name = port;
  }
  for (auto& [id, names] : names_)
    for (std::string& name : names)
      if (name == tensor) name = port;
}

void OnnxWriter::remove_dead_nodes() {
  std::set<std::string> read;
  for (const auto& output : proto_->output()) read.insert(output.name());
  std::vector<bool> kept(static_cast<size_t>(proto_->node_size()), false);
  for (int i = proto_->node_size() - 1; i >= 0; --i) {
    const auto& node = proto_->node(i);
    kept[static_cast<size_t>(i)] =
        std::any_of(node.output().begin(), node.output().end(),
                    [&](const std::string& name) { return read.count(name) != 0; });
    if (kept[static_cast<size_t>(i)]) read.insert(node.input().begin(), node.input().end());
  }
  google::protobuf::RepeatedPtrField<onnx::NodeProto> nodes;
  for (int i = 0; i < proto_->node_size(); ++i)
    if (kept[static_cast<size_t>(i)]) nodes.Add()->Swap(proto_->mutable_node(i));
  proto_->mutable_node()->Swap(&nodes);
  google::protobuf::RepeatedPtrField<onnx::TensorProto> tensors;
  for (auto& tensor : *proto_->mutable_initializer())
    if (read.count(tensor.name()) != 0) tensors.Add()->Swap(&tensor);
  proto_->mutable_initializer()->Swap(&tensors);
}

}  // namespace octet::converter
