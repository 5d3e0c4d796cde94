// SPDX-License-Identifier: Apache-2.0
//
// What a build must hold to run a model, as CMake takes it (cmake/select_operators.cmake).
#pragma once

#include <string>

#include "model_generated.h"

namespace octet::tools {

// "-DOCTET_OPERATORS=Conv2D:s8,Quantize -DOCTET_WITHOUT_KERNELS=depthwise_5x5,winograd": the operators of the
// model, with the form where an operator has two, and the kernels that none of its convolutions can use on
// any CPU. Without the second where every kernel may be used.
std::string selection_text(const schema::Model& model);

}  // namespace octet::tools
