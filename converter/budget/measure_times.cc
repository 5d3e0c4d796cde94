// SPDX-License-Identifier: Apache-2.0
//
// What promotions cost in time, on this machine.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <ctime>

#include "converter/budget/answers.h"
#include "converter/budget/meet_budget.h"
#include "runtime/model.h"

namespace octet::converter {
namespace {

// CPU time: the machine may be busy.
double run_once(Session* session) {
  const std::clock_t start = std::clock();
  session->run();
  return 1e3 * static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
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
  for (int turn = 0; turn < 5 || (spent < kBudgetMs && turn < 200); ++turn) {
    const double one = run_once(first.session.get()), other = run_once(second.session.get());
    *a_ms = std::min(*a_ms, one);
    *b_ms = std::min(*b_ms, other);
    spent += one + other;
  }
  return Status();
}

}  // namespace octet::converter
