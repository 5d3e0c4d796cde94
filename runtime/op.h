// SPDX-License-Identifier: Apache-2.0
//
// The contract of an operator at run time, and the table of all operators.
//
//   validate(view)            once, at load: the bytes are untrusted; afterwards they are trusted
//   prepare(view, context)    once per session: choose kernels, pack weights; may fail, may allocate
//   Op::run(context)          hot: no allocation, no lock, cannot fail
//
// Each operator lives in runtime/ops/<op>.cc and has one row in op_table.inc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "kernels/cpu_features.h"
#include "model_generated.h"
#include "runtime/session_memory.h"
#include "runtime/status.h"
#include "runtime/tensor.h"

namespace octet {

class Model;
class ThreadPool;

// An operator of the file with its tensors resolved. Absent optional inputs
// are null; trailing absent inputs may be missing from the vector: use input(i).
struct OpView {
  const schema::Operator* definition = nullptr;
  std::vector<Tensor*> inputs;
  std::vector<Tensor*> outputs;

  const char* name() const { return definition->name() ? definition->name()->c_str() : ""; }
  Tensor* input(size_t i) const { return i < inputs.size() ? inputs[i] : nullptr; }
  Tensor* output(size_t i) const { return i < outputs.size() ? outputs[i] : nullptr; }

  // The typed options, or null where the operator carries another table.
  // Example: view.options<schema::Conv2DOptions>()
  template <class T>
  const T* options() const {
    return definition->options_type() == schema::OptionsTraits<T>::enum_value
               ? static_cast<const T*>(definition->options())
               : nullptr;
  }
};

struct PrepareContext {
  kernels::CpuFeatures cpu;  // after masking
  size_t threads = 1;
  ThreadPool* pool = nullptr;       // the one that run will get; null with one thread
  SessionMemory* memory = nullptr;  // for packed weights and tables; never null in prepare
  const Model* model = nullptr;     // to release constants that run does not read; never null in prepare
  size_t scratch_bytes = 0;         // out: scratch that run needs for each thread
};

struct RunContext {
  ThreadPool* pool = nullptr;  // null: run on the calling thread
  size_t threads = 1;
  uint8_t* scratch = nullptr;  // 64-byte aligned; thread t owns scratch + t * scratch_stride
  size_t scratch_stride = 0;
};

class Op {
 public:
  virtual ~Op() = default;
  virtual void run(const RunContext& context) = 0;
  // The kernel chosen, for `octet inspect` and `bench --profile`: "conv_s8_gemm_4x16_avx2".
  virtual const char* kernel_name() const = 0;
  // The kernel that was first in line and could compute this, but would not have paid; null if there is none.
  virtual const char* passed_over() const { return nullptr; }
  // Into how many pieces of about the same work run() may be split over threads; 0: not known.
  virtual size_t items() const { return 0; }
};

// How an operator computes: in s16 where any of its tensors is s16, else in s8 where input 0 is s8, else in
// f32, which stands for all other types.
enum class OpForm { kS8, kS16, kF32 };

struct OpRow {
  schema::OperatorType type;
  const char* name;
  Status (*validate)(const OpView& view);
  // One for each form; all the same where the operator has only one. Null: a form that the operator or this
  // build does not have.
  using Prepare = Status(const OpView& view, PrepareContext* context, std::unique_ptr<Op>* op);
  Prepare* prepare_s8;
  Prepare* prepare_s16;
  Prepare* prepare_f32;

  bool has_forms() const { return prepare_s8 != prepare_f32 || prepare_s16 != prepare_f32; }
  Prepare* prepare(OpForm form) const {
    return form == OpForm::kS8 ? prepare_s8 : form == OpForm::kS16 ? prepare_s16 : prepare_f32;
  }
};

// The row of `type`, or null for a type this build does not know.
const OpRow* find_op(schema::OperatorType type);

// The operator of a validated view, by the prepare of its row.
Status prepare_op(const OpView& view, PrepareContext* context, std::unique_ptr<Op>* op);

}  // namespace octet
