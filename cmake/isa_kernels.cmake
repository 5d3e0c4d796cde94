# SPDX-License-Identifier: Apache-2.0
#
# octet_isa_kernel(<target> <file> <isa>): compiles one kernel file for one
# instruction set and adds it to <target>. A file of another architecture is left out.

set(OCTET_ISA_avx2 -mavx2 -mfma -mbmi2)
set(OCTET_ISA_avxvnni ${OCTET_ISA_avx2} -mavxvnni)
set(OCTET_ISA_avx512vnni ${OCTET_ISA_avx2} -mavx512f -mavx512bw -mavx512vl -mavx512dq -mavx512vnni)
# gcc 12 warns of its own _mm512_undefined (GCC bug 105593).
list(APPEND OCTET_ISA_avx512vnni -Wno-uninitialized)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  list(APPEND OCTET_ISA_avx512vnni -Wno-maybe-uninitialized)
endif()
set(OCTET_ISA_neon "")
set(OCTET_ISA_dotprod -march=armv8.2-a+dotprod)
set(OCTET_ISA_i8mm -march=armv8.2-a+dotprod+i8mm)

if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|i.86)$")
  set(OCTET_ARCHITECTURE x86)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64|ARM64|arm.*)$")
  set(OCTET_ARCHITECTURE arm)
else()
  set(OCTET_ARCHITECTURE other)
endif()

function(octet_isa_kernel target file isa)
  if(file MATCHES "^x86/" AND NOT OCTET_ARCHITECTURE STREQUAL "x86")
    return()
  endif()
  if(file MATCHES "^arm/" AND NOT OCTET_ARCHITECTURE STREQUAL "arm")
    return()
  endif()
  target_sources(${target} PRIVATE ${file})
  set_source_files_properties(${file} PROPERTIES COMPILE_OPTIONS "${OCTET_ISA_${isa}}")
endfunction()
