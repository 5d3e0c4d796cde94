// SPDX-License-Identifier: Apache-2.0
//
// Float islands on XNNPACK against the portable kernels, operator by operator at random, in chains, with
// several outputs, with moving tensors and with threads; and what XNNPACK must not be given.
#include <cmath>
#include <functional>
#include <limits>

#include "runtime/xnnpack/provider.h"
#include "tests/testing/op_tester.h"
#include "tests/testing/random.h"

namespace octet::testing {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr auto kF32 = schema::TensorType_F32;

size_t elements(const std::vector<int>& shape) {
  size_t product = 1;
  for (const int dim : shape) product *= static_cast<size_t>(dim);
  return product;
}

std::vector<float> values(Random* random, size_t count) {
  std::vector<float> out(count);
  for (float& value : out) value = random->f32(-3, 3);
  return out;
}

// A model under construction with random constants.
struct Net : OpTester {
  explicit Net(uint64_t seed) : random(seed) {}

  int pick(int low, int high) { return static_cast<int>(random.in_range(low, high)); }
  int input(const std::vector<int>& shape) {
    shapes.push_back(shape);
    return OpTester::input(kF32, shape);
  }
  int constant(const std::vector<int>& shape) {
    return constant_f32(shape, values(&random, elements(shape)));
  }

  // Runs with XNNPACK (in one island from operator 0) and without, and compares all outputs.
  void compare(size_t threads, bool on_xnnpack, float tolerance = 2e-5f) {
    const std::vector<std::vector<float>> fast = run_with(options(threads, "", true));
    if (HasFatalFailure()) return;
    EXPECT_EQ(kernel_name(0) == std::string("xnnpack"), on_xnnpack) << kernel_name(0);
    const std::vector<std::vector<float>> plain = run_with(options(1, "", false));
    if (HasFatalFailure()) return;
    EXPECT_NE(kernel_name(0), std::string("xnnpack"));
    for (size_t i = 0; i < plain.size(); ++i)
      for (size_t k = 0; k < plain[i].size(); ++k)
        ASSERT_LE(std::fabs(fast[i][k] - plain[i][k]), tolerance * (1 + std::fabs(plain[i][k])))
            << "output " << i << " element " << k << ": " << fast[i][k] << " instead of " << plain[i][k];
  }

  std::vector<std::vector<float>> run_with(const SessionOptions& session_options) {
    std::vector<std::vector<float>> results;
    make(session_options);
    if (HasFatalFailure()) return results;
    Random data(99);
    for (size_t i = 0; i < shapes.size(); ++i) set<float>(i, values(&data, elements(shapes[i])));
    run();
    for (size_t i = 0; i < session().output_count(); ++i) results.push_back(get<float>(i));
    return results;
  }
  void make(const SessionOptions& session_options) { ASSERT_TRUE(create(session_options)); }
  static bool HasFatalFailure() { return ::testing::Test::HasFatalFailure(); }

  Random random;
  std::vector<std::vector<int>> shapes;
};

struct ConvSpec {
  int stride[2], dilation[2], pads[4], groups;  // pads: top, left, bottom, right
  int output_pad[2];
  float low, high;
};

flatbuffers::Offset<schema::Conv2DOptions> conv_options(Net* net, const ConvSpec& c) {
  return schema::CreateConv2DOptions(net->builder(), c.stride[0], c.stride[1], c.dilation[0], c.dilation[1],
                                     c.pads[0], c.pads[1], c.pads[2], c.pads[3], c.groups, c.output_pad[0],
                                     c.output_pad[1], c.low, c.high);
}

ConvSpec random_conv(Net* net) {
  ConvSpec c = {{net->pick(1, 2), net->pick(1, 3)},
                {net->pick(1, 2), 1},
                {0, 0, 0, 0},
                1,
                {0, 0},
                -kInfinity,
                kInfinity};
  for (int& pad : c.pads) pad = net->pick(0, 2);
  if (net->random.one_in(2)) c.low = -1, c.high = 2;
  return c;
}

// Adds a convolution of `x` (of shape `s`) at random, and returns its output.
int add_conv(Net* net, int x, std::vector<int>* s, bool depthwise, bool transpose) {
  ConvSpec c = random_conv(net);
  const int channels = s->at(3);
  c.groups = depthwise ? channels : 1;
  const int outputs = depthwise ? channels * net->pick(1, 2) : net->pick(1, 17);
  const int kh = net->pick(1, 3), kw = net->pick(1, 3);
  if (transpose) {
    for (int& pad : c.pads) pad = 0;
    c.pads[0] = net->pick(0, kh - 1);
    c.output_pad[0] = net->pick(0, c.stride[0] - 1);
    c.output_pad[1] = net->pick(0, c.stride[1] - 1);
  }
  const int w = net->constant({outputs, kh, kw, channels / c.groups});
  const int b = net->random.one_in(3) ? -1 : net->constant({outputs});
  const int eh = c.dilation[0] * (kh - 1) + 1, ew = c.dilation[1] * (kw - 1) + 1;
  std::vector<int> out = {s->at(0), 0, 0, outputs};
  if (transpose) {
    out[1] = c.stride[0] * (s->at(1) - 1) + c.output_pad[0] + eh - c.pads[0] - c.pads[2];
    out[2] = c.stride[1] * (s->at(2) - 1) + c.output_pad[1] + ew - c.pads[1] - c.pads[3];
  } else {
    out[1] = (s->at(1) + c.pads[0] + c.pads[2] - eh) / c.stride[0] + 1;
    out[2] = (s->at(2) + c.pads[1] + c.pads[3] - ew) / c.stride[1] + 1;
  }
  const int y = net->tensor(kF32, out);
  net->add(transpose ? schema::OperatorType_ConvTranspose2D : schema::OperatorType_Conv2D, {x, w, b}, {y},
           conv_options(net, c));
  *s = out;
  return y;
}

void for_seeds(uint64_t count, const std::function<void(Net*, uint64_t)>& body) {
  const uint64_t seed = test_seed(1);
  for (uint64_t i = 0; i < count; ++i) {
    SCOPED_TRACE("OCTET_TEST_SEED=" + std::to_string(seed) + " case " + std::to_string(i));
    Net net(seed + i);
    body(&net, i);
    if (::testing::Test::HasFatalFailure()) return;
  }
}

TEST(Xnnpack, Convolution) {
  for_seeds(60, [](Net* net, uint64_t i) {
    std::vector<int> s = {net->pick(1, 2), net->pick(5, 9), net->pick(5, 9), net->pick(1, 9)};
    const int x = net->input(s);
    net->output(add_conv(net, x, &s, i % 3 == 1, i % 3 == 2));
    net->compare(i % 8 == 0 ? 2 : 1, true);
  });
}

TEST(Xnnpack, FullyConnected) {
  for_seeds(10, [](Net* net, uint64_t i) {
    const int k = net->pick(1, 20), o = net->pick(1, 20);
    std::vector<int> s = {k}, out = {o};
    for (uint64_t axis = 0; axis < i % 3; ++axis) s.insert(s.begin(), 3), out.insert(out.begin(), 3);
    const int x = net->input(s), w = net->constant({o, k}), b = i % 2 ? net->constant({o}) : -1;
    const int y = net->tensor(kF32, out);
    net->add(schema::OperatorType_FullyConnected, {x, w, b}, {y},
             schema::CreateFullyConnectedOptions(net->builder(), i % 2 ? 0 : -kInfinity));
    net->output(y);
    net->compare(1, true);
  });
}

// Rows may be counted in other axes than the input's; XNNPACK would keep the input's.
TEST(Xnnpack, FullyConnectedThatReshapes) {
  Net net(test_seed(9));
  const int x = net.input({2, 3, 4}), w = net.constant({5, 4}), y = net.tensor(kF32, {6, 5});
  net.add(schema::OperatorType_FullyConnected, {x, w}, {y},
          schema::CreateFullyConnectedOptions(net.builder()));
  net.output(y);
  net.compare(1, false);
}

// Every kind, with constants and activations on either side, and every manner of broadcasting.
TEST(Xnnpack, BinaryBroadcasts) {
  for_seeds(150, [](Net* net, uint64_t i) {
    const auto kind = static_cast<schema::BinaryKind>(i % 6);
    std::vector<int> out(static_cast<size_t>(net->pick(0, 5)));
    for (int& dim : out) dim = net->pick(1, 5);
    std::vector<int> shapes[2];
    for (std::vector<int>& shape : shapes) {
      shape.assign(out.begin() + net->pick(0, net->random.one_in(2) ? 0 : static_cast<int>(out.size())),
                   out.end());
      for (int& dim : shape)
        if (net->random.one_in(3)) dim = 1;
    }
    std::vector<int> real(std::max(shapes[0].size(), shapes[1].size()), 1);
    for (const std::vector<int>& shape : shapes)
      for (size_t k = 0; k < shape.size(); ++k) {
        int& dim = real[real.size() - 1 - k];
        dim = std::max(dim, shape[shape.size() - 1 - k]);
      }
    const int a = i % 4 == 1 ? net->constant(shapes[0]) : net->input(shapes[0]);
    const int b = i % 4 == 2 ? net->constant(shapes[1]) : net->input(shapes[1]);
    const int y = net->tensor(kF32, real);
    const bool clamps = kind < schema::BinaryKind_Min && net->random.one_in(2);
    net->add(
        schema::OperatorType_Binary, {a, b}, {y},
        schema::CreateBinaryOptions(net->builder(), kind, clamps ? 0 : -kInfinity, clamps ? 2 : kInfinity));
    net->output(y);
    net->compare(1, true);
  });
}

TEST(Xnnpack, Unary) {
  struct Row {
    schema::UnaryKind kind;
    float alpha, beta;
  };
  const Row rows[] = {{schema::UnaryKind_Relu, 0, 0},         {schema::UnaryKind_Clip, -1, 2},
                      {schema::UnaryKind_LeakyRelu, 0.1f, 0}, {schema::UnaryKind_Elu, 1, 0},
                      {schema::UnaryKind_Sigmoid, 0, 0},      {schema::UnaryKind_HardSwish, 0, 0},
                      {schema::UnaryKind_Abs, 0, 0},          {schema::UnaryKind_Neg, 0, 0},
                      {schema::UnaryKind_Floor, 0, 0},        {schema::UnaryKind_Ceil, 0, 0},
                      {schema::UnaryKind_Round, 0, 0}};
  for (const Row& row : rows) {
    SCOPED_TRACE(schema::EnumNameUnaryKind(row.kind));
    for (const std::vector<int>& shape : {std::vector<int>{}, {37}, {2, 3, 5, 7}}) {
      Net net(test_seed(2));
      const int x = net.input(shape), y = net.tensor(kF32, shape);
      net.add(schema::OperatorType_Unary, {x}, {y},
              schema::CreateUnaryOptions(net.builder(), row.kind, row.alpha, row.beta));
      net.output(y);
      net.compare(1, true);
    }
  }
}

TEST(Xnnpack, PRelu) {
  for (const std::vector<int>& slope : {std::vector<int>{7}, {1, 1, 7}, {1}, {}}) {
    Net net(test_seed(3));
    const int x = net.input({1, 3, 5, 7}), s = net.constant(slope), y = net.tensor(kF32, {1, 3, 5, 7});
    net.add(schema::OperatorType_PRelu, {x, s}, {y}, schema::CreatePReluOptions(net.builder()));
    net.output(y);
    net.compare(1, true);
  }
}

// kernel, stride, pads; -1 = expected to stay portable.
void check_pool(Net* net, bool average, std::vector<int> k, std::vector<int> stride,
                std::vector<int> dilation, std::vector<int> pads, bool ceil, bool on_xnnpack) {
  const std::vector<int> s = {2, 9, 8, 5};
  std::vector<int> out = s;
  for (int axis = 0; axis < 2; ++axis) {
    const int extent = dilation[axis] * (k[axis] - 1) + 1;
    const int room = s[axis + 1] + pads[axis] + pads[axis + 2] - extent;
    out[axis + 1] = (ceil ? (room + stride[axis] - 1) / stride[axis] : room / stride[axis]) + 1;
  }
  const int x = net->input(s), y = net->tensor(kF32, out);
  net->add(average ? schema::OperatorType_AveragePool2D : schema::OperatorType_MaxPool2D, {x}, {y},
           schema::CreatePool2DOptions(net->builder(), k[0], k[1], stride[0], stride[1], dilation[0],
                                       dilation[1], pads[0], pads[1], pads[2], pads[3]));
  net->output(y);
  net->compare(1, on_xnnpack);
}

TEST(Xnnpack, Pools) {
  const auto check = [](bool average, std::vector<int> k, std::vector<int> s, std::vector<int> d,
                        std::vector<int> p, bool ceil, bool on_xnnpack) {
    Net net(test_seed(4));
    check_pool(&net, average, std::move(k), std::move(s), std::move(d), std::move(p), ceil, on_xnnpack);
  };
  check(true, {3, 2}, {2, 2}, {1, 1}, {0, 0, 0, 0}, false, true);
  check(true, {9, 8}, {9, 8}, {1, 1}, {0, 0, 0, 0}, false, true);
  check(true, {3, 3}, {2, 2}, {1, 1}, {1, 1, 1, 1}, false, false);  // the divisor
  check(true, {2, 2}, {2, 2}, {1, 1}, {0, 0, 0, 0}, true, false);   // ceil_mode
  check(true, {1, 1}, {1, 1}, {1, 1}, {0, 0, 0, 0}, false, false);  // XNNPACK refuses one element
  check(false, {3, 2}, {2, 2}, {1, 1}, {0, 0, 0, 0}, false, true);
  check(false, {3, 3}, {2, 2}, {1, 1}, {1, 2, 2, 1}, false, true);
  check(false, {3, 3}, {1, 1}, {2, 2}, {0, 0, 0, 0}, false, true);
  check(false, {3, 3}, {1, 1}, {2, 2}, {1, 1, 1, 1}, false, false);  // dilated windows over pads
  check(false, {2, 2}, {2, 2}, {1, 1}, {0, 0, 0, 0}, true, false);   // ceil_mode
}

TEST(Xnnpack, SpatialMean) {
  for (const bool keep : {true, false}) {
    Net net(test_seed(5));
    const int x = net.input({2, 5, 4, 9});
    const int y = net.tensor(kF32, keep ? std::vector<int>{2, 1, 1, 9} : std::vector<int>{2, 9});
    net.add(schema::OperatorType_Reduce, {x}, {y},
            schema::CreateReduceOptions(net.builder(), schema::ReduceKind_Mean, net.ints({1, 2}), keep));
    net.output(y);
    net.compare(2, true);
  }
}

TEST(Xnnpack, Softmax) {
  for (const std::vector<int>& shape : {std::vector<int>{11}, {3, 10}, {2, 3, 4, 1001}}) {
    Net net(test_seed(6));
    const int x = net.input(shape), y = net.tensor(kF32, shape);
    net.add(schema::OperatorType_Softmax, {x}, {y},
            schema::CreateSoftmaxOptions(net.builder(), static_cast<int>(shape.size()) - 1));
    net.output(y);
    net.compare(1, true);
  }
}

TEST(Xnnpack, PadAndReshape) {
  Net net(test_seed(7));
  const int x = net.input({2, 3, 4}), padded = net.tensor(kF32, {3, 5, 7}), y = net.tensor(kF32, {5, 21});
  net.add(schema::OperatorType_Pad, {x}, {padded},
          schema::CreatePadOptions(net.builder(), schema::PadMode_Constant, net.ints({1, 0, 3}),
                                   net.ints({0, 2, 0}), -1.5f));
  net.add(schema::OperatorType_Reshape, {padded}, {y});
  net.output(y);
  net.compare(1, true, 0);
}

// A small network with a skip connection and a second output in its middle, as one island.
struct Branching : Net {
  explicit Branching(uint64_t seed) : Net(seed) {
    std::vector<int> s = {1, 12, 12, 3};
    const int x = input(s);
    int t = add_conv(this, x, &s, false, false);
    const int middle = tensor(kF32, s);
    add(schema::OperatorType_Unary, {t}, {middle},
        schema::CreateUnaryOptions(builder(), schema::UnaryKind_Relu));
    const int gate = tensor(kF32, s), sum = tensor(kF32, s), dead = tensor(kF32, s);
    add(schema::OperatorType_Unary, {middle}, {gate},
        schema::CreateUnaryOptions(builder(), schema::UnaryKind_Sigmoid));
    add(schema::OperatorType_Unary, {gate}, {dead},
        schema::CreateUnaryOptions(builder(), schema::UnaryKind_Abs));
    add(schema::OperatorType_Binary, {middle, gate}, {sum},
        schema::CreateBinaryOptions(builder(), schema::BinaryKind_Mul));
    t = add_conv(this, sum, &s, true, false);
    output(middle);
    output(t);
  }
};

TEST(Xnnpack, OneIslandWithTwoOutputs) {
  for (uint64_t seed = 0; seed < 10; ++seed) {
    SCOPED_TRACE(seed);
    Branching net(seed);
    net.compare(2, true);
    if (HasFatalFailure()) return;
    ASSERT_TRUE(net.create(OpTester::options(1)));
    EXPECT_EQ(net.session().profile().size(), 1u);  // one step
  }
}

// Tensors may move between runs.
TEST(Xnnpack, RunsAtNewAddresses) {
  Branching net(11);
  const std::vector<std::vector<float>> expected = net.run_with(OpTester::options(1));
  const AlignedBytes input(net.session().input(0).data, net.session().input(0).bytes + 64);
  AlignedBytes moved = input;
  for (const bool bound : {true, false, true}) {
    ASSERT_TRUE(net.session().bind_input(0, bound ? moved.data() : nullptr).ok());
    net.run();
    EXPECT_EQ(net.get<float>(0), expected[0]);
    EXPECT_EQ(net.get<float>(1), expected[1]);
  }
}

// The same bytes with one thread and two.
TEST(Xnnpack, ThreadsDoNotChangeTheBytes) {
  Branching net(12);
  EXPECT_EQ(net.run_with(OpTester::options(1)), net.run_with(OpTester::options(2)));
}

// Options that XNNPACK would refuse or misread stay portable.
TEST(Xnnpack, RefusesWhatItCannotDo) {
  const auto unary = [](schema::UnaryKind kind, float alpha, float beta) {
    Net net(1);
    const int x = net.input({4}), y = net.tensor(kF32, {4});
    net.add(schema::OperatorType_Unary, {x}, {y},
            schema::CreateUnaryOptions(net.builder(), kind, alpha, beta));
    net.output(y);
    net.compare(1, false);
  };
  unary(schema::UnaryKind_Clip, 1, 1);
  unary(schema::UnaryKind_LeakyRelu, 0, 0);
  unary(schema::UnaryKind_Elu, -1, 0);
  unary(schema::UnaryKind_Exp, 0, 0);
  Net net(2);
  const int x = net.input({3, 4}), y = net.tensor(kF32, {3, 4});
  net.add(schema::OperatorType_Softmax, {x}, {y}, schema::CreateSoftmaxOptions(net.builder(), 0));
  net.output(y);
  net.compare(1, false);
}

}  // namespace
}  // namespace octet::testing
