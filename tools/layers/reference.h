// SPDX-License-Identifier: Apache-2.0
//
// What octet eval --per-layer compares with: the tensors, by name, of another model or of an ONNX network
// that onnxruntime runs.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tools/arguments.h"
#include "tools/input/sample.h"

namespace octet::tools {

struct NamedTensor {
  std::vector<int64_t> shape;
  std::vector<float> values;
};
using NamedTensors = std::map<std::string, NamedTensor>;

class Reference {
 public:
  virtual ~Reference() = default;
  // The tensors of the next sample, in the order in which `paths` were given.
  virtual Status next(NamedTensors* tensors) = 0;
};

// The activations of a session that keeps its tensors, as real numbers; a name that occurs twice is left out.
void collect_tensors(const Session& session, NamedTensors* tensors);

// `specs`: the inputs of the model that is compared; `names`: its tensors.
struct ReferenceTask {
  const Arguments& arguments;
  std::vector<std::string> paths;
  std::vector<InputSpec> specs;
  std::vector<std::string> names;
};
Status open_model_reference(const ReferenceTask& task, std::unique_ptr<Reference>* reference);
Status open_onnx_reference(const ReferenceTask& task, std::unique_ptr<Reference>* reference);

}  // namespace octet::tools
