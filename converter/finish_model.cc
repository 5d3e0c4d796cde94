// SPDX-License-Identifier: Apache-2.0
//
// The last stage before the disk: lower, load in the runtime, measure, run the
// golden inputs, and lower again with what was learned.
#include "converter/golden.h"
#include "converter/lower/lower.h"
#include "converter/stages.h"
#include "converter/usual_ranges.h"

namespace octet::converter {

namespace {

constexpr uint64_t kNoiseSeed = 1;

// A failure here is a contradiction between lowering and the runtime, or a lack of memory.
Status in_runtime(const Status& status) {
  if (status.ok()) return status;
  return error(status.code() == StatusCode::kInvalidModel ? StatusCode::kInternal : status.code(),
               "the runtime refuses the converted model: %s", status.message().c_str());
}

Status open_session(const Model& model, const std::string& cpu_features, bool use_xnnpack,
                    std::unique_ptr<Session>* session) {
  SessionOptions options;
  options.cpu_features = cpu_features;
  options.use_xnnpack = use_xnnpack;
  return in_runtime(Session::create(model, options, session));
}

uint64_t sum_weights(const Model& model) {
  uint64_t bytes = 0;
  for (const schema::Buffer* buffer : *model.root().buffers())
    if (buffer->data() != nullptr) bytes += buffer->data()->size();
  return bytes;
}

Status measure(const Model& model, const std::vector<std::vector<uint8_t>>& golden_sample,
               SampleSource* samples, ModelExtras* extras, Diagnostics* diagnostics) {
  std::unique_ptr<Session> reference, all_features;
  OCTET_RETURN_IF_ERROR(open_session(model, "portable", false, &reference));
  OCTET_RETURN_IF_ERROR(open_session(model, "", true, &all_features));
  extras->arena_bytes = reference->arena_bytes();
  extras->weights_bytes = sum_weights(model);
  OCTET_RETURN_IF_ERROR(
      measure_usual_ranges(model, samples, all_features.get(), &extras->usual_ranges, diagnostics));
  const std::vector<CoveredTensor> covered = find_covered_tensors(model);
  bool any = false;
  for (const CoveredTensor& entry : covered) any = any || entry.recorded;
  if (!any) {
    if (diagnostics != nullptr)
      diagnostics->note("finish", "",
                        "no output depends on integer operators only: the file has no golden runs");
    return Status();
  }
  extras->golden.push_back(noise_golden(model, kNoiseSeed));
  if (!golden_sample.empty()) {
    extras->golden.emplace_back();
    OCTET_RETURN_IF_ERROR(sample_golden(golden_sample, reference.get(), &extras->golden.back()));
  }
  for (GoldenData& golden : extras->golden)
    OCTET_RETURN_IF_ERROR(record_hashes(covered, reference.get(), all_features.get(), &golden));
  return Status();
}

}  // namespace

Status finish_model(const Graph& graph, const LowerOptions& options,
                    const std::vector<std::vector<uint8_t>>& golden_sample, LoweredModel* model,
                    Diagnostics* diagnostics, SampleSource* samples) {
  LoweredModel draft;
  OCTET_RETURN_IF_ERROR(lower(graph, options, &draft, diagnostics));
  ModelExtras extras;
  {
    std::unique_ptr<Model> loaded;
    OCTET_RETURN_IF_ERROR(in_runtime(Model::load_memory(draft.data(), draft.bytes, &loaded)));
    OCTET_RETURN_IF_ERROR(measure(*loaded, golden_sample, samples, &extras, diagnostics));
  }
  OCTET_RETURN_IF_ERROR(lower_with_extras(graph, options, extras, model, nullptr));
  std::unique_ptr<Model> loaded;
  return in_runtime(Model::load_memory(model->data(), model->bytes, &loaded));
}

}  // namespace octet::converter
