# esnaf_embed_migrations(<target> <component>) compiles migrations/V*.sql of the current folder into <target>
# as `esnaf::migrations::<component>()`, declared in "esnaf/migrations/<component>.h".
function(esnaf_embed_migrations target component)
  file(GLOB files CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/migrations/V*.sql)
  set(out ${PROJECT_BINARY_DIR}/gen/esnaf/migrations/${component})
  add_custom_command(OUTPUT ${out}.cc ${out}.h
    COMMAND ${CMAKE_COMMAND} -DCOMPONENT=${component} "-DFILES=${files}" -DOUT=${out}
            -P ${PROJECT_SOURCE_DIR}/cmake/embed_migrations.cmake
    DEPENDS ${files} ${PROJECT_SOURCE_DIR}/cmake/embed_migrations.cmake
    COMMENT "Embedding migrations of ${component}" VERBATIM)
  add_custom_target(${target}_migrations DEPENDS ${out}.h)
  add_dependencies(generated ${target}_migrations)
  target_sources(${target} PRIVATE ${out}.cc ${out}.h)
  target_include_directories(${target} PUBLIC ${PROJECT_BINARY_DIR}/gen)
endfunction()
