// SPDX-License-Identifier: Apache-2.0
//
// Status: how Octet reports failure, everywhere below the C API. The message
// carries the value and the rule it broke: "Conv 'conv3': dilation 0; must be
// at least 1".
#pragma once

#include <cstdint>
#include <string>
#include <utility>

namespace octet {

enum class StatusCode : uint8_t {
  kOk = 0,
  kInvalidArgument = 1,  // the caller's mistake: wrong index, size, type, option
  kInvalidModel = 2,     // the file is not a model, or breaks a rule of the schema
  kUnsupported = 3,      // valid, but this build or converter cannot do it
  kOutOfMemory = 4,
  kIoError = 5,          // the operating system refused: open, read, write
  kInternal = 6,         // a bug in Octet
};

class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(StatusCode code, std::string message) : code_(code), message_(std::move(message)) {}

  bool ok() const { return code_ == StatusCode::kOk; }
  StatusCode code() const { return code_; }
  const std::string& message() const { return message_; }

 private:
  StatusCode code_ = StatusCode::kOk;
  std::string message_;
};

// printf-style construction of an error.
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
Status error(StatusCode code, const char* format, ...);

}  // namespace octet

// Returns from the enclosing function if `expression` is an error.
#define OCTET_RETURN_IF_ERROR(expression)              \
  do {                                                 \
    ::octet::Status octet_status_ = (expression);      \
    if (!octet_status_.ok()) return octet_status_;     \
  } while (0)
