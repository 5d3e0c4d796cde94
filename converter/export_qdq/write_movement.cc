// SPDX-License-Identifier: Apache-2.0
//
// Data movement, reductions, and operators along an axis.
#include <algorithm>
#include <limits>

#include "converter/export_qdq/writers.h"
#include "converter/lower/lower.h"

namespace octet::converter {
namespace {

const Dims& shape_of(const OnnxWriter& out, ValueId id) { return out.graph().value(id).shape; }

// Attributes that have an entry per axis of a rank-4 value, in the order of `form`.
std::vector<int64_t> in_form(AxisOrder form, const std::vector<int64_t>& native) {
  std::vector<int64_t> result(native.size());
  for (size_t i = 0; i < native.size(); ++i)
    result[static_cast<size_t>(axis_in(form, static_cast<int64_t>(i)))] = native[i];
  return result;
}

int64_t wrapped(int64_t axis, size_t rank) { return axis < 0 ? axis + static_cast<int64_t>(rank) : axis; }

}  // namespace

Status write_reshape(OnnxWriter& out, const Node& node) {
  const ValueId x = node.inputs[0], y = node.outputs[0];
  const bool either = shape_of(out, x).size() == 4 && keeps_bytes(shape_of(out, x), to_channels_first());
  const AxisOrder form =
      either && !out.has(x, AxisOrder::kNative) ? AxisOrder::kChannelsFirst : AxisOrder::kNative;
  const std::string from = out.read(x, form);
  const std::string shape = out.integers(node.name + "/shape", shape_of(out, y));
  out.define(y, AxisOrder::kNative, out.emit("Reshape", node.name, {from, shape}));
  return Status();
}

// A Transpose between the two forms is another name for the tensor that is there.
Status write_transpose(OnnxWriter& out, const Node& node) {
  const ValueId x = node.inputs[0], y = node.outputs[0];
  const std::vector<int64_t> list = node.integers("perm");
  const Permutation perm(list.begin(), list.end());
  if (perm == to_channels_first() && out.has(x, AxisOrder::kChannelsFirst)) {
    out.alias(y, AxisOrder::kNative, out.read(x, AxisOrder::kChannelsFirst));
  } else if (perm == inverse(to_channels_first()) && out.has(x, AxisOrder::kNative)) {
    out.alias(y, AxisOrder::kChannelsFirst, out.read(x, AxisOrder::kNative));
  } else {
    const std::string moved = out.emit("Transpose", node.name, {out.read(x, AxisOrder::kNative)});
    out.set("perm", list);
    out.define(y, AxisOrder::kNative, moved);
  }
  return Status();
}

Status write_along_axis(OnnxWriter& out, const Node& node) {
  AxisOrder form = out.common_form(node);
  std::vector<std::string> inputs;
  for (ValueId id : node.inputs) inputs.push_back(out.read(id, form));
  const std::string y = out.emit(node.op, node.name, inputs);
  for (const auto& [key, value] : node.attributes)
    if (key != "axis") out.set(key.c_str(), value);
  const int64_t axis = wrapped(node.integer("axis", -1), shape_of(out, node.outputs[0]).size());
  out.set("axis", form == AxisOrder::kNative ? node.integer("axis", -1) : axis_in(form, axis));
  out.define(node.outputs[0], form, y);
  return Status();
}

Status write_reduce(OnnxWriter& out, const Node& node) {
  const ValueId x = node.inputs[0];
  std::vector<int64_t> axes = node.integers("axes");
  const bool keeps = node.integer("keepdims", 1) != 0;
  // Over height and width, what is left has the same order in either form.
  const bool spatial = axes == std::vector<int64_t>{1, 2};
  const bool channels_first =
      shape_of(out, x).size() == 4 && out.has(x, AxisOrder::kChannelsFirst) && (keeps || spatial);
  const AxisOrder form = channels_first ? AxisOrder::kChannelsFirst : AxisOrder::kNative;
  for (int64_t& axis : axes) axis = axis_in(form, axis);
  std::sort(axes.begin(), axes.end());
  const std::string kind = node.text("kind", "Mean"), from = out.read(x, form);
  std::string y;
  if (kind == "Sum" || out.opset() >= 18) {
    y = out.emit("Reduce" + kind, node.name, {from, out.integers(node.name + "/axes", axes)});
  } else {
    y = out.emit("Reduce" + kind, node.name, {from});
    out.set("axes", axes);
  }
  out.set("keepdims", node.integer("keepdims", 1));
  out.define(node.outputs[0], form, write_activation(out, node, y));
  return Status();
}

Status write_slice(OnnxWriter& out, const Node& node) {
  const ValueId x = node.inputs[0];
  const AxisOrder form = out.common_form(node);
  const std::vector<int64_t> starts = node.integers("starts"), steps = node.integers("steps");
  const Dims &from = shape_of(out, x), &to = shape_of(out, node.outputs[0]);
  std::vector<int64_t> begin, end, axes, strides;
  for (size_t i = 0; i < to.size(); ++i) {
    if (starts[i] == 0 && steps[i] == 1 && from[i] == to[i]) continue;
    const int64_t behind = starts[i] + steps[i] * to[i];
    begin.push_back(starts[i]);
    end.push_back(behind < 0 ? std::numeric_limits<int64_t>::min() : behind);  // backwards past the first
    axes.push_back(axis_in(to.size() == 4 ? form : AxisOrder::kNative, static_cast<int64_t>(i)));
    strides.push_back(steps[i]);
  }
  std::string y = out.read(x, form);
  if (!axes.empty())
    y = out.emit("Slice", node.name,
                 {y, out.integers(node.name + "/starts", begin), out.integers(node.name + "/ends", end),
                  out.integers(node.name + "/axes", axes), out.integers(node.name + "/steps", strides)});
  out.define(node.outputs[0], form, y);
  return Status();
}

Status write_pad(OnnxWriter& out, const Node& node) {
  const AxisOrder form = out.common_form(node);
  const std::vector<int64_t> pads = node.integers("pads");
  const auto half = static_cast<std::ptrdiff_t>(pads.size() / 2);
  std::vector<int64_t> all = in_form(form, {pads.begin(), pads.begin() + half});
  const std::vector<int64_t> behind = in_form(form, {pads.begin() + half, pads.end()});
  all.insert(all.end(), behind.begin(), behind.end());
  const std::string mode = node.text("mode", "constant");
  std::vector<std::string> inputs = {out.read(node.inputs[0], form), out.integers(node.name + "/pads", all)};
  if (mode == "constant") inputs.push_back(out.scalar(node.name + "/value", node.number("value", 0)));
  const std::string y = out.emit("Pad", node.name, inputs);
  out.set("mode", mode);
  out.define(node.outputs[0], form, y);
  return Status();
}

Status write_expand(OnnxWriter& out, const Node& node) {
  const std::string shape = out.integers(node.name + "/shape", shape_of(out, node.outputs[0]));
  const std::string x = out.read(node.inputs[0], AxisOrder::kNative);
  out.define(node.outputs[0], AxisOrder::kNative, out.emit("Expand", node.name, {x, shape}));
  return Status();
}

Status write_tile(OnnxWriter& out, const Node& node) {
  const AxisOrder form = out.common_form(node);
  const std::string repeats = out.integers(node.name + "/repeats", in_form(form, node.integers("repeats")));
  const std::string x = out.read(node.inputs[0], form);
  out.define(node.outputs[0], form, out.emit("Tile", node.name, {x, repeats}));
  return Status();
}

namespace {

void define_all(OnnxWriter& out, const Node& node, const std::string& first) {
  const int at = out.proto()->node_size() - 1;
  for (size_t i = 1; i < node.outputs.size(); ++i) {
    const std::string name = node.outputs[i] == kNoValue ? "" : out.fresh(first + "/" + std::to_string(i));
    out.proto()->mutable_node(at)->add_output(name);
    if (!name.empty()) out.define(node.outputs[i], AxisOrder::kNative, name);
  }
  if (node.outputs[0] != kNoValue) out.define(node.outputs[0], AxisOrder::kNative, first);
}

}  // namespace

Status write_native(OnnxWriter& out, const Node& node) {
  std::vector<std::string> inputs;
  for (ValueId id : node.inputs) inputs.push_back(out.read(id, AxisOrder::kNative));
  while (!inputs.empty() && inputs.back().empty()) inputs.pop_back();
  const std::string y = out.emit(node.op, node.name, inputs);
  const bool one_hot = node.op == "OneHot";  // its depth is an input as well
  for (const auto& [key, value] : node.attributes)
    if (!(one_hot && key == "depth")) out.set(key.c_str(), value);
  define_all(out, node, y);
  return Status();
}

Status write_with_number(OnnxWriter& out, const Node& node) {
  const char* const key = node.op == "CumSum" ? "axis" : "k";
  const std::string x = out.read(node.inputs[0], AxisOrder::kNative);
  const std::string number =
      node.op == "TopK" ? out.integers(node.name + "/k", {node.integer("k")})
                        : out.initializer(node.name + "/" + key,
                                          from_integers(schema::TensorType_S64, {}, {node.integer(key)}));
  const std::string y = out.emit(node.op, node.name, {x, number});
  for (const auto& [name, value] : node.attributes)
    if (name != key) out.set(name.c_str(), value);
  define_all(out, node, y);
  return Status();
}

}  // namespace octet::converter
