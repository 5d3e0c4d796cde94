// SPDX-License-Identifier: Apache-2.0
//
// LSTM, GRU and RNN as ONNX has them: X, W, R, B, sequence_lens, initial_h, [initial_c, P].
#include <algorithm>

#include "converter/onnx_import/handlers.h"

namespace octet::converter {

void import_recurrent(OnnxOp& op) {
  std::vector<ValueId> inputs;
  const size_t most = op.type() == "LSTM" ? 8 : 6;
  for (size_t i = 0; i < most; ++i) inputs.push_back(op.optional_input(i));
  for (size_t i = 0; i < 3; ++i) op.input(i);  // X, W and R have to be there
  for (size_t i = 1; i < 4; ++i)
    if (op.has_input(i)) op.constant(i, "W, R and B");
  const Dims x = op.shape(0);
  if (x.size() != 3) op.fail("X " + shape_text(x) + "; must have rank 3");
  if (op.has_input(4)) {
    // Lengths that are all the whole sequence say nothing; others would make the result ragged.
    const int64_t steps = op.integer("layout", 0) == 1 ? x[1] : x[0];
    for (int64_t length : op.static_integers(4, "sequence_lens"))
      if (length != steps) op.unsupported("sequence_lens below the sequence's length");
    inputs[4] = kNoValue;
  }
  if (op.integer("input_forget", 0) != 0) op.unsupported("input_forget = 1");
  Attributes attributes{{"direction", op.text("direction", "forward")},
                        {"hidden_size", op.integer("hidden_size", op.rank(2) == 3 ? op.shape(2)[2] : 0)},
                        {"clip", op.number("clip", 0)},
                        {"layout", op.integer("layout", 0)}};
  if (op.has("activations")) attributes["activations"] = op.texts("activations");
  if (op.has("activation_alpha")) attributes["activation_alpha"] = op.numbers("activation_alpha");
  if (op.has("activation_beta")) attributes["activation_beta"] = op.numbers("activation_beta");
  if (op.type() == "GRU") attributes["linear_before_reset"] = op.integer("linear_before_reset", 0);
  const size_t count = op.type() == "LSTM" ? 3 : 2;
  const std::vector<ValueId> outputs = op.emit_many(op.type(), inputs, attributes, count);
  for (size_t i = 0; i < count; ++i) op.output(i, outputs[i]);
}

}  // namespace octet::converter
