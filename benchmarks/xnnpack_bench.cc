// SPDX-License-Identifier: Apache-2.0
//
// Single convolutions: XNNPACK's qs8 (one weight scale), qc8 (a scale per channel) and f32 against
// every conv_s8 row that this CPU can run. All contestants of a layer run alternately in one process on
// one thread; the fastest of each counts, in time of the thread. XNNPACK's quantized answers are checked
// against the reference (they may differ by one, for the rounding differs), ours must equal it.
//
//   xnnpack_bench --filter first
//   xnnpack_bench --filter depthwise --xnnpack-isa avx2 --rows avx2
//   xnnpack_bench --shape 56,56,64,64,3,1,1,1     height,width,channels,outputs,kernel,stride,pad,groups
#include <cpuinfo.h>
#include <xnnpack.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "kernels/conv_s8.h"
#include "tests/kernels/conv_s8_case.h"

namespace octet::kernels {
namespace {

struct Layer {
  std::string name;
  ConvShape shape;
};

const Layer kLayers[] = {
    {"first/mobilenet_v2_224_3_32_s2", square(224, 224, 3, 32, 3, 2, 1)},
    {"first/resnet_224_3_64_7x7_s2", square(224, 224, 3, 64, 7, 2, 3)},
    {"first/squeezenet_224_3_96_7x7_s2", square(224, 224, 3, 96, 7, 2, 0)},
    {"first/resnet8_32_3_16", square(32, 32, 3, 16, 3, 1, 1)},
    {"first/vww_96_3_8_s2", square(96, 96, 3, 8, 3, 2, 1)},
    {"first/dscnn_49x10_1_64_10x4_s2", ConvShape{1, 49, 10, 1, 64, 10, 4, 2, 2, 1, 1, 4, 1, 5, 1, 1}},
    {"depthwise/112_32", square(112, 112, 32, 32, 3, 1, 1, 32)},
    {"depthwise/112_96_s2", square(112, 112, 96, 96, 3, 2, 1, 96)},
    {"depthwise/56_144", square(56, 56, 144, 144, 3, 1, 1, 144)},
    {"depthwise/28_192_s2", square(28, 28, 192, 192, 3, 2, 1, 192)},
    {"depthwise/14_384", square(14, 14, 384, 384, 3, 1, 1, 384)},
    {"depthwise/14_512", square(14, 14, 512, 512, 3, 1, 1, 512)},
    {"depthwise/7_960", square(7, 7, 960, 960, 3, 1, 1, 960)},
    {"depthwise/28_120_5x5", square(28, 28, 120, 120, 5, 1, 2, 120)},
    {"depthwise/14_240_5x5_s2", square(14, 14, 240, 240, 5, 2, 2, 240)},
    {"gemm/fat_14_512_512", square(14, 14, 512, 512, 1, 1, 0)},
    {"gemm/thin_112_32_16", square(112, 112, 32, 16, 1, 1, 0)},
    {"gemm/3x3_28_128_128", square(28, 28, 128, 128, 3, 1, 1)},
};

struct Options {
  std::string filter, rows, xnnpack_isa;
  double seconds = 0.4;  // per layer
  std::vector<Layer> layers{std::begin(kLayers), std::end(kLayers)};
};

// One requantization for all channels, so that qs8 can express it.
constexpr int kShift = 8, kMultiplier = 20000;
constexpr float kOutputPerAcc = static_cast<float>(kMultiplier) / (1 << 21) / (1 << kShift);

struct DeleteSubgraph {
  void operator()(xnn_subgraph_t subgraph) const { xnn_delete_subgraph(subgraph); }
};
struct DeleteRuntime {
  void operator()(xnn_runtime_t runtime) const { xnn_delete_runtime(runtime); }
};

// A subgraph of one convolution, and its memory.
class XnnpackConv {
 public:
  XnnpackConv(const ConvCase& test, const ConvShape& shape, xnn_datatype weights_type)
      : test_(test), shape_(shape), type_(weights_type) {
    const size_t slack = XNN_EXTRA_BYTES;
    const size_t element = is_f32() ? 4 : 1;
    input_.resize(test.input.size() * element + slack);
    output_.resize(test.output_span() * element + slack);
    if (is_f32()) {
      auto* to = reinterpret_cast<float*>(input_.data());
      for (size_t i = 0; i < test.input.size(); ++i)
        to[i] = static_cast<float>(test.input[i] - test.conv.input_zero_point);
      f32_weights_.assign(test.weights.begin(), test.weights.end());
      f32_bias_.assign(test.bias.begin(), test.bias.end());
    } else {
      std::memcpy(input_.data(), test.input.data(), test.input.size());
    }
    scales_.assign(test.conv.output_channels, kOutputPerAcc);
  }

  bool prepare() {
    xnn_subgraph_t made = nullptr;
    if (xnn_create_subgraph(2, 0, &made) != xnn_status_success) return false;
    subgraph_.reset(made);
    if (!define_values() || define_conv() != xnn_status_success) return false;
    xnn_runtime_t runtime = nullptr;
    if (xnn_create_runtime_v2(made, nullptr, 0, &runtime) != xnn_status_success) return false;
    runtime_.reset(runtime);
    const xnn_external_value values[2] = {{0, input_.data()}, {1, output_.data()}};
#if OCTET_XNNPACK_HAS_RESHAPE_RUNTIME
    return xnn_reshape_runtime(runtime) == xnn_status_success &&
           xnn_setup_runtime_v2(runtime, 2, values) == xnn_status_success;
#else
    return xnn_setup_runtime(runtime, 2, values) == xnn_status_success;
#endif
  }

  void run() { xnn_invoke_runtime(runtime_.get()); }

  // The largest difference from the reference's bytes; 0 for f32.
  int difference(const std::vector<int8_t>& expected) const {
    int most = 0;
    for (size_t i = 0; !is_f32() && i < expected.size(); ++i)
      most = std::max(most, std::abs(static_cast<int8_t>(output_[i]) - expected[i]));
    return most;
  }

 private:
  bool is_f32() const { return type_ == xnn_datatype_fp32; }

  bool define_values() {
    const ConvS8& c = test_.conv;
    const size_t input[4] = {c.batch, c.input_height, c.input_width, c.input_channels};
    const size_t output[4] = {c.batch, c.output_height, c.output_width, c.output_channels};
    return define(input, 4, nullptr, nullptr, c.input_zero_point, 1.0f, 0) &&
           define(output, 4, nullptr, nullptr, c.output_zero_point, 1.0f, 1) && define_weights();
  }

  bool define_weights() {
    const ConvS8& c = test_.conv;
    const size_t weights[4] = {c.output_channels, c.kernel_height, c.kernel_width,
                               c.input_channels / c.groups};
    const size_t bias[1] = {c.output_channels};
    if (type_ != xnn_datatype_qcint8)
      return define(weights, 4, test_.weights.data(), f32_weights_.data(), 0, kOutputPerAcc, 2) &&
             define(bias, 1, test_.bias.data(), f32_bias_.data(), 0, kOutputPerAcc, 3);
    return xnn_define_channelwise_quantized_tensor_value(
               subgraph_.get(), xnn_datatype_qcint8, scales_.data(), 4, 0, weights, test_.weights.data(),
               XNN_INVALID_VALUE_ID, 0, &ids_[2]) == xnn_status_success &&
           xnn_define_channelwise_quantized_tensor_value(
               subgraph_.get(), xnn_datatype_qcint32, scales_.data(), 1, 0, bias, test_.bias.data(),
               XNN_INVALID_VALUE_ID, 0, &ids_[3]) == xnn_status_success;
  }

  // Value `index`: 0 input, 1 output, 2 weights, 3 bias. Data is null for the first two.
  bool define(const size_t* dims, size_t rank, const void* quantized, const void* f32, int32_t zero_point,
              float scale, uint32_t index) {
    const uint32_t external = index < 2 ? index : XNN_INVALID_VALUE_ID;
    const uint32_t flags = index == 0   ? XNN_VALUE_FLAG_EXTERNAL_INPUT
                           : index == 1 ? XNN_VALUE_FLAG_EXTERNAL_OUTPUT
                                        : 0;
    if (is_f32())
      return xnn_define_tensor_value(subgraph_.get(), xnn_datatype_fp32, rank, dims, f32, external, flags,
                                     &ids_[index]) == xnn_status_success;
    const xnn_datatype type = index == 3 ? xnn_datatype_qint32 : xnn_datatype_qint8;
    return xnn_define_quantized_tensor_value(subgraph_.get(), type, zero_point, scale, rank, dims, quantized,
                                             external, flags, &ids_[index]) == xnn_status_success;
  }

  xnn_status define_conv() {
    const auto u32 = [](size_t v) { return static_cast<uint32_t>(v); };
    const ConvS8& c = test_.conv;
    const float infinity = std::numeric_limits<float>::infinity();
    return xnn_define_convolution_2d(subgraph_.get(), u32(shape_.pad_top), u32(shape_.pad_right),
                                     u32(shape_.pad_bottom), u32(shape_.pad_left), u32(c.kernel_height),
                                     u32(c.kernel_width), u32(c.stride_height), u32(c.stride_width),
                                     u32(c.dilation_height), u32(c.dilation_width), u32(c.groups),
                                     c.input_channels / c.groups, c.output_channels / c.groups, -infinity,
                                     infinity, ids_[0], ids_[2], ids_[3], ids_[1], 0);
  }

  const ConvCase& test_;
  const ConvShape& shape_;
  const xnn_datatype type_;
  std::unique_ptr<xnn_subgraph, DeleteSubgraph> subgraph_;
  std::unique_ptr<xnn_runtime, DeleteRuntime> runtime_;
  uint32_t ids_[4] = {};
  std::vector<uint8_t> input_, output_;
  std::vector<float> f32_weights_, f32_bias_, scales_;
};

struct FreeDeleter {
  void operator()(void* memory) const { std::free(memory); }
};
using AlignedMemory = std::unique_ptr<void, FreeDeleter>;

AlignedMemory allocate(size_t bytes) {
  return AlignedMemory(std::aligned_alloc(64, (bytes + 127) / 64 * 64));
}

// One of our rows with its memory.
class OctetConv {
 public:
  OctetConv(const ConvCase& test, const ConvS8Kernel& kernel)
      : test_(test),
        kernel_(kernel),
        packed_(allocate(kernel.packed_bytes(test.conv))),
        scratch_(allocate(kernel.scratch_bytes(test.conv))),
        output_(test.output_span()) {
    kernel.pack(test.conv, packed_.get());
  }
  void run() {
    kernel_.run(test_.conv, packed_.get(), test_.input.data(), output_.data(), 0, kernel_.items(test_.conv),
                scratch_.get());
  }
  const std::vector<int8_t>& output() const { return output_; }

 private:
  const ConvCase& test_;
  const ConvS8Kernel& kernel_;
  AlignedMemory packed_, scratch_;
  std::vector<int8_t> output_;
};

struct Contestant {
  std::string name;
  std::function<void()> run;
  double seconds = std::numeric_limits<double>::infinity();
};

// Seconds that this thread has run, so that other processes do not count.
double now() {
  timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

// Seconds per call, of `calls` in a row.
double time_calls(const Contestant& contestant, size_t calls) {
  const double start = now();
  for (size_t i = 0; i < calls; ++i) contestant.run();
  return (now() - start) / static_cast<double>(calls);
}

// Rounds of about a millisecond for each contestant in turn; samples of 20 us or more.
void race(double seconds, std::vector<Contestant>* contestants) {
  const double end = now() + seconds;
  for (int round = 0; round < 3 || now() < end; ++round)
    for (Contestant& contestant : *contestants) {
      const auto calls = static_cast<size_t>(20e-6 / time_calls(contestant, 1)) + 1;
      for (const double start = now(); now() - start < 1e-3;)
        contestant.seconds = std::min(contestant.seconds, time_calls(contestant, calls));
    }
}

void print(const Layer& layer, const ConvS8& c, const std::vector<Contestant>& contestants) {
  const double macs = static_cast<double>(c.batch * c.output_height * c.output_width * c.output_channels *
                                          c.kernel_height * c.kernel_width * c.input_channels / c.groups);
  std::printf("%s, %.2f MMAC%*s us   GMAC/s  x XNNPACK qs8  qc8  f32\n", layer.name.c_str(), macs * 1e-6,
              static_cast<int>(44 - std::min<size_t>(layer.name.size(), 43)), "");
  for (const Contestant& row : contestants) {
    std::printf("  %-52s %9.2f %8.1f", row.name.c_str(), row.seconds * 1e6, macs / row.seconds * 1e-9);
    for (size_t i = 0; i < 3; ++i)
      std::printf(i == 0 ? " %14.2f" : " %4.2f", contestants[i].seconds / row.seconds);
    std::printf("\n");
  }
}

// False, with a message, if a contestant cannot run or answers something else.
bool run_layer(const Options& options, CpuFeatures cpu, const Layer& layer) {
  ConvCase test(layer.shape, ConvData::kRandom, ConvOutput::kS8, 1);
  std::fill(test.right_shift.begin(), test.right_shift.end(), int8_t{kShift});
  std::fill(test.multiplier.begin(), test.multiplier.end(), int16_t{kMultiplier});
  test.conv.bias = test.bias.data();
  test.conv.output_min = -128;
  test.conv.output_max = 127;
  std::vector<int8_t> expected(test.output_span());
  conv_s8_reference(test.conv, test.input.data(), expected.data());

  std::vector<Contestant> contestants;
  std::vector<std::unique_ptr<XnnpackConv>> peers;
  constexpr struct {
    const char* name;
    xnn_datatype type;
  } kTypes[] = {{"XNNPACK qs8", xnn_datatype_qint8},
                {"XNNPACK qc8", xnn_datatype_qcint8},
                {"XNNPACK f32", xnn_datatype_fp32}};
  for (const auto& type : kTypes) {
    peers.push_back(std::make_unique<XnnpackConv>(test, layer.shape, type.type));
    XnnpackConv* peer = peers.back().get();
    if (!peer->prepare()) {
      std::fprintf(stderr, "%s: %s cannot be prepared\n", layer.name.c_str(), type.name);
      return false;
    }
    peer->run();
    if (const int most = peer->difference(expected); most > 1) {
      std::fprintf(stderr, "%s: %s differs by %d; at most 1\n", layer.name.c_str(), type.name, most);
      return false;
    }
    contestants.push_back({type.name, [peer] { peer->run(); }});
  }
  std::vector<std::unique_ptr<OctetConv>> rows;
  size_t count = 0;
  const ConvS8Kernel* const* kernels = conv_s8_kernels(&count);
  for (size_t i = 0; i + 1 < count; ++i) {  // all but the reference
    const ConvS8Kernel& kernel = *kernels[i];
    if (kernel.feature == kPortable || !cpu.has(kernel.feature) || !kernel.supports(test.conv)) continue;
    if (std::string(kernel.name).find(options.rows) == std::string::npos) continue;
    rows.push_back(std::make_unique<OctetConv>(test, kernel));
    OctetConv* row = rows.back().get();
    row->run();
    if (row->output() != expected) {
      std::fprintf(stderr, "%s: %s differs from the reference\n", layer.name.c_str(), kernel.name);
      return false;
    }
    contestants.push_back({kernel.name, [row] { row->run(); }});
  }
  race(options.seconds, &contestants);
  print(layer, test.conv, contestants);
  return true;
}

// XNNPACK chooses its kernels by cpuinfo's public table: without the fields of AVX-512 it keeps to AVX2.
bool hold_xnnpack(const std::string& isa) {
  if (isa.empty()) return true;
  if (isa != "avx2") return false;
#if CPUINFO_ARCH_X86 || CPUINFO_ARCH_X86_64
  cpuinfo_isa.avx512f = false;
  cpuinfo_isa.avx512bw = false;
  cpuinfo_isa.avx512cd = false;
  cpuinfo_isa.avx512dq = false;
  cpuinfo_isa.avx512vl = false;
  cpuinfo_isa.avx512vbmi = false;
  cpuinfo_isa.avx512vnni = false;
#endif
  return true;
}

bool parse_shape(const char* text, Layer* layer) {
  size_t v[8];
  if (std::sscanf(text, "%zu,%zu,%zu,%zu,%zu,%zu,%zu,%zu", &v[0], &v[1], &v[2], &v[3], &v[4], &v[5], &v[6],
                  &v[7]) != 8)
    return false;
  for (const size_t i : {0, 1, 2, 3, 4, 5, 7})
    if (v[i] == 0) return false;
  if (v[0] + 2 * v[6] < v[4] || v[1] + 2 * v[6] < v[4] || v[2] % v[7] != 0 || v[3] % v[7] != 0) return false;
  *layer = {text, square(v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7])};
  return true;
}

bool parse(int argc, char** argv, Options* options) {
  bool own_shapes = false;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    const char* value = argv[i + 1];
    if (name == "--filter") {
      options->filter = value;
    } else if (name == "--rows") {
      options->rows = value;
    } else if (name == "--seconds") {
      options->seconds = std::atof(value);
    } else if (name == "--xnnpack-isa") {
      options->xnnpack_isa = value;
    } else if (name == "--shape") {
      if (!own_shapes) options->layers.clear();
      own_shapes = true;
      options->layers.emplace_back();
      if (!parse_shape(value, &options->layers.back())) return false;
    } else {
      return false;
    }
  }
  return argc % 2 == 1;
}

int run_all(const Options& options) {
  const CpuFeatures cpu = detect_cpu_features();  // before XNNPACK's table changes
  if (!cpuinfo_initialize() || !hold_xnnpack(options.xnnpack_isa) ||
      xnn_initialize(nullptr) != xnn_status_success) {
    std::fprintf(stderr, "XNNPACK cannot be held to '%s'; avx2 or nothing\n", options.xnnpack_isa.c_str());
    return 1;
  }
  for (const Layer& layer : options.layers)
    if (layer.name.find(options.filter) != std::string::npos && !run_layer(options, cpu, layer)) return 1;
  return 0;
}

}  // namespace
}  // namespace octet::kernels

int main(int argc, char** argv) {
  octet::kernels::Options options;
  if (!octet::kernels::parse(argc, argv, &options)) {
    std::fprintf(stderr,
                 "usage: xnnpack_bench [--filter TEXT] [--rows TEXT] [--seconds S] [--xnnpack-isa avx2]\n"
                 "         [--shape height,width,channels,outputs,kernel,stride,pad,groups]...\n");
    return 1;
  }
  return octet::kernels::run_all(options);
}
