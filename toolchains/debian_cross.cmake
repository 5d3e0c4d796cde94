# SPDX-License-Identifier: Apache-2.0
#
# What the toolchain files for Debian's cross compilers share. The including file sets
#   OCTET_CROSS_TRIPLET   of the compiler and of the library folder (aarch64-linux-gnu)
#   OCTET_CROSS_ARCH      Debian's name of the architecture (arm64)
#   OCTET_CROSS_QEMU      the emulator that runs the tests (qemu-aarch64)
#
# Packages of the target come from build/sysroots/<arch>, made by scripts/sysroot; the
# C and C++ libraries from the cross compiler.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_C_COMPILER ${OCTET_CROSS_TRIPLET}-gcc)
set(CMAKE_CXX_COMPILER ${OCTET_CROSS_TRIPLET}-g++)
set(CMAKE_LIBRARY_ARCHITECTURE ${OCTET_CROSS_TRIPLET})

get_filename_component(OCTET_CROSS_SYSROOT ${CMAKE_CURRENT_LIST_DIR}/../build/sysroots/${OCTET_CROSS_ARCH} ABSOLUTE)
set(OCTET_CROSS_LIBRARIES ${OCTET_CROSS_SYSROOT}/usr/lib/${OCTET_CROSS_TRIPLET})
set(CMAKE_FIND_ROOT_PATH ${OCTET_CROSS_SYSROOT} /usr/${OCTET_CROSS_TRIPLET})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
# The linker looks here for what the shared libraries need in turn.
set(CMAKE_EXE_LINKER_FLAGS_INIT -Wl,-rpath-link,${OCTET_CROSS_LIBRARIES})
set(CMAKE_SHARED_LINKER_FLAGS_INIT -Wl,-rpath-link,${OCTET_CROSS_LIBRARIES})

# Tests run under user-mode emulation; the environment's QEMU_CPU chooses the core (scripts/test --arm), qemu's own
# default is one with every instruction it knows.
find_program(OCTET_CROSS_EMULATOR NAMES ${OCTET_CROSS_QEMU}-static ${OCTET_CROSS_QEMU})
if(OCTET_CROSS_EMULATOR)
  set(CMAKE_CROSSCOMPILING_EMULATOR ${OCTET_CROSS_EMULATOR} -L /usr/${OCTET_CROSS_TRIPLET}
      -E LD_LIBRARY_PATH=${OCTET_CROSS_LIBRARIES}:/usr/${OCTET_CROSS_TRIPLET}/lib)
endif()
