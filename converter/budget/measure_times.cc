// SPDX-License-Identifier: Apache-2.0
//
// What promotions cost in time, on this machine.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>

#include "converter/budget/answers.h"
#include "converter/budget/meet_budget.h"
#include "runtime/model.h"

namespace octet::converter {
namespace {

using Clock = std::chrono::steady_clock;

double run_once(Session* session) {
  const auto start = Clock::now();
  session->run();
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

void clear_inputs(Session* session) {
  for (size_t i = 0; i < session->input_count(); ++i)
    std::memset(session->input(i).data, 0, session->input(i).bytes);
}

}  // namespace

Status measure_times(const Graph& a, const Graph& b, double* a_ms, double* b_ms) {
  constexpr double kBudgetMs = 400;
  Runnable first, second;
  OCTET_RETURN_IF_ERROR(make_runnable(a, SessionOptions(), &first));
  OCTET_RETURN_IF_ERROR(make_runnable(b, SessionOptions(), &second));
  clear_inputs(first.session.get());
  clear_inputs(second.session.get());
  run_once(first.session.get());
  run_once(second.session.get());
  *a_ms = *b_ms = INFINITY;
  double spent = 0;
  for (int turn = 0; turn < 3 || (spent < kBudgetMs && turn < 200); ++turn) {
    const double one = run_once(first.session.get()), other = run_once(second.session.get());
    *a_ms = std::min(*a_ms, one);
    *b_ms = std::min(*b_ms, other);
    spent += one + other;
  }
  return Status();
}

}  // namespace octet::converter
