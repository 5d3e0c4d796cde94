// SPDX-License-Identifier: Apache-2.0
#include "converter/repair/channel_statistics.h"

#include <algorithm>
#include <cmath>

namespace octet::converter {
namespace {

constexpr char kMean[] = "channel_mean", kDeviation[] = "channel_deviation";

double density(double x) {
  return std::isinf(x) ? 0 : std::exp(-x * x / 2) / std::sqrt(2 * 3.14159265358979323846);
}
double distribution(double x) { return std::erfc(-x / std::sqrt(2.0)) / 2; }
double times(double bound, double share) { return share == 0 ? 0 : bound * share; }  // infinity * 0 = 0

}  // namespace

bool read_channel_statistics(const Node& node, ChannelStatistics* statistics) {
  const std::vector<float> mean = node.numbers(kMean), deviation = node.numbers(kDeviation);
  statistics->mean.assign(mean.begin(), mean.end());
  statistics->deviation.assign(deviation.begin(), deviation.end());
  return !mean.empty() && mean.size() == deviation.size();
}

void keep_channel_statistics(const ChannelStatistics& statistics, Node* node) {
  node->attributes[kMean] = std::vector<float>(statistics.mean.begin(), statistics.mean.end());
  node->attributes[kDeviation] = std::vector<float>(statistics.deviation.begin(), statistics.deviation.end());
}

void change_channel_statistics(const std::vector<double>& factor, const std::vector<double>& term,
                               Node* node) {
  ChannelStatistics statistics;
  if (!read_channel_statistics(*node, &statistics) || statistics.mean.size() != factor.size()) {
    forget_channel_statistics(node);
    return;
  }
  for (size_t c = 0; c < factor.size(); ++c) {
    statistics.mean[c] = statistics.mean[c] * factor[c] + term[c];
    statistics.deviation[c] *= std::fabs(factor[c]);
  }
  keep_channel_statistics(statistics, node);
}

void forget_channel_statistics(Node* node) {
  node->attributes.erase(kMean);
  node->attributes.erase(kDeviation);
}

void clip_normal(double low, double high, double* mean, double* deviation) {
  const double m = *mean, s = *deviation;
  if (!(s > 0)) {
    *mean = std::min(std::max(m, low), high);
    *deviation = 0;
    return;
  }
  const double a = (low - m) / s, b = (high - m) / s;
  const double below = distribution(a), above = distribution(-b), inside = std::max(1 - below - above, 0.0);
  const double first = times(low, below) + times(high, above) + m * inside + s * (density(a) - density(b));
  const double second =
      times(low * low, below) + times(high * high, above) + (m * m + s * s) * inside +
      s * ((density(a) == 0 ? 0 : (m + low) * density(a)) - (density(b) == 0 ? 0 : (m + high) * density(b)));
  *mean = first;
  *deviation = std::sqrt(std::max(second - first * first, 0.0));
}

}  // namespace octet::converter
