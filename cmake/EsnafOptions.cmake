# How everything is compiled: the language, the warnings, the sanitizers, the compiler cache.
set(ESNAF_SANITIZE "" CACHE STRING "Sanitizers to build with: address,undefined or thread")

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
# No flag for position independence: the compiler's default (PIE) is the same for libraries and programs, which share
# the precompiled header.

# Everywhere, so that the precompiled header fits those that link a threaded library and those that do not.
add_compile_options(-pthread)

set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG -fno-omit-frame-pointer")
# -Og compiles in two thirds of -O1's time and runs nearly as fast; -g1 gives usable traces.
set(CMAKE_CXX_FLAGS_DEBUG "-Og -g1 -fno-omit-frame-pointer")

find_program(ESNAF_CCACHE ccache)
if(ESNAF_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
    CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${ESNAF_CCACHE})
endif()

find_program(ESNAF_LLD ld.lld)
if(ESNAF_LLD)
  add_link_options(-fuse-ld=lld)
endif()

# Our own code compiles without a warning; generated code is not ours to warn about.
add_library(esnaf_warnings INTERFACE)
target_compile_options(esnaf_warnings INTERFACE -Wall -Wextra -Werror -Wnon-virtual-dtor -Woverloaded-virtual)
# Designated initializers name what differs; the rest keeps its default on purpose.
target_compile_options(esnaf_warnings INTERFACE -Wno-missing-field-initializers)
# GCC 12 reports these inside the standard library's own inlined code when it optimises.
target_compile_options(esnaf_warnings INTERFACE -Wno-error=maybe-uninitialized -Wno-restrict)

if(ESNAF_SANITIZE)
  add_compile_options(-fsanitize=${ESNAF_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${ESNAF_SANITIZE})
  if(ESNAF_SANITIZE MATCHES undefined)
    # These look at every use of every pointer, which takes a third of the compiler's time; what they would find beyond
    # AddressSanitizer (a wrong address is a fault there too) has been nothing so far.
    add_compile_options(-fno-sanitize=null,alignment,vptr,object-size)
  endif()
  if(ESNAF_SANITIZE MATCHES thread)
    # Boost.Asio has a fence that the sanitizer does not see; it stands between threads that a mutex orders as well.
    add_compile_options(-Wno-tsan)
  endif()
endif()
