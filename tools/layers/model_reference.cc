// SPDX-License-Identifier: Apache-2.0
#include <set>

#include "converter/measure/real_values.h"
#include "tools/commands/commands.h"
#include "tools/layers/reference.h"

namespace octet::tools {
namespace {

class ModelReference : public Reference {
 public:
  explicit ModelReference(const ReferenceTask& task) : paths_(task.paths) {}

  Status open(const Arguments& arguments) {
    SessionOptions options;
    options.keep_all_tensors = true;
    OCTET_RETURN_IF_ERROR(load_model(arguments.reference, arguments, options, &loaded_));
    for (const schema::Input* input : *loaded_.model->root().inputs()) specs_.push_back(input_spec(*input));
    return Status();
  }

  Status next(NamedTensors* tensors) override {
    std::vector<InputData> data;
    OCTET_RETURN_IF_ERROR(read_sample(paths_[next_++], specs_, &data));
    for (size_t i = 0; i < data.size(); ++i)
      OCTET_RETURN_IF_ERROR(set_session_input(loaded_.session.get(), i, data[i]));
    loaded_.session->run();
    collect_tensors(*loaded_.session, tensors);
    return Status();
  }

 private:
  std::vector<std::string> paths_;
  std::vector<InputSpec> specs_;
  LoadedModel loaded_;
  size_t next_ = 0;
};

}  // namespace

void collect_tensors(const Session& session, NamedTensors* tensors) {
  tensors->clear();
  std::set<std::string> seen;
  for (size_t i = 0; i < session.model().tensors().size(); ++i) {
    const Tensor& tensor = session.tensor(i);
    if (tensor.is_constant() || tensor.name[0] == '\0') continue;
    if (!seen.insert(tensor.name).second) {
      tensors->erase(tensor.name);
      continue;
    }
    NamedTensor& named = (*tensors)[tensor.name];
    named.shape.assign(tensor.shape.dims, tensor.shape.dims + tensor.shape.rank);
    converter::read_real(tensor, &named.values);
    if (named.values.empty()) tensors->erase(tensor.name);
  }
}

Status open_model_reference(const ReferenceTask& task, std::unique_ptr<Reference>* reference) {
  auto opened = std::make_unique<ModelReference>(task);
  OCTET_RETURN_IF_ERROR(opened->open(task.arguments));
  *reference = std::move(opened);
  return Status();
}

}  // namespace octet::tools
