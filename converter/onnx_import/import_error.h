// SPDX-License-Identifier: Apache-2.0
//
// How import stops: an exception that carries a Status. It is thrown and caught inside onnx_import/ only;
// import_onnx returns the Status.
#pragma once

#include <cstdarg>
#include <string>

#include "runtime/status.h"

namespace octet::converter {

struct ImportError {
  Status status;
};

[[noreturn]] inline void throw_error(StatusCode code, const std::string& message) {
  throw ImportError{Status(code, message)};
}

inline void throw_if_error(const Status& status) {
  if (!status.ok()) throw ImportError{status};
}

}  // namespace octet::converter
