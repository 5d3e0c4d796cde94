// SPDX-License-Identifier: Apache-2.0
//
// export_qdq. Before: the quantized graph (NHWC, s8 values, s32 bias). After: an ONNX file that computes the
// same in f32 between QuantizeLinear and DequantizeLinear, with the inputs and outputs that the network had.
#include <algorithm>

#include "converter/export_qdq/writers.h"
#include "converter/lower/lower.h"
#include "converter/stages.h"

namespace octet::converter {
namespace {

// 16-bit QuantizeLinear came with opset 21.
int least_opset(const Graph& graph) {
  const bool any_s16 = std::any_of(graph.values.begin(), graph.values.end(), [](const Value& value) {
    return value.type == schema::TensorType_S16 && value.quantization.scale != 0;
  });
  return any_s16 ? 21 : 17;
}

bool is_quantized_port(const GraphPort& port) {
  return port.type == schema::TensorType_U8 || port.type == schema::TensorType_S8;
}

// Bytes of `port` declared as u8 count from 0: the zero point moves by 128.
int32_t zero_point_of(const GraphPort& port, const Quantization& quantization) {
  return quantization.zero_point + (port.type == schema::TensorType_U8 ? 128 : 0);
}

void declare(onnx::ValueInfoProto* info, const GraphPort& port) {
  info->set_name(port.name);
  auto* type = info->mutable_type()->mutable_tensor_type();
  type->set_elem_type(onnx_type_of(port.type));
  for (int64_t dim : port.shape) type->mutable_shape()->add_dim()->set_dim_value(dim);
}

// Value axis i = declared axis permutation[i].
bool is_channels_first(const GraphPort& port) { return port.permutation == inverse(to_channels_first()); }

std::string transposed(OnnxWriter& out, const std::string& name, const Permutation& perm) {
  const std::string moved = out.emit("Transpose", name + "/moved", {name});
  out.set("perm", std::vector<int64_t>(perm.begin(), perm.end()));
  return moved;
}

void write_input(OnnxWriter& out, const GraphPort& port) {
  declare(out.proto()->add_input(), port);
  const Value& value = out.graph().value(port.value);
  std::string name = port.name;
  if (is_quantized_port(port) && value.quantization.scale != 0) {
    const std::string scale = out.scalar(name + "/scale", value.quantization.scale);
    const Constant zero = from_integers(port.type, {}, {zero_point_of(port, value.quantization)});
    name = out.emit("DequantizeLinear", name + "/dq",
                    {name, scale, out.initializer(name + "/zero_point", zero)});
    if (is_channels_first(port)) return out.alias(port.value, AxisOrder::kChannelsFirst, name);
    if (!port.permutation.empty()) name = transposed(out, name, port.permutation);
    return out.alias(port.value, AxisOrder::kNative, name);
  }
  if (is_channels_first(port)) return out.define(port.value, AxisOrder::kChannelsFirst, name);
  if (!port.permutation.empty()) name = transposed(out, name, port.permutation);
  out.define(port.value, AxisOrder::kNative, name);
}

void write_output(OnnxWriter& out, const GraphPort& port) {
  const Value& value = out.graph().value(port.value);
  const bool channels_first = is_channels_first(port);
  std::string name = out.read(port.value, channels_first ? AxisOrder::kChannelsFirst : AxisOrder::kNative);
  if (!channels_first && !port.permutation.empty()) name = transposed(out, name, inverse(port.permutation));
  if (is_quantized_port(port) && value.quantization.scale != 0) {
    const std::string scale = out.scalar(port.name + "/scale", value.quantization.scale);
    const Constant zero = from_integers(port.type, {}, {zero_point_of(port, value.quantization)});
    name = out.emit("QuantizeLinear", port.name + "/bytes",
                    {name, scale, out.initializer(port.name + "/zero_point", zero)});
  }
  out.bind_output(name, port.name);
  declare(out.proto()->add_output(), port);
}

// Says once how much of the network is written in which way.
void report(const OnnxWriter& out, const std::string& path, Diagnostics* diagnostics) {
  size_t quantizers = 0, transposes = 0;
  for (const auto& node : out.model().graph().node()) {
    quantizers += node.op_type() == "QuantizeLinear";
    transposes += node.op_type() == "Transpose";
  }
  diagnostics->note("export_qdq", "",
                    path + ": ONNX opset " + std::to_string(out.opset()) + ", " +
                        std::to_string(out.model().graph().node_size()) + " nodes, " +
                        std::to_string(quantizers) + " QuantizeLinear, " + std::to_string(transposes) +
                        " Transpose");
}

}  // namespace

Status export_qdq(const Graph& graph, const std::string& path, Diagnostics* diagnostics) {
  OnnxWriter out(graph, least_opset(graph));
  for (const GraphPort& port : graph.inputs) write_input(out, port);
  for (const auto& node : graph.nodes) {
    const WriteNode write = find_writer(node->op);
    if (write == nullptr)
      return node_error(StatusCode::kUnsupported, *node,
                        "--export-qdq: operator " + node->op + " has no ONNX form with the same outputs");
    OCTET_RETURN_IF_ERROR(write(out, *node));
  }
  for (const GraphPort& port : graph.outputs) write_output(out, port);
  out.remove_dead_nodes();
  std::string bytes;
  if (!out.model().SerializeToString(&bytes))
    return error(StatusCode::kUnsupported, "%s: the network does not fit in an ONNX file of 2 GB",
                 path.c_str());
  OCTET_RETURN_IF_ERROR(write_file(path, reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()));
  report(out, path, diagnostics);
  return Status();
}

}  // namespace octet::converter
