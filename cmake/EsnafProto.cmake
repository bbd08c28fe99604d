# esnaf_proto_library(<name> FOLDER <folder under the root> [ROOT <root>] [FILES ...] [DEPENDS ...])
# Compiles every .proto of a folder (or just FILES) into one static library, each generated file once.
# No gRPC code is generated: services and clients call methods through libs/runtime by descriptor.
set(ESNAF_PROTO_ROOT ${PROJECT_SOURCE_DIR}/proto)
set(ESNAF_PROTO_OUT ${PROJECT_BINARY_DIR}/gen)
file(MAKE_DIRECTORY ${ESNAF_PROTO_OUT})

# Everything that is generated, for tools that read sources without building them (tests/tidy).
add_custom_target(generated)

function(esnaf_proto_library name)
  cmake_parse_arguments(ARG "" "FOLDER;ROOT" "FILES;DEPENDS" ${ARGN})
  if(NOT ARG_ROOT)
    set(ARG_ROOT ${ESNAF_PROTO_ROOT})
  endif()
  if(ARG_FILES)
    list(TRANSFORM ARG_FILES PREPEND ${ARG_ROOT}/${ARG_FOLDER}/ OUTPUT_VARIABLE protos)
  else()
    file(GLOB protos CONFIGURE_DEPENDS ${ARG_ROOT}/${ARG_FOLDER}/*.proto)
  endif()
  if(NOT protos)
    message(FATAL_ERROR "${name} has no contracts in ${ARG_ROOT}/${ARG_FOLDER}")
  endif()
  set(generated)
  foreach(proto ${protos})
    file(RELATIVE_PATH relative ${ARG_ROOT} ${proto})
    string(REGEX REPLACE "\\.proto$" "" stem ${relative})
    set(out ${ESNAF_PROTO_OUT}/${stem}.pb.cc ${ESNAF_PROTO_OUT}/${stem}.pb.h)
    add_custom_command(OUTPUT ${out}
      COMMAND protobuf::protoc --cpp_out=${ESNAF_PROTO_OUT} -I ${ESNAF_PROTO_ROOT} -I ${ESNAF_GOOGLEAPIS} ${proto}
      DEPENDS ${proto} COMMENT "Generating ${stem}.pb.cc" VERBATIM)
    list(APPEND generated ${out})
  endforeach()
  add_library(${name} STATIC ${generated})
  add_custom_target(${name}_generated DEPENDS ${generated})
  add_dependencies(generated ${name}_generated)
  target_include_directories(${name} SYSTEM PUBLIC ${ESNAF_PROTO_OUT})
  target_link_libraries(${name} PUBLIC protobuf::libprotobuf ${ARG_DEPENDS})
endfunction()
