// SPDX-License-Identifier: Apache-2.0
//
// Builds small converter graphs, lowers them and runs them on the runtime, for tests:
//
//   GraphRunner r;
//   const ValueId x = r.input({1, 4}, {0.5f, 3});          // f32 without a quantization
//   const ValueId y = r.output({1, 4});
//   Node& node = r.node("Relu", {x}, {y});
//   ASSERT_TRUE(r.prepare());
//   r.set<float>(0, {-1, 0, 1, 2});
//   r.run();
//   r.get<float>(0);
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "converter/graph.h"
#include "converter/quantize/tables.h"
#include "converter/stages.h"
#include "runtime/model.h"
#include "runtime/session.h"

namespace octet::testing {

using converter::Constant;
using converter::Dims;
using converter::Node;
using converter::Quantization;
using converter::ValueId;

inline Quantization quantization(float scale, int32_t zero_point) {
  Quantization q;
  q.scale = scale;
  q.zero_point = zero_point;
  return q;
}

inline Quantization per_channel(std::vector<float> scales) {
  Quantization q;
  q.channel_scales = std::move(scales);
  q.channel_axis = 0;
  return q;
}

inline size_t elements_of(const Dims& shape) {
  size_t count = 1;
  for (int64_t dim : shape) count *= static_cast<size_t>(dim);
  return count;
}

class GraphRunner {
 public:
  GraphRunner() { graph.layout = converter::Layout::kNhwc; }

  converter::Graph graph;
  converter::LoweredModel lowered;
  converter::Diagnostics diagnostics;

  ValueId value(TensorType type, const Dims& shape, const Quantization& q = Quantization()) {
    const ValueId id = graph.add_value("v" + std::to_string(graph.values.size()), type, shape);
    graph.value(id).quantization = q;
    return id;
  }
  ValueId input(TensorType type, const Dims& shape, const Quantization& q = Quantization()) {
    const ValueId id = value(type, shape, q);
    graph.inputs.push_back({graph.value(id).name, id, type, shape, {}});
    return id;
  }
  ValueId input(const Dims& shape) { return input(schema::TensorType_F32, shape); }
  ValueId output(TensorType type, const Dims& shape, const Quantization& q = Quantization()) {
    const ValueId id = value(type, shape, q);
    graph.outputs.push_back({graph.value(id).name, id, type, shape, {}});
    return id;
  }
  ValueId output(const Dims& shape) { return output(schema::TensorType_F32, shape); }

  template <class T>
  ValueId constant(TensorType type, const Dims& shape, const std::vector<T>& data,
                   const Quantization& q = Quantization()) {
    Constant constant;
    constant.type = type;
    constant.shape = shape;
    constant.bytes.resize(data.size() * sizeof(T));
    if (!data.empty()) std::memcpy(constant.bytes.data(), data.data(), constant.bytes.size());
    const ValueId id = graph.add_constant("c" + std::to_string(graph.values.size()), std::move(constant));
    graph.value(id).quantization = q;
    return id;
  }
  ValueId constant(const Dims& shape, const std::vector<float>& data) {
    return constant(schema::TensorType_F32, shape, data);
  }

  Node& node(const std::string& op, std::vector<ValueId> inputs, std::vector<ValueId> outputs) {
    Node& added = graph.insert_node(graph.nodes.size(), op, "node" + std::to_string(graph.nodes.size()));
    added.source = op;
    added.inputs = std::move(inputs);
    added.outputs = std::move(outputs);
    return added;
  }

  Status lower() { return converter::lower(graph, converter::LowerOptions(), &lowered, &diagnostics); }

  ::testing::AssertionResult prepare(bool use_xnnpack = false) {
    Status status = lower();
    if (status.ok()) status = Model::load_memory(lowered.data(), lowered.bytes, &model);
    SessionOptions options;
    options.use_xnnpack = use_xnnpack;
    options.cpu_features = "portable";
    if (status.ok()) status = Session::create(*model, options, &session);
    return status.ok() ? ::testing::AssertionSuccess() : ::testing::AssertionFailure() << status.message();
  }

  template <class T>
  void set(size_t i, const std::vector<T>& data) {
    ASSERT_EQ(session->input(i).bytes, data.size() * sizeof(T));
    std::memcpy(session->input(i).data, data.data(), session->input(i).bytes);
  }
  void run() { session->run(); }
  template <class T>
  std::vector<T> get(size_t i) {
    const Tensor& tensor = session->output(i);
    EXPECT_EQ(element_bytes(tensor.type), sizeof(T));
    return std::vector<T>(tensor.as<T>(), tensor.as<T>() + tensor.shape.elements());
  }

  const schema::Model& root() const { return *schema::GetModel(lowered.data()); }
  const schema::Operator& op(unsigned i) const { return *root().operators()->Get(i); }

  std::unique_ptr<Model> model;
  std::unique_ptr<Session> session;
};

// Seeded data; the seed is printed when a test fails through SCOPED_TRACE(seed).
class Random {
 public:
  explicit Random(uint32_t seed) : engine_(seed) {}
  int integer(int low, int high) { return std::uniform_int_distribution<int>(low, high)(engine_); }
  float real(float low, float high) { return std::uniform_real_distribution<float>(low, high)(engine_); }
  std::vector<float> reals(const Dims& shape, float low = -1, float high = 1) {
    std::vector<float> data(elements_of(shape));
    for (float& x : data) x = real(low, high);
    return data;
  }
  std::vector<int8_t> s8(const Dims& shape, int low = -128, int high = 127) {
    std::vector<int8_t> data(elements_of(shape));
    for (int8_t& x : data) x = static_cast<int8_t>(integer(low, high));
    return data;
  }

 private:
  std::mt19937 engine_;
};

inline double dequantized(int8_t q, const Quantization& quantization) {
  return static_cast<double>(quantization.scale) * (q - quantization.zero_point);
}

// |q - ideal| <= 1 with the ideal rounded and clamped.
inline void expect_one_step(const std::vector<int8_t>& actual, const std::vector<double>& expected,
                            const Quantization& q) {
  ASSERT_EQ(actual.size(), expected.size());
  size_t exact = 0;
  for (size_t i = 0; i < actual.size(); ++i) {
    const int ideal = converter::quantize_value(expected[i], q);
    EXPECT_LE(std::abs(actual[i] - ideal), 1) << "element " << i << ": real " << expected[i];
    exact += actual[i] == ideal ? 1 : 0;
  }
  EXPECT_GE(exact * 10, actual.size() * 8);  // and nearly all are exact
}

// A graph node carries a name or text; clearer than a variant at the call.
inline void set_text(Node* node, const char* key, const char* text) {
  node->attributes[key] = std::string(text);
}
inline void set_ints(Node* node, const char* key, std::vector<int64_t> values) {
  node->attributes[key] = std::move(values);
}

}  // namespace octet::testing
