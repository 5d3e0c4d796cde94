// SPDX-License-Identifier: Apache-2.0
//
// octet.h on top of Model and Session. Every function checks its handles.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <memory>
#include <new>
#include <string>

#include "octet/octet.h"
#include "runtime/model.h"
#include "runtime/session.h"

struct octet_model {
  std::shared_ptr<const octet::Model> model;
};

struct octet_session {
  std::shared_ptr<const octet::Model> model;  // outlives the session below
  std::unique_ptr<octet::Session> session;
  std::string cpu_features;
};

namespace octet {
namespace {

static_assert(OCTET_MAX_RANK == kMaxRank);
static_assert(static_cast<int>(OCTET_BOOL) == schema::TensorType_BOOL &&
              static_cast<int>(OCTET_S64) == schema::TensorType_S64);
static_assert(static_cast<int>(OCTET_INTERNAL) == static_cast<int>(StatusCode::kInternal));

thread_local char last_error[1024] = "";

octet_status report(const Status& status) {
  if (!status.ok()) std::snprintf(last_error, sizeof last_error, "%s", status.message().c_str());
  return static_cast<octet_status>(status.code());
}

octet_status refuse(const char* message) { return report(Status(StatusCode::kInvalidArgument, message)); }

octet_status refuse_index(const char* what, size_t i, size_t count) {
  return report(error(StatusCode::kInvalidArgument, "%s %zu; there are %zu", what, i, count));
}

octet_status no_memory() { return report(Status(StatusCode::kOutOfMemory, "no memory for a handle")); }

// Writes the first bytes of `value` that the caller's struct has room for; its struct_bytes stays.
template <class T>
octet_status write_struct(const T& value, T* to) {
  const size_t given = to->struct_bytes;
  if (given < 2 * sizeof(size_t))
    return report(error(StatusCode::kInvalidArgument, "struct_bytes %zu; must be the struct's size", given));
  std::memcpy(to, &value, std::min(given, sizeof value));
  to->struct_bytes = given;
  return OCTET_OK;
}

octet_status wrap_model(const Status& status, std::unique_ptr<Model> loaded, octet_model** model) {
  if (!status.ok()) return report(status);
  std::unique_ptr<octet_model> handle(new (std::nothrow) octet_model());
  if (!handle) return no_memory();
  handle->model = std::move(loaded);
  *model = handle.release();
  return OCTET_OK;
}

octet_form make_form(TensorType type, const Shape& shape, const Tensor& tensor) {
  octet_form form = {};
  form.type = static_cast<octet_type>(type);
  form.rank = shape.rank;
  std::copy(shape.dims, shape.dims + shape.rank, form.dims);
  form.bytes = shape.elements() * element_bytes(type);
  const bool quantized = type == tensor.type || type == schema::TensorType_U8;
  form.scale = quantized ? tensor.scale : 0;
  form.zero_point = quantized ? tensor.zero_point + (type != tensor.type ? 128 : 0) : 0;
  return form;
}

// Binding is schema::Input or schema::Output.
template <class Binding>
octet_tensor_info make_info(const Binding& binding, const Model& model) {
  const Tensor& tensor = model.tensors()[binding.tensor()];
  octet_tensor_info info = {};
  info.name = binding.name() ? binding.name()->c_str() : "";
  Shape declared;
  declared.rank = tensor.shape.rank;
  for (int i = 0; i < declared.rank; ++i) {
    const auto at = static_cast<flatbuffers::uoffset_t>(i);
    declared.dims[i] = binding.shape()->Get(at);
    info.permutation[i] =
        binding.permutation() && binding.permutation()->size() > 0 ? binding.permutation()->Get(at) : i;
  }
  info.declared = make_form(binding.type(), declared, tensor);
  info.graph = make_form(tensor.type, tensor.shape, tensor);
  return info;
}

}  // namespace
}  // namespace octet

using octet::Status;
using octet::StatusCode;

extern "C" {

const char* octet_version(void) { return OCTET_VERSION; }

const char* octet_last_error(void) { return octet::last_error; }

const char* octet_status_name(octet_status status) {
  switch (status) {
    case OCTET_OK:
      return "ok";
    case OCTET_INVALID_ARGUMENT:
      return "invalid argument";
    case OCTET_INVALID_MODEL:
      return "invalid model";
    case OCTET_UNSUPPORTED:
      return "unsupported";
    case OCTET_OUT_OF_MEMORY:
      return "out of memory";
    case OCTET_IO_ERROR:
      return "I/O error";
    case OCTET_INTERNAL:
      return "internal error";
  }
  return "unknown status";
}

octet_status octet_model_load_file(const char* path, octet_model** model) {
  if (path == nullptr || model == nullptr) return octet::refuse("path or model is null");
  std::unique_ptr<octet::Model> loaded;
  const Status status = octet::Model::load_file(path, &loaded);
  return octet::wrap_model(status, std::move(loaded), model);
}

octet_status octet_model_load_memory(const void* data, size_t bytes, octet_model** model) {
  if (model == nullptr) return octet::refuse("model is null");
  std::unique_ptr<octet::Model> loaded;
  const Status status = octet::Model::load_memory(data, bytes, &loaded);
  return octet::wrap_model(status, std::move(loaded), model);
}

void octet_model_free(octet_model* model) { delete model; }

size_t octet_model_input_count(const octet_model* model) {
  if (model == nullptr) return 0;
  const auto* inputs = model->model->root().inputs();
  return inputs ? inputs->size() : 0;
}

size_t octet_model_output_count(const octet_model* model) {
  return model ? model->model->root().outputs()->size() : 0;
}

octet_status octet_model_input_info(const octet_model* model, size_t i, octet_tensor_info* info) {
  if (model == nullptr || info == nullptr) return octet::refuse("model or info is null");
  if (i >= octet_model_input_count(model))
    return octet::refuse_index("input", i, octet_model_input_count(model));
  const auto& input = *model->model->root().inputs()->Get(static_cast<flatbuffers::uoffset_t>(i));
  octet_tensor_info made = octet::make_info(input, *model->model);
  made.takes_pixels = input.preprocessing() != nullptr;
  return octet::write_struct(made, info);
}

octet_status octet_model_output_info(const octet_model* model, size_t i, octet_tensor_info* info) {
  if (model == nullptr || info == nullptr) return octet::refuse("model or info is null");
  if (i >= octet_model_output_count(model))
    return octet::refuse_index("output", i, octet_model_output_count(model));
  const auto& output = *model->model->root().outputs()->Get(static_cast<flatbuffers::uoffset_t>(i));
  return octet::write_struct(octet::make_info(output, *model->model), info);
}

octet_status octet_session_create(const octet_model* model, const octet_session_options* options,
                                  octet_session** session) {
  if (model == nullptr || session == nullptr) return octet::refuse("model or session is null");
  octet_session_options given = {};
  given.struct_bytes = sizeof given;
  if (options != nullptr) {
    if (options->struct_bytes < 2 * sizeof(size_t)) return octet::refuse("options.struct_bytes is not set");
    std::memcpy(&given, options, std::min(options->struct_bytes, sizeof given));
  }
  octet::SessionOptions chosen;
  chosen.threads = given.threads == 0 ? 1 : given.threads;
  chosen.cpu_features = given.cpu_features ? given.cpu_features : "";
  chosen.use_xnnpack = given.disable_xnnpack == 0;
  chosen.profile = given.profile != 0;
  std::unique_ptr<octet_session> handle(new (std::nothrow) octet_session());
  if (!handle) return octet::no_memory();
  handle->model = model->model;
  const Status status = octet::Session::create(*handle->model, chosen, &handle->session);
  if (!status.ok()) return octet::report(status);
  handle->cpu_features = octet::kernels::cpu_feature_names(handle->session->cpu_features());
  *session = handle.release();
  return OCTET_OK;
}

void octet_session_free(octet_session* session) { delete session; }

octet_status octet_session_set_input(octet_session* session, size_t i, const void* data, size_t bytes) {
  if (session == nullptr) return octet::refuse("session is null");
  return octet::report(session->session->set_input(i, data, bytes));
}

octet_status octet_session_set_input_pixels(octet_session* session, size_t i, const uint8_t* pixels,
                                            size_t bytes) {
  if (session == nullptr) return octet::refuse("session is null");
  return octet::report(session->session->set_input_pixels(i, pixels, bytes));
}

octet_status octet_session_run(octet_session* session) {
  if (session == nullptr) return octet::refuse("session is null");
  session->session->run();
  return OCTET_OK;
}

octet_status octet_session_get_output(const octet_session* session, size_t i, void* data, size_t bytes) {
  if (session == nullptr) return octet::refuse("session is null");
  return octet::report(session->session->get_output(i, data, bytes));
}

void* octet_session_input_data(octet_session* session, size_t i) {
  if (session == nullptr || i >= session->session->input_count()) return nullptr;
  return session->session->input(i).data;
}

const void* octet_session_output_data(const octet_session* session, size_t i) {
  if (session == nullptr || i >= session->session->output_count()) return nullptr;
  return session->session->output(i).data;
}

octet_status octet_session_bind_input(octet_session* session, size_t i, void* data) {
  if (session == nullptr) return octet::refuse("session is null");
  return octet::report(session->session->bind_input(i, data));
}

octet_status octet_session_bind_output(octet_session* session, size_t i, void* data) {
  if (session == nullptr) return octet::refuse("session is null");
  return octet::report(session->session->bind_output(i, data));
}

size_t octet_session_arena_bytes(const octet_session* session) {
  return session ? session->session->arena_bytes() : 0;
}

size_t octet_session_packed_bytes(const octet_session* session) {
  return session ? session->session->packed_bytes() : 0;
}

size_t octet_session_scratch_bytes(const octet_session* session) {
  return session ? session->session->scratch_bytes() : 0;
}

const char* octet_session_cpu_features(const octet_session* session) {
  return session ? session->cpu_features.c_str() : "";
}

size_t octet_session_step_count(const octet_session* session) {
  return session ? session->session->profile().size() : 0;
}

octet_status octet_session_step(const octet_session* session, size_t i, octet_step_info* info) {
  if (session == nullptr || info == nullptr) return octet::refuse("session or info is null");
  if (i >= octet_session_step_count(session))
    return octet::refuse_index("step", i, octet_session_step_count(session));
  const octet::StepProfile& step = session->session->profile()[i];
  const auto* name = session->model->root()
                         .operators()
                         ->Get(static_cast<flatbuffers::uoffset_t>(step.first_operator))
                         ->name();
  octet_step_info made = {};
  made.first_operator = static_cast<size_t>(step.first_operator);
  made.operator_count = static_cast<size_t>(step.operator_count);
  made.name = name ? name->c_str() : "";
  made.kernel = step.kernel;
  made.runs = step.runs;
  made.total_ns = step.total_ns;
  made.min_ns = step.min_ns;
  return octet::write_struct(made, info);
}

}  // extern "C"
