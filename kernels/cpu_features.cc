// SPDX-License-Identifier: Apache-2.0
//
// The names of instruction sets and the mask that narrows them.
#include "kernels/cpu_features.h"

#include <cstddef>

#include "kernels/cpu_detect.h"

namespace octet::kernels {
namespace {

// What naming a feature in a mask keeps: the feature and those it implies.
struct FeatureName {
  const char* name;
  uint32_t bit;
  uint32_t keeps;
};

constexpr FeatureName kFeatureNames[] = {
    {"portable", kPortable, kPortable},
    {"avx2", kAvx2, kAvx2},
    {"avxvnni", kAvxVnni, kAvxVnni | kAvxVnniEvex | kAvx2},
    {"avx512vnni", kAvx512Vnni, kAvx512Vnni | kAvxVnniEvex | kAvx2},
    {"neon", kNeon, kNeon | kInOrder},
    {"dotprod", kDotprod, kDotprod | kNeon | kInOrder},
    {"i8mm", kI8mm, kI8mm | kDotprod | kNeon | kInOrder},
    {"in-order", kInOrder, kInOrder | kNeon},
};

const FeatureName* find_feature(const std::string& name) {
  for (const FeatureName& row : kFeatureNames)
    if (name == row.name) return &row;
  return nullptr;
}

}  // namespace

#if !defined(__x86_64__) && !defined(__i386__) && !defined(__aarch64__) && !defined(__arm__)
uint32_t detect_cpu_bits() { return kPortable; }
void detect_cache_sizes(CacheSizes*) {}
#endif

CpuFeatures detect_cpu_features() {
  static const CpuFeatures features{detect_cpu_bits()};
  return features;
}

bool mask_cpu_features(const char* mask, CpuFeatures* features, std::string* unknown) {
  const std::string text = mask ? mask : "";
  if (text.empty()) return true;
  uint32_t keep = kPortable;
  for (size_t begin = 0; begin <= text.size();) {
    size_t end = text.find_first_of(", ", begin);
    if (end == std::string::npos) end = text.size();
    const std::string name = text.substr(begin, end - begin);
    begin = end + 1;
    if (name.empty()) continue;
    const FeatureName* row = find_feature(name);
    if (!row) {
      *unknown = name;
      return false;
    }
    keep |= row->keeps;
  }
  features->bits &= keep;
  return true;
}

std::string cpu_feature_names(CpuFeatures features) {
  std::string names;
  if (features.has(kAvxVnniEvex) && !features.has(kAvx512Vnni)) features.bits |= kAvxVnni;
  for (const FeatureName& row : kFeatureNames) {
    if (row.bit == kPortable || (features.bits & row.bit) == 0) continue;
    if (!names.empty()) names += ' ';
    names += row.name;
  }
  return names.empty() ? "portable" : names;
}

}  // namespace octet::kernels
