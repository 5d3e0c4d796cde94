// SPDX-License-Identifier: Apache-2.0
//
// Judge: how far a quantized graph is from float on the samples of the budget.
//
//   output SQNR  10 log10(sum over samples of y^2 / sum of (q - y)^2), over all f32 outputs, in dB. One
//   standard
//                error of it, from the spread between samples: (10 / ln 10) * sqrt(sum of (s_i / S - n_i /
//                N)^2) with s_i, n_i the sums of one sample and S, N those of all
//   top-1        of the first output, against the labels, where there are any
#pragma once

#include "converter/budget/answers.h"
#include "octet_converter/budget_options.h"

namespace octet::converter {

struct Judgement {
  size_t samples = 0;
  double signal = 0, noise = 0;
  double sqnr_error_db = 0;
  size_t labelled = 0, lost = 0, gained = 0;

  double sqnr_db() const;  // infinity where nothing differs
  double drop_points() const;
};

class Judge {
 public:
  Judge(SampleSource* samples, const std::vector<int>& labels, size_t threads)
      : samples_(*samples), labels_(labels), threads_(threads) {}

  // Runs the float network. An error where the samples or labels do not fit.
  Status listen(const Graph& reference);
  Status judge(const Graph& graph, Judgement* judgement) const;

  size_t samples() const { return answers_.size(); }
  size_t labelled() const { return labelled_; }

 private:
  bool right(size_t index, const Answer& answer) const;

  SampleSource& samples_;
  const std::vector<int>& labels_;
  size_t threads_, classes_ = 0, labelled_ = 0;
  std::vector<Answer> answers_;
};

}  // namespace octet::converter
