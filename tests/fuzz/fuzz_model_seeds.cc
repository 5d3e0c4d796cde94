// SPDX-License-Identifier: Apache-2.0
//
// fuzz_model_seeds FOLDER: writes the models that fuzz_model starts from.
#include <sys/stat.h>

#include <cstdio>
#include <string>

#include "tests/testing/operator_zoo.h"
#include "tests/testing/sample_model.h"

namespace {

bool write_seed(const std::string& path, const octet::testing::AlignedBytes& bytes) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  if (file == nullptr) return false;
  const bool written = std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size();
  return std::fclose(file) == 0 && written;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::fprintf(stderr, "usage: fuzz_model_seeds FOLDER\n");
    return 2;
  }
  const std::string folder = arguments[1];
  mkdir(folder.c_str(), 0777);
  bool written = write_seed(folder + "/sample.octet", octet::testing::sample_model());
  for (const octet::testing::ZooModel& model : octet::testing::operator_zoo())
    written = write_seed(folder + "/" + model.name + ".octet", model.bytes) && written;
  if (!written) std::fprintf(stderr, "cannot write to '%s'\n", folder.c_str());
  return written ? 0 : 1;
}
