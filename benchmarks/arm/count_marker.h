// SPDX-License-Identifier: Apache-2.0
//
// How count_operators (in the emulated program) tells count_plugin (in the emulator) that another stretch of
// code begins: by a system call that fails and changes nothing, fcntl(-1, kCountMarker, stretch).
#pragma once

enum {
  kCountMarker = 0x4f435445,  // "OCTE"
  kCountNothing = 0           // stretch 0 is not reported
};
