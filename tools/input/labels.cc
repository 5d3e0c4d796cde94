// SPDX-License-Identifier: Apache-2.0
#include "tools/input/labels.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace octet::tools {

Status read_labels(const std::string& labels, const std::string& folder, std::vector<Labelled>* files) {
  std::ifstream list(labels);
  if (!list)
    return error(StatusCode::kIoError, "--labels %s: cannot open: %s", labels.c_str(), strerror(errno));
  size_t number = 0;
  for (std::string line; std::getline(list, line);) {
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    const size_t space = line.find_last_of(" \t", line.find_last_not_of(" \t\r"));
    char* end = nullptr;
    const long label = space == std::string::npos ? -1 : strtol(line.c_str() + space, &end, 10);
    if (space == std::string::npos || end == line.c_str() + space || label < 0)
      return error(StatusCode::kInvalidArgument, "%s line %zu: '%s'; must be 'file_name class_index'",
                   labels.c_str(), number, line.c_str());
    const std::string name = line.substr(0, line.find_last_not_of(" \t", space) + 1);
    files->push_back({(std::filesystem::path(folder) / name).string(), label});
  }
  if (files->empty())
    return error(StatusCode::kInvalidArgument, "--labels %s: no labels in the file", labels.c_str());
  return Status();
}

}  // namespace octet::tools
