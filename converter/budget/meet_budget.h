// SPDX-License-Identifier: Apache-2.0
//
// meet_budget: quantizes, and promotes what costs the most until the budget holds on samples that calibration
// and repair have not seen.
//
// Every trial is the real thing: quantize and repair with the promotions so far, and the outputs of what
// comes out. The steps and their order come from sensitivity.h and promotions.h; the search is for how many
// of them.
//
//   min_sqnr   Holds if the measured SQNR less one standard error is enough: the samples are few, and other
//   ones will
//              be a little worse or better. As many as the noise that they take away foretells; twice as many
//              while that is not enough,
//   then
//              bisection. At last each of up to kMostPruned promotions is left out by itself, the least
//              first; it stays out if the budget holds without it.
//   max_drop   What was promised on some samples must hold on others. First without promotions, at a fifth of
//   the
//              doubt that the confidence leaves. If that does not hold, with the other four fifths from the
//              most exact network down, each with two thirds of the promotions before, until one does not
//              hold; the last that held is taken. A sequence fixed beforehand, gone down to its first
//              failure, needs no correction for the number of tests, whatever the samples say.
#pragma once

#include <memory>

#include "converter/budget/held_out.h"
#include "converter/stages.h"

namespace octet::converter {

constexpr size_t kSensitivitySamples = 24, kMostPruned = 8;

struct BudgetTask {
  const Graph& reference;  // the float network whose outputs count
  const Graph& source;     // what is quantized: float, passes done
  const ConvertOptions& options;
  // Quantizes and repairs a clone of `source` with these options.
  std::function<Status(const ConvertOptions&, Graph*, Diagnostics*)> quantize;
  bool held_out = false;  // the samples measured on are a part of the calibration's
};

// *graph gets the quantized network. An error where the budget does not hold with anything left in 8 bits.
Status meet_budget(const BudgetTask& task, Graph* graph, Diagnostics* diagnostics, BudgetReport* report);

// What is wrong with the options, before the work begins.
Status check_budget_options(const ConvertOptions& options);

// Where a budget is asked for and no validation samples are given: every second sample (every fourth without
// labels) is held out for it. *options then point at `parts`, which must live as long.
struct SampleParts {
  std::unique_ptr<PartOfSamples> kept, held_out;
};
Status hold_out_samples(ConvertOptions* options, SampleParts* parts);

// The least time of one run in ms, on one thread, of each of two graphs: run in turns.
Status measure_times(const Graph& a, const Graph& b, double* a_ms, double* b_ms);

}  // namespace octet::converter
