# How an addon's CMakeLists.txt uses the kit; include this file after project(). Sets C++17, hidden symbols and -O2.
#
#   require_variables(SCRIPT [VARIABLE...])   stops unless SCRIPT, which builds the addon, has passed every path
#   napi_addon(NAME)                          adds the target `addon`: src/*.cc, linked as out/NAME.node
set(CMAKE_CXX_STANDARD 17)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")

function(require_variables SCRIPT)
  foreach(needed NODE_INCLUDE_DIR NODE_ADDON_API_DIR ${ARGN})
    if(NOT DEFINED ${needed})
      message(FATAL_ERROR "${needed} is not set: build with ${SCRIPT}")
    endif()
  endforeach()
endfunction()

function(napi_addon NAME)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/src/*.cc)
  add_library(addon MODULE ${sources})
  set_target_properties(addon PROPERTIES
    OUTPUT_NAME ${NAME}
    PREFIX ""
    SUFFIX ".node"
    LIBRARY_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/out"
    # The install rpath (none unless the addon sets INSTALL_RPATH), because CMake adds this machine's paths to a build rpath.
    BUILD_WITH_INSTALL_RPATH ON)
  # For #include "napi/error.h"
  target_include_directories(addon PRIVATE ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/..)
  target_include_directories(addon SYSTEM PRIVATE ${NODE_INCLUDE_DIR} ${NODE_ADDON_API_DIR})
  target_compile_definitions(addon PRIVATE
    NAPI_VERSION=9
    NAPI_CPP_EXCEPTIONS
    # A promise that settles while its environment is being torn down must not abort the process.
    NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS)
  target_compile_options(addon PRIVATE -Wall -Wextra)
  target_link_options(addon PRIVATE LINKER:--gc-sections LINKER:-z,now)
endfunction()
