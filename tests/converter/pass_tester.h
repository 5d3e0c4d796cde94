// SPDX-License-Identifier: Apache-2.0
//
// Builds a small graph twice, runs a pass over one of the two, and compares: the operators that are left, and the
// numbers that come out of the runtime.
//
//   PassTester t(recognize_silu, [](GraphRunner& r) { ... });
//   EXPECT_TRUE(t.changed());
//   EXPECT_EQ(t.ops(), "Silu");
//   t.expect_same_numbers();
#pragma once

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "converter/infer_shapes.h"
#include "converter/passes/passes.h"
#include "tests/converter/graph_runner.h"

namespace octet::testing {

using converter::Graph;
using Pass = Status (*)(Graph* graph, converter::Diagnostics* diagnostics, bool* changed);
using Build = std::function<void(GraphRunner&)>;

// One node with one f32 output of `shape`, in a line.
inline ValueId emit(GraphRunner& r, const std::string& op, std::vector<ValueId> inputs, const Dims& shape,
                    std::map<std::string, converter::Attribute> attributes = {}) {
  const ValueId output = r.value(schema::TensorType_F32, shape);
  r.node(op, std::move(inputs), {output}).attributes = std::move(attributes);
  return output;
}

inline void mark_output(GraphRunner& r, ValueId id) {
  const converter::Value& value = r.graph.value(id);
  r.graph.outputs.push_back({value.name, id, value.type, value.shape, {}});
}

inline ValueId scalar(GraphRunner& r, double number) { return r.constant({}, {static_cast<float>(number)}); }

class PassTester {
 public:
  PassTester(Pass pass, const Build& build) {
    build(before);
    build(after);
    EXPECT_TRUE(converter::check_graph(before.graph).ok()) << converter::check_graph(before.graph).message();
    for (bool again = true; again;) {
      again = false;
      EXPECT_TRUE(pass(&after.graph, &after.diagnostics, &again).ok());
      if (again && ++rounds > 10) {
        ADD_FAILURE() << "the pass does not come to an end";
        break;
      }
    }
    const Status status = converter::check_graph(after.graph);
    EXPECT_TRUE(status.ok()) << status.message();
    EXPECT_TRUE(Graph(after.graph.clone()).sort());
  }

  GraphRunner before, after;
  int rounds = 0;   // in which the pass changed something

  bool changed() const { return rounds > 0; }
  // The operators after the pass, in order: "Conv Relu".
  std::string ops() const { return ops_of(after); }
  static std::string ops_of(const GraphRunner& r) {
    std::string line;
    for (const auto& node : r.graph.nodes) line += (line.empty() ? "" : " ") + node->op;
    return line;
  }
  const Node& node(size_t i) const { return *after.graph.nodes[i]; }
  std::vector<float> constant(ValueId id) const {
    const Constant& held = *after.graph.value(id).constant;
    return std::vector<float>(held.as<float>(), held.as<float>() + held.elements());
  }
  // The passes' messages: 'value ... rounds' and the like.
  bool noted(const std::string& part) const {
    for (const auto& item : after.diagnostics.items())
      if (item.severity == converter::Severity::kNote && item.message.find(part) != std::string::npos) return true;
    return false;
  }

  // |after - before| <= tolerance * (1 + |before|), on random inputs in [low, high].
  void expect_same_numbers(double tolerance = 1e-5, float low = -5, float high = 5) {
    ASSERT_TRUE(before.prepare());
    ASSERT_TRUE(after.prepare());
    ASSERT_EQ(before.graph.outputs.size(), after.graph.outputs.size());
    Random random(21);
    for (size_t i = 0; i < before.graph.inputs.size(); ++i) {
      const std::vector<float> data = random.reals(before.graph.inputs[i].shape, low, high);
      before.set<float>(i, data);
      after.set<float>(i, data);
    }
    before.run();
    after.run();
    for (size_t port = 0; port < before.graph.outputs.size(); ++port) {
      EXPECT_EQ(before.graph.outputs[port].name, after.graph.outputs[port].name);
      const std::vector<float> expected = before.get<float>(port), actual = after.get<float>(port);
      ASSERT_EQ(expected.size(), actual.size());
      for (size_t i = 0; i < expected.size(); ++i)
        ASSERT_NEAR(actual[i], expected[i], tolerance * (1 + std::fabs(expected[i]))) << "output " << port << " " << i;
    }
  }
};

}  // namespace octet::testing
