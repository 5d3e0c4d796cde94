// SPDX-License-Identifier: Apache-2.0
//
// libFuzzer: any bytes either fail to load with a message, or make a session that runs.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>

#include "runtime/session.h"
#include "runtime/verify.h"

namespace {

struct FreeAligned {
  void operator()(uint8_t* block) const { ::operator delete (block, std::align_val_t{64}); }
};

// Models that would run for seconds are only prepared.
bool is_small(const octet::Session& session) {
  size_t most = 1, largest_constant = 1;
  for (const octet::Tensor& tensor : session.model().tensors()) {
    most = std::max(most, tensor.shape.elements());
    if (tensor.is_constant()) largest_constant = std::max(largest_constant, tensor.shape.elements());
  }
  return session.arena_bytes() < (size_t{1} << 20) && most * largest_constant < (size_t{1} << 24);
}

void run(const octet::Model& model) {
  octet::SessionOptions options;
  options.use_xnnpack = false;  // XNNPACK is not instrumented
  std::unique_ptr<octet::Session> session;
  const octet::Status status = octet::Session::create(model, options, &session);
  if (!status.ok()) {
    if (status.message().empty()) std::abort();
    return;
  }
  if (!is_small(*session)) return;
  for (size_t i = 0; i < session->input_count(); ++i)
    for (size_t k = 0; k < session->input(i).bytes; ++k)
      session->input(i).as<uint8_t>()[k] = static_cast<uint8_t>(k * 151 + 200);
  session->run();
  std::vector<uint64_t> hashes;
  if (model.root().golden())
    for (const octet::schema::Golden* golden : *model.root().golden())
      if (!octet::hash_golden(*session, *golden, &hashes).ok()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  std::unique_ptr<uint8_t, FreeAligned> copy(
      static_cast<uint8_t*>(::operator new (bytes + 1, std::align_val_t{64})));
  std::memcpy(copy.get(), data, bytes);
  std::unique_ptr<octet::Model> model;
  const octet::Status status = octet::Model::load_memory(copy.get(), bytes, &model);
  if (status.ok())
    run(*model);
  else if (status.message().empty())
    std::abort();
  return 0;
}
