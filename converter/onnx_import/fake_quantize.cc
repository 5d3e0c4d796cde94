// SPDX-License-Identifier: Apache-2.0
//
// Fake quantization written out in arithmetic, as older exporters, Brevitas and decomposed
// quantize_per_tensor / dequantize_per_tensor leave it:
//
//   Before: x -> Div s -> Add z -> Round -> Clip lo hi -> Sub z -> Mul s -> y
//           (also Mul 1/s, Div 1/s, Round in front of Add, Clip in front of Round, Min and Max or Where for
//           Clip, and Cast anywhere between)
//   After:  x -> QuantizeLinear s z -> DequantizeLinear s z -> y; a Clip in front where lo..hi are not all
//   the
//           steps of the type
//   Applies when s, z, lo and hi are known, lo..hi are at most 256 steps around one z, and the scale behind
//   is
//           the scale in front. Constants x are weights: s may have one entry per slice of an axis.
#include <algorithm>
#include <cmath>
#include <optional>

#include "converter/onnx_import/handlers.h"

namespace octet::converter {
namespace {

// Real numbers of a named constant; none if it is computed or has another type.
std::optional<Constant> known(OnnxOp& op, const std::string& name) {
  const ValueId id = op.scope()->find(name);
  if (id == kNoValue || !op.value(id).is_constant()) return std::nullopt;
  return *op.value(id).constant;
}

std::optional<double> known_number(OnnxOp& op, const std::string& name) {
  const std::optional<Constant> constant = known(op, name);
  double value = 0;
  if (!constant || !uniform_value(*constant, &value)) return std::nullopt;
  return value;
}

// One node of the chain, in words of v = x / s.
struct Step {
  enum Kind { kAdd, kRound, kAtLeast, kAtMost } kind;
  double number = 0;
};

struct Chain {
  std::string x;
  Constant scale;           // in front
  std::vector<Step> steps;  // from the end of the chain to its beginning
};

class ChainReader {
 public:
  explicit ChainReader(OnnxOp& op) : op_(op) {}

  // Follows the chain that ends in tensor `name`. False if it is none.
  bool read(std::string name, Chain* chain) {
    for (int length = 0; length < 12; ++length) {
      const onnx::NodeProto* node = op_.scope()->producer(name);
      if (node == nullptr || node->input_size() < 1) return false;
      if (scales(*node, chain)) return rounds_;
      if (!step(*node, chain)) return false;
      name = next_;
    }
    return false;
  }

 private:
  // The operand that is a number, as the other goes on.
  std::optional<double> operand(const onnx::NodeProto& node, bool commutes) {
    if (node.input_size() != 2) return std::nullopt;
    const std::optional<double> second = known_number(op_, node.input(1));
    next_ = node.input(0);
    if (second) return second;
    next_ = node.input(1);
    return commutes ? known_number(op_, node.input(0)) : std::nullopt;
  }

  bool step(const onnx::NodeProto& node, Chain* chain) {
    const std::string& type = node.op_type();
    next_ = node.input(0);
    if (type == "Cast" || type == "Identity") return true;
    if (type == "Round") {
      chain->steps.push_back({Step::kRound, 0});
      return rounds_ = true;
    }
    if (type == "Clip") return clip(node, chain);
    if (type == "Where") return where(node, chain);
    const std::optional<double> number = operand(node, type != "Sub");
    if (!number) return false;
    if (type == "Add") chain->steps.push_back({Step::kAdd, *number});
    if (type == "Sub") chain->steps.push_back({Step::kAdd, -*number});
    if (type == "Max") chain->steps.push_back({Step::kAtLeast, *number});
    if (type == "Min") chain->steps.push_back({Step::kAtMost, *number});
    return type == "Add" || type == "Sub" || type == "Max" || type == "Min";
  }

  bool clip(const onnx::NodeProto& node, Chain* chain) {
    std::optional<double> low, high;
    for (const auto& attribute : node.attribute()) {
      if (attribute.name() == "min") low = attribute.f();
      if (attribute.name() == "max") high = attribute.f();
    }
    if (node.input_size() > 1 && !node.input(1).empty()) low = known_number(op_, node.input(1));
    if (node.input_size() > 2 && !node.input(2).empty()) high = known_number(op_, node.input(2));
    if (!low || !high) return false;
    chain->steps.push_back({Step::kAtMost, *high});
    chain->steps.push_back({Step::kAtLeast, *low});
    return true;
  }

  // Where(x > bound, bound, x), or with <: Brevitas' clamp.
  bool where(const onnx::NodeProto& node, Chain* chain) {
    const std::optional<double> bound = known_number(op_, node.input(1));
    const onnx::NodeProto* asked = op_.scope()->producer(node.input(0));
    if (!bound || asked == nullptr || asked->input_size() != 2 || asked->input(0) != node.input(2))
      return false;
    if (known_number(op_, asked->input(1)) != bound) return false;
    const std::string& type = asked->op_type();
    const bool at_most = type.rfind("Greater", 0) == 0;
    if (!at_most && type.rfind("Less", 0) != 0) return false;
    chain->steps.push_back({at_most ? Step::kAtMost : Step::kAtLeast, *bound});
    next_ = node.input(2);
    return true;
  }

  // Div or Mul by a constant behind (in the chain, in front of) the rounding: its beginning.
  bool scales(const onnx::NodeProto& node, Chain* chain) {
    const bool divides = node.op_type() == "Div";
    if (!rounds_ || (!divides && node.op_type() != "Mul") || node.input_size() != 2) return false;
    std::optional<Constant> scale = known(op_, node.input(1));
    chain->x = node.input(0);
    if (!scale && !divides) {
      scale = known(op_, node.input(0));
      chain->x = node.input(1);
    }
    if (!scale || scale->type != schema::TensorType_F32) return false;
    if (!divides)
      for (size_t i = 0; i < scale->elements(); ++i) scale->as<float>()[i] = 1 / scale->as<float>()[i];
    chain->scale = *scale;
    return true;
  }

  OnnxOp& op_;
  std::string next_;
  bool rounds_ = false;
};

// Steps lo..hi that can come out, counted from the real 0, and the zero point that the chain adds.
struct Grid {
  double low = -INFINITY, high = INFINITY, zero_point = 0;
};

bool walk(const Chain& chain, Grid* grid) {
  double offset = 0;
  for (size_t i = chain.steps.size(); i-- > 0;) {
    const Step& step = chain.steps[i];
    if (step.kind == Step::kAdd) offset += step.number;
    if (offset != std::nearbyint(offset)) return false;
    if (step.kind == Step::kRound) continue;
    if (step.kind == Step::kAtLeast) grid->low = std::max(grid->low, step.number - offset);
    if (step.kind == Step::kAtMost) grid->high = std::min(grid->high, step.number - offset);
    if (offset != 0) grid->zero_point = offset;
  }
  const bool whole = grid->low == std::nearbyint(grid->low) && grid->high == std::nearbyint(grid->high);
  return offset == 0 && whole && grid->low <= 0 && grid->high >= 0 && grid->high - grid->low <= 255;
}

bool same_scales(const Constant& a, const Constant& b) {
  if (a.type != b.type || a.elements() != b.elements()) return false;
  for (size_t i = 0; i < a.elements(); ++i) {
    const float x = a.as<float>()[i], y = b.as<float>()[i];
    if (!(x > 0) || !std::isfinite(x) || !(std::fabs(x - y) <= 4e-7f * x)) return false;
  }
  return true;
}

// The axis of x along which the scales run (-1: one scale), or none.
std::optional<int64_t> scale_axis(const Dims& x, const Dims& scale) {
  if (element_count(scale) == 1) return -1;
  std::optional<int64_t> axis;
  for (size_t i = 0; i < scale.size(); ++i) {
    if (scale[i] == 1) continue;
    const int64_t at = static_cast<int64_t>(i + x.size()) - static_cast<int64_t>(scale.size());
    if (axis || at < 0 || x[static_cast<size_t>(at)] != scale[i]) return std::nullopt;
    axis = at;
  }
  return axis;
}

// The type whose zero point is the chain's own, else s8 with the steps moved into [-128, 127].
TensorType type_of(Grid* grid) {
  const double low = grid->low + grid->zero_point, high = grid->high + grid->zero_point;
  if (low >= -128 && high <= 127) return schema::TensorType_S8;
  if (low >= 0 && high <= 255) return schema::TensorType_U8;
  grid->zero_point = -128 - grid->low;
  return schema::TensorType_S8;
}

void emit_pair(OnnxOp& op, ValueId x, const Constant& scale, int64_t axis, Grid grid) {
  const TensorType type = type_of(&grid);
  const double least = type == schema::TensorType_U8 ? 0 : -128;
  const bool narrow = grid.low + grid.zero_point > least || grid.high + grid.zero_point < least + 255;
  const int64_t count = static_cast<int64_t>(scale.elements());
  const Dims shape = axis < 0 ? Dims{} : Dims{count};
  const ValueId scales = op.emit_constant(reshape(scale, shape));
  const ValueId zero_points = op.emit_constant(from_integers(
      type, shape, std::vector<int64_t>(static_cast<size_t>(count), static_cast<int64_t>(grid.zero_point))));
  const int64_t along = std::max<int64_t>(axis, 0);
  if (narrow && axis < 0) {
    const float step = scale.as<float>()[0];
    x = op.emit(
        "Clip", {x},
        {{"min", static_cast<float>(grid.low) * step}, {"max", static_cast<float>(grid.high) * step}});
  }
  ValueId bytes = emit_quantize(op, x, scales, zero_points, along);
  if (narrow && axis >= 0) {  // weights: constants
    const auto bound = [&](double steps) {
      return op.emit_constant(from_integers(type, {}, {static_cast<int64_t>(steps + grid.zero_point)}));
    };
    bytes = op.emit("Min", {op.emit("Max", {bytes, bound(grid.low)}), bound(grid.high)});
  }
  op.output(0, emit_dequantize(op, bytes, scales, zero_points, along));
}

}  // namespace

bool import_fake_quantize(OnnxOp& op) {
  const bool divides = op.type() == "Div";
  if ((!divides && op.type() != "Mul") || op.input_count() != 2) return false;
  for (size_t side : {size_t{1}, size_t{0}}) {
    if (divides && side == 0) break;
    std::optional<Constant> behind = known(op, op.proto().input(static_cast<int>(side)));
    if (!behind || behind->type != schema::TensorType_F32) continue;
    if (divides)
      for (size_t i = 0; i < behind->elements(); ++i) behind->as<float>()[i] = 1 / behind->as<float>()[i];
    Chain chain;
    Grid grid;
    if (!ChainReader(op).read(op.proto().input(static_cast<int>(1 - side)), &chain)) continue;
    if (!same_scales(*behind, chain.scale) || !walk(chain, &grid)) continue;
    const ValueId x = op.scope()->find(chain.x);
    if (x == kNoValue || op.value(x).type != schema::TensorType_F32) continue;
    const std::optional<int64_t> axis = scale_axis(op.value(x).shape, behind->shape);
    if (!axis || (*axis >= 0 && !op.value(x).is_constant())) continue;
    emit_pair(op, x, *behind, *axis, grid);
    return true;
  }
  return false;
}

// Bytes between QuantizeLinear and DequantizeLinear that are clamped (a narrow range, or fewer bits): the
// clamp goes in front of QuantizeLinear, where it is one of real numbers. Constants are clamped as they are.
bool import_quantized_clip(OnnxOp& op, double low, double high) {
  const Node* quantize = op.graph().producer(op.input(0));
  if (quantize == nullptr || quantize->op != "QuantizeLinear") return false;
  const std::vector<ValueId> inputs = quantize->inputs;
  const Constant& scale = *op.value(inputs[1]).constant;
  if (scale.elements() != 1) op.unsupported("on bytes with one scale per channel");
  const ValueId zero = inputs.size() > 2 ? inputs[2] : kNoValue;
  const double zero_point = zero == kNoValue ? 0 : to_doubles(*op.value(zero).constant)[0];
  const auto real = [&](double steps) {
    return static_cast<float>((steps - zero_point) * to_floats(scale)[0]);
  };
  const ValueId x = op.emit("Clip", {inputs[0]}, {{"min", real(low)}, {"max", real(high)}});
  op.output(0, emit_quantize(op, x, inputs[1], zero, 0));
  return true;
}

}  // namespace octet::converter
