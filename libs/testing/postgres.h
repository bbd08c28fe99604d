#pragma once

// A schema of its own for each test that needs Postgres, in the throw-away cluster whose socket folder the
// environment names in ESNAF_TEST_POSTGRES (tests/postgres-fixture starts it).
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "libs/postgres/connection.h"
#include "libs/postgres/migrate.h"

namespace esnaf::testing {

class TestSchema {
 public:
  // Creates the schema `t_<name>_<random>`, applies the migrations in their order and connects with the statements of
  // `components` prepared. `name` is of [a-z0-9_]. Fails the test where any of it fails, also without the environment.
  //
  //   TestSchema schema("orders", {&migrations::runtime(), &migrations::events(), &migrations::orders()},
  //                     {"runtime", "events", "orders"});
  TestSchema(std::string_view name, const std::vector<const postgres::MigrationSet*>& migrations,
             std::vector<std::string> components);
  // Drops the schema. Declare whatever uses it, a TestServer say, after it.
  ~TestSchema();
  TestSchema(const TestSchema&) = delete;
  TestSchema& operator=(const TestSchema&) = delete;

  const std::string& name() const { return options_.schema; }
  // For more connections to the same schema.
  postgres::ConnectionOptions options() const { return options_; }
  // A connection for the test's own thread.
  postgres::Connection& connection() { return *connection_; }
  // Runs one statement that a test needs to arrange or look at data. Fails the test where it fails.
  postgres::Result Sql(const std::string& sql, const std::vector<postgres::Param>& params = {});

 private:
  postgres::ConnectionOptions options_;
  std::unique_ptr<postgres::Connection> connection_;
};

}  // namespace esnaf::testing
