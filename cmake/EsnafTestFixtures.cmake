# One throw-away Postgres cluster serves every test of a ctest run: Unix socket only, in the build folder's
# own temporary place, started before and stopped after the tests that require the fixture `postgres`.
set(ESNAF_TEST_POSTGRES ${PROJECT_BINARY_DIR}/test-postgres)
add_test(NAME fixture.postgres.start
  COMMAND ${PROJECT_SOURCE_DIR}/tests/postgres-fixture start ${ESNAF_TEST_POSTGRES})
add_test(NAME fixture.postgres.stop
  COMMAND ${PROJECT_SOURCE_DIR}/tests/postgres-fixture stop ${ESNAF_TEST_POSTGRES})
set_tests_properties(fixture.postgres.start PROPERTIES FIXTURES_SETUP postgres)
set_tests_properties(fixture.postgres.stop PROPERTIES FIXTURES_CLEANUP postgres)
