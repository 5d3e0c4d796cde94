// SPDX-License-Identifier: Apache-2.0
//
// LSTM, GRU and RNN, f32.
#include <algorithm>
#include <cctype>

#include "converter/lower/lower.h"
#include "converter/quantize/tables.h"

namespace octet::converter {

namespace {

struct Activations {
  std::vector<uint8_t> kinds;
  std::vector<float> alpha, beta;  // one per kind, with defaults filled in
};

bool same_name(const std::string& a, const std::string& b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(),
                    [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

// ONNX gives activation_alpha and _beta only for functions that take them, in order.
Status read_activations(const Node& node, Activations* out) {
  const auto held = node.attributes.find("activations");
  if (held == node.attributes.end()) return Status();
  const auto* names = std::get_if<std::vector<std::string>>(&held->second);
  if (names == nullptr) return node_error(StatusCode::kInternal, node, "activations must be names");
  const std::vector<float> alpha = node.numbers("activation_alpha"), beta = node.numbers("activation_beta");
  size_t used_alpha = 0, used_beta = 0;
  const char* const kKnown[] = {"Relu",        "Tanh", "Sigmoid",  "LeakyRelu", "ThresholdedRelu",
                                "HardSigmoid", "Elu",  "Softsign", "Softplus"};
  for (const std::string& name : *names) {
    const auto* known = std::find_if(std::begin(kKnown), std::end(kKnown),
                                     [&](const char* candidate) { return same_name(name, candidate); });
    if (known == std::end(kKnown))
      return node_error(StatusCode::kUnsupported, node, "activation '" + name + "' is not supported");
    const UnaryFunction& row = *find_unary(*known);
    out->kinds.push_back(static_cast<uint8_t>(row.kind));
    const bool has_alpha = row.alpha_attribute != nullptr && used_alpha < alpha.size();
    const bool has_beta = row.beta_attribute != nullptr && used_beta < beta.size();
    out->alpha.push_back(has_alpha ? alpha[used_alpha++] : static_cast<float>(row.alpha_default));
    out->beta.push_back(has_beta ? beta[used_beta++] : static_cast<float>(row.beta_default));
  }
  return Status();
}

Status read_direction(const Node& node, schema::Direction* direction) {
  const std::string name = node.text("direction", "forward");
  if (name == "forward")
    *direction = schema::Direction_Forward;
  else if (name == "reverse")
    *direction = schema::Direction_Reverse;
  else if (name == "bidirectional")
    *direction = schema::Direction_Bidirectional;
  else
    return node_error(StatusCode::kUnsupported, node, "direction '" + name + "' is not known");
  return Status();
}

}  // namespace

Status lower_recurrent(const Node& node, ModelBuilder* model) {
  OCTET_RETURN_IF_ERROR(require_float(node, *model));
  if (node.integer("input_forget") != 0)
    return node_error(StatusCode::kUnsupported, node, "input_forget 1 is not supported");
  const schema::RecurrentKind kind = node.op == "LSTM"  ? schema::RecurrentKind_Lstm
                                     : node.op == "GRU" ? schema::RecurrentKind_Gru
                                                        : schema::RecurrentKind_Rnn;
  schema::Direction direction = schema::Direction_Forward;
  OCTET_RETURN_IF_ERROR(read_direction(node, &direction));
  Activations activations;
  OCTET_RETURN_IF_ERROR(read_activations(node, &activations));
  const Dims& recurrence = model->value(node.input(2)).shape;  // R: [directions, gates * hidden, hidden]
  OperatorParts parts = plain_parts(schema::OperatorType_Recurrent, node, model);
  const Dims& weights = model->value(node.input(1)).shape;
  const Dims& x = model->value(node.input(0)).shape;
  if (x.size() == 3)
    parts.macs = static_cast<uint64_t>(x[0] * x[1]) *
                 static_cast<uint64_t>(element_count(weights) + element_count(recurrence));
  model->add_operator(
      node, parts,
      schema::CreateRecurrentOptionsDirect(
          model->fbb(), kind, direction, static_cast<int32_t>(node.integer("hidden_size", recurrence.back())),
          node.number("clip"), node.integer("linear_before_reset") != 0, node.integer("layout") != 0,
          &activations.kinds, &activations.alpha, &activations.beta));
  return Status();
}

}  // namespace octet::converter
