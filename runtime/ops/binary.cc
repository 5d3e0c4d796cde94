// SPDX-License-Identifier: Apache-2.0
//
// Binary: elementwise with two inputs and numpy broadcasting. s8 Add, Sub, Mul are
// in binary_s8.cc, those of s16 in binary_s16.cc, every other type in binary_f32.cc.
#include "runtime/ops/op_checks.h"
#include "runtime/ops/ops.h"

namespace octet {
namespace {

bool is_comparison(schema::BinaryKind kind) {
  return kind >= schema::BinaryKind_Equal && kind <= schema::BinaryKind_GreaterOrEqual;
}

bool is_logical(schema::BinaryKind kind) {
  return kind >= schema::BinaryKind_And && kind <= schema::BinaryKind_Xor;
}

Status check_types(const OpView& view, schema::BinaryKind kind) {
  const Tensor &a = *view.input(0), &b = *view.input(1), &output = *view.output(0);
  if (kind <= schema::BinaryKind_Mul && a.is_quantized() && b.is_quantized() && output.is_quantized())
    return Status();
  if (a.type != b.type)
    return invalid(view, "inputs are %s and %s; must be the same type", type_text(a), type_text(b));
  const TensorType result = is_comparison(kind) || is_logical(kind) ? schema::TensorType_BOOL : a.type;
  OCTET_RETURN_IF_ERROR(check_type(view, output, "output", result));
  const bool number = a.is_f32() || a.type == schema::TensorType_S32 || a.type == schema::TensorType_S64;
  const bool truth =
      (is_logical(kind) || kind == schema::BinaryKind_Equal) && a.type == schema::TensorType_BOOL;
  if (is_logical(kind) ? truth : number || truth) return Status();
  return invalid(view, "%s of %s; it is defined for %s", schema::EnumNameBinaryKind(kind), type_text(a),
                 is_logical(kind) ? "BOOL" : "F32, S32, S64, and S8 or S16 Add, Sub, Mul, and BOOL Equal");
}

// Aligned at the last axis: equal lengths, or 1 on one side.
Status check_broadcast(const OpView& view) {
  const Shape &a = view.input(0)->shape, &b = view.input(1)->shape;
  Shape expected;
  expected.rank = a.rank > b.rank ? a.rank : b.rank;
  for (int i = 1; i <= expected.rank; ++i) {
    const int32_t da = i <= a.rank ? a[a.rank - i] : 1;
    const int32_t db = i <= b.rank ? b[b.rank - i] : 1;
    if (da != db && da != 1 && db != 1)
      return invalid(view, "shapes %s and %s do not broadcast", shape_text(a).c_str(), shape_text(b).c_str());
    expected.dims[expected.rank - i] = da == 1 ? db : da;
  }
  return check_shape(view, *view.output(0), "output", expected);
}

Status check_quantized_options(const OpView& view, const schema::BinaryOptions& options) {
  if (options.kind() == schema::BinaryKind_Mul)
    return check_requantization_entries(view, options.requantization(), 1);
  const int most = view.output(0)->is_s16() ? 0 : 6;
  if (options.fractional_bits() < 0 || options.fractional_bits() > most)
    return invalid(view, "fractional_bits %d; must be in [0, %d]", options.fractional_bits(), most);
  if (options.multiplier_a() == -32768 || options.multiplier_b() == -32768)
    return invalid(view, "multiplier -32768; must be in [-32767, 32767]");
  return Status();
}

}  // namespace

// Checks: two inputs, one output; BinaryOptions with a known kind; the types that the kind is defined
// for; shapes that broadcast to the output's; activation_min <= activation_max; s8 and s16: fractional_bits
// and multipliers in range (Add, Sub), one requantization (Mul).
Status validate_binary(const OpView& view) {
  OCTET_RETURN_IF_ERROR(check_operands(view, 2, 2));
  const auto* options = view.options<schema::BinaryOptions>();
  if (options == nullptr) return invalid(view, "no BinaryOptions");
  if (options->kind() > schema::BinaryKind_MAX)
    return invalid(view, "kind %d; must be at most %d", options->kind(), schema::BinaryKind_MAX);
  OCTET_RETURN_IF_ERROR(check_types(view, options->kind()));
  OCTET_RETURN_IF_ERROR(check_broadcast(view));
  if (!(options->activation_min() <= options->activation_max()))
    return invalid(view, "activation_min %g above activation_max %g",
                   static_cast<double>(options->activation_min()),
                   static_cast<double>(options->activation_max()));
  return view.input(0)->is_quantized() ? check_quantized_options(view, *options) : Status();
}

}  // namespace octet
