# SPDX-License-Identifier: Apache-2.0
#
# octet_link_libstdcxx_statically(target): where the linker can. The part of libstdc++ that a target of ours uses
# takes 1 MB less memory than the shared library. No type of it crosses the C interface.
include_guard(GLOBAL)

function(octet_link_libstdcxx_statically target)
  if(NOT CMAKE_SYSTEM_NAME STREQUAL "Linux" OR OCTET_SANITIZE OR OCTET_FUZZ)
    return()
  endif()
  include(CheckCXXSourceCompiles)
  set(CMAKE_REQUIRED_LINK_OPTIONS -static-libstdc++ -static-libgcc)
  check_cxx_source_compiles("#include <string>\nint main(int c, char**) { return std::to_string(c).size() == 9; }"
    OCTET_HAS_STATIC_LIBSTDCXX)
  if(OCTET_HAS_STATIC_LIBSTDCXX)
    target_link_options(${target} PRIVATE -static-libstdc++ -static-libgcc)
  endif()
endfunction()
