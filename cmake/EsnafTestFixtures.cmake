# One throw-away Postgres cluster serves every test of a ctest run: Unix socket only, in a
# short-named temporary folder of the build folder, started before and stopped after the tests that require the fixture `postgres`.
string(SHA256 esnaf_build_hash ${PROJECT_BINARY_DIR})
string(SUBSTRING ${esnaf_build_hash} 0 12 esnaf_build_hash)
set(ESNAF_TEST_POSTGRES /tmp/esnaf-test-${esnaf_build_hash})
add_test(NAME fixture.postgres.start
  COMMAND ${PROJECT_SOURCE_DIR}/tests/postgres-fixture start ${ESNAF_TEST_POSTGRES})
add_test(NAME fixture.postgres.stop
  COMMAND ${PROJECT_SOURCE_DIR}/tests/postgres-fixture stop ${ESNAF_TEST_POSTGRES})
set_tests_properties(fixture.postgres.start PROPERTIES FIXTURES_SETUP postgres)
set_tests_properties(fixture.postgres.stop PROPERTIES FIXTURES_CLEANUP postgres)
