// SPDX-License-Identifier: Apache-2.0
#include "converter/data_free/synthetic_samples.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace octet::converter {
namespace {

// SplitMix64.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  double unit() {  // [0, 1)
    state_ += 0x9e3779b97f4a7c15;
    uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return static_cast<double>((z ^ (z >> 31)) >> 11) * 0x1p-53;
  }
  double normal() {  // of twelve uniform ones
    double sum = -6;
    for (int i = 0; i < 12; ++i) sum += unit();
    return sum;
  }

 private:
  uint64_t state_;
};

// Where the axes of an image input are.
struct ImageAxes {
  size_t height = 0, width = 0, channels = 0;
  size_t pixel_step = 0, channel_step = 0;
};

bool is_image(const Dims& shape, ImageAxes* axes) {
  if (shape.size() != 4) return false;
  const bool first = shape[1] == 1 || shape[1] == 3;
  if (!first && shape[3] != 1 && shape[3] != 3) return false;
  axes->channels = static_cast<size_t>(shape[first ? 1 : 3]);
  axes->height = static_cast<size_t>(shape[first ? 2 : 1]);
  axes->width = static_cast<size_t>(shape[first ? 3 : 2]);
  axes->pixel_step = first ? 1 : axes->channels;
  axes->channel_step = first ? axes->height * axes->width : 1;
  return true;
}

// One plane of octaves; its values have mean 0 and a deviation of about 1.
std::vector<double> octaves(size_t height, size_t width, Random* random) {
  std::vector<double> plane(height * width, 0);
  size_t count = 0;
  for (size_t cells = 1; cells <= std::max(height, width); cells *= 2) ++count;
  const double weight =
      1.5 / std::sqrt(static_cast<double>(count));  // interpolation takes a third of the deviation
  for (size_t cells = 1; cells <= std::max(height, width); cells *= 2) {
    std::vector<double> grid((cells + 1) * (cells + 1));
    for (double& value : grid) value = random->normal();
    for (size_t y = 0; y < height; ++y)
      for (size_t x = 0; x < width; ++x) {
        const double row = static_cast<double>(y * cells) / static_cast<double>(height);
        const double column = static_cast<double>(x * cells) / static_cast<double>(width);
        const auto i = static_cast<size_t>(row), j = static_cast<size_t>(column);
        const double down = row - static_cast<double>(i), right = column - static_cast<double>(j);
        const double* corner = &grid[i * (cells + 1) + j];
        const double above = corner[0] * (1 - right) + corner[1] * right;
        const double below = corner[cells + 1] * (1 - right) + corner[cells + 2] * right;
        plane[y * width + x] += weight * (above * (1 - down) + below * down);
      }
  }
  return plane;
}

// Pixels of 0 to 255 of one image, then the network's own numbers.
void fill_image(const ImageAxes& axes, const ImagePreprocessing& image, Random* random, float* data) {
  const std::vector<double> common = octaves(axes.height, axes.width, random);
  const double brightness = 60 + 130 * random->unit(), contrast = 25 + 65 * random->unit();
  for (size_t c = 0; c < axes.channels; ++c) {
    const std::vector<double> own = octaves(axes.height, axes.width, random);
    const float mean = c < image.mean.size() ? image.mean[c] : 0,
                std = c < image.std.size() ? image.std[c] : 1;
    for (size_t i = 0; i < own.size(); ++i) {
      const double value = brightness + contrast * (0.9 * common[i] + 0.45 * own[i]);
      const double pixel = std::nearbyint(std::clamp(value, 0.0, 255.0));
      data[i * axes.pixel_step + c * axes.channel_step] = (static_cast<float>(pixel) - mean) / std;
    }
  }
}

size_t elements_of(const Dims& shape) {
  size_t count = 1;
  for (const int64_t dim : shape) count *= static_cast<size_t>(dim);
  return count;
}

}  // namespace

InputRange range_of_input(const Graph& graph, size_t i, const ConvertOptions& options) {
  const GraphPort& port = graph.inputs[i];
  for (const std::string& name : {port.name, graph.value(port.value).name}) {
    const auto fixed = options.ranges.fixed.find(name);
    if (fixed != options.ranges.fixed.end()) return {fixed->second.first, fixed->second.second, "as given"};
  }
  ImageAxes axes;
  const ImagePreprocessing& image = options.preprocessing;
  if (!image.present || !is_image(port.shape, &axes)) return InputRange();
  InputRange result = {INFINITY, -INFINITY, "pixels of 0 to 255 behind the preprocessing"};
  for (size_t c = 0; c < axes.channels; ++c) {
    const float mean = c < image.mean.size() ? image.mean[c] : 0,
                std = c < image.std.size() ? image.std[c] : 1;
    result.min = std::min(result.min, -mean / std);
    result.max = std::max(result.max, (255 - mean) / std);
  }
  return result;
}

SyntheticSamples::SyntheticSamples(const Graph& graph, const ConvertOptions& options, size_t count)
    : graph_(graph), options_(options), count_(count) {}

Status SyntheticSamples::rewind() {
  next_ = 0;
  return Status();
}

Status SyntheticSamples::next(std::vector<std::vector<uint8_t>>* inputs, bool* done) {
  *done = next_ == count_;
  if (*done) return Status();
  Random random((options_.data_free.seed << 20) + next_++);
  inputs->resize(graph_.inputs.size());
  for (size_t i = 0; i < graph_.inputs.size(); ++i) {
    const GraphPort& port = graph_.inputs[i];
    std::vector<float> data(elements_of(port.shape));
    ImageAxes axes;
    if (options_.preprocessing.present && is_image(port.shape, &axes)) {
      fill_image(axes, options_.preprocessing, &random, data.data());
    } else {
      const InputRange range = range_of_input(graph_, i, options_);
      const double middle = (static_cast<double>(range.min) + range.max) / 2;
      const double deviation = (static_cast<double>(range.max) - range.min) / 6;
      for (float& x : data)
        x = static_cast<float>(
            std::clamp<double>(middle + deviation * random.normal(), range.min, range.max));
    }
    if (port.type != schema::TensorType_F32)
      return error(StatusCode::kUnsupported,
                   "--data-free: input '%s' is %s; only float inputs can be made up", port.name.c_str(),
                   schema::EnumNameTensorType(port.type));
    (*inputs)[i].resize(data.size() * sizeof(float));
    std::memcpy((*inputs)[i].data(), data.data(), (*inputs)[i].size());
  }
  return Status();
}

}  // namespace octet::converter
