// SPDX-License-Identifier: Apache-2.0
//
// Runs a model once, warmed up, with a marker before and behind each operator, for count_plugin.c:
//
//   count_operators model.octet [CPU-FEATURES] [THREADS]
//
// Prints one line for each step: its stretch, operator type, name, kernel, multiply-accumulates, and the
// bytes of the tensors it reads and writes (activations, constants): the least that it moves.
// benchmarks/arm/count_instructions joins the two.
#include <fcntl.h>

#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "benchmarks/arm/count_marker.h"
#include "runtime/model.h"
#include "runtime/session.h"

namespace {

using octet::Model;
using octet::Session;
using octet::Status;

void mark(int stretch) { fcntl(-1, kCountMarker, stretch); }

// Stretch i + 1 is the step that begins at operator i: the observer, called behind a step, opens the next.
void after_step(void*, int last_operator, Session& session) {
  const auto operators = static_cast<int>(session.model().root().operators()->size());
  mark(last_operator + 1 < operators ? last_operator + 2 : kCountNothing);
}

size_t tensor_bytes(const Session& session, const flatbuffers::Vector<int32_t>* indices, bool constants) {
  size_t bytes = 0;
  for (size_t i = 0; indices && i < indices->size(); ++i) {
    const int32_t index = indices->Get(static_cast<unsigned>(i));
    if (index < 0) continue;
    const bool constant = session.model().root().tensors()->Get(static_cast<unsigned>(index))->buffer() != 0;
    if (constant == constants) bytes += session.tensor(static_cast<size_t>(index)).bytes;
  }
  return bytes;
}

void print_steps(const Session& session) {
  const auto& operators = *session.model().root().operators();
  for (const octet::StepProfile& step : session.profile()) {
    uint64_t macs = 0;
    size_t read = 0, constants = 0, written = 0;
    for (int i = 0; i < step.operator_count; ++i) {
      const auto& op = *operators.Get(static_cast<unsigned>(step.first_operator + i));
      macs += op.macs();
      read += tensor_bytes(session, op.inputs(), false);
      constants += tensor_bytes(session, op.inputs(), true);
      written += tensor_bytes(session, op.outputs(), false);
    }
    const auto& first = *operators.Get(static_cast<unsigned>(step.first_operator));
    printf("step\t%d\t%s\t%s\t%s\t%" PRIu64 "\t%zu\t%zu\t%zu\n", step.first_operator + 1,
           octet::schema::EnumNameOperatorType(first.type()), first.name() ? first.name()->c_str() : "",
           session.kernel_name(step.first_operator), macs, read, constants, written);
  }
}

int fail(const Status& status) {
  fprintf(stderr, "count_operators: %s\n", status.message().c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    fprintf(stderr, "usage: count_operators model.octet [CPU-FEATURES] [THREADS]\n");
    return 2;
  }
  octet::SessionOptions options;
  if (argc > 2) options.cpu_features = argv[2];
  if (argc > 3) options.threads = static_cast<size_t>(std::atoi(argv[3]));
  std::unique_ptr<Model> model;
  std::unique_ptr<Session> session;
  Status status = Model::load_file(argv[1], &model);
  if (status.ok()) status = Session::create(*model, options, &session);
  if (!status.ok()) return fail(status);
  for (size_t i = 0; i < session->input_count(); ++i)
    std::memset(session->input(i).data, 0, session->input(i).bytes);
  session->run();  // nothing is done for the first time below
  session->set_observer(&after_step, nullptr);
  mark(1);
  session->run();
  print_steps(*session);
  return 0;
}
