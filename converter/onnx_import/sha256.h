// SPDX-License-Identifier: Apache-2.0
//
// SHA-256 (FIPS 180-4), for the provenance of a converted model.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace octet::converter {

// The digest of `bytes` bytes at `data`, as 64 lower-case hexadecimal digits.
std::string sha256_hex(const uint8_t* data, size_t bytes);

}  // namespace octet::converter
