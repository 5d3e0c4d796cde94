// SPDX-License-Identifier: Apache-2.0
#include "runtime/status.h"

#include <cstdarg>
#include <cstdio>

namespace octet {

Status error(StatusCode code, const char* format, ...) {
  char buffer[1024];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(buffer, sizeof buffer, format, arguments);
  va_end(arguments);
  return Status(code, buffer);
}

}  // namespace octet
