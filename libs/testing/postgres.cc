#include "libs/testing/postgres.h"

#include <cstdlib>

#include "libs/base/crypto.h"
#include "libs/base/log.h"
#include "libs/testing/catch.h"

namespace esnaf::testing {
namespace {

std::string ConnectionString() {
  const char* folder = std::getenv("ESNAF_TEST_POSTGRES");
  if (folder == nullptr || *folder == '\0') {
    FAIL("ESNAF_TEST_POSTGRES is not set: this test needs the cluster that tests/postgres-fixture starts");
  }
  return std::string("host=") + folder + " user=esnaf dbname=postgres";
}

// Options of a connection that works on the cluster instead of in a test's schema.
postgres::ConnectionOptions AdminOptions() {
  postgres::ConnectionOptions options;
  options.connection_string = ConnectionString();
  options.schema = "public";
  options.application_name = "esnaf-test-admin";
  return options;
}

// Two tests that create the same extension at once would collide in the catalogue, so one waits for the other.
absl::Status CreateSchema(const std::string& schema) {
  postgres::Connection admin(AdminOptions());
  return admin.Run({}, [&](postgres::Tx& tx) -> absl::Status {
    ESNAF_RETURN_IF_ERROR(tx.ExecuteDynamic("SELECT pg_advisory_xact_lock(hashtext('esnaf-test'))", {}).status());
    ESNAF_RETURN_IF_ERROR(tx.ExecuteDynamic("SET LOCAL client_min_messages = warning", {}).status());
    ESNAF_RETURN_IF_ERROR(tx.ExecuteDynamic("CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA public", {}).status());
    return tx.ExecuteDynamic("CREATE SCHEMA " + schema, {}).status();
  });
}

absl::Status DropSchema(const std::string& schema) {
  postgres::Connection admin(AdminOptions());
  return admin.Run({}, [&](postgres::Tx& tx) -> absl::Status {
    ESNAF_RETURN_IF_ERROR(tx.ExecuteDynamic("SET LOCAL client_min_messages = warning", {}).status());
    return tx.ExecuteDynamic("DROP SCHEMA " + schema + " CASCADE", {}).status();
  });
}

}  // namespace

TestSchema::TestSchema(std::string_view name, const std::vector<const postgres::MigrationSet*>& migrations,
                       std::vector<std::string> components) {
  options_.connection_string = ConnectionString();
  options_.schema = "t_" + std::string(name) + "_" + HexEncode(RandomBytes(5));
  options_.application_name = "esnaf-test";
  REQUIRE_OK(CreateSchema(options_.schema));
  if (!migrations.empty()) {
    // Statements can be prepared only once their tables exist, so this connection prepares none.
    postgres::Connection migrator(options_);
    REQUIRE_OK(postgres::Migrate(migrator, migrations));
  }
  options_.components = std::move(components);
  connection_ = std::make_unique<postgres::Connection>(options_);
  REQUIRE_OK(connection_->Connect());
}

TestSchema::~TestSchema() {
  connection_.reset();
  // A schema that cannot be dropped means that something still holds a transaction open: say so, the cluster is
  // thrown away in any case.
  if (absl::Status status = DropSchema(options_.schema); !status.ok()) {
    LogError("a test's schema could not be dropped", {{"schema", options_.schema}, {"error", status.ToString()}});
  }
}

postgres::Result TestSchema::Sql(const std::string& sql, const std::vector<postgres::Param>& params) {
  auto result =
      connection_->Run({.autocommit = true}, [&](postgres::Tx& tx) { return tx.ExecuteDynamic(sql, params); });
  REQUIRE_OK(result);
  return std::move(result).value();
}

}  // namespace esnaf::testing
