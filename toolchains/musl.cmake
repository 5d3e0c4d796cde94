# SPDX-License-Identifier: Apache-2.0
#
# What the toolchain files for musl share: programs without any library of the board, from a compiler named
# OCTET_MUSL_TRIPLET-gcc (musl.cc, musl-cross-make, crosstool-NG), or from zig, which brings clang and musl along:
# OCTET_ZIG=/path/to/zig in the environment. The including file sets OCTET_MUSL_TRIPLET, CMAKE_SYSTEM_PROCESSOR and
# OCTET_MUSL_QEMU.
set(CMAKE_SYSTEM_NAME Linux)
if(DEFINED ENV{OCTET_ZIG})
  # CMake wants a compiler of one word, ar and ranlib too.
  set(folder ${CMAKE_BINARY_DIR}/CMakeFiles/zig-${OCTET_MUSL_TRIPLET})
  foreach(tool cc c++ ar ranlib)
    set(script "#!/bin/sh\n")
    if(tool MATCHES "^c")   # zig names CPUs in its own way
      string(APPEND script "for argument do\n  shift\n"
        "  case $argument in -march=armv8.2-a*) argument=-mcpu=generic+v8_2a\${argument#-march=armv8.2-a} ;; esac\n"
        "  set -- \"$@\" \"$argument\"\ndone\nset -- -target ${OCTET_MUSL_TRIPLET} ${OCTET_MUSL_ZIG_FLAGS} \"$@\"\n")
    endif()
    if(NOT EXISTS ${folder}/${tool})
      file(WRITE ${folder}/${tool} "${script}exec '$ENV{OCTET_ZIG}' ${tool} \"$@\"\n")
      file(CHMOD ${folder}/${tool} PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE)
    endif()
  endforeach()
  set(CMAKE_C_COMPILER ${folder}/cc)
  set(CMAKE_CXX_COMPILER ${folder}/c++)
  set(CMAKE_AR ${folder}/ar)
  set(CMAKE_RANLIB ${folder}/ranlib)
else()
  set(CMAKE_C_COMPILER ${OCTET_MUSL_TRIPLET}-gcc)
  set(CMAKE_CXX_COMPILER ${OCTET_MUSL_TRIPLET}-g++)
endif()
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)

find_program(OCTET_MUSL_EMULATOR NAMES ${OCTET_MUSL_QEMU}-static ${OCTET_MUSL_QEMU})
if(OCTET_MUSL_EMULATOR)
  set(CMAKE_CROSSCOMPILING_EMULATOR ${OCTET_MUSL_EMULATOR})
endif()
