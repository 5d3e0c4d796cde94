# SPDX-License-Identifier: Apache-2.0
#
# Every dependency, in one place. Each becomes a target octet_dep_<name>:
# first the system's package (Debian: scripts/setup installs them), and where
# that is absent a pinned FetchContent.
#
#   runtime    flatbuffers (headers, flatc);  optional: XNNPACK, with pthreadpool and cpuinfo
#   converter  onnx + protobuf
#   tools      CLI11  nlohmann-json  stb
#   tests      GoogleTest    benchmarks  Google Benchmark

include(FetchContent)
include(CheckSymbolExists)
find_package(Threads REQUIRED)

# Makes octet_dep_<name> from a header and a library, if both are there.
function(octet_find_library name header library)
  find_path(OCTET_${name}_INCLUDE ${header} PATH_SUFFIXES ${ARGN})
  find_library(OCTET_${name}_LIBRARY ${library})
  if(OCTET_${name}_INCLUDE AND OCTET_${name}_LIBRARY)
    add_library(octet_dep_${name} INTERFACE)
    target_include_directories(octet_dep_${name} SYSTEM INTERFACE ${OCTET_${name}_INCLUDE})
    target_link_libraries(octet_dep_${name} INTERFACE ${OCTET_${name}_LIBRARY})
    message(STATUS "${name}: ${OCTET_${name}_LIBRARY}")
  endif()
endfunction()

# A library of headers alone. A cross build takes the build machine's where its sysroot has none: as a link to them
# in a folder of their own, for beside them in /usr/include lies the build machine's C library.
function(octet_find_headers name header)
  find_path(OCTET_${name}_INCLUDE ${header} PATH_SUFFIXES ${ARGN})
  set(folders /usr/include /usr/local/include /opt/homebrew/include)
  set(include ${OCTET_${name}_INCLUDE})
  if(CMAKE_CROSSCOMPILING AND (NOT include OR include IN_LIST folders))
    find_path(OCTET_${name}_HOST_INCLUDE ${header} PATHS ${folders} PATH_SUFFIXES ${ARGN}
      NO_DEFAULT_PATH NO_CMAKE_FIND_ROOT_PATH)
    set(include ${OCTET_${name}_HOST_INCLUDE})
    if(include IN_LIST folders)
      string(REGEX MATCH "^[^/]+" top ${header})
      file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/host_headers/${name})
      file(CREATE_LINK ${include}/${top} ${PROJECT_BINARY_DIR}/host_headers/${name}/${top} SYMBOLIC)
      set(include ${PROJECT_BINARY_DIR}/host_headers/${name})
    endif()
  endif()
  if(include)
    add_library(octet_dep_${name} INTERFACE)
    target_include_directories(octet_dep_${name} SYSTEM INTERFACE ${include})
    message(STATUS "${name}: ${include}")
  endif()
endfunction()

# Downloads `repository` at `tag` and makes octet_dep_<name> of its target(s).
macro(octet_fetch name repository tag)
  message(STATUS "${name}: not installed, fetching ${repository} ${tag}")
  FetchContent_Declare(octet_fetched_${name} GIT_REPOSITORY ${repository} GIT_TAG ${tag} GIT_SHALLOW ON)
  FetchContent_MakeAvailable(octet_fetched_${name})
  add_library(octet_dep_${name} INTERFACE)
  target_link_libraries(octet_dep_${name} INTERFACE ${ARGN})
endmacro()

# --- flatbuffers: headers for the runtime, flatc for the build -----------------------------
octet_find_headers(flatbuffers flatbuffers/flatbuffers.h)
find_program(OCTET_FLATC flatc)
if(CMAKE_CROSSCOMPILING AND NOT OCTET_FLATC)
  message(FATAL_ERROR "No flatc on this machine, and one built for ${CMAKE_SYSTEM_NAME} does not run here: install "
    "FlatBuffers 2.0.8 (Debian: flatbuffers-compiler libflatbuffers-dev), or set OCTET_FLATC to its compiler")
endif()
if(NOT TARGET octet_dep_flatbuffers OR NOT OCTET_FLATC)
  set(FLATBUFFERS_BUILD_TESTS OFF CACHE BOOL "" FORCE)
  octet_fetch(flatbuffers https://github.com/google/flatbuffers.git v2.0.8 flatbuffers)
  if(NOT OCTET_FLATC)
    set(OCTET_FLATC $<TARGET_FILE:flatc>)
  endif()
endif()

# --- XNNPACK: 2022 (Debian 12) and 2024 (Debian 13) differ in how a runtime is set up ------
# It brings its thread pool, which the runtime then shares, and cpuinfo, by which it chooses its kernels.
if(OCTET_WITH_XNNPACK)
  octet_find_library(xnnpack xnnpack.h XNNPACK)
  if(TARGET octet_dep_xnnpack)
    octet_find_library(pthreadpool pthreadpool.h pthreadpool)
    octet_find_library(cpuinfo cpuinfo.h cpuinfo)
    if(NOT TARGET octet_dep_pthreadpool OR NOT TARGET octet_dep_cpuinfo)
      message(FATAL_ERROR "XNNPACK is installed, but its pthreadpool or cpuinfo is not (Debian: libpthreadpool-dev, libcpuinfo-dev)")
    endif()
    if(OCTET_STATIC AND NOT OCTET_xnnpack_LIBRARY MATCHES "\\.a$")
      message(FATAL_ERROR "OCTET_STATIC: ${OCTET_xnnpack_LIBRARY} is a shared library; "
        "add -DOCTET_STATIC=OFF, or -DOCTET_WITH_XNNPACK=OFF")
    endif()
    set(CMAKE_REQUIRED_LIBRARIES ${OCTET_xnnpack_LIBRARY} ${OCTET_pthreadpool_LIBRARY})
    set(CMAKE_REQUIRED_INCLUDES ${OCTET_xnnpack_INCLUDE})
    check_symbol_exists(xnn_reshape_runtime xnnpack.h OCTET_XNNPACK_HAS_RESHAPE_RUNTIME)
    unset(CMAKE_REQUIRED_LIBRARIES)
    unset(CMAKE_REQUIRED_INCLUDES)
  else()
    # All three together, so that they fit each other: XNNPACK downloads what it is not given.
    foreach(name PTHREADPOOL CPUINFO XNNPACK)
      foreach(part BUILD_TESTS BUILD_UNIT_TESTS BUILD_MOCK_TESTS BUILD_BENCHMARKS BUILD_TOOLS)
        set(${name}_${part} OFF CACHE BOOL "" FORCE)
      endforeach()
    endforeach()
    octet_fetch(pthreadpool https://github.com/Maratyszcza/pthreadpool.git
                1787867f6183f056420e532eec640cba25efafea pthreadpool)
    octet_fetch(cpuinfo https://github.com/pytorch/cpuinfo.git
                082deffc80ce517f81dc2f3aebe6ba671fcd09c9 cpuinfo)
    # Not in the cache: cpuinfo reads CLOG_SOURCE_DIR in another meaning when CMake runs again.
    set(PTHREADPOOL_SOURCE_DIR ${octet_fetched_pthreadpool_SOURCE_DIR})
    set(CPUINFO_SOURCE_DIR ${octet_fetched_cpuinfo_SOURCE_DIR})
    set(CLOG_SOURCE_DIR ${octet_fetched_cpuinfo_SOURCE_DIR})
    octet_fetch(xnnpack https://github.com/google/XNNPACK.git
                ae108ef49aa5623b896fc93d4298c49d1750d9ba XNNPACK)
  endif()
  target_link_libraries(octet_dep_xnnpack INTERFACE octet_dep_pthreadpool octet_dep_cpuinfo)
  if(OCTET_XNNPACK_HAS_RESHAPE_RUNTIME)
    target_compile_definitions(octet_dep_xnnpack INTERFACE OCTET_XNNPACK_HAS_RESHAPE_RUNTIME=1)
  endif()
endif()

# --- ONNX and protobuf ------------------------------------------------------------------------
if(OCTET_BUILD_CONVERTER)
  find_package(Protobuf QUIET)
  octet_find_library(onnx onnx/onnx_pb.h onnx)
  find_library(OCTET_onnx_proto_LIBRARY onnx_proto)
  if(TARGET octet_dep_onnx AND OCTET_onnx_proto_LIBRARY AND Protobuf_FOUND)
    target_link_libraries(octet_dep_onnx INTERFACE ${OCTET_onnx_proto_LIBRARY} protobuf::libprotobuf)
    target_compile_definitions(octet_dep_onnx INTERFACE ONNX_ML=1 ONNX_NAMESPACE=onnx)
  else()
    set(ONNX_ML ON CACHE BOOL "" FORCE)
    octet_fetch(onnx https://github.com/onnx/onnx.git v1.12.0 onnx onnx_proto)
  endif()
endif()

# --- tools ------------------------------------------------------------------------------------
if(OCTET_BUILD_TOOLS OR OCTET_BUILD_CONVERTER)
  octet_find_headers(json nlohmann/json.hpp)
  if(NOT TARGET octet_dep_json)
    octet_fetch(json https://github.com/nlohmann/json.git v3.11.2 nlohmann_json::nlohmann_json)
  endif()
endif()

if(OCTET_BUILD_TOOLS)
  octet_find_headers(cli11 CLI/CLI.hpp)
  if(NOT TARGET octet_dep_cli11)
    octet_fetch(cli11 https://github.com/CLIUtils/CLI11.git v2.1.2 CLI11::CLI11)
  endif()
  octet_find_headers(stb stb_image.h stb)   # header only: the implementation is compiled in tools/
  if(NOT TARGET octet_dep_stb)
    octet_fetch(stb https://github.com/nothings/stb.git 8b5f1f37b5b75829fc72d38e7b5d4bcbf8a26d55)
    target_include_directories(octet_dep_stb SYSTEM INTERFACE ${octet_fetched_stb_SOURCE_DIR})
  endif()
endif()

# --- tests and benchmarks -----------------------------------------------------------------------
if(OCTET_BUILD_TESTS)
  find_package(GTest QUIET)
  if(GTest_FOUND)
    add_library(octet_dep_gtest INTERFACE)
    target_link_libraries(octet_dep_gtest INTERFACE GTest::gtest)
  else()
    octet_fetch(gtest https://github.com/google/googletest.git release-1.12.1 gtest)
  endif()
endif()
if(OCTET_BUILD_BENCHMARKS)
  find_package(benchmark QUIET)
  if(benchmark_FOUND)
    add_library(octet_dep_benchmark INTERFACE)
    target_link_libraries(octet_dep_benchmark INTERFACE benchmark::benchmark)
  else()
    set(BENCHMARK_ENABLE_TESTING OFF CACHE BOOL "" FORCE)
    octet_fetch(benchmark https://github.com/google/benchmark.git v1.7.1 benchmark::benchmark)
  endif()
endif()
