# SPDX-License-Identifier: Apache-2.0
#
# A runtime with what some models need only; the linker drops the rest (docs/size.md).
#
#   OCTET_OPERATORS        the operators to keep, separated by commas or semicolons: names of runtime/op_table.inc.
#                          Of an operator with several forms NAME:s8, NAME:s16 or NAME:f32 keeps one. "int8" stands for everything
#                          that takes s8 tensors. Empty: all.
#   OCTET_WITHOUT_KERNELS  rows of kernels/conv_s8.inc, where most of the code is, to leave out: those whose name
#                          contains one of these texts ("winograd", "_i8mm"). The last row always stays, so any
#                          layer still runs.
#
# `octet inspect MODEL --operators` prints both for a model.
set(OCTET_OPERATORS "" CACHE STRING "Operators to keep, as octet inspect --operators prints them; empty: all")
set(OCTET_WITHOUT_KERNELS "" CACHE STRING "Texts in the names of kernels to leave out; empty: none")
set(OCTET_SELECTED_DIR ${PROJECT_BINARY_DIR}/selected)

# octet_selected_rows(<result> <operator>...): the rows of runtime/op_table.inc for these operators.
function(octet_selected_rows result)
  set(table ${PROJECT_SOURCE_DIR}/runtime/op_table.inc)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${table})
  file(STRINGS ${table} rows REGEX "^OCTET_")
  set(known "")
  set(kept "")
  foreach(row IN LISTS rows)
    string(REGEX MATCH "^(OCTET_[A-Z_]+)\\(([A-Za-z0-9]+), ([a-z0-9_]+)\\)" matched "${row}")
    set(kind ${CMAKE_MATCH_1})
    set(name ${CMAKE_MATCH_2})
    set(function ${CMAKE_MATCH_3})
    list(APPEND known ${name})
    set(forms "")
    if(kind STREQUAL "OCTET_OP_FORMS")
      set(forms s8 f32)
    elseif(kind STREQUAL "OCTET_OP_WIDE_FORMS")
      set(forms s8 s16 f32)
    endif()
    foreach(form IN LISTS forms)
      list(APPEND known ${name}:${form})
    endforeach()
    if(name IN_LIST ARGN OR (kind STREQUAL "OCTET_OP" AND int8 IN_LIST ARGN))
      string(APPEND kept "${kind}(${name}, ${function})\n")
      continue()
    endif()
    set(prepare_functions "")
    foreach(form s8 s16 f32)
      if(form IN_LIST forms AND (${name}:${form} IN_LIST ARGN OR (form STREQUAL "s8" AND int8 IN_LIST ARGN)))
        string(APPEND prepare_functions ", prepare_${function}_${form}")
      else()
        string(APPEND prepare_functions ", nullptr")
      endif()
    endforeach()
    if(prepare_functions MATCHES "prepare_")
      string(APPEND kept "OCTET_OP_ROW(${name}, ${function}${prepare_functions})\n")
    endif()
  endforeach()
  foreach(name IN LISTS ARGN)
    if(NOT name IN_LIST known AND NOT name STREQUAL "int8")
      string(REPLACE ";" ", " known "${known}")
      message(FATAL_ERROR "OCTET_OPERATORS: '${name}' is not an operator; must be int8 or one of ${known}")
    endif()
  endforeach()
  set(${result} "${kept}" PARENT_SCOPE)
endfunction()

# octet_select_operators(): gives op_table.cc the rows of OCTET_OPERATORS.
function(octet_select_operators)
  string(REPLACE "," ";" wanted "${OCTET_OPERATORS}")
  if(wanted STREQUAL "")
    return()
  endif()
  if(OCTET_BUILD_CONVERTER OR OCTET_BUILD_TESTS)
    message(FATAL_ERROR "OCTET_OPERATORS: the converter and the tests need every operator; "
      "add -DOCTET_BUILD_CONVERTER=OFF -DOCTET_BUILD_TESTS=OFF")
  endif()
  octet_selected_rows(rows ${wanted})
  file(CONFIGURE OUTPUT ${OCTET_SELECTED_DIR}/op_rows.inc CONTENT "// OCTET_OPERATORS=${OCTET_OPERATORS}\n${rows}")
  set_source_files_properties(op_table.cc PROPERTIES
    COMPILE_DEFINITIONS OCTET_OPERATOR_ROWS="${OCTET_SELECTED_DIR}/op_rows.inc"
    OBJECT_DEPENDS ${OCTET_SELECTED_DIR}/op_rows.inc)
endfunction()

# octet_select_kernels(): gives conv_s8.cc a copy of conv_s8.inc without the rows of OCTET_WITHOUT_KERNELS.
function(octet_select_kernels)
  string(REPLACE "," ";" unwanted "${OCTET_WITHOUT_KERNELS}")
  if(unwanted STREQUAL "")
    return()
  endif()
  set(family ${CMAKE_CURRENT_SOURCE_DIR}/conv_s8.inc)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${family})
  file(READ ${family} rows)
  string(FIND "${rows}" "\nOCTET_" last REVERSE)   # it computes everything, so it stays
  string(SUBSTRING "${rows}" ${last} -1 last_row)
  string(SUBSTRING "${rows}" 0 ${last} rows)
  foreach(text IN LISTS unwanted)
    if(NOT text MATCHES "^[a-z0-9_]+$")
      message(FATAL_ERROR "OCTET_WITHOUT_KERNELS: '${text}'; must be a-z, 0-9 and _, as in a kernel's name")
    endif()
    string(REGEX REPLACE "\nOCTET_CONV_S8_KERNEL\\([a-z0-9_]*${text}[a-z0-9_]*\\)" "" rows "${rows}")
  endforeach()
  file(CONFIGURE OUTPUT ${OCTET_SELECTED_DIR}/include/kernels/conv_s8.inc CONTENT "${rows}${last_row}" @ONLY)
  set_source_files_properties(conv_s8.cc PROPERTIES INCLUDE_DIRECTORIES ${OCTET_SELECTED_DIR}/include
    OBJECT_DEPENDS ${OCTET_SELECTED_DIR}/include/kernels/conv_s8.inc)
endfunction()
