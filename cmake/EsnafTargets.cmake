# One line declares a library, a service or a program. Each takes every *.cc of its folder and of the folders in
# it (the rooms of a large service); *_test.cc become tests: *_store_test.cc, *_service_test.cc and *_integration_test.cc run against a real Postgres (label
# integration), the others alone (label unit).

# The headers that nearly every file includes, compiled once.
add_library(esnaf_pch OBJECT ${PROJECT_SOURCE_DIR}/cmake/pch.cc)
target_link_libraries(esnaf_pch PUBLIC absl::status absl::statusor absl::strings absl::time esnaf_warnings)
target_precompile_headers(esnaf_pch PUBLIC
  <algorithm> <chrono> <functional> <map> <memory> <optional> <span> <string> <string_view> <unordered_map>
  <utility> <vector> <absl/status/statusor.h> <absl/strings/str_cat.h> <absl/strings/str_format.h>)

function(esnaf_apply_defaults target)
  target_include_directories(${target} PUBLIC ${PROJECT_SOURCE_DIR})
  target_link_libraries(${target} PRIVATE esnaf_warnings)
  target_precompile_headers(${target} REUSE_FROM esnaf_pch)
  target_link_libraries(${target} PUBLIC absl::status absl::statusor absl::strings absl::time)
endfunction()

# esnaf_tests(<name> DEPENDS ...): the tests that lie beside the code of the current folder.
function(esnaf_tests name)
  cmake_parse_arguments(ARG "" "" "DEPENDS" ${ARGN})
  file(GLOB tests CONFIGURE_DEPENDS *_test.cc */*_test.cc)
  set(integration ${tests})
  list(FILTER integration INCLUDE REGEX "_(store|service|integration)_test\\.cc$")
  set(unit ${tests})
  if(integration)
    list(REMOVE_ITEM unit ${integration})
  endif()
  foreach(kind unit integration)
    if(${kind})
      set(target ${name}_${kind}_test)
      add_executable(${target} ${${kind}})
      esnaf_apply_defaults(${target})
      target_link_libraries(${target} PRIVATE ${ARG_DEPENDS} esnaf_testing Catch2::Catch2WithMain rapidcheck)
      add_test(NAME ${kind}.${name} COMMAND ${target} --durations no)
      set_tests_properties(${kind}.${name} PROPERTIES LABELS ${kind} TIMEOUT 600)
      if(kind STREQUAL "integration")
        target_link_libraries(${target} PRIVATE esnaf_testing_postgres)
        # One after the other: a feed shows nothing younger than the oldest transaction of the whole cluster, so tests of
        # events would wait for what other tests have open.
        set_tests_properties(${kind}.${name} PROPERTIES FIXTURES_REQUIRED postgres RESOURCE_LOCK postgres
          ENVIRONMENT "ESNAF_TEST_POSTGRES=${ESNAF_TEST_POSTGRES}")
      endif()
    endif()
  endforeach()
endfunction()

# esnaf_library(<name> [MIGRATIONS <component>] DEPENDS ...)
function(esnaf_library name)
  cmake_parse_arguments(ARG "" "MIGRATIONS" "DEPENDS;TEST_DEPENDS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS *.cc *.h */*.cc */*.h)
  list(FILTER sources EXCLUDE REGEX "(_test|/main)\\.cc$")
  if(NOT sources)
    message(FATAL_ERROR "esnaf_${name} has no sources in ${CMAKE_CURRENT_SOURCE_DIR}")
  endif()
  add_library(esnaf_${name} STATIC ${sources})
  esnaf_apply_defaults(esnaf_${name})
  target_link_libraries(esnaf_${name} PUBLIC ${ARG_DEPENDS})
  if(ARG_MIGRATIONS)
    esnaf_embed_migrations(esnaf_${name} ${ARG_MIGRATIONS})
  endif()
  # What stands on the runtime is tested through a server of its own.
  if(name STREQUAL runtime OR esnaf_runtime IN_LIST ARG_DEPENDS)
    list(APPEND ARG_TEST_DEPENDS esnaf_testing_server)
  endif()
  esnaf_tests(${name} DEPENDS esnaf_${name} ${ARG_TEST_DEPENDS})
endfunction()

# esnaf_service(<name> DEPENDS ...): library esnaf_<name>_service, program esnaf-<name>, their tests.
function(esnaf_service name)
  cmake_parse_arguments(ARG "" "" "DEPENDS;TEST_DEPENDS" ${ARGN})
  esnaf_library(${name}_service MIGRATIONS ${name} DEPENDS ${ARG_DEPENDS} esnaf_runtime esnaf_events
    TEST_DEPENDS ${ARG_TEST_DEPENDS})
  esnaf_program(esnaf-${name} SOURCES main.cc DEPENDS esnaf_${name}_service)
endfunction()

# esnaf_program(<name> SOURCES ... DEPENDS ...)
function(esnaf_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  esnaf_apply_defaults(${name})
  target_link_libraries(${name} PRIVATE ${ARG_DEPENDS})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
endfunction()
