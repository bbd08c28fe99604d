#include "libs/postgres/statement.h"

#include "libs/testing/catch.h"

namespace esnaf::postgres {
namespace {

const Statement kFirst("statement_test", "first", "SELECT 1");
const Statement kSecond("statement_test", "second", "SELECT 2");

TEST_CASE("A statement is known under its component") {
  CHECK(kFirst.name() == "statement_test.first");
  CHECK(kFirst.component() == "statement_test");
  const std::vector<const Statement*> statements = Statement::OfComponent("statement_test");
  CHECK(statements.size() == 2);
  CHECK(std::count(statements.begin(), statements.end(), &kSecond) == 1);
  CHECK(Statement::OfComponent("statement_test.first").empty());
}

}  // namespace
}  // namespace esnaf::postgres
