// SPDX-License-Identifier: Apache-2.0
//
// A histogram for each channel, filled behind the operator that writes the activation. A range leaves out at
// most kOutside of the values on each side: more inputs outside cost more than narrower ranges save. Then it
// grows on both sides by a tenth of its width, as other samples reach further than these. Where each half of
// the samples has too many values outside the ranges of the other half, ranges say nothing about other
// inputs.
#include "converter/usual_ranges.h"

#include <algorithm>
#include <array>

namespace octet::converter {

namespace {

constexpr size_t kSamples = 32;
constexpr int32_t kLeastChannels = 64;  // of input and output: below, no kernel is faster for knowing
constexpr double kOutside = 0.002;
constexpr double kUnsteady = 0.006;  // outside the ranges of other samples

using Histogram = std::array<uint32_t, 256>;
using Histograms = std::vector<Histogram>;  // one for each channel

struct Watched {
  uint32_t tensor = 0;
  int writer = 0;        // an operator
  Histograms halves[2];  // of samples with an even number, and an odd one
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
      const Histograms none(static_cast<size_t>(shape[shape.rank - 1]));
      watched.push_back({static_cast<uint32_t>(output), static_cast<int>(i), {none, none}});
    }
  }
  return watched;
}

struct Observation {
  std::vector<Watched> watched;
  size_t samples = 0;
  size_t next = 0;  // in this run

  static void after_step(void* argument, int operator_index, Session& session) {
    auto& self = *static_cast<Observation*>(argument);
    for (; self.next < self.watched.size() && self.watched[self.next].writer <= operator_index; ++self.next) {
      const Tensor& tensor = session.tensor(self.watched[self.next].tensor);
      if (tensor.data == nullptr) continue;
      Histograms& channels = self.watched[self.next].halves[self.samples % 2];
      const int8_t* q = tensor.as<int8_t>();
      for (size_t i = 0; i < tensor.shape.elements(); i += channels.size())
        for (size_t k = 0; k < channels.size(); ++k) ++channels[k][static_cast<size_t>(q[i + k] + 128)];
    }
  }
};

// The first value from `from` on, in steps of `step`, up to which more than `outside` lie.
size_t find_end(const Histogram& histogram, size_t from, int step, uint64_t outside) {
  size_t at = from;
  for (uint64_t seen = histogram[at]; seen <= outside; seen += histogram[at]) at += static_cast<size_t>(step);
  return at;
}

UsualRange usual_range(const Histograms& channels) {
  UsualRange range;
  for (const Histogram& histogram : channels) {
    uint64_t values = 0;
    for (const uint32_t count : histogram) values += count;
    const auto outside = static_cast<uint64_t>(static_cast<double>(values) * kOutside);
    const size_t low = find_end(histogram, 0, 1, outside), high = find_end(histogram, 255, -1, outside);
    const size_t margin = (high - low) / 10 + 1;
    range.low.push_back(static_cast<uint8_t>(low - std::min(low, margin)));
    range.high.push_back(static_cast<uint8_t>(std::min<size_t>(high + margin, 255)));
  }
  return range;
}

// The share of values that lie outside.
double share_outside(const Histograms& channels, const UsualRange& range) {
  uint64_t values = 0, outside = 0;
  for (size_t k = 0; k < channels.size(); ++k)
    for (size_t q = 0; q < 256; ++q) {
      values += channels[k][q];
      outside += q < range.low[k] || q > range.high[k] ? channels[k][q] : 0;
    }
  return static_cast<double>(outside) / static_cast<double>(values);
}

// Whether all samples give the same values, so that they say nothing about others.
bool are_alike(const Histograms& a, const Histograms& b, size_t samples) {
  const uint64_t samples_a = (samples + 1) / 2, samples_b = samples / 2;
  for (size_t k = 0; k < a.size(); ++k)
    for (size_t q = 0; q < 256; ++q)
      if (a[k][q] * samples_b != b[k][q] * samples_a) return false;
  return true;
}

bool is_steady(const Histograms& a, const Histograms& b) {
  return share_outside(a, usual_range(b)) + share_outside(b, usual_range(a)) < 2 * kUnsteady;
}

// Of all samples; `low` is left out where all of it is 0.
UsualRange range_of_both(const Histograms& a, const Histograms& b) {
  Histograms both = a;
  for (size_t k = 0; k < both.size(); ++k)
    for (size_t q = 0; q < 256; ++q) both[k][q] += b[k][q];
  UsualRange range = usual_range(both);
  if (std::all_of(range.low.begin(), range.low.end(), [](uint8_t low) { return low == 0; }))
    range.low.clear();
  return range;
}

// Runs the first samples.
Status run_samples(SampleSource* samples, Session* session, Observation* observation) {
  OCTET_RETURN_IF_ERROR(samples->rewind());
  std::vector<std::vector<uint8_t>> inputs(session->input_count());
  for (bool done = false; observation->samples < kSamples; ++observation->samples) {
    OCTET_RETURN_IF_ERROR(samples->next(&inputs, &done));
    if (done) break;
    for (size_t i = 0; i < inputs.size(); ++i)
      OCTET_RETURN_IF_ERROR(session->set_input(i, inputs[i].data(), inputs[i].size()));
    observation->next = 0;
    session->run();
  }
  return Status();
}

// Whether a run reached the tensor.
bool was_seen(const Watched& watched) {
  const Histogram& first = watched.halves[0].front();
  return std::any_of(first.begin(), first.end(), [](uint32_t count) { return count > 0; });
}

}  // namespace

Status measure_usual_ranges(const Model& model, SampleSource* samples, Session* session, UsualRanges* ranges,
                            Diagnostics* diagnostics) {
  if (samples == nullptr) return Status();
  Observation observation;
  observation.watched = find_watched(model);
  if (observation.watched.empty()) return Status();
  session->set_observer(Observation::after_step, &observation);
  const Status status = run_samples(samples, session, &observation);
  session->set_observer(nullptr, nullptr);
  OCTET_RETURN_IF_ERROR(status);
  if (observation.samples < 2) return Status();
  for (const Watched& watched : observation.watched) {
    const Histograms &a = watched.halves[0], &b = watched.halves[1];
    if (was_seen(watched) && !are_alike(a, b, observation.samples) && is_steady(a, b))
      (*ranges)[watched.tensor] = range_of_both(a, b);
  }
  if (diagnostics != nullptr)
    diagnostics->detail("finish", "",
                        "usual ranges of " + std::to_string(ranges->size()) + " of " +
                            std::to_string(observation.watched.size()) + " activations from " +
                            std::to_string(observation.samples) + " samples; those of the others differ");
  return Status();
}

}  // namespace octet::converter
