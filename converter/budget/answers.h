// SPDX-License-Identifier: Apache-2.0
//
// What a graph answers on samples: its f32 outputs, read as the network declares them.
#pragma once

#include <functional>
#include <vector>

#include "converter/pick_samples.h"
#include "converter/stages.h"
#include "runtime/session.h"

namespace octet::converter {

using Answer = std::vector<float>;  // all f32 outputs, one after the other

// A model and a session on it, closed in the right order.
struct Runnable {
  LoweredModel lowered;
  std::unique_ptr<Model> model;
  std::unique_ptr<Session> session;
};
Status make_runnable(const Graph& graph, const SessionOptions& options, Runnable* runnable);

// Runs one sample, of one buffer per input in its declared form.
Status answer_sample(const Sample& sample, Session* session, Answer* answer);

// The elements of the first output, if that is f32; else 0.
size_t first_output_elements(const Graph& graph);

// Runs `graph` over all samples, spread over `threads` sessions of one thread each. take(index, answer) is
// called for each sample, one at a time, in any order.
Status answer_all(const Graph& graph, SampleSource* samples, size_t threads,
                  const std::function<void(size_t, const Answer&)>& take);

}  // namespace octet::converter
