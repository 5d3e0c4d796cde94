// SPDX-License-Identifier: Apache-2.0
//
// octet eval --per-layer: each tensor of a model against the tensor of the same name in another model, or in
// an ONNX network. Tensors of an ONNX network are NCHW where Octet's are NHWC: the order in which the first
// sample agrees better is taken.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "converter/measure/error_sums.h"
#include "tools/commands/commands.h"
#include "tools/layers/reference.h"
#include "tools/progress.h"

namespace octet::tools {
namespace {

using converter::ErrorSums;

enum class Order { kUnknown, kSame, kNchw };

struct Layer {
  std::string name, type, precision;  // of the operator that writes the tensor
  Order order = Order::kUnknown;
  ErrorSums sums;
};

// [N, C, H, W] -> [N, H, W, C].
std::vector<float> to_nhwc(const NamedTensor& tensor) {
  std::vector<float> moved(tensor.values.size());
  const size_t batch = static_cast<size_t>(tensor.shape[0]), channels = static_cast<size_t>(tensor.shape[1]);
  const size_t pixels = static_cast<size_t>(tensor.shape[2] * tensor.shape[3]);
  for (size_t n = 0; n < batch; ++n)
    for (size_t c = 0; c < channels; ++c)
      for (size_t p = 0; p < pixels; ++p)
        moved[(n * pixels + p) * channels + c] = tensor.values[(n * channels + c) * pixels + p];
  return moved;
}

bool is_nchw_of(const NamedTensor& nhwc, const NamedTensor& tensor) {
  const auto &a = nhwc.shape, &b = tensor.shape;
  return a.size() == 4 && b.size() == 4 && a[0] == b[0] && a[1] == b[2] && a[2] == b[3] && a[3] == b[1];
}

ErrorSums sums_of(const std::vector<float>& reference, const std::vector<float>& values) {
  ErrorSums sums;
  sums.add(reference.data(), values.data(), values.size());
  return sums;
}

// False where the shapes do not go together.
bool add_sample(const NamedTensor& reference, const NamedTensor& tensor, Layer* layer) {
  const bool same = reference.shape == tensor.shape, nchw = is_nchw_of(tensor, reference);
  if (!same && !nchw) return false;
  if (layer->order == Order::kUnknown) {
    layer->order = same ? Order::kSame : Order::kNchw;
    if (same && nchw &&
        sums_of(to_nhwc(reference), tensor.values).noise < sums_of(reference.values, tensor.values).noise)
      layer->order = Order::kNchw;
  }
  layer->sums.add(layer->order == Order::kSame ? sums_of(reference.values, tensor.values)
                                               : sums_of(to_nhwc(reference), tensor.values));
  return true;
}

// The tensors in the order in which operators write them; graph inputs first.
std::vector<Layer> layers_of(const schema::Model& model) {
  std::vector<Layer> layers;
  const auto name_of = [&](int32_t tensor) -> std::string {
    const auto* name = tensor < 0 ? nullptr : model.tensors()->Get(static_cast<unsigned>(tensor))->name();
    return name != nullptr ? name->str() : "";
  };
  for (const schema::Input* input : *model.inputs())
    layers.push_back({name_of(static_cast<int32_t>(input->tensor())), "Input", "", {}, {}});
  for (const schema::Operator* op : *model.operators())
    if (op->outputs() != nullptr)
      for (const int32_t tensor : *op->outputs())
        layers.push_back(
            {name_of(tensor), schema::EnumNameOperatorType(op->type()), precision_text(model, *op), {}, {}});
  return layers;
}

bool is_onnx(const std::string& path) {
  return path.size() > 5 && path.compare(path.size() - 5, 5, ".onnx") == 0;
}

Status compare_layers(const Arguments& arguments, std::vector<Layer>* layers, size_t* samples) {
  if (arguments.reference.empty())
    return error(StatusCode::kInvalidArgument, "--per-layer: needs --reference OTHER.octet or NETWORK.onnx");
  LoadedModel loaded;
  SessionOptions options;
  options.keep_all_tensors = true;
  OCTET_RETURN_IF_ERROR(load_model(arguments.model, arguments, options, &loaded));
  *layers = layers_of(loaded.model->root());
  ReferenceTask task = {arguments, {}, {}, {}};
  OCTET_RETURN_IF_ERROR(list_samples(arguments.data, &task.paths));
  for (const schema::Input* input : *loaded.model->root().inputs()) task.specs.push_back(input_spec(*input));
  for (const Layer& layer : *layers) task.names.push_back(layer.name);
  std::unique_ptr<Reference> reference;
  OCTET_RETURN_IF_ERROR(
      (is_onnx(arguments.reference) ? open_onnx_reference : open_model_reference)(task, &reference));
  Progress progress("eval");
  NamedTensors tensors, expected;
  for (const std::string& path : task.paths) {
    std::vector<InputData> data;
    OCTET_RETURN_IF_ERROR(read_sample(path, task.specs, &data));
    for (size_t i = 0; i < data.size(); ++i)
      OCTET_RETURN_IF_ERROR(set_session_input(loaded.session.get(), i, data[i]));
    loaded.session->run();
    collect_tensors(*loaded.session, &tensors);
    OCTET_RETURN_IF_ERROR(reference->next(&expected));
    const auto unmatched = [&](Layer& layer) {
      const auto mine = tensors.find(layer.name), other = expected.find(layer.name);
      return mine == tensors.end() || other == expected.end() ||
             !add_sample(other->second, mine->second, &layer);
    };
    layers->erase(std::remove_if(layers->begin(), layers->end(), unmatched), layers->end());
    progress.update(++*samples, task.paths.size());
  }
  if (layers->empty())
    return error(StatusCode::kInvalidArgument, "--reference %s: no tensor has a name and shape of %s's",
                 arguments.reference.c_str(), arguments.model.c_str());
  return Status();
}

nlohmann::ordered_json finite(double value) {
  if (!std::isfinite(value)) return nullptr;
  return std::round(value * 1e6) / 1e6;
}

void print_json(const std::vector<Layer>& layers, size_t samples) {
  nlohmann::ordered_json json = {{"images", samples}, {"layers", nlohmann::ordered_json::array()}};
  for (const Layer& layer : layers)
    json["layers"].push_back({{"name", layer.name},
                              {"type", layer.type},
                              {"precision", layer.precision},
                              {"sqnr_db", finite(layer.sums.sqnr_db())},
                              {"cosine", finite(layer.sums.cosine())},
                              {"largest_difference", finite(layer.sums.largest)}});
  printf("%s\n", json.dump(2).c_str());
}

}  // namespace

int run_eval_layers(const Arguments& arguments) {
  std::vector<Layer> layers;
  size_t samples = 0;
  const Status status = compare_layers(arguments, &layers, &samples);
  if (!status.ok()) return report_error(status);
  if (arguments.json) {
    print_json(layers, samples);
    return 0;
  }
  printf("%zu files; %zu tensors that %s has too\n\n%9s %9s %12s  %-5s %-18s %s\n", samples, layers.size(),
         arguments.reference.c_str(), "SQNR dB", "cosine", "largest diff", "", "operator", "tensor");
  for (const Layer& layer : layers)
    printf("%9.2f %9.6f %12.4g  %-5s %-18s %s\n", layer.sums.sqnr_db(), layer.sums.cosine(),
           layer.sums.largest, layer.precision.c_str(), layer.type.c_str(), layer.name.c_str());
  return 0;
}

}  // namespace octet::tools
