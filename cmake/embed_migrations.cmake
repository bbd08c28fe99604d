# Run by esnaf_embed_migrations: writes one C++ file that holds every migration's text.
set(body "")
list(SORT FILES)
foreach(file ${FILES})
  get_filename_component(name ${file} NAME_WE)
  if(NOT name MATCHES "^V([0-9][0-9][0-9][0-9])__(.+)$")
    message(FATAL_ERROR "${file}: a migration is named V0001__what_it_does.sql")
  endif()
  set(version ${CMAKE_MATCH_1})
  set(title ${CMAKE_MATCH_2})
  file(READ ${file} text)
  if(NOT text MATCHES "-- why:")
    message(FATAL_ERROR "${file}: a migration says why it exists in a line `-- why: ...`")
  endif()
  math(EXPR number "${version}")
  string(APPEND body "      {${number}, \"${title}\", R\"~sql~(${text})~sql~\"},\n")
endforeach()
file(WRITE ${OUT}.h "#pragma once
#include \"libs/postgres/migrate.h\"
namespace esnaf::migrations {
const postgres::MigrationSet& ${COMPONENT}();
}  // namespace esnaf::migrations
")
file(WRITE ${OUT}.cc "#include \"esnaf/migrations/${COMPONENT}.h\"
namespace esnaf::migrations {
const postgres::MigrationSet& ${COMPONENT}() {
  static const postgres::MigrationSet kSet{\"${COMPONENT}\", {
${body}  }};
  return kSet;
}
}  // namespace esnaf::migrations
")
