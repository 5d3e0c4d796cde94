// SPDX-License-Identifier: Apache-2.0
//
// What the tests of operators share: running a model on one and several threads, with and without
// vector kernels, and naive index arithmetic to compute the expected elements.
#pragma once

#include <gtest/gtest.h>

#include <cstdio>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "tests/testing/op_tester.h"
#include "tests/testing/random.h"

namespace octet {

using testing::OpTester;
using testing::Random;
using Dims = std::vector<int>;
using Bytes = std::vector<uint8_t>;

template <class T>
Bytes bytes_of(const std::vector<T>& values) {
  Bytes bytes(values.size() * sizeof(T));
  if (!bytes.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

// The model gives `expected` as its first output on 1 and 3 threads, with and without vector kernels.
template <class T>
void expect_run(OpTester* t, const std::vector<Bytes>& inputs, const std::vector<T>& expected) {
  for (const auto& [threads, mask] : {std::pair<size_t, const char*>{1, ""}, {3, ""}, {1, "portable"}}) {
    ASSERT_TRUE(t->create(OpTester::options(threads, mask)));
    for (size_t i = 0; i < inputs.size(); ++i) t->set<uint8_t>(i, inputs[i]);
    t->run();
    EXPECT_EQ(t->get<T>(0), expected)
        << t->kernel_name() << ", " << threads << " threads, mask '" << mask << "'";
  }
}

// The file is refused with a message that holds `text`.
inline void expect_refused(OpTester* t, const std::string& text) {
  const std::string message = t->load_error();
  EXPECT_NE(message.find(text), std::string::npos) << "'" << message << "' does not hold '" << text << "'";
}

inline size_t elements_of(const Dims& dims) {
  size_t product = 1;
  for (const int dim : dims) product *= static_cast<size_t>(dim);
  return product;
}

// The coordinates of element i of a row-major array, and back.
inline Dims coordinates(size_t i, const Dims& dims) {
  Dims at(dims.size());
  for (size_t d = dims.size(); d-- > 0;) {
    at[d] = static_cast<int>(i % static_cast<size_t>(dims[d]));
    i /= static_cast<size_t>(dims[d]);
  }
  return at;
}

inline size_t offset_of(const Dims& at, const Dims& dims) {
  size_t offset = 0;
  for (size_t d = 0; d < dims.size(); ++d)
    offset = offset * static_cast<size_t>(dims[d]) + static_cast<size_t>(at[d]);
  return offset;
}

// The element of an array of `dims` that broadcasts to coordinate `at` of a larger rank.
inline size_t broadcast_offset(const Dims& at, const Dims& dims) {
  Dims own(dims.size());
  for (size_t d = 0; d < dims.size(); ++d) own[d] = dims[d] == 1 ? 0 : at[at.size() - dims.size() + d];
  return offset_of(own, dims);
}

template <class T>
std::vector<T> random_values(Random* random, size_t count) {
  std::vector<T> values(count);
  for (T& value : values) value = static_cast<T>(random->s8());
  return values;
}

}  // namespace octet
