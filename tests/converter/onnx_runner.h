// SPDX-License-Identifier: Apache-2.0
//
// Takes an ONNX model built in memory through import, passes, lowering and the
// portable kernels, and gives its outputs as the file declares them.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "converter/constant_math.h"
#include "converter/pass.h"
#include "converter/simulate_quantization.h"
#include "converter/stages.h"
#include "runtime/model.h"
#include "runtime/session.h"
#include "tests/testing/onnx_builder.h"

namespace octet::testing {

using Shapes = std::map<std::string, std::vector<int64_t>>;

struct Imported {
  Status status;
  converter::Graph graph;
  converter::Diagnostics diagnostics;
  std::string sha256;

  // "Conv Relu", in order.
  std::string ops() const {
    std::string line;
    for (const auto& node : graph.nodes) line += (line.empty() ? "" : " ") + node->op;
    return line;
  }
  bool warned(const std::string& part) const {
    for (const auto& item : diagnostics.items())
      if (item.message.find(part) != std::string::npos) return true;
    return false;
  }
};

inline void import_file(const std::string& path, const Shapes& shapes, Imported* imported) {
  imported->status =
      converter::import_onnx(path, shapes, &imported->graph, &imported->diagnostics, &imported->sha256);
}

inline Imported import_model(const OnnxBuilder& builder, const Shapes& shapes = {}) {
  const TemporaryFolder folder;
  Imported imported;
  builder.save(folder.file("model.onnx"));
  import_file(folder.file("model.onnx"), shapes, &imported);
  return imported;
}

// Runs the graph as it is (layout NHWC) on inputs in their declared form; f32 outputs.
inline ::testing::AssertionResult run_graph(const converter::Graph& graph,
                                            const std::vector<std::vector<float>>& inputs,
                                            std::vector<std::vector<float>>* outputs) {
  converter::LoweredModel lowered;
  converter::Diagnostics diagnostics;
  std::unique_ptr<Model> model;
  std::unique_ptr<Session> session;
  Status status = converter::lower(graph, converter::LowerOptions(), &lowered, &diagnostics);
  if (status.ok()) status = Model::load_memory(lowered.data(), lowered.bytes, &model);
  SessionOptions options;
  options.use_xnnpack = false;
  options.cpu_features = "portable";
  if (status.ok()) status = Session::create(*model, options, &session);
  for (size_t i = 0; status.ok() && i < inputs.size(); ++i)
    status = session->set_input(i, inputs[i].data(), inputs[i].size() * sizeof(float));
  if (!status.ok()) return ::testing::AssertionFailure() << status.message();
  session->run();
  outputs->clear();
  for (size_t i = 0; status.ok() && i < graph.outputs.size(); ++i) {
    converter::Constant constant;
    constant.type = graph.outputs[i].type;
    constant.shape = graph.outputs[i].shape;
    constant.bytes.resize(constant.elements() * element_bytes(constant.type));
    status = session->get_output(i, constant.bytes.data(), constant.bytes.size());
    outputs->push_back(converter::to_floats(constant));
  }
  return status.ok() ? ::testing::AssertionSuccess() : ::testing::AssertionFailure() << status.message();
}

struct Answer {
  std::vector<std::vector<float>> outputs;
  std::vector<converter::Dims> shapes;
  std::string ops;  // after the passes
};

// Import, passes, run. Failures are the test's.
inline Answer run_model(const OnnxBuilder& builder, const std::vector<std::vector<float>>& inputs) {
  Answer answer;
  Imported imported = import_model(builder);
  EXPECT_TRUE(imported.status.ok()) << imported.status.message();
  if (!imported.status.ok()) return answer;
  for (const auto& item : imported.diagnostics.items())
    EXPECT_EQ(item.message.find("ONNX infers"), std::string::npos) << item.message;
  const Status passed = converter::run_passes(&imported.graph, &imported.diagnostics);
  EXPECT_TRUE(passed.ok()) << passed.message();
  if (!passed.ok()) return answer;
  answer.ops = imported.ops();
  for (const auto& port : imported.graph.outputs) answer.shapes.push_back(port.shape);
  EXPECT_TRUE(run_graph(imported.graph, inputs, &answer.outputs));
  return answer;
}

// The same for a quantized network, in f32 with its roundings.
inline Answer run_quantized(const OnnxBuilder& builder, const std::vector<std::vector<float>>& inputs) {
  Answer answer;
  Imported imported = import_model(builder);
  bool found = false;
  Status status = imported.status;
  if (status.ok()) status = converter::import_qdq(&imported.graph, &imported.diagnostics, &found);
  if (status.ok()) status = converter::run_passes(&imported.graph, &imported.diagnostics);
  EXPECT_TRUE(status.ok()) << status.message();
  if (!status.ok()) return answer;
  converter::simulate_pinned_scales(&imported.graph);
  EXPECT_TRUE(run_graph(imported.graph, inputs, &answer.outputs));
  return answer;
}

inline std::vector<float> iota(size_t count, float first = 0, float step = 1) {
  std::vector<float> data(count);
  for (size_t i = 0; i < count; ++i) data[i] = first + step * static_cast<float>(i);
  return data;
}

inline void expect_near(const std::vector<float>& actual, const std::vector<float>& expected,
                        float tolerance = 1e-5f) {
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < actual.size(); ++i)
    EXPECT_NEAR(actual[i], expected[i], tolerance * (1 + std::abs(expected[i]))) << "element " << i;
}

}  // namespace octet::testing
