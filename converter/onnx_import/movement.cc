// SPDX-License-Identifier: Apache-2.0
//
// Data movement: reshapes, transposes, slices, pads. What was an input in one
// opset and an attribute in another is read here and nowhere else.
#include <algorithm>
#include <cstdlib>
#include <limits>

#include "converter/onnx_import/handlers.h"

namespace octet::converter {

namespace {

constexpr int64_t kLargestDimension = (int64_t{1} << 31) - 1;

// Attribute `key` before `input_since`, input `i` from there on. False if absent.
bool list_argument(OnnxOp& op, const char* key, size_t i, int input_since, std::vector<int64_t>* list) {
  if (op.opset() < input_since) {
    *list = op.integers(key);
    return op.has(key);
  }
  if (!op.has_input(i)) return false;
  *list = op.static_integers(i, key);
  return true;
}

}  // namespace

void import_reshape(OnnxOp& op) {
  const Dims from = op.shape(0);
  Dims to = op.static_integers(1, "shape");
  const bool copies = op.integer("allowzero", 0) == 0;
  const int64_t total = element_count(from);
  int64_t known = 1;
  int open = -1;
  for (size_t i = 0; i < to.size(); ++i) {
    if (to[i] == 0 && copies) {
      if (i >= from.size()) op.fail("shape copies axis " + std::to_string(i) + " of " + shape_text(from));
      to[i] = from[i];
    }
    if (to[i] < -1 || (to[i] == -1 && open >= 0)) op.fail("shape " + shape_text(to));
    if (to[i] > kLargestDimension) op.fail("shape " + shape_text(to) + " is too large");
    if (to[i] == -1)
      open = static_cast<int>(i);
    else
      known = element_count({known, to[i]});
  }
  if (open >= 0) to[static_cast<size_t>(open)] = known == 0 ? 0 : total / known;
  if (element_count(to) != total) op.fail(shape_text(from) + " cannot become " + shape_text(to));
  op.output(0, op.emit_reshape(op.input(0), to));
}

void import_flatten(OnnxOp& op) {
  const Dims from = op.shape(0);
  const int64_t rank = static_cast<int64_t>(from.size());
  int64_t axis = op.integer("axis", 1);
  if (axis < -rank || axis > rank)
    op.fail("axis " + std::to_string(axis) + " of rank " + std::to_string(rank));
  if (axis < 0) axis += rank;
  const int64_t outer = element_count(Dims(from.begin(), from.begin() + axis));
  const int64_t inner = element_count(Dims(from.begin() + axis, from.end()));
  op.output(0, op.emit_reshape(op.input(0), {outer, inner}));
}

void import_squeeze(OnnxOp& op) {
  const Dims from = op.shape(0);
  const int64_t rank = static_cast<int64_t>(from.size());
  std::vector<int64_t> axes;
  const bool given = list_argument(op, "axes", 1, 13, &axes);
  for (int64_t& axis : axes) axis = op.axis(axis, rank);
  Dims to;
  for (int64_t i = 0; i < rank; ++i) {
    const bool named = std::find(axes.begin(), axes.end(), i) != axes.end();
    if (named && from[static_cast<size_t>(i)] != 1)
      op.fail("axis " + std::to_string(i) + " of " + shape_text(from) + " is not 1");
    if (!(named || (!given && from[static_cast<size_t>(i)] == 1))) to.push_back(from[static_cast<size_t>(i)]);
  }
  op.output(0, op.emit_reshape(op.input(0), to));
}

void import_unsqueeze(OnnxOp& op) {
  Dims to = op.shape(0);
  std::vector<int64_t> axes;
  if (!list_argument(op, "axes", 1, 13, &axes)) op.fail("axes are missing");
  const int64_t rank = static_cast<int64_t>(to.size() + axes.size());
  for (int64_t& axis : axes) axis = op.axis(axis, rank);
  std::sort(axes.begin(), axes.end());
  for (size_t i = 0; i < axes.size(); ++i) {
    if (i > 0 && axes[i] == axes[i - 1]) op.fail("axis " + std::to_string(axes[i]) + " is given twice");
    to.insert(to.begin() + axes[i], 1);
  }
  op.output(0, op.emit_reshape(op.input(0), to));
}

void import_transpose(OnnxOp& op) {
  std::vector<int64_t> perm = op.integers("perm");
  const int64_t rank = op.rank(0);
  if (!op.has("perm"))
    for (int64_t i = rank; i-- > 0;) perm.push_back(i);
  std::vector<int64_t> sorted = perm;
  std::sort(sorted.begin(), sorted.end());
  for (size_t i = 0; i < sorted.size(); ++i)
    if (sorted[i] != static_cast<int64_t>(i)) op.fail("perm " + shape_text(perm) + " is no permutation");
  if (static_cast<int64_t>(perm.size()) != rank)
    op.fail("perm " + shape_text(perm) + " of rank " + std::to_string(rank));
  op.output(0, op.emit_transpose(op.input(0), Permutation(perm.begin(), perm.end())));
}

void import_concat(OnnxOp& op) {
  const int64_t axis = op.axis(op.integer("axis", 1), op.rank(0));
  // Empty inputs add nothing.
  std::vector<ValueId> inputs;
  for (ValueId input : op.inputs())
    if (element_count(op.value(input).shape) > 0) inputs.push_back(input);
  if (inputs.empty()) inputs = op.inputs();
  op.output(0, inputs.size() == 1 ? inputs[0] : op.emit("Concat", inputs, {{"axis", axis}}));
}

void import_split(OnnxOp& op) {
  const Dims from = op.shape(0);
  const size_t axis = static_cast<size_t>(op.axis(op.integer("axis", 0), op.rank(0)));
  const int64_t parts = static_cast<int64_t>(op.output_count());
  if (parts < 1) op.fail("no outputs");
  if (op.integer("num_outputs", parts) != parts) op.fail("num_outputs differs from the outputs");
  std::vector<int64_t> sizes;
  if (!list_argument(op, "split", 1, 13, &sizes)) {
    const int64_t even = (from[axis] + parts - 1) / parts;  // the last part may be smaller (opset 18)
    for (int64_t left = from[axis]; left > 0; left -= even) sizes.push_back(std::min(even, left));
    if (op.opset() < 18 && from[axis] % parts != 0)
      op.fail(std::to_string(parts) + " outputs do not divide axis of " + std::to_string(from[axis]));
  }
  int64_t total = 0;
  for (int64_t size : sizes) {
    if (size < 0 || size > kLargestDimension) op.fail("a part of " + std::to_string(size));
    total += size;
  }
  if (total != from[axis] || static_cast<int64_t>(sizes.size()) != parts)
    op.fail("split " + shape_text(sizes) + " of an axis of " + std::to_string(from[axis]) + " into " +
            std::to_string(parts) + " outputs");
  int64_t start = 0;
  for (size_t i = 0; i < sizes.size(); ++i) {
    std::vector<int64_t> starts(from.size(), 0), steps(from.size(), 1);
    starts[axis] = start;
    start += sizes[i];
    Dims to = from;
    to[axis] = sizes[i];
    if (op.wants_output(i))
      op.output(i, op.emit_stated("Slice", {op.input(0)}, {{"starts", starts}, {"steps", steps}},
                                  op.element_type(0), to));
  }
}

void import_slice(OnnxOp& op) {
  const Dims from = op.shape(0);
  const int64_t rank = static_cast<int64_t>(from.size());
  std::vector<int64_t> starts, ends, axes, steps;
  if (!list_argument(op, "starts", 1, 10, &starts) || !list_argument(op, "ends", 2, 10, &ends))
    op.fail("starts or ends are missing");
  if (!list_argument(op, "axes", 3, 10, &axes))
    for (size_t i = 0; i < starts.size(); ++i) axes.push_back(static_cast<int64_t>(i));
  if (op.opset() < 10 || !list_argument(op, "steps", 4, 10, &steps)) steps.assign(starts.size(), 1);
  if (ends.size() != starts.size() || axes.size() != starts.size() || steps.size() != starts.size())
    op.fail("starts, ends, axes and steps differ in length");
  std::vector<int64_t> full_starts(from.size(), 0), full_steps(from.size(), 1);
  Dims to = from;
  for (size_t i = 0; i < starts.size(); ++i) {
    const size_t axis = static_cast<size_t>(op.axis(axes[i], rank));
    const int64_t length = from[axis];
    const int64_t step = std::max(-kLargestDimension, std::min(kLargestDimension, steps[i]));
    if (step == 0) op.fail("step 0");
    const auto place = [length](int64_t at) { return at < 0 ? at + length : at; };
    // In range for the step's direction, as in Python.
    const int64_t low = step > 0 ? 0 : -1, high = step > 0 ? length : length - 1;
    const int64_t start = std::max<int64_t>(0, std::min(place(starts[i]), high));
    const int64_t end =
        std::max(low, std::min(ends[i] < -length ? low : place(ends[i]), high + (step < 0 ? 1 : 0)));
    const int64_t span = step > 0 ? end - start : start - end, stride = step > 0 ? step : -step;
    to[axis] = span > 0 ? (span + stride - 1) / stride : 0;
    full_starts[axis] = to[axis] > 0 ? start : 0;
    full_steps[axis] = step;
  }
  if (to == from && full_steps == std::vector<int64_t>(from.size(), 1)) return op.output(0, op.input(0));
  op.output(0, op.emit_stated("Slice", {op.input(0)}, {{"starts", full_starts}, {"steps", full_steps}},
                              op.element_type(0), to));
}

void import_pad(OnnxOp& op) {
  const size_t rank = op.shape(0).size();
  std::vector<int64_t> pads, axes;
  if (!list_argument(op, "pads", 1, 11, &pads)) op.fail("pads are missing");
  float value = op.number("value", 0);
  if (op.opset() >= 11) value = op.has_input(2) ? op.static_number(2, "constant_value") : 0;
  if (op.opset() >= 18 && op.has_input(3)) {
    axes = op.static_integers(3, "axes");
    if (pads.size() != 2 * axes.size()) op.fail("needs two pads per axis");
    std::vector<int64_t> full(2 * rank, 0);
    for (size_t i = 0; i < axes.size(); ++i) {
      const size_t axis = static_cast<size_t>(op.axis(axes[i], static_cast<int64_t>(rank)));
      full[axis] = pads[i];
      full[axis + rank] = pads[i + axes.size()];
    }
    pads = full;
  }
  const std::string mode = op.text("mode", "constant");
  if (mode != "constant" && mode != "reflect" && mode != "edge" && mode != "wrap")
    op.unsupported("mode " + mode);
  if (pads.size() != 2 * rank) op.fail("needs two pads per axis");
  for (int64_t pad : pads)
    if (std::abs(std::max(pad, -kLargestDimension - 1)) > kLargestDimension)
      op.fail("pad " + std::to_string(pad));
  // Negative pads cut: a Slice before the Pad of the rest.
  const Dims from = op.shape(0);
  Dims cut = from;
  std::vector<int64_t> starts(rank, 0);
  for (size_t i = 0; i < rank; ++i) {
    starts[i] = std::max<int64_t>(0, -pads[i]);
    cut[i] -= starts[i] + std::max<int64_t>(0, -pads[i + rank]);
    if (cut[i] < 0) op.fail("negative pads cut more than axis " + std::to_string(i) + " has");
  }
  ValueId x = op.input(0);
  if (cut != from)
    x = op.emit_stated("Slice", {x}, {{"starts", starts}, {"steps", std::vector<int64_t>(rank, 1)}},
                       op.element_type(0), cut);
  for (int64_t& pad : pads) pad = std::max<int64_t>(0, pad);
  op.output(0, op.emit("Pad", {x}, {{"mode", mode}, {"pads", pads}, {"value", value}}));
}

void import_expand(OnnxOp& op) {
  Dims to;
  const Dims target = op.static_integers(1, "shape");
  if (!broadcast_shapes(op.shape(0), target, &to))
    op.fail(shape_text(op.shape(0)) + " does not broadcast to " + shape_text(target));
  if (to == op.shape(0)) return op.output(0, op.input(0));
  op.output(0, op.emit_stated("Expand", {op.input(0)}, {}, op.element_type(0), to));
}

void import_tile(OnnxOp& op) {
  const std::vector<int64_t> repeats = op.static_integers(1, "repeats");
  if (repeats.size() != op.shape(0).size()) op.fail("needs one repeat per axis");
  for (int64_t repeat : repeats)
    if (repeat < 0 || repeat > kLargestDimension) op.fail("repeat " + std::to_string(repeat));
  op.output(0, op.emit("Tile", {op.input(0)}, {{"repeats", repeats}}));
}

void import_depth_space(OnnxOp& op) {
  const int64_t block = op.integer("blocksize", 0);
  if (block < 1 || block > (1 << 15)) op.fail("blocksize " + std::to_string(block));
  Attributes attributes{{"blocksize", block}};
  if (op.type() == "DepthToSpace") attributes["mode"] = op.text("mode", "DCR");
  op.output(0, op.emit(op.type(), {op.input(0)}, attributes));
}

}  // namespace octet::converter
