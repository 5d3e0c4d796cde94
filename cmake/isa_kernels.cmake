# SPDX-License-Identifier: Apache-2.0
#
# octet_isa_kernel(<target> <file> <isa>): compiles one kernel file for one
# instruction set and adds it to <target>. A file of another architecture is left out.
# A file for avxvnni is compiled twice (kernels/x86/vnni_256.h says why): the second object,
# <file>_evex, holds the rows of the same names with _evex behind them.

set(OCTET_ISA_avx2 -mavx2 -mfma -mbmi2)
set(OCTET_ISA_avxvnni ${OCTET_ISA_avx2} -mavxvnni)
set(OCTET_ISA_avx512vnni ${OCTET_ISA_avx2} -mavx512f -mavx512bw -mavx512vl -mavx512dq -mavx512vnni)
# gcc 12 warns of its own _mm512_undefined (GCC bug 105593).
list(APPEND OCTET_ISA_avx512vnni -Wno-uninitialized)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  list(APPEND OCTET_ISA_avx512vnni -Wno-maybe-uninitialized)
endif()
# AVX-VNNI in EVEX encoding, with AVX-VNNI's 16 registers where the compiler lets us say so.
set(OCTET_ISA_avxvnni_evex ${OCTET_ISA_avx2} -mavx512f -mavx512vl -mavx512vnni -mprefer-vector-width=256)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  foreach(number RANGE 16 31)
    list(APPEND OCTET_ISA_avxvnni_evex -ffixed-xmm${number})
  endforeach()
endif()
# Where a loop stands within its line of code is worth up to 5% of a kernel: without this, the files before it
# in the library would decide.
foreach(isa avx2 avxvnni avxvnni_evex avx512vnni)
  list(APPEND OCTET_ISA_${isa} "$<$<NOT:$<CONFIG:MinSizeRel>>:-falign-functions=64>")
endforeach()
# ARM: neon is for both widths, aarch64 and armv7 for one; all three need no flags beyond the toolchain's.
set(OCTET_ISA_neon "")
set(OCTET_ISA_aarch64 "")
set(OCTET_ISA_armv7 "")
set(OCTET_ISA_dotprod -march=armv8.2-a+dotprod)
set(OCTET_ISA_i8mm -march=armv8.2-a+dotprod+i8mm)

# For the fuzzer: clang takes two minutes for each unrolled AVX-512 file with all checks and debug information, a
# third of that without these two. The `sanitize` preset looks for undefined behaviour in the same files.
if(OCTET_FUZZ)
  foreach(isa avx2 avxvnni avxvnni_evex avx512vnni)
    list(APPEND OCTET_ISA_${isa} -fno-sanitize=undefined -gline-tables-only)
  endforeach()
endif()

if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|i.86)$")
  set(OCTET_ARCHITECTURE x86)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64|ARM64|arm.*)$")
  set(OCTET_ARCHITECTURE arm)
  if(CMAKE_SIZEOF_VOID_P EQUAL 8)
    set(OCTET_ARM_LEFT_OUT armv7)
  else()
    set(OCTET_ARM_LEFT_OUT aarch64 dotprod i8mm)
  endif()
else()
  set(OCTET_ARCHITECTURE other)
endif()

function(octet_isa_kernel target file isa)
  if(file MATCHES "^x86/" AND NOT OCTET_ARCHITECTURE STREQUAL "x86")
    return()
  endif()
  if(file MATCHES "^arm/" AND (NOT OCTET_ARCHITECTURE STREQUAL "arm" OR isa IN_LIST OCTET_ARM_LEFT_OUT))
    return()
  endif()
  target_sources(${target} PRIVATE ${file})
  set_source_files_properties(${file} PROPERTIES COMPILE_OPTIONS "${OCTET_ISA_${isa}}")
  if(isa STREQUAL "avxvnni")
    get_filename_component(name ${file} NAME_WE)
    set(twin ${CMAKE_CURRENT_BINARY_DIR}/${name}_evex.cc)
    file(CONFIGURE OUTPUT ${twin} CONTENT "#include \"kernels/${file}\"\n")
    target_sources(${target} PRIVATE ${twin})
    set_source_files_properties(${twin} PROPERTIES COMPILE_OPTIONS "${OCTET_ISA_avxvnni_evex}")
  endif()
endfunction()
