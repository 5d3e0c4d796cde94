// SPDX-License-Identifier: Apache-2.0
#include "converter/budget/judge.h"

#include <algorithm>
#include <cmath>

namespace octet::converter {

double Judgement::sqnr_db() const { return noise > 0 ? 10 * std::log10(signal / noise) : INFINITY; }

double Judgement::drop_points() const {
  const double difference = static_cast<double>(lost) - static_cast<double>(gained);
  return labelled > 0 ? 100 * difference / static_cast<double>(labelled) : 0;
}

// Ties: the lower class, as octet eval takes it.
bool Judge::right(size_t index, const Answer& answer) const {
  const auto end = answer.begin() + static_cast<ptrdiff_t>(classes_);
  return std::max_element(answer.begin(), end) - answer.begin() == labels_[index];
}

Status Judge::listen(const Graph& reference) {
  classes_ = first_output_elements(reference);
  OCTET_RETURN_IF_ERROR(
      answer_all(reference, &samples_, threads_, [this](size_t index, const Answer& answer) {
        if (answers_.size() <= index) answers_.resize(index + 1);
        answers_[index] = answer;
      }));
  if (answers_.empty() || answers_[0].empty())
    return error(StatusCode::kInvalidArgument, "budget: %s",
                 answers_.empty() ? "no samples to measure on" : "the network has no f32 output to measure");
  if (labels_.empty()) return Status();
  if (labels_.size() != answers_.size())
    return error(StatusCode::kInvalidArgument, "budget: %zu labels for %zu samples", labels_.size(),
                 answers_.size());
  for (const int label : labels_) {
    if (label >= 0 && static_cast<size_t>(label) >= classes_)
      return error(StatusCode::kInvalidArgument,
                   "budget: class %d; the network's first output has %zu f32 values", label, classes_);
    labelled_ += label >= 0;
  }
  return Status();
}

Status Judge::judge(const Graph& graph, Judgement* judgement) const {
  std::vector<double> signal(answers_.size(), 0), noise(answers_.size(), 0);
  std::vector<char> is_right(answers_.size(), 0);
  OCTET_RETURN_IF_ERROR(answer_all(graph, &samples_, threads_, [&](size_t index, const Answer& answer) {
    if (index >= answers_.size() || answer.size() != answers_[index].size()) return;
    for (size_t i = 0; i < answer.size(); ++i) {
      const double y = answers_[index][i], difference = answer[i] - y;
      signal[index] += y * y;
      noise[index] += difference * difference;
    }
    if (!labels_.empty() && labels_[index] >= 0) is_right[index] = right(index, answer);
  }));
  *judgement = Judgement();
  judgement->samples = answers_.size();
  for (size_t i = 0; i < answers_.size(); ++i) {
    judgement->signal += signal[i];
    judgement->noise += noise[i];
    if (labels_.empty() || labels_[i] < 0) continue;
    const bool float_right = right(i, answers_[i]);
    ++judgement->labelled;
    judgement->lost += float_right && !is_right[i];
    judgement->gained += !float_right && is_right[i];
  }
  double squares = 0;
  for (size_t i = 0; i < answers_.size() && judgement->signal > 0 && judgement->noise > 0; ++i) {
    const double difference = signal[i] / judgement->signal - noise[i] / judgement->noise;
    squares += difference * difference;
  }
  judgement->sqnr_error_db = 10 / std::log(10.0) * std::sqrt(squares);
  return Status();
}

}  // namespace octet::converter
