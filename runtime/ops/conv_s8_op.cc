// SPDX-License-Identifier: Apache-2.0
//
// From a validated operator to a running ConvS8 kernel.
#include "runtime/ops/conv_s8_op.h"

#include <algorithm>
#include <initializer_list>
#include <limits>
#include <new>

#include "runtime/model.h"
#include "runtime/ops/op_checks.h"
#include "runtime/parallel.h"

namespace octet {
namespace {

// A thread that still spins takes 0.1 microseconds to start and to be waited for. Where cores share no cache
// it is one, and the data that moves between them costs more: there 1 loses up to 4% on the smallest networks
// and wins 10% on larger ones.
constexpr size_t kMicrosecondsWorthAThread = 1;

Status out_of_memory(const OpView& view, size_t bytes) {
  return error(StatusCode::kOutOfMemory, "'%s': no memory for %zu bytes of packed weights", view.name(),
               bytes);
}

class ConvS8Op final : public Op {
 public:
  ConvS8Op(const OpView& view, const PreparedConvS8& prepared)
      : input_(view.input(0)), output_(view.output(0)), prepared_(prepared) {}

  void run(const RunContext& context) override {
    run_conv_s8(prepared_, context, input_->as<int8_t>(), output_->data);
  }
  const char* kernel_name() const override { return prepared_.kernel->name; }
  const char* passed_over() const override {
    return prepared_.passed_over ? prepared_.passed_over->name : nullptr;
  }
  size_t items() const override { return prepared_.items; }

 private:
  const Tensor* input_;
  Tensor* output_;
  PreparedConvS8 prepared_;
};

size_t weights_of(const kernels::ConvS8& c) {
  return c.output_channels * c.kernel_height * c.kernel_width * (c.input_channels / c.groups);
}

size_t macs_of(const kernels::ConvS8& c) {
  return c.batch * c.output_height * c.output_width * weights_of(c);
}

// About what one core does, of the slower shapes.
size_t macs_per_microsecond(const PreparedConvS8& prepared) {
  const kernels::CpuFeature feature = prepared.kernel->feature;
  const size_t dense = feature == kernels::kPortable ? 4000 : feature == kernels::kAvx2 ? 60000 : 120000;
  return prepared.conv.groups == 1 ? dense : dense / 3;
}

// The product, or UINT64_MAX where it is more.
uint64_t product(std::initializer_list<uint64_t> factors) {
  uint64_t result = 1;
  for (const uint64_t factor : factors)
    if (__builtin_mul_overflow(result, factor, &result)) return std::numeric_limits<uint64_t>::max();
  return result;
}

}  // namespace

bool conv_s8_fits(const kernels::ConvS8& c, uint64_t most) {
  constexpr uint64_t kPadded = 16;  // to multiples of that, of a group's channels: the widest of 32 bits
  constexpr uint64_t kBytesPerWeight = 8;  // Winograd: 36 of 16 bits for 9
  constexpr uint64_t kOutputsAtOnce =
      1024;  // whose inputs may stand side by side, before a plan shrinks them
  const auto padded = [](uint64_t n) { return (n + kPadded - 1) / kPadded * kPadded; };
  const uint64_t window = product({c.kernel_height, c.kernel_width, c.input_channels});
  const uint64_t packed = product({c.groups, padded(c.output_channels / c.groups), c.kernel_height,
                                   c.kernel_width, padded(c.input_channels / c.groups), kBytesPerWeight});
  return window <= most / kOutputsAtOnce && packed <= most;
}

Status check_conv_s8_fits(const OpView& view, const kernels::ConvS8& conv) {
  if (conv_s8_fits(conv, std::numeric_limits<size_t>::max())) return {};
  return error(StatusCode::kUnsupported,
               "'%s': %zu x %zu taps of %zu channels; too large for %zu-bit addresses", view.name(),
               conv.kernel_height, conv.kernel_width, conv.input_channels, 8 * sizeof(size_t));
}

Status set_conv_s8_parameters(const OpView& view, const ConvOutputOptions& options, SessionMemory* memory,
                              kernels::ConvS8* conv) {
  conv->input_zero_point = view.input(0)->zero_point;
  conv->input_low = view.input(0)->usual_low;
  conv->input_high = view.input(0)->usual_high;
  conv->weights = static_cast<const int8_t*>(view.input(1)->constant);
  conv->bias = view.input(2) ? static_cast<const int32_t*>(view.input(2)->constant) : nullptr;
  if (view.output(0)->is_f32()) {
    conv->accumulator_scale = options.accumulator_scale->data();
    return {};
  }
  const bool has_table = options.table && options.table->size() == 256;
  conv->output_zero_point = has_table ? options.table_zero_point : view.output(0)->zero_point;
  conv->output_table = has_table ? reinterpret_cast<const int8_t*>(options.table->data()) : nullptr;
  const schema::Requantization& r = *options.requantization;
  const OutputRange range = output_range(&r, view.output(0)->type);
  conv->output_min = range.min;
  conv->output_max = range.max;
  conv->multiplier = r.multiplier()->data();
  conv->right_shift = r.right_shift()->data();
  const size_t channels = conv->output_channels;
  if (r.multiplier()->size() == channels) return {};
  auto* multiplier = static_cast<int16_t*>(memory->allocate(channels * sizeof(int16_t)));
  auto* right_shift = static_cast<int8_t*>(memory->allocate(channels));
  if (!multiplier || !right_shift) return out_of_memory(view, channels * 3);
  std::fill_n(multiplier, channels, r.multiplier()->Get(0));
  std::fill_n(right_shift, channels, r.right_shift()->Get(0));
  conv->multiplier = multiplier;
  conv->right_shift = right_shift;
  return {};
}

Status prepare_conv_s8(const OpView& view, const kernels::ConvS8& conv, PrepareContext* context,
                       PreparedConvS8* prepared) {
  OCTET_RETURN_IF_ERROR(check_conv_s8_fits(view, conv));
  prepared->conv = conv;
  prepared->kernel = &kernels::select_conv_s8(conv, context->cpu, &prepared->passed_over);
  const size_t bytes = prepared->kernel->packed_bytes(conv);
  if (bytes > 0) {
    void* packed = context->memory->allocate(bytes);
    if (!packed) return out_of_memory(view, bytes);
    prepared->kernel->pack(conv, packed);
    prepared->packed = packed;
    context->model->release(conv.weights, weights_of(conv));
  }
  prepared->items = prepared->kernel->items(conv);
  prepared->minimum_items = kMicrosecondsWorthAThread * prepared->items * macs_per_microsecond(*prepared) /
                                std::max<size_t>(macs_of(conv), 1) +
                            1;
  context->scratch_bytes = std::max(context->scratch_bytes, prepared->kernel->scratch_bytes(conv));
  return {};
}

void run_conv_s8(const PreparedConvS8& prepared, const RunContext& context, const int8_t* input,
                 void* output) {
  parallel_for(
      context, prepared.items, prepared.minimum_items, [&](size_t first, size_t last, size_t thread) {
        uint8_t* scratch = context.scratch ? context.scratch + thread * context.scratch_stride : nullptr;
        prepared.kernel->run(prepared.conv, prepared.packed, input, output, first, last, scratch);
      });
}

Status make_conv_s8_op(const OpView& view, const kernels::ConvS8& conv, PrepareContext* context,
                       std::unique_ptr<Op>* op) {
  PreparedConvS8 prepared;
  OCTET_RETURN_IF_ERROR(prepare_conv_s8(view, conv, context, &prepared));
  op->reset(new (std::nothrow) ConvS8Op(view, prepared));
  return *op ? Status() : out_of_memory(view, sizeof(ConvS8Op));
}

}  // namespace octet
