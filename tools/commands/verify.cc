// SPDX-License-Identifier: Apache-2.0
//
// octet verify: runs the golden inputs of a model and compares the hashes that
// were recorded at conversion.
#include "runtime/verify.h"

#include <cinttypes>
#include <cstdio>

#include "tools/commands/commands.h"

namespace octet::tools {
namespace {

struct Tally {
  size_t runs = 0, compared = 0, wrong = 0;
};

void report_difference(const schema::Model& model, const schema::TensorHash& expected, uint64_t hash) {
  const schema::Operator& op = *model.operators()->Get(expected.operator_index());
  fprintf(stderr, "octet: %s '%s' (operator %u) computed hash %016" PRIx64 "; recorded at conversion: %016" PRIx64 "\n",
          schema::EnumNameOperatorType(op.type()), op.name() ? op.name()->c_str() : "", expected.operator_index(),
          hash, expected.hash());
}

Status compare(LoadedModel* loaded, Tally* tally) {
  const schema::Model& model = loaded->model->root();
  if (model.golden() == nullptr) return Status();
  for (const schema::Golden* golden : *model.golden()) {
    std::vector<uint64_t> hashes;
    OCTET_RETURN_IF_ERROR(hash_golden(*loaded->session, *golden, &hashes));
    ++tally->runs;
    for (unsigned i = 0; i < hashes.size(); ++i) {
      const schema::TensorHash& expected = *golden->hashes()->Get(i);
      ++tally->compared;
      if (hashes[i] == expected.hash()) continue;
      if (tally->wrong++ == 0) report_difference(model, expected, hashes[i]);
    }
  }
  return Status();
}

}  // namespace

int run_verify(const Arguments& arguments) {
  LoadedModel loaded;
  Tally tally;
  Status status = load_model(arguments.model, arguments, SessionOptions(), &loaded);
  if (status.ok()) status = compare(&loaded, &tally);
  if (!status.ok()) return report_error(status);
  const std::string features = kernels::cpu_feature_names(loaded.session->cpu_features());
  if (tally.wrong > 0) return 1;
  if (tally.compared == 0) {
    printf("%s: nothing to verify: no tensor of this model is computed in integers alone\n", arguments.model.c_str());
    return 0;
  }
  printf("%s: %zu tensors of %zu golden runs have the recorded bytes (%s, %d thread%s)\n", arguments.model.c_str(),
         tally.compared, tally.runs, features.c_str(), arguments.threads, arguments.threads == 1 ? "" : "s");
  return 0;
}

}  // namespace octet::tools
