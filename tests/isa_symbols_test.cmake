# SPDX-License-Identifier: Apache-2.0
#
# cmake -DNM=... -DLIBRARY=... -P isa_symbols_test.cmake
#
# An inline function compiled for an instruction set can be kept by the linker for
# every CPU. So each object of an ISA file (kernels/x86, kernels/arm; the name ends
# in the ISA) may define only symbols that carry its own name, and no weak ones.
execute_process(COMMAND ${NM} --defined-only --extern-only -A ${LIBRARY} OUTPUT_VARIABLE listing RESULT_VARIABLE result)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "${NM} failed on ${LIBRARY}")
endif()
string(REPLACE "\n" ";" lines "${listing}")
set(checked 0)
set(failures 0)
foreach(line IN LISTS lines)
  # <library>:<file>.cc.o:<address> <type> <symbol>
  if(NOT line MATCHES ":([a-z0-9_]+)_(avx2|avxvnni|avxvnni_evex|avx512vnni|neon|aarch64|armv7|dotprod|i8mm)\\.cc\\.o:[0-9a-f]* ([A-Za-z]) (.*)$")
    continue()
  endif()
  set(kernel ${CMAKE_MATCH_1}_${CMAKE_MATCH_2})
  set(type ${CMAKE_MATCH_3})
  set(symbol ${CMAKE_MATCH_4})
  math(EXPR checked "${checked} + 1")
  if(type MATCHES "^[VvWwu]$")
    message(SEND_ERROR "${kernel}: weak symbol ${symbol}")
    math(EXPR failures "${failures} + 1")
  elseif(NOT symbol MATCHES "${kernel}")
    message(SEND_ERROR "${kernel} exports ${symbol}, which is not named after the file")
    math(EXPR failures "${failures} + 1")
  endif()
endforeach()
message(STATUS "${checked} symbols of ISA objects checked, ${failures} wrong")
if(EXPECT_SOME AND checked EQUAL 0)
  message(FATAL_ERROR "no ISA object found in ${LIBRARY}; the test would prove nothing")
endif()
