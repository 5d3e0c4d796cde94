# SPDX-License-Identifier: Apache-2.0
#
# cmake -DAR=... -DOBJDUMP=... -DLIBRARY=... -DWORK_DIR=... -P vex_encoding_test.cmake
#
# CPUs without AVX512 run the objects of AVX2 and AVX-VNNI files. So these may hold no
# instruction in EVEX encoding: none whose first byte is 62 in 64-bit code.
file(REMOVE_RECURSE ${WORK_DIR})
file(MAKE_DIRECTORY ${WORK_DIR})
execute_process(COMMAND ${AR} x ${LIBRARY} WORKING_DIRECTORY ${WORK_DIR} RESULT_VARIABLE result)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "${AR} x failed on ${LIBRARY}")
endif()
file(GLOB objects ${WORK_DIR}/*_avx2.cc.o ${WORK_DIR}/*_avxvnni.cc.o)
set(dot_products 0)
foreach(object IN LISTS objects)
  execute_process(COMMAND ${OBJDUMP} -d ${object} OUTPUT_VARIABLE listing RESULT_VARIABLE result)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "${OBJDUMP} -d failed on ${object}")
  endif()
  get_filename_component(name ${object} NAME)
  if(listing MATCHES "\n *[0-9a-f]+:\t62 [^\n]*")
    message(SEND_ERROR "${name} holds an instruction in EVEX encoding: ${CMAKE_MATCH_0}")
  endif()
  if(listing MATCHES "vpdpbusd")
    math(EXPR dot_products "${dot_products} + 1")
  endif()
endforeach()
file(REMOVE_RECURSE ${WORK_DIR})
list(LENGTH objects count)
message(STATUS "${count} objects checked, ${dot_products} of them with vpdpbusd")
if(dot_products EQUAL 0)
  message(FATAL_ERROR "no object of ${LIBRARY} holds a VEX vpdpbusd; the test would prove nothing")
endif()
