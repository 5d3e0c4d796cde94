// SPDX-License-Identifier: Apache-2.0
//
// Labelled files: what octet eval and a budget of octet convert measure accuracy on.
#pragma once

#include <string>
#include <vector>

#include "runtime/status.h"

namespace octet::tools {

struct Labelled {
  std::string path;
  long label = -1;  // -1: no label
};

// `labels` has lines of 'file_name class_index'; the files are in `folder`. Fails on an empty file.
Status read_labels(const std::string& labels, const std::string& folder, std::vector<Labelled>* files);

}  // namespace octet::tools
