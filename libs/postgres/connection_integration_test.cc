// A connection against a real Postgres: what is set at connect, what statements answer, what failures become, and which
// of them leave the connection usable. Lost connections and retries are in retry_integration_test.cc.
#include "libs/postgres/connection.h"

#include <stdexcept>

#include <rapidcheck.h>

#include "absl/strings/str_cat.h"

#include "libs/base/error.h"
#include "libs/postgres/migrate.h"
#include "libs/testing/catch.h"
#include "libs/testing/postgres.h"

namespace esnaf::postgres {
namespace {

const Statement kEcho("postgres_test", "echo", "SELECT $1::text");
const Statement kAddOne("postgres_test", "add_one", "SELECT $1::bigint + 1, NULL::text");
const Statement kInsertItem("postgres_test", "insert_item", "INSERT INTO item (id, name, parent) VALUES ($1, $2, $3)");
const Statement kCountItems("postgres_test", "count_items", "SELECT count(*) FROM item");
const Statement kInsertWithEvent("postgres_test", "insert_with_event",
                                 "INSERT INTO item (id, name) VALUES ($1, $2) RETURNING pg_current_xact_id()::text");
const Statement kWrong("postgres_test_wrong", "wrong", "SELECT nothing FROM item");
const Statement kElsewhere("postgres_test_elsewhere", "one", "SELECT 1");

const MigrationSet kTables{"postgres_test", {{1, "create_item", R"sql(
  CREATE TABLE item (
    id bigint CONSTRAINT item_key PRIMARY KEY,
    name text NOT NULL CONSTRAINT item_name_short CHECK (length(name) < 10),
    parent bigint CONSTRAINT item_parent REFERENCES item (id) DEFERRABLE INITIALLY IMMEDIATE
  ))sql"}}};

class Fixture : public testing::TestSchema {
 public:
  Fixture() : TestSchema("postgres", {&kTables}, {"postgres_test"}) {}
  absl::Status Insert(const TxOptions& options, std::int64_t id, const std::string& name,
                      std::optional<std::int64_t> parent = {}) {
    return connection().Run(options, [&](Tx& tx) { return tx.Execute(kInsertItem, id, name, parent).status(); });
  }
  std::int64_t Count() { return Sql("SELECT count(*) FROM item")[0].Get<std::int64_t>(0); }
};

const TxOptions kAutocommit{.autocommit = true};

TEST_CASE("A connection has its schema, its limits and its zone") {
  testing::TestSchema schema("postgres", {}, {});
  const auto setting = [&](const std::string& name) {
    return schema.Sql("SELECT current_setting($1)", {name})[0].Get<std::string>(0);
  };
  CHECK(setting("search_path") == schema.name() + ",public");
  CHECK(setting("statement_timeout") == "15s");
  CHECK(setting("lock_timeout") == "5s");
  CHECK(setting("idle_in_transaction_session_timeout") == "30s");
  CHECK(setting("TimeZone") == "UTC");
  CHECK(setting("jit") == "off");
  CHECK(setting("plan_cache_mode") == "force_generic_plan");
  CHECK(setting("enable_seqscan") == "off");
  CHECK(setting("DateStyle").starts_with("ISO"));
  CHECK(setting("client_encoding") == "UTF8");
  CHECK(setting("client_min_messages") == "warning");
  CHECK(setting("application_name") == "esnaf-test");
}

TEST_CASE("A statement answers rows by index") {
  Fixture fixture;
  ESNAF_REQUIRE_VALUE(const Result rows,
                      fixture.connection().Run(kAutocommit, [](Tx& tx) { return tx.Execute(kAddOne, 41); }));
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].Get<std::int64_t>(0) == 42);
  CHECK(rows[0].Text(0) == "42");
  CHECK(rows[0].IsNull(1));
  CHECK(rows[0].Text(1).empty());
  CHECK(rows[0].Get<std::optional<std::string>>(1) == std::nullopt);
  CHECK_THROWS_AS(rows[0].Get<std::string>(1), std::logic_error);
  CHECK_THROWS_AS(rows[0].Text(2), std::logic_error);
  CHECK_THROWS_AS(rows[1], std::logic_error);
  CHECK(Result().empty());
}

TEST_CASE("Many rows and the number of rows touched are answered") {
  Fixture fixture;
  const Result inserted = fixture.Sql("INSERT INTO item SELECT i, 'n' || i FROM generate_series(1, 1000) i");
  CHECK(inserted.affected_rows() == 1000);
  CHECK(inserted.empty());
  Result rows = fixture.Sql("SELECT id, name, parent FROM item ORDER BY id");
  const Row first = rows[0];
  const Result moved = std::move(rows);
  CHECK(first.Text(1) == "n1");
  REQUIRE(moved.size() == 1000);
  for (int i = 0; i < moved.size(); ++i) {
    REQUIRE(moved[i].Get<int>(0) == i + 1);
    REQUIRE(moved[i].Text(1) == "n" + std::to_string(i + 1));
    REQUIRE(moved[i].IsNull(2));
  }
}

template <typename T>
T ThroughPostgres(testing::TestSchema& schema, const char* type, const T& value) {
  return schema.Sql(absl::StrCat("SELECT $1::", type), {value})[0].template Get<T>(0);
}

TEST_CASE("Every value survives the way through Postgres") {
  testing::TestSchema schema("postgres", {}, {});
  const auto letters = rc::gen::container<std::string>(
      rc::gen::element('a', '"', '\\', '{', '}', ',', ' ', '\n', '\t', '\'', '%', 'N', 'U', 'L'));
  REQUIRE(rc::check("texts", [&] {
    const std::string value = *letters;
    RC_ASSERT(ThroughPostgres(schema, "text", value) == value);
  }));
  REQUIRE(rc::check("arrays of texts", [&] {
    const auto value = *rc::gen::container<std::vector<std::string>>(letters);
    RC_ASSERT(ThroughPostgres(schema, "text[]", value) == value);
  }));
  REQUIRE(rc::check("bytes", [&](const std::string& data) {
    RC_ASSERT(ThroughPostgres(schema, "bytea", Bytes{data}).data == data);
  }));
  REQUIRE(rc::check("numbers", [&](std::int64_t integer, double real, bool truth) {
    RC_ASSERT(ThroughPostgres(schema, "bigint", integer) == integer);
    RC_ASSERT(ThroughPostgres(schema, "double precision", real) == real);
    RC_ASSERT(ThroughPostgres(schema, "boolean", truth) == truth);
  }));
  REQUIRE(rc::check("times and days", [&] {
    const Time time(Duration(*rc::gen::inRange<std::int64_t>(-210'000'000'000'000'000, 9'000'000'000'000'000'000)));
    RC_ASSERT(ThroughPostgres(schema, "timestamptz", time) == time);
    const Date day(std::chrono::sys_days(std::chrono::days(*rc::gen::inRange(-2'000'000, 10'000'000))));
    RC_ASSERT(ThroughPostgres(schema, "date", day) == day);
  }));
  REQUIRE(
      rc::check("arrays of the others", [&](const std::vector<std::int64_t>& integers, const std::vector<bool>& truths,
                                            const std::vector<std::array<std::uint8_t, 16>>& ids) {
        RC_ASSERT(ThroughPostgres(schema, "bigint[]", integers) == integers);
        RC_ASSERT(ThroughPostgres(schema, "boolean[]", truths) == truths);
        const std::vector<Uuid> uuids(ids.begin(), ids.end());
        RC_ASSERT(ThroughPostgres(schema, "uuid[]", uuids) == uuids);
      }));
  const std::vector<std::optional<std::string>> holes{"a", std::nullopt, "NULL"};
  CHECK(ThroughPostgres(schema, "text[]", holes) == holes);
  CHECK(ThroughPostgres(schema, "timestamptz", Time::max()) == Time::max());
}

TEST_CASE("The server's refusals become statuses, and the connection stays usable") {
  Fixture fixture;
  REQUIRE_OK(fixture.Insert(kAutocommit, 1, "one"));
  for (const TxOptions& options : {kAutocommit, TxOptions{}}) {
    const absl::Status twice = fixture.Insert(options, 1, "again");
    CHECK_STATUS_IS(twice, absl::StatusCode::kAlreadyExists, "");
    CHECK(ErrorMetadataValue(twice, "constraint") == "item_key");
    CHECK(ErrorMetadataValue(twice, "sqlstate") == "23505");
    const absl::Status orphan = fixture.Insert(options, 2, "two", 99);
    CHECK_STATUS_IS(orphan, absl::StatusCode::kFailedPrecondition, "");
    CHECK(ErrorMetadataValue(orphan, "constraint") == "item_parent");
    const absl::Status checked = fixture.Insert(options, 2, "secret-and-too-long");
    CHECK_STATUS_IS(checked, absl::StatusCode::kInvalidArgument, "");
    CHECK(ErrorMetadataValue(checked, "constraint") == "item_name_short");
    CHECK_FALSE(testing::MessageContains(checked, "secret"));
    CHECK_STATUS_IS(fixture.Insert(options, 2, "\xff"), absl::StatusCode::kInvalidArgument, "");
    CHECK_STATUS_IS(fixture.Insert(options, 2, std::string("a\0b", 3)), absl::StatusCode::kInvalidArgument, "NUL");
    CHECK(fixture.connection().connected());
  }
  CHECK(fixture.Count() == 1);
}

TEST_CASE("A failed statement of an autocommit body leaves the next ones free") {
  Fixture fixture;
  REQUIRE_OK(fixture.Insert(kAutocommit, 1, "one"));
  CHECK_OK(fixture.connection().Run(kAutocommit, [](Tx& tx) -> absl::Status {
    CHECK_STATUS_IS(tx.Execute(kInsertItem, 1, "again", std::nullopt), absl::StatusCode::kAlreadyExists, "");
    return tx.Execute(kInsertItem, 2, "two", std::nullopt).status();
  }));
  CHECK(fixture.Count() == 2);
}

TEST_CASE("A transaction with a failed statement fails, even if its body says OK") {
  Fixture fixture;
  REQUIRE_OK(fixture.Insert(kAutocommit, 1, "one"));
  const absl::Status status = fixture.connection().Run({}, [](Tx& tx) {
    CHECK_OK(tx.Execute(kInsertItem, 2, "two", std::nullopt));
    CHECK_STATUS_IS(tx.Execute(kInsertItem, 1, "again", std::nullopt), absl::StatusCode::kAlreadyExists, "");
    CHECK_STATUS_IS(tx.Execute(kInsertItem, 3, "three", std::nullopt), absl::StatusCode::kAlreadyExists, "");
    return absl::OkStatus();
  });
  CHECK_STATUS_IS(status, absl::StatusCode::kAlreadyExists, "");
  CHECK(fixture.Count() == 1);
}

TEST_CASE("An error of the body rolls back and is answered as it is") {
  Fixture fixture;
  const absl::Status mine = MakeError(absl::StatusCode::kNotFound, "ITEM_NOT_FOUND", "mine", {{"k", "v"}});
  const absl::StatusOr<int> answer = fixture.connection().Run({}, [&](Tx& tx) -> absl::StatusOr<int> {
    ESNAF_RETURN_IF_ERROR(tx.Execute(kInsertItem, 1, "one", std::nullopt).status());
    return mine;
  });
  CHECK(answer.status() == mine);
  CHECK(ErrorMetadataValue(answer.status(), "k") == "v");
  CHECK(fixture.Count() == 0);
}

TEST_CASE("An exception of the body rolls back and becomes INTERNAL") {
  Fixture fixture;
  CHECK_STATUS_IS(fixture.connection().Run({},
                                           [](Tx& tx) -> absl::Status {
                                             CHECK_OK(tx.Execute(kInsertItem, 1, "one", std::nullopt));
                                             auto row = tx.Execute(kEcho, "no number");
                                             (*row)[0].Get<int>(0);
                                             return absl::OkStatus();
                                           }),
                  absl::StatusCode::kInternal, "");
  CHECK_STATUS_IS(fixture.connection().Run({}, [](Tx&) -> absl::Status { throw 1; }), absl::StatusCode::kInternal, "");
  CHECK(fixture.Count() == 0);
}

TEST_CASE("Mistakes in using the library are INTERNAL and named") {
  Fixture fixture;
  Connection& connection = fixture.connection();
  CHECK_STATUS_IS(connection.Run(kAutocommit, [](Tx& tx) { return tx.Execute(kEcho).status(); }),
                  absl::StatusCode::kInternal, "");
  CHECK_STATUS_IS(connection.Run(kAutocommit, [](Tx& tx) { return tx.Execute(kElsewhere).status(); }),
                  absl::StatusCode::kInternal, "");
  CHECK_STATUS_IS(connection.Run({}, [&](Tx&) { return connection.Run({}, [](Tx&) { return absl::OkStatus(); }); }),
                  absl::StatusCode::kInternal, "Run() within Run()");
  CHECK_STATUS_IS(connection.Run({}, [&](Tx&) { return connection.Connect(); }), absl::StatusCode::kInternal, "");
  CHECK_OK(connection.Run({}, [](Tx& tx) { return tx.Execute(kCountItems).status(); }));
}

TEST_CASE("A wrong statement is found at connect and named") {
  Fixture fixture;
  ConnectionOptions options = fixture.options();
  options.components = {"postgres_test", "postgres_test_wrong"};
  Connection connection(options);
  const absl::Status status = connection.Connect();
  CHECK_STATUS_IS(status, absl::StatusCode::kInternal, "postgres_test_wrong.wrong");
  CHECK_STATUS_IS(status, absl::StatusCode::kInternal, "column \"nothing\" does not exist");
  CHECK_FALSE(connection.connected());
}

TEST_CASE("A server that cannot be reached is UNAVAILABLE, wrong options are INVALID_ARGUMENT") {
  ConnectionOptions options;
  options.schema = "public";
  options.connection_string = "host=/nonexistent dbname=postgres";
  Connection nowhere(options);
  CHECK_STATUS_IS(nowhere.Connect(), absl::StatusCode::kUnavailable, "");
  CHECK_STATUS_IS(nowhere.Run({}, [](Tx&) { return absl::OkStatus(); }), absl::StatusCode::kUnavailable, "");
  options.schema = "Not a schema";
  CHECK_STATUS_IS(Connection(options).Connect(), absl::StatusCode::kInvalidArgument, "schema");
}

TEST_CASE("The transaction id of events is told after the commit only") {
  Fixture fixture;
  Connection& connection = fixture.connection();
  std::int64_t id = 0;
  std::uint64_t noted = 0;
  const auto write = [&](Tx& tx) -> absl::Status {
    ESNAF_ASSIGN_OR_RETURN(const Result rows, tx.Execute(kInsertWithEvent, ++id, "x"));
    noted = rows[0].Get<std::uint64_t>(0);
    tx.NoteEventXact(noted);
    tx.NoteEventXact(1);
    return absl::OkStatus();
  };
  const auto write_and_fail = [&](Tx& tx) -> absl::Status {
    ESNAF_RETURN_IF_ERROR(write(tx));
    return absl::NotFoundError("no");
  };
  for (const TxOptions& options : {TxOptions{}, kAutocommit}) {
    REQUIRE_OK(connection.Run(options, write));
    CHECK(connection.last_event_xact() == noted);
    REQUIRE_OK(connection.Run(options, [](Tx&) { return absl::OkStatus(); }));
    CHECK(connection.last_event_xact() == std::nullopt);
  }
  CHECK_FALSE(connection.Run({}, write_and_fail).ok());
  CHECK(connection.last_event_xact() == std::nullopt);
  // In autocommit the event is committed, whatever the body answers.
  CHECK_FALSE(connection.Run(kAutocommit, write_and_fail).ok());
  CHECK(connection.last_event_xact() == noted);
  CHECK(fixture.Count() == 3);
}

}  // namespace
}  // namespace esnaf::postgres
