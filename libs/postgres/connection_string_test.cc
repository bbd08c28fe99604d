// The user's string in any form becomes one with our limits behind it.
#include "libs/postgres/connection_string.h"

#include "libs/testing/catch.h"

namespace esnaf::postgres {
namespace {

std::string Complete(std::string text, std::string schema = "orders") {
  ConnectionOptions options;
  options.connection_string = std::move(text);
  options.schema = std::move(schema);
  options.statement_timeout = std::chrono::milliseconds(1500);
  const absl::StatusOr<std::string> completed = CompleteConnectionString(options);
  REQUIRE_OK(completed);
  return *completed;
}

bool Has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

TEST_CASE("Both forms of a connection string are understood") {
  for (const char* text : {"host=db.local dbname=esnaf user=orders", "postgresql://orders@db.local/esnaf"}) {
    const std::string completed = Complete(text);
    INFO(completed);
    CHECK(Has(completed, "host='db.local'"));
    CHECK(Has(completed, "dbname='esnaf'"));
    CHECK(Has(completed, "user='orders'"));
    CHECK(Has(completed, "-c search_path=orders,public"));
    CHECK(Has(completed, "-c statement_timeout=1500"));
    CHECK(Has(completed, "-c idle_in_transaction_session_timeout=30000"));
    CHECK(Has(completed, "-c timezone=UTC"));
    CHECK(Has(completed, "client_encoding='UTF8'"));
    CHECK(Has(completed, "application_name='esnaf'"));
    CHECK_FALSE(Has(completed, "target_session_attrs"));
  }
}

TEST_CASE("What the user says stays, but for what the code relies on") {
  const std::string completed =
      Complete("options='-c work_mem=8MB -c timezone=Asia/Tokyo' application_name=import connect_timeout=1");
  CHECK(Has(completed, "-c work_mem=8MB"));
  CHECK(completed.find("timezone=UTC") > completed.find("timezone=Asia/Tokyo"));
  CHECK(Has(completed, "application_name='import'"));
  CHECK(Has(completed, "connect_timeout='1'"));
}

TEST_CASE("Of several hosts the one that takes writes is wanted") {
  CHECK(Has(Complete("host=a,b"), "target_session_attrs='read-write'"));
  CHECK(Has(Complete("postgresql://a:1,b:2/esnaf?target_session_attrs=any"), "target_session_attrs='any'"));
}

TEST_CASE("Quotes and backslashes of a password survive") {
  CHECK(Has(Complete(R"(password='a\'b\\c d')"), R"(password='a\'b\\c d')"));
}

TEST_CASE("A malformed string or schema is refused, and no password is told") {
  ConnectionOptions options;
  options.schema = "orders";
  options.connection_string = "password=s3cret nonsense";
  CHECK_STATUS_IS(CompleteConnectionString(options), absl::StatusCode::kInvalidArgument, "connection string");
  CHECK_FALSE(testing::MessageContains(CompleteConnectionString(options).status(), "s3cret"));
  options.connection_string = "";
  for (const char* schema : {"", "Orders", "a b", "a-b", "a,b", "\xc3\xb6"}) {
    options.schema = schema;
    CHECK_STATUS_IS(CompleteConnectionString(options), absl::StatusCode::kInvalidArgument, "schema");
  }
}

}  // namespace
}  // namespace esnaf::postgres
