// SPDX-License-Identifier: Apache-2.0
//
// Shared test networks and data that are not in the repository: the folder named by the environment
// variable OCTET_TEST_DATA, else the one known at configure time.
//
//   const std::string path = test_data_path("models/resnet8.onnx");
//   if (path.empty()) GTEST_SKIP() << "no shared test data";
#pragma once

#include <sys/stat.h>

#include <cstdlib>
#include <string>

namespace octet::testing {

// The path of a shared file or folder, or "" when it is not there.
inline std::string test_data_path(const std::string& relative) {
  for (const char* variable : {"OCTET_TEST_DATA", "OCTET_TEST_DATA_DEFAULT"}) {
    const char* folder = std::getenv(variable);
    if (folder == nullptr || *folder == '\0') continue;
    const std::string path = std::string(folder) + "/" + relative;
    struct stat facts;
    if (stat(path.c_str(), &facts) == 0) return path;
  }
  return "";
}

}  // namespace octet::testing
