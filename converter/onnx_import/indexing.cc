// SPDX-License-Identifier: Apache-2.0
//
// Gather, Scatter, TopK and the like.
#include <algorithm>

#include "converter/onnx_import/handlers.h"

namespace octet::converter {

void import_gather(OnnxOp& op) {  // Gather, GatherElements
  const int64_t axis = op.axis(op.integer("axis", 0), op.rank(0));
  ValueId indices = op.input(1);
  if (op.value(indices).is_constant()) {
    // Known indices are checked now and made non-negative.
    const int64_t length = op.shape(0)[static_cast<size_t>(axis)];
    std::vector<int64_t> list = op.static_integers(1, "indices");
    bool negative = false;
    for (int64_t& index : list) {
      if (index < -length || index >= length)
        op.fail("index " + std::to_string(index) + " of an axis of " + std::to_string(length));
      negative = negative || index < 0;
      if (index < 0) index += length;
    }
    if (negative) indices = op.emit_constant(from_integers(op.element_type(1), op.shape(1), list));
  }
  op.output(0, op.emit(op.type(), {op.input(0), indices}, {{"axis", axis}}));
}

void import_gather_nd(OnnxOp& op) {
  op.output(0,
            op.emit("GatherND", {op.input(0), op.input(1)}, {{"batch_dims", op.integer("batch_dims", 0)}}));
}

void import_scatter(OnnxOp& op) {  // Scatter (9, 10) is ScatterElements
  op.output(0, op.emit("ScatterElements", {op.input(0), op.input(1), op.input(2)},
                       {{"axis", op.axis(op.integer("axis", 0), op.rank(0))},
                        {"reduction", op.text("reduction", "none")}}));
}

void import_scatter_nd(OnnxOp& op) {
  op.output(0, op.emit("ScatterND", {op.input(0), op.input(1), op.input(2)},
                       {{"reduction", op.text("reduction", "none")}}));
}

void import_one_hot(OnnxOp& op) {
  const int64_t depth = op.static_integer(1, "depth");
  if (depth < 1) op.fail("depth " + std::to_string(depth) + "; must be at least 1");
  const int64_t axis = op.axis(op.integer("axis", -1), op.rank(0) + 1);
  op.output(0,
            op.emit("OneHot", {op.input(0), op.input(1), op.input(2)}, {{"axis", axis}, {"depth", depth}}));
}

void import_top_k(OnnxOp& op) {
  const int64_t k = op.opset() < 10 ? op.integer("k", 0) : op.static_integer(1, "k");
  const int64_t axis = op.axis(op.integer("axis", -1), op.rank(0));
  const auto outputs = op.emit_many("TopK", {op.input(0)},
                                    {{"axis", axis},
                                     {"k", std::min(k, op.shape(0)[static_cast<size_t>(axis)])},
                                     {"largest", op.integer("largest", 1)},
                                     {"sorted", op.integer("sorted", 1)}},
                                    2);
  op.output(0, outputs[0]);
  op.output(1, outputs[1]);
}

void import_cum_sum(OnnxOp& op) {
  op.output(0, op.emit("CumSum", {op.input(0)},
                       {{"axis", op.axis(op.static_integer(1, "axis"), op.rank(0))},
                        {"exclusive", op.integer("exclusive", 0)},
                        {"reverse", op.integer("reverse", 0)}}));
}

void import_trilu(OnnxOp& op) {
  const int64_t k = op.has_input(1) ? op.static_integer(1, "k") : 0;
  op.output(0, op.emit("Trilu", {op.input(0)}, {{"k", k}, {"upper", op.integer("upper", 1)}}));
}

// ONNX's output has as many rows as boxes are selected; ours as many as could be, the rest filled with -1.
void import_non_max_suppression(OnnxOp& op) {
  const int64_t most = op.has_input(2) ? op.static_integer(2, "max_output_boxes_per_class") : 0;
  if (most < 1)
    op.unsupported("max_output_boxes_per_class " + std::to_string(most) + ", which selects nothing");
  Attributes attributes{{"center_point_box", op.integer("center_point_box", 0)},
                        {"max_output_boxes_per_class", most},
                        {"iou_threshold", op.has_input(3) ? op.static_number(3, "iou_threshold") : 0.0f}};
  if (op.has_input(4)) attributes["score_threshold"] = op.static_number(4, "score_threshold");
  const ValueId y = op.emit("NonMaxSuppression", {op.input(0), op.input(1)}, attributes);
  op.diagnostics().warning("import", op.name(),
                           "NonMaxSuppression always writes " + shape_text(op.value(y).shape) +
                               "; rows behind the selected ones hold -1");
  op.output(0, y);
}

}  // namespace octet::converter
