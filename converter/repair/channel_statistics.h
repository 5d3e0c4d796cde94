// SPDX-License-Identifier: Apache-2.0
//
// Mean and standard deviation of each output channel of a layer, before its activation, as batch
// normalization left them in the network: mean = shift, deviation = |scale|. Passes that fold a normalization
// keep them as attributes of the layer that takes it, and what changes the layer's numbers afterwards changes
// them too.
#pragma once

#include <vector>

#include "converter/graph.h"

namespace octet::converter {

struct ChannelStatistics {
  std::vector<double> mean, deviation;
};

// False if nothing is known.
bool read_channel_statistics(const Node& node, ChannelStatistics* statistics);
void keep_channel_statistics(const ChannelStatistics& statistics, Node* node);
// y[c] becomes factor[c] * y[c] + term[c]. Nothing happens where nothing is known.
void change_channel_statistics(const std::vector<double>& factor, const std::vector<double>& term,
                               Node* node);
// The layer computes something else now.
void forget_channel_statistics(Node* node);

// Mean and deviation of min(max(x, low), high) for normally distributed x (low and high may be infinite).
// With a = (low - mean) / deviation, b = (high - mean) / deviation, and phi, Phi the standard normal density
// and distribution:
//   E  = low Phi(a) + high (1 - Phi(b)) + mean (Phi(b) - Phi(a)) + deviation (phi(a) - phi(b))
//   E2 = low^2 Phi(a) + high^2 (1 - Phi(b)) + (mean^2 + deviation^2) (Phi(b) - Phi(a))
//        + deviation ((mean + low) phi(a) - (mean + high) phi(b)),      deviation' = sqrt(E2 - E^2)
void clip_normal(double low, double high, double* mean, double* deviation);

}  // namespace octet::converter
