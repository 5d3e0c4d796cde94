// SPDX-License-Identifier: Apache-2.0
//
// A histogram for each channel, filled behind the operator that writes the activation. A range leaves out at
// most kOutside of the values on each side: more inputs outside cost more than narrower ranges save.
#include "converter/usual_ranges.h"

#include <array>

namespace octet::converter {

namespace {

constexpr size_t kSamples = 32;
constexpr int32_t kLeastChannels = 64;  // of input and output: below, no kernel is faster for knowing
constexpr double kOutside = 0.002;

using Histogram = std::array<uint64_t, 256>;

struct Watched {
  uint32_t tensor = 0;
  int writer = 0;  // an operator
  std::vector<Histogram> channels;
};

// Does the operator multiply every pixel of its input by all of many weights?
bool is_pointwise(const schema::Operator& op, const Model& model) {
  if (op.type() != schema::OperatorType_Conv2D || op.inputs() == nullptr || op.inputs()->size() < 2)
    return false;
  const auto& tensors = model.tensors();
  const Tensor& x = tensors[static_cast<size_t>(op.inputs()->Get(0))];
  const Tensor& w = tensors[static_cast<size_t>(op.inputs()->Get(1))];
  return x.is_s8() && !x.is_constant() && w.shape.rank == 4 && w.shape[1] == 1 && w.shape[2] == 1 &&
         w.shape[3] == x.shape[x.shape.rank - 1] && w.shape[0] >= kLeastChannels &&
         w.shape[3] >= kLeastChannels;
}

// In the order of their writers. What no operator writes is left out.
std::vector<Watched> find_watched(const Model& model) {
  std::vector<bool> wanted(model.tensors().size());
  std::vector<Watched> watched;
  const auto* operators = model.root().operators();
  if (operators == nullptr) return watched;
  for (const schema::Operator* op : *operators)
    if (is_pointwise(*op, model)) wanted[static_cast<size_t>(op->inputs()->Get(0))] = true;
  for (flatbuffers::uoffset_t i = 0; i < operators->size(); ++i) {
    if (operators->Get(i)->outputs() == nullptr) continue;
    for (const int32_t output : *operators->Get(i)->outputs()) {
      if (output < 0 || !wanted[static_cast<size_t>(output)]) continue;
      const Shape& shape = model.tensors()[static_cast<size_t>(output)].shape;
      watched.push_back({static_cast<uint32_t>(output), static_cast<int>(i),
                         std::vector<Histogram>(static_cast<size_t>(shape[shape.rank - 1]))});
    }
  }
  return watched;
}

struct Observation {
  std::vector<Watched> watched;
  size_t next = 0;  // in this run

  static void after_step(void* argument, int operator_index, Session& session) {
    auto& self = *static_cast<Observation*>(argument);
    for (; self.next < self.watched.size() && self.watched[self.next].writer <= operator_index; ++self.next) {
      Watched& watched = self.watched[self.next];
      const Tensor& tensor = session.tensor(watched.tensor);
      if (tensor.data == nullptr) continue;
      const size_t channels = watched.channels.size();
      const int8_t* q = tensor.as<int8_t>();
      for (size_t i = 0; i < tensor.shape.elements(); i += channels)
        for (size_t k = 0; k < channels; ++k) ++watched.channels[k][static_cast<size_t>(q[i + k] + 128)];
    }
  }
};

// The first value from `from` on, in steps of `step`, up to which more than `outside` lie.
size_t find_end(const Histogram& histogram, size_t from, int step, uint64_t outside) {
  size_t at = from;
  for (uint64_t seen = histogram[at]; seen <= outside; seen += histogram[at]) at += static_cast<size_t>(step);
  return at;
}

UsualRange usual_range(const std::vector<Histogram>& channels) {
  UsualRange range;
  bool any_low = false;
  for (const Histogram& histogram : channels) {
    uint64_t values = 0;
    for (const uint64_t count : histogram) values += count;
    const auto outside = static_cast<uint64_t>(static_cast<double>(values) * kOutside);
    size_t low = find_end(histogram, 0, 1, outside), high = find_end(histogram, 255, -1, outside);
    if (high == low) (low > 0 ? --low : ++high);
    range.low.push_back(static_cast<uint8_t>(low));
    range.high.push_back(static_cast<uint8_t>(high));
    any_low = any_low || low > 0;
  }
  if (!any_low) range.low.clear();
  return range;
}

// Runs the first samples; *count of them.
Status run_samples(SampleSource* samples, Session* session, Observation* observation, size_t* count) {
  OCTET_RETURN_IF_ERROR(samples->rewind());
  std::vector<std::vector<uint8_t>> inputs(session->input_count());
  for (bool done = false; *count < kSamples; ++*count) {
    OCTET_RETURN_IF_ERROR(samples->next(&inputs, &done));
    if (done) break;
    for (size_t i = 0; i < inputs.size(); ++i)
      OCTET_RETURN_IF_ERROR(session->set_input(i, inputs[i].data(), inputs[i].size()));
    observation->next = 0;
    session->run();
  }
  return Status();
}

}  // namespace

Status measure_usual_ranges(const Model& model, SampleSource* samples, Session* session,
                            UsualRanges* ranges) {
  if (samples == nullptr) return Status();
  Observation observation;
  observation.watched = find_watched(model);
  if (observation.watched.empty()) return Status();
  size_t count = 0;
  session->set_observer(Observation::after_step, &observation);
  const Status status = run_samples(samples, session, &observation, &count);
  session->set_observer(nullptr, nullptr);
  OCTET_RETURN_IF_ERROR(status);
  for (const Watched& watched : observation.watched) {
    uint64_t values = 0;
    for (const uint64_t seen : watched.channels.front()) values += seen;
    if (values > 0) (*ranges)[watched.tensor] = usual_range(watched.channels);
  }
  return Status();
}

}  // namespace octet::converter
