// SPDX-License-Identifier: Apache-2.0
//
// AveragePool, MaxPool and the global pools. ceil_mode becomes padding at the
// end that makes the last, partial window whole.
#include <algorithm>

#include "converter/infer_shapes.h"
#include "converter/onnx_import/handlers.h"

namespace octet::converter {

namespace {

// More padding behind axis i, so that rounding down gives what ceil_mode asks for. A window that would begin
// in the padding behind the input does not count.
int64_t ceil_padding(const Windows& w, size_t i, int64_t length) {
  const Window window{w.kernel[i], w.strides[i], w.dilations[i], w.pads[i], w.pads[i + 2]};
  const int64_t room = length + window.pad_begin + window.pad_end - window.extent();
  if (room < 0) return 0;
  int64_t out = (room + window.stride - 1) / window.stride + 1;
  if ((out - 1) * window.stride >= length + window.pad_begin) --out;
  return std::max<int64_t>(0, (out - 1) * window.stride - room);
}

}  // namespace

ValueId emit_pool(OnnxOp& op, const std::string& type, ValueId x) {
  const Dims from = op.value(x).shape;
  ValueId image = as_image(op, x);
  std::vector<int64_t> kernel = op.integers("kernel_shape");
  for (int64_t length : kernel)
    if (length > (1 << 30)) op.fail("kernel " + std::to_string(length) + " is out of range");
  if (kernel.size() + 2 != from.size())
    op.fail("kernel_shape " + shape_text(kernel) + " for an input of rank " + std::to_string(from.size()));
  Windows windows = read_windows(op, Dims(from.begin() + 2, from.end()), kernel);
  int64_t count_padding = op.integer("count_include_pad", 0);
  const bool padded =
      std::any_of(windows.pads.begin(), windows.pads.end(), [](int64_t pad) { return pad > 0; });
  if (op.integer("ceil_mode", 0) != 0) {
    const Dims shape = op.value(image).shape;
    const int64_t more[2] = {ceil_padding(windows, 0, shape[2]), ceil_padding(windows, 1, shape[3])};
    if (type == "AveragePool" && count_padding != 0 && padded && more[0] + more[1] > 0) {
      // The declared padding counts, the padding of ceil_mode does not: the former becomes real zeros.
      const std::vector<int64_t> pads = {0, 0, windows.pads[0], windows.pads[1],
                                         0, 0, windows.pads[2], windows.pads[3]};
      image = op.emit("Pad", {image}, {{"mode", std::string("constant")}, {"pads", pads}, {"value", 0.0f}});
      windows.pads.assign(4, 0);
    }
    if (more[0] + more[1] > 0) count_padding = 0;
    windows.pads[2] += more[0];
    windows.pads[3] += more[1];
  }
  Attributes attributes = windows.attributes();
  if (type == "AveragePool") attributes["count_include_pad"] = padded ? count_padding : 0;
  return from_image(op, op.emit(type, {image}, attributes), from.size());
}

void import_pool(OnnxOp& op) {
  if (op.wants_output(1)) op.unsupported("the Indices output");
  op.output(0, emit_pool(op, op.type(), op.input(0)));
}

ValueId emit_global_pool(OnnxOp& op, const std::string& kind, ValueId x) {
  std::vector<int64_t> axes;
  const int64_t rank = static_cast<int64_t>(op.value(x).shape.size());
  if (rank < 3) op.fail("input of rank " + std::to_string(rank) + "; must be at least 3");
  for (int64_t i = 2; i < rank; ++i) axes.push_back(i);
  return op.emit("Reduce", {x}, {{"kind", kind}, {"axes", axes}, {"keepdims", int64_t{1}}});
}

void import_global_pool(OnnxOp& op) {
  op.output(0, emit_global_pool(op, op.type() == "GlobalMaxPool" ? "Max" : "Mean", op.input(0)));
}

}  // namespace octet::converter
