// SPDX-License-Identifier: Apache-2.0
//
// A session: one model prepared for this CPU. It owns the packed weights, the
// arena and the thread pool. One thread at a time may run it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "kernels/cpu_features.h"
#include "runtime/model.h"
#include "runtime/op.h"

namespace octet {

struct SessionOptions {
  size_t threads = 1;        // at least 1; 1 = no pool, everything on the caller
  std::string cpu_features;  // mask, see kernels/cpu_features.h; empty = all, then OCTET_CPU_FEATURES
  bool use_xnnpack = true;   // false: float operators run on the portable kernels
  // Every operator runs by itself, and every activation keeps its own memory,
  // so that all tensors can be read after run(). For calibration and comparison.
  bool keep_all_tensors = false;
  bool profile = false;  // time each step; see Session::profile()
};

// One line of the profile: a step is one operator, or one float island.
struct StepProfile {
  int first_operator = 0;  // index in the model
  int operator_count = 1;
  const char* kernel = "";
  uint64_t runs = 0;
  uint64_t total_ns = 0;
  uint64_t min_ns = 0;
};

class Session {
 public:
  // `model` must outlive the session.
  static Status create(const Model& model, const SessionOptions& options, std::unique_ptr<Session>* session);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  const Model& model() const { return *model_; }
  kernels::CpuFeatures cpu_features() const { return cpu_; }

  size_t input_count() const;
  size_t output_count() const;

  // The graph's own tensors of input and output i: quantized and NHWC where
  // the graph is. Read and write `data` in place; no copy is made. Inputs keep their
  // bytes during run(), which can thus be repeated; outputs keep theirs until the next run().
  Tensor& input(size_t i);
  Tensor& output(size_t i);

  // Any tensor of the model by index; between runs an activation's bytes are
  // only meaningful with keep_all_tensors.
  const Tensor& tensor(size_t index) const { return tensors_[index]; }

  // Fills input i from data as the ONNX model declared it (schema Input.type
  // and .shape, row-major, e.g. f32 NCHW): permutes and quantizes. `bytes` must
  // match. Quantizes with inv_scale = 1 / tensor.scale in f32. Allocates nothing.
  Status set_input(size_t i, const void* data, size_t bytes);

  // Fills input i from an image of the input's exact height and width, already in
  // the network's channel order, interleaved u8 [H, W, C], through the pixel tables
  // (s8) or (pixel - mean) / std (f32). For models with Preprocessing. A batch is that
  // many images, one after another.
  Status set_input_pixels(size_t i, const uint8_t* pixels, size_t bytes);

  // Reads output i in the form the ONNX model declared: permutes back and
  // dequantizes. `bytes` must match.
  Status get_output(size_t i, void* data, size_t bytes) const;

  // Points the graph's own tensor of input/output i at user memory (64-byte
  // aligned, tensor.bytes long); null returns to the session's own memory. On behalf of
  // vector kernels the 64 bytes behind it must be readable; they are never used.
  Status bind_input(size_t i, void* data);
  Status bind_output(size_t i, void* data);

  // Runs the graph. No allocation, no lock.
  void run();

  // Called after each step of run() with the index of its last operator, while
  // the outputs of that operator still hold their bytes; null removes it.
  using Observer = void (*)(void* argument, int operator_index, Session& session);
  void set_observer(Observer observer, void* argument);

  size_t arena_bytes() const { return arena_bytes_; }      // activations
  size_t scratch_bytes() const { return scratch_bytes_; }  // all threads
  size_t packed_bytes() const { return packed_bytes_; }    // packed weights and tables
  // Of the step that runs an operator: its kernel, the kernel that did not pay (Op::passed_over), into how
  // many pieces it can be split (Op::items), and how much of packed_bytes() is its own (a float island's: its
  // first operator's).
  const char* kernel_name(int operator_index) const;
  const char* passed_over(int operator_index) const;
  size_t items(int operator_index) const;
  size_t packed_bytes(int operator_index) const;
  const std::vector<StepProfile>& profile() const { return profile_; }

 private:
  struct State;  // session_state.h
  Session();
  Status set_up();            // the stages of create(), in order:
  Status choose_cpu();        //   features of this CPU, masked
  Status prepare_steps();     //   operators -> steps
  Status plan_arena();        //   lifetimes -> one allocation
  Status allocate_scratch();  //   one allocation for all threads
  void run_observed();

  const Model* model_ = nullptr;
  SessionOptions options_;
  kernels::CpuFeatures cpu_;
  std::vector<Tensor> tensors_;
  std::vector<StepProfile> profile_;
  size_t arena_bytes_ = 0;
  size_t packed_bytes_ = 0;
  size_t scratch_bytes_ = 0;
  std::unique_ptr<State> state_;
};

}  // namespace octet
