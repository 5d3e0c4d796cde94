// SPDX-License-Identifier: Apache-2.0
#include "tools/commands/selection.h"

#include <set>

#include "runtime/op.h"

namespace octet::tools {
namespace {

// Joined by commas, in order.
std::string joined(const std::set<std::string>& texts) {
  std::string list;
  for (const std::string& text : texts) list += (list.empty() ? "" : ",") + text;
  return list;
}

const schema::Tensor& operand(const schema::Model& model, const schema::Operator& op, unsigned i) {
  return *model.tensors()->Get(static_cast<unsigned>(op.inputs()->Get(i)));
}

bool any_s16(const schema::Model& model, const flatbuffers::Vector<int32_t>* indices) {
  for (unsigned i = 0; indices && i < indices->size(); ++i)
    if (indices->Get(i) >= 0 &&
        model.tensors()->Get(static_cast<unsigned>(indices->Get(i)))->type() == schema::TensorType_S16)
      return true;
  return false;
}

bool takes_s16(const schema::Model& model, const schema::Operator& op) {
  return any_s16(model, op.inputs()) || any_s16(model, op.outputs());
}

bool takes_s8(const schema::Model& model, const schema::Operator& op) {
  return op.inputs() && op.inputs()->size() > 0 && op.inputs()->Get(0) >= 0 &&
         operand(model, op, 0).type() == schema::TensorType_S8;
}

std::string operator_text(const schema::Model& model, const schema::Operator& op) {
  const std::string name = schema::EnumNameOperatorType(op.type());
  const OpRow* row = find_op(op.type());
  if (row == nullptr || !row->has_forms()) return name;
  if (takes_s16(model, op)) return name + ":s16";
  return name + (takes_s8(model, op) ? ":s8" : ":f32");
}

// What the s8 kernels of convolutions are for. Each text is a part of their names.
constexpr const char* kSpecialKernels[] = {"depthwise",       "depthwise_3x3s1", "depthwise_3x3s2",
                                           "depthwise_5x5s1", "depthwise_5x5s2", "first",
                                           "winograd"};

// Which of them may run a convolution; a superset of what their supports() say.
std::set<std::string> special_kernels(const schema::Model& model, const schema::Operator& op) {
  const schema::Conv2DOptions& o = *op.options_as_Conv2DOptions();
  const auto& weights = *operand(model, op, 1).shape();  // OHWI
  const int height = weights.Get(1), width = weights.Get(2), stride = o.stride_height();
  const bool square = height == width && stride == o.stride_width();
  if (o.groups() > 1 && weights.Get(3) == 1) {
    const std::string shape =
        std::to_string(height) + "x" + std::to_string(width) + "s" + std::to_string(stride);
    return square ? std::set<std::string>{"depthwise", "depthwise_" + shape}
                  : std::set<std::string>{"depthwise"};
  }
  std::set<std::string> names;
  if (weights.Get(3) <= 4) names.insert("first");
  if (square && height == 3 && stride == 1) names.insert("winograd");
  return names;
}

}  // namespace

std::string selection_text(const schema::Model& model) {
  std::set<std::string> operators, used;
  bool uses_any = false;
  for (const schema::Operator* op : *model.operators()) {
    operators.insert(operator_text(model, *op));
    if (!takes_s8(model, *op) || takes_s16(model, *op)) continue;
    uses_any |= op->type() == schema::OperatorType_ConvTranspose2D;  // becomes convolutions of many shapes
    if (op->type() == schema::OperatorType_Conv2D) used.merge(special_kernels(model, *op));
  }
  std::set<std::string> unused;
  for (const char* name : kSpecialKernels)
    if (!uses_any && used.count(name) == 0) unused.insert(name);
  if (unused.count("depthwise") != 0)
    unused.erase(unused.lower_bound("depthwise_"), unused.lower_bound("first"));
  return "-DOCTET_OPERATORS=" + joined(operators) +
         (unused.empty() ? "" : " -DOCTET_WITHOUT_KERNELS=" + joined(unused));
}

}  // namespace octet::tools
