// SPDX-License-Identifier: Apache-2.0
//
// import_qdq. Before: X -> QuantizeLinear -> DequantizeLinear -> Conv, and the weights behind
// DequantizeLinear. After: X -> Conv, with the scale and zero point pinned on X, and f32 weights with
// their scales pinned. u8 becomes s8 by subtracting 128 from data and zero point.
//
// Where X may not take the pin (float nodes read it too, it is a graph output, or it has another
// pin already: back-to-back requantization), a Requantize node carries X to a pinned value of its own;
// quantize() turns it into Quantize, a table, or nothing.
#include <map>
#include <set>

#include "converter/quantize/qdq_weights.h"
#include "converter/quantize/s8_rules.h"
#include "converter/quantize/scales.h"
#include "converter/quantize/uses.h"
#include "converter/quantize/wide_pin.h"
#include "converter/stages.h"

namespace octet::converter {
namespace {

bool is_byte(TensorType type) { return type == schema::TensorType_U8 || type == schema::TensorType_S8; }

Quantization to_s8(const QdqParameters& parameters) {
  Quantization result;
  result.scale = parameters.scales[0];
  result.zero_point =
      static_cast<int32_t>(parameters.zero_points[0]) - (parameters.type == schema::TensorType_U8 ? 128 : 0);
  return result;
}

class QdqImport {
 public:
  QdqImport(Graph* graph, Diagnostics* diagnostics)
      : graph_(*graph), diagnostics_(diagnostics), uses_(*graph) {}

  Status run(bool* found) {
    std::vector<std::unique_ptr<Node>> nodes = std::move(graph_.nodes);
    graph_.nodes.clear();
    for (auto& node : nodes) {
      OCTET_RETURN_IF_ERROR(visit(std::move(node)));
    }
    for (GraphPort& port : graph_.outputs) {
      const auto bytes =
          quantized_.find(port.value);  // a quantized output: s8 in the model, declared as it was
      port.value = bytes != quantized_.end() ? bytes->second : resolve(port.value);
    }
    report_changes();
    *found = pins_ + wide_pins_ > 0;
    if (wide_pins_ > 0)
      diagnostics_->note("import_qdq", "",
                         std::to_string(wide_pins_) +
                             " activations have 16 bits: they keep their range, in 32768 steps around 0");
    if (pins_ > 0)
      diagnostics_->note("import_qdq", "",
                         "the network brings its own scales for " + std::to_string(pins_) +
                             " activations; no calibration is needed");
    return Status();
  }

 private:
  Status visit(std::unique_ptr<Node> node) {
    if (node->op == "QuantizeLinear" || node->op == "DequantizeLinear") {
      gone_.push_back(std::move(node));
      return gone_.back()->op == "QuantizeLinear" ? quantize_linear(*gone_.back())
                                                  : dequantize_linear(*gone_.back());
    }
    bool reads_bytes = false;
    for (ValueId& id : node->inputs) {
      if (id == kNoValue) continue;
      reads_bytes |= quantized_.count(id) != 0;  // before resolve: behind DequantizeLinear it is real
      id = resolve(id);
    }
    if (reads_bytes) OCTET_RETURN_IF_ERROR(lift_movement(node.get()));
    graph_.nodes.push_back(std::move(node));
    return Status();
  }

  ValueId resolve(ValueId id) const {
    for (auto found = renamed_.find(id); found != renamed_.end(); found = renamed_.find(id))
      id = found->second;
    return id;
  }

  void pin(ValueId id, const Quantization& quantization) {
    graph_.value(id).quantization = quantization;
    ++pins_;
  }

  // A value of bytes becomes the real numbers that they stand for.
  void make_real(ValueId id) {
    byte_types_[id] = graph_.value(id).type;
    graph_.value(id).type = schema::TensorType_F32;
  }

  Status quantize_linear(const Node& node) {
    const ValueId input = resolve(node.inputs[0]), output = node.outputs[0];
    QdqParameters parameters;
    OCTET_RETURN_IF_ERROR(
        read_qdq_parameters(graph_, node, graph_.value(input).shape, graph_.value(output).type, &parameters));
    if (graph_.value(input).is_constant()) return quantize_weights(input, output, parameters);
    if (!is_byte(parameters.type) || !parameters.per_tensor()) {
      const ValueId wide = pin_wide(node, input, parameters);
      if (wide == kNoValue)
        diagnostics_->warning("import_qdq", node.name,
                              "only 8-bit and 16-bit scales per tensor are taken over; this one is left out");
      left_out_[output] = wide == kNoValue ? input : wide;
      return Status();
    }
    const ValueId pinned = pinned_value(node, input, to_s8(parameters));
    quantized_[output] = uses_.output(output) ? carried_value(node, pinned, to_s8(parameters)) : pinned;
    return Status();
  }

  // A scale of 16 bits (u16 is read as s32) becomes the range of the value, clamped to it where the rounding
  // does (a ReLU may be nothing but that). Returns the value, or kNoValue if it may not have the range.
  ValueId pin_wide(const Node& node, ValueId input, const QdqParameters& parameters) {
    const bool is_s16 = parameters.type == schema::TensorType_S16;
    if ((!is_s16 && parameters.type != schema::TensorType_S32) || !parameters.per_tensor()) return kNoValue;
    const int64_t low = is_s16 ? -32768 : 0, middle = low + 32768;
    const Quantization wide = wide_pin(parameters.scales[0], parameters.zero_points[0], low, low + 65535);
    const Quantization& held = graph_.value(input).quantization;
    if (is_wide_pin(held)) return held.channel_scales == wide.channel_scales ? input : kNoValue;
    if (held.quantized() || !only_quantized_alike(input, node)) return kNoValue;
    const bool clamps = parameters.zero_points[0] != middle && can_clamp(graph_.producer(input));
    const ValueId value = clamps ? clamped(node, input, wide) : input;
    graph_.value(value).quantization = wide;
    ++wide_pins_;
    return value;
  }

  // Operators that a Clip is fused into, or that fold into such ones.
  static bool can_clamp(const Node* writer) {
    if (writer == nullptr) return false;
    for (const char* op :
         {"Conv", "ConvTranspose", "FullyConnected", "BatchNormalization", "Add", "Sub", "Mul"})
      if (writer->op == op) return true;
    return false;
  }

  ValueId clamped(const Node& node, ValueId input, const Quantization& wide) {
    const Value value = graph_.value(input);
    const ValueId made = graph_.add_value(value.name + "/clamped", schema::TensorType_F32, value.shape);
    Node& clip = graph_.insert_node(graph_.nodes.size(), "Clip", node.name);
    clip.source = node.source;
    clip.inputs = {input};
    clip.outputs = {made};
    clip.attributes["min"] = wide.channel_scales[0];
    clip.attributes["max"] = wide.channel_scales[1];
    return made;
  }

  Status quantize_weights(ValueId input, ValueId output, const QdqParameters& parameters) {
    if (!is_byte(parameters.type))
      return error(StatusCode::kUnsupported,
                   "QuantizeLinear of constant '%s': only 8-bit types are supported",
                   graph_.value(input).name.c_str());
    graph_.value(output).constant =
        std::make_shared<const Constant>(quantize_constant(*graph_.value(input).constant, parameters));
    return Status();
  }

  // The f32 value that stands for `input` rounded to `quantization`.
  ValueId pinned_value(const Node& node, ValueId input, const Quantization& quantization) {
    Value& value = graph_.value(input);
    if (value.quantization.scale != 0 && same_quantization(value.quantization, quantization)) return input;
    if (value.quantization.scale == 0 && only_quantized_alike(input, node)) {
      pin(input, quantization);
      return input;
    }
    return carried_value(node, input, quantization);
  }

  // A pinned value of its own behind a Requantize. As a quantized graph output it is s8 whatever writes
  // `input`.
  ValueId carried_value(const Node& node, ValueId input, const Quantization& quantization) {
    const Value value = graph_.value(input);
    const ValueId made =
        graph_.add_value(value.name + "/quantized/" + node.name, schema::TensorType_F32, value.shape);
    pin(made, quantization);
    Node& requantize = graph_.insert_node(graph_.nodes.size(), "Requantize", node.name);
    requantize.source = node.source;
    requantize.inputs = {input};
    requantize.outputs = {made};
    return made;
  }

  // Every reader of `id` is a QuantizeLinear with the parameters of `node`, and it is no graph output.
  bool only_quantized_alike(ValueId id, const Node& node) const {
    if (static_cast<size_t>(id) >= uses_.consumers.size()) return false;
    if (uses_.output(id)) return false;
    for (const Node* reader : uses_.readers(id)) {
      if (reader == &node) continue;
      if (reader->op != "QuantizeLinear" || reader->inputs[0] != id) return false;
      if (!same_parameters(*reader, node)) return false;
    }
    return true;
  }

  bool same_parameters(const Node& a, const Node& b) const {
    QdqParameters pa, pb;
    const Dims& shape = graph_.value(a.inputs[0]).shape;
    if (!read_qdq_parameters(graph_, a, shape, graph_.value(a.outputs[0]).type, &pa).ok()) return false;
    if (!read_qdq_parameters(graph_, b, shape, graph_.value(b.outputs[0]).type, &pb).ok()) return false;
    return pa.scales == pb.scales && pa.zero_points == pb.zero_points && pa.type == pb.type;
  }

  Status dequantize_linear(const Node& node) {
    const ValueId input = resolve(node.inputs[0]), output = node.outputs[0];
    if (left_out_.count(input) != 0) {
      renamed_[output] = resolve(left_out_[input]);
      return Status();
    }
    const auto bytes = byte_types_.find(input);
    const TensorType type = bytes != byte_types_.end() ? bytes->second : graph_.value(input).type;
    QdqParameters parameters;
    OCTET_RETURN_IF_ERROR(read_qdq_parameters(graph_, node, graph_.value(input).shape, type, &parameters));
    if (graph_.value(input).is_constant()) return dequantize_weights(node, input, output, parameters);
    const auto found = quantized_.find(input);
    if (found == quantized_.end() && is_quantized_input(node)) {
      make_real(input);
      pin(input, to_s8(parameters));
      quantized_[input] = input;
      renamed_[output] = input;
      return Status();
    }
    if (found == quantized_.end()) return dequantize_input(node, parameters);
    if (!parameters.per_tensor() ||
        !same_quantization(to_s8(parameters), graph_.value(found->second).quantization))
      return error(StatusCode::kUnsupported,
                   "DequantizeLinear '%s': its scale differs from that of QuantizeLinear", node.name.c_str());
    renamed_[output] = found->second;
    return Status();
  }

  // A u8 or s8 graph input that is dequantized at once, always alike: it enters as s8.
  bool is_quantized_input(const Node& node) const {
    const ValueId input = node.inputs[0];
    QdqParameters parameters;
    if (!uses_.input(input) || uses_.output(input) || !is_byte(graph_.value(input).type)) return false;
    const TensorType type = graph_.value(input).type;
    if (!read_qdq_parameters(graph_, node, graph_.value(input).shape, type, &parameters).ok()) return false;
    for (const Node* reader : uses_.readers(input)) {
      QdqParameters other;
      if (reader->op != "DequantizeLinear" ||
          !read_qdq_parameters(graph_, *reader, graph_.value(input).shape, type, &other).ok())
        return false;
      if (!other.per_tensor() || other.scales != parameters.scales ||
          other.zero_points != parameters.zero_points)
        return false;
    }
    return true;
  }

  // Bytes that no QuantizeLinear made, such as a quantized graph input with other readers: scale * (q -
  // zero_point) in f32.
  Status dequantize_input(const Node& node, const QdqParameters& parameters) {
    if (!parameters.per_tensor())
      return error(StatusCode::kUnsupported, "DequantizeLinear '%s': scales per channel on an activation",
                   node.name.c_str());
    const ValueId input = resolve(node.inputs[0]);
    const Dims shape = graph_.value(input).shape;
    const ValueId cast = graph_.add_value(node.name + "/cast", schema::TensorType_F32, shape);
    Node& to_f32 = graph_.insert_node(graph_.nodes.size(), "Cast", node.name + "/cast");
    to_f32.inputs = {input};
    to_f32.outputs = {cast};
    to_f32.attributes["to"] = static_cast<int64_t>(schema::TensorType_F32);
    const ValueId shifted = graph_.add_value(node.name + "/shifted", schema::TensorType_F32, shape);
    Node& sub = graph_.insert_node(graph_.nodes.size(), "Sub", node.name + "/zero_point");
    sub.inputs = {cast, graph_.add_constant(node.name + "/zero",
                                            make_f32({}, {static_cast<float>(parameters.zero_points[0])}))};
    sub.outputs = {shifted};
    Node& mul = graph_.insert_node(graph_.nodes.size(), "Mul", node.name);
    mul.inputs = {shifted, graph_.add_constant(node.name + "/scale", make_f32({}, {parameters.scales[0]}))};
    mul.outputs = {node.outputs[0]};
    if (is_byte(parameters.type)) pin(node.outputs[0], to_s8(parameters));
    return Status();
  }

  // A data movement node between Quantize- and DequantizeLinear works on the pinned values instead.
  Status lift_movement(Node* node) {
    const S8Rule* rule = find_s8_rule(*node);
    const Quantization* shared = nullptr;
    for (ValueId& id : node->inputs) {
      const auto found = id == kNoValue ? quantized_.end() : quantized_.find(id);
      if (found == quantized_.end()) continue;
      id = found->second;
      const Quantization& quantization = graph_.value(id).quantization;
      if (shared != nullptr && !same_quantization(*shared, quantization)) rule = nullptr;
      shared = &quantization;
    }
    if (rule != nullptr && (node->op == "ArgMax" || node->op == "ArgMin"))
      return Status();  // indices: no scale
    if (rule == nullptr || !rule->same_scale || node->outputs.size() != 1 ||
        !is_byte(graph_.value(node->outputs[0]).type))
      return error(StatusCode::kUnsupported, "%s: works on quantized bytes; it has no such form here",
                   describe(*node).c_str());
    const Quantization quantization = *shared;
    if (node->op == "Pad" && node->text("mode", "constant") == "constant") {  // with a byte
      const int bias = graph_.value(node->outputs[0]).type == schema::TensorType_U8 ? 128 : 0;
      node->attributes["value"] =
          (node->number("value", 0) - static_cast<float>(bias + quantization.zero_point)) *
          quantization.scale;
    }
    make_real(node->outputs[0]);
    pin(node->outputs[0], quantization);
    quantized_[node->outputs[0]] = node->outputs[0];
    return Status();
  }

  Status dequantize_weights(const Node& node, ValueId input, ValueId output,
                            const QdqParameters& parameters) {
    const Constant& quantized = *graph_.value(input).constant;
    Constant real = dequantize_constant(quantized, parameters);
    Quantization quantization;
    const int axis = is_byte(parameters.type) ? output_axis(output, quantized.shape) : -1;
    if (axis >= 0)
      take_weights(node, quantized, parameters, axis, &real, &quantization);
    else if (is_byte(parameters.type) && parameters.per_tensor())
      quantization = to_s8(parameters);
    graph_.value(output).constant = std::make_shared<const Constant>(std::move(real));
    graph_.value(output).quantization = quantization;
    return Status();
  }

  void take_weights(const Node& node, const Constant& quantized, const QdqParameters& parameters, int axis,
                    Constant* real, Quantization* quantization) {
    const WeightChanges before = changes_;
    if (!pin_weights(quantized, parameters, axis, real, quantization, &changes_))
      diagnostics_->warning("import_qdq", node.name,
                            "weight scales along axis " + std::to_string(parameters.axis) +
                                ", not along the output channels: quantized anew");
    if (changes_.layers == before.layers) return;
    diagnostics_->detail(
        "import_qdq", node.name,
        "weights beyond [-127, 127] steps: " + std::to_string(changes_.clamped - before.clamped) +
            " weights clamped, " + std::to_string(changes_.respaced - before.respaced) +
            " channels on a coarser scale");
  }

  void report_changes() const {
    if (changes_.layers == 0) return;
    char text[240];
    std::snprintf(
        text, sizeof text,
        "weights of %zu layers lie beyond the [-127, 127] steps of INT8: %zu weights were clamped, %zu "
        "channels put on a coarser scale; the largest change is %.2f steps (all other weights are exact)",
        changes_.layers, changes_.clamped, changes_.respaced, changes_.largest);
    diagnostics_->warning("import_qdq", "", text);
  }

  // The axis of output channels if every reader takes `id` as weights, else -1.
  int output_axis(ValueId id, const Dims& shape) const {
    int axis = -1;
    for (const Node* reader : uses_.readers(id)) {
      if (reader->input(1) != id) return -1;
      int here = -1;
      if (reader->op == "Conv" || reader->op == "FullyConnected") here = 0;
      if (reader->op == "ConvTranspose" && reader->integer("group", 1) == 1) here = 1;
      if (reader->op == "MatMul" && shape.size() == 2) here = 1;
      if (here < 0 || (axis >= 0 && axis != here) || here >= static_cast<int>(shape.size())) return -1;
      axis = here;
    }
    return axis;
  }

  Graph& graph_;
  Diagnostics* diagnostics_;
  Uses uses_;                                 // of the graph as it came
  std::map<ValueId, ValueId> quantized_;      // output of QuantizeLinear -> pinned f32 value
  std::map<ValueId, TensorType> byte_types_;  // of values that make_real changed
  std::map<ValueId, ValueId> renamed_;        // output of DequantizeLinear -> pinned f32 value
  std::map<ValueId, ValueId> left_out_;       // output of a QuantizeLinear that is dropped -> its input
  std::vector<std::unique_ptr<Node>> gone_;   // uses_ still points at them
  WeightChanges changes_;
  size_t pins_ = 0, wide_pins_ = 0;
};

}  // namespace

Status import_qdq(Graph* graph, Diagnostics* diagnostics, bool* found) {
  return QdqImport(graph, diagnostics).run(found);
}

}  // namespace octet::converter
