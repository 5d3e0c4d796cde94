// SPDX-License-Identifier: Apache-2.0
//
// A thin C++17 layer over octet.h: owners and a status with its message. No
// exceptions, nothing compiled; octet.h documents every call.
//
//   octet::api::Model model;
//   octet::api::Session session;
//   octet::api::Status status = model.load_file("net.octet");
//   if (status) status = session.create(model);
//   if (status) status = session.set_input(0, pixels.data(), pixels.size() * sizeof(float));
//   if (status) status = session.run();
//   if (status) status = session.get_output(0, scores.data(), scores.size() * sizeof(float));
//   if (!status) std::fprintf(stderr, "%s\n", status.message().c_str());
#pragma once

#include <memory>
#include <string>

#include "octet/octet.h"

namespace octet::api {

// Converts to true when the call succeeded.
class [[nodiscard]] Status {
 public:
  Status() = default;
  // From a call just made on this thread.
  explicit Status(octet_status code) : code_(code), message_(code == OCTET_OK ? "" : octet_last_error()) {}

  explicit operator bool() const { return code_ == OCTET_OK; }
  octet_status code() const { return code_; }
  const std::string& message() const { return message_; }

 private:
  octet_status code_ = OCTET_OK;
  std::string message_;
};

class Model {
 public:
  Status load_file(const char* path) {
    octet_model* loaded = nullptr;
    const Status status(octet_model_load_file(path, &loaded));
    if (status) handle_.reset(loaded);
    return status;
  }
  Status load_memory(const void* data, size_t bytes) {
    octet_model* loaded = nullptr;
    const Status status(octet_model_load_memory(data, bytes, &loaded));
    if (status) handle_.reset(loaded);
    return status;
  }

  size_t input_count() const { return octet_model_input_count(get()); }
  size_t output_count() const { return octet_model_output_count(get()); }
  Status input_info(size_t i, octet_tensor_info* info) const {
    *info = {};
    info->struct_bytes = sizeof *info;
    return Status(octet_model_input_info(get(), i, info));
  }
  Status output_info(size_t i, octet_tensor_info* info) const {
    *info = {};
    info->struct_bytes = sizeof *info;
    return Status(octet_model_output_info(get(), i, info));
  }

  const octet_model* get() const { return handle_.get(); }

 private:
  struct Free {
    void operator()(octet_model* model) const { octet_model_free(model); }
  };
  std::unique_ptr<octet_model, Free> handle_;
};

// Defaults as in octet_session_options.
struct SessionOptions {
  size_t threads = 1;
  std::string cpu_features;
  bool use_xnnpack = true;
  bool profile = false;
};

class Session {
 public:
  // The session keeps the model's bytes mapped; `model` itself may go.
  Status create(const Model& model, const SessionOptions& options = SessionOptions()) {
    octet_session_options c = {};
    c.struct_bytes = sizeof c;
    c.threads = options.threads;
    c.cpu_features = options.cpu_features.c_str();
    c.disable_xnnpack = options.use_xnnpack ? 0 : 1;
    c.profile = options.profile ? 1 : 0;
    octet_session* created = nullptr;
    const Status status(octet_session_create(model.get(), &c, &created));
    if (status) handle_.reset(created);
    return status;
  }

  Status set_input(size_t i, const void* data, size_t bytes) {
    return Status(octet_session_set_input(get(), i, data, bytes));
  }
  Status set_input_pixels(size_t i, const uint8_t* pixels, size_t bytes) {
    return Status(octet_session_set_input_pixels(get(), i, pixels, bytes));
  }
  Status run() { return Status(octet_session_run(get())); }
  Status get_output(size_t i, void* data, size_t bytes) const {
    return Status(octet_session_get_output(get(), i, data, bytes));
  }
  Status bind_input(size_t i, void* data) { return Status(octet_session_bind_input(get(), i, data)); }
  Status bind_output(size_t i, void* data) { return Status(octet_session_bind_output(get(), i, data)); }

  // In the graph's own form; see octet_session_input_data.
  template <class T>
  T* input_data(size_t i) {
    return static_cast<T*>(octet_session_input_data(get(), i));
  }
  template <class T>
  const T* output_data(size_t i) const {
    return static_cast<const T*>(octet_session_output_data(get(), i));
  }

  size_t arena_bytes() const { return octet_session_arena_bytes(get()); }
  size_t packed_bytes() const { return octet_session_packed_bytes(get()); }
  size_t scratch_bytes() const { return octet_session_scratch_bytes(get()); }
  std::string cpu_features() const { return octet_session_cpu_features(get()); }
  size_t step_count() const { return octet_session_step_count(get()); }
  Status step(size_t i, octet_step_info* info) const {
    *info = {};
    info->struct_bytes = sizeof *info;
    return Status(octet_session_step(get(), i, info));
  }

  octet_session* get() const { return handle_.get(); }

 private:
  struct Free {
    void operator()(octet_session* session) const { octet_session_free(session); }
  };
  std::unique_ptr<octet_session, Free> handle_;
};

}  // namespace octet::api
