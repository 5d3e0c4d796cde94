// SPDX-License-Identifier: Apache-2.0
//
// Pad: grows or cuts the axes; any element type; kernels/pad.h. Trailing axes that keep their length
// are part of a block.
#include <cstring>

#include "kernels/pad.h"
#include "runtime/ops/op_checks.h"
#include "runtime/ops/ops.h"
#include "runtime/parallel.h"

namespace octet {
namespace {

kernels::PadModeKind mode_of(schema::PadMode mode) {
  switch (mode) {
    case schema::PadMode_Reflect: return kernels::PadModeKind::kReflect;
    case schema::PadMode_Edge: return kernels::PadModeKind::kEdge;
    case schema::PadMode_Wrap: return kernels::PadModeKind::kWrap;
    default: return kernels::PadModeKind::kConstant;
  }
}

// One element of the padding value, in the bytes of `type`.
void write_fill(const schema::PadOptions& options, TensorType type, uint8_t (*fill)[8]) {
  const float f32 = options.value();
  const int8_t s8 = options.value_s8();
  const int64_t whole = options.value_int();
  const uint8_t truth = whole != 0;
  if (type == schema::TensorType_F32) {
    std::memcpy(*fill, &f32, sizeof f32);
  } else if (type == schema::TensorType_S8) {
    std::memcpy(*fill, &s8, sizeof s8);
  } else if (type == schema::TensorType_BOOL) {
    std::memcpy(*fill, &truth, sizeof truth);
  } else {  // the low bytes of a little-endian integer, of which only the element's are used
    for (size_t i = 0; i < sizeof *fill; ++i)
      (*fill)[i] = static_cast<uint8_t>(static_cast<uint64_t>(whole) >> (8 * i));
  }
}

class PadOp final : public Op {
 public:
  explicit PadOp(const OpView& view) : input_(view.input(0)), output_(view.output(0)) {}

  // Builds the axes and their maps; false when memory is exhausted.
  bool prepare(const schema::PadOptions& options, SessionMemory* memory) {
    const Shape &from = input_->shape, &to = output_->shape;
    const auto stays = [&](int d) {
      return options.begin()->Get(static_cast<uint32_t>(d)) == 0 && from[d] == to[d];
    };
    int rank = to.rank;  // up to the last axis that changes, at least one
    while (rank > 1 && stays(rank - 1)) --rank;
    pad_.element_bytes = element_bytes(output_->type);
    pad_.block_bytes = pad_.element_bytes * to.elements(rank, to.rank);
    write_fill(options, output_->type, &pad_.fill);
    for (int d = 0; d < rank; ++d) {
      if (d > 0 && d < rank - 1 && stays(d) && stays(d - 1)) {  // one axis with the one before
        pad_.output_dims[pad_.rank - 1] *= static_cast<size_t>(to[d]);
        pad_.input_strides[pad_.rank - 1] = from.elements(d + 1, rank);
        continue;
      }
      pad_.output_dims[pad_.rank] = static_cast<size_t>(to[d]);
      pad_.input_strides[pad_.rank] = from.elements(d + 1, rank);
      if ((d == rank - 1 || !stays(d)) && !build_map(options, d, memory)) return false;
      ++pad_.rank;
    }
    kernels::find_pad_run(&pad_);
    return true;
  }

  void run(const RunContext& context) override {
    if (output_->bytes == 0) return;
    const size_t row_bytes = pad_.output_dims[pad_.rank - 1] * pad_.block_bytes;
    parallel_for(context, output_->bytes / row_bytes, minimum_items(2 * row_bytes),
                 [&](size_t first, size_t last, size_t) {
                   kernels::pad_blocks(pad_, input_->data, output_->data, first, last);
                 });
  }
  const char* kernel_name() const override { return "pad_blocks"; }

 private:
  // The map of axis d becomes that of the last axis of pad_.
  bool build_map(const schema::PadOptions& options, int d, SessionMemory* memory) {
    const int32_t length = output_->shape[d];
    int32_t* map = static_cast<int32_t*>(memory->allocate(sizeof(int32_t) * static_cast<size_t>(length)));
    if (map == nullptr) return false;
    const int64_t begin = options.begin()->Get(static_cast<uint32_t>(d));
    for (int32_t o = 0; o < length; ++o)
      map[o] = kernels::pad_source(mode_of(options.mode()), o, begin, input_->shape[d]);
    pad_.maps[pad_.rank] = map;
    return true;
  }

  const Tensor* input_;
  Tensor* output_;
  kernels::PadBlocks pad_;
};

}  // namespace

// Checks: one input, one output of the same type, quantization and rank (at least 1); PadOptions with a
// known mode and one begin and end per axis; the output's lengths are the input's plus both, and at most
// 2^24, since prepare maps each index. Padding may be negative. Modes other than constant need an element to
// repeat.
Status validate_pad(const OpView& view) {
  constexpr int32_t kLongest = 1 << 24;
  OCTET_RETURN_IF_ERROR(check_operands(view, 1, 1));
  const Tensor &input = *view.input(0), &output = *view.output(0);
  OCTET_RETURN_IF_ERROR(check_same_meaning(view, input, output));
  const int rank = input.shape.rank;
  if (rank == 0) return invalid(view, "a scalar cannot be padded");
  OCTET_RETURN_IF_ERROR(check_rank(view, output, "output", rank));
  const auto* options = view.options<schema::PadOptions>();
  if (options == nullptr) return invalid(view, "no PadOptions");
  if (options->mode() > schema::PadMode_MAX)
    return invalid(view, "mode %d; must be at most %d", options->mode(), schema::PadMode_MAX);
  const size_t begins = vector_length(options->begin()), ends = vector_length(options->end());
  if (begins != static_cast<size_t>(rank) || ends != begins)
    return invalid(view, "%zu begins and %zu ends; must be %d of each", begins, ends, rank);
  for (int i = 0; i < rank; ++i) {
    const int64_t begin = options->begin()->Get(static_cast<uint32_t>(i));
    const int64_t end = options->end()->Get(static_cast<uint32_t>(i));
    if (input.shape[i] + begin + end != output.shape[i])
      return invalid(view, "axis %d: %d padded by %lld and %lld; the output has %d", i, input.shape[i],
                     static_cast<long long>(begin), static_cast<long long>(end), output.shape[i]);
    if (output.shape[i] > kLongest && (begin != 0 || end != 0 || i == 0))
      return invalid(view, "axis %d: %d elements; must be at most %d", i, output.shape[i], kLongest);
    if (input.shape[i] == 0 && options->mode() != schema::PadMode_Constant && output.bytes > 0)
      return invalid(view, "axis %d has no element to repeat", i);
  }
  return Status();
}

Status prepare_pad(const OpView& view, PrepareContext* context, OpPointer* op) {
  std::unique_ptr<PadOp> pad(new PadOp(view));
  if (view.output(0)->bytes == 0) {  // nothing to write, and no maps to build
    op->reset(pad.release());
    return Status();
  }
  if (!pad->prepare(*view.options<schema::PadOptions>(), context->memory))
    return error(StatusCode::kOutOfMemory, "Pad '%s': no memory for its maps", view.name());
  op->reset(pad.release());
  return Status();
}

}  // namespace octet
