// COPY, scripts, isolation, read-only transactions and deadlines against a real Postgres.
#include <thread>

#include <rapidcheck.h>

#include "libs/base/error.h"
#include "libs/postgres/connection.h"
#include "libs/postgres/migrate.h"
#include "libs/testing/catch.h"
#include "libs/testing/postgres.h"

namespace esnaf::postgres {
namespace {

const MigrationSet kTables{"tx_test", {{1, "create_fact", R"sql(
  CREATE TABLE fact (id bigint PRIMARY KEY, note text, tags text[], data bytea))sql"}}};

class Fixture : public testing::TestSchema {
 public:
  Fixture() : TestSchema("tx", {&kTables}, {}) {}
  absl::Status Copy(const TxOptions& options, const std::vector<std::vector<Param>>& rows,
                    const std::vector<std::string>& columns = {"id", "note"}, std::string_view table = "fact") {
    return connection().Run(options, [&](Tx& tx) { return tx.Copy(table, columns, rows); });
  }
  std::int64_t Count() { return Sql("SELECT count(*) FROM fact")[0].Get<std::int64_t>(0); }
};

const TxOptions kAutocommit{.autocommit = true};

TEST_CASE("COPY keeps every text, NULL, array and byte") {
  Fixture fixture;
  const auto letters = rc::gen::container<std::string>(
      rc::gen::element('a', '\\', 'N', '.', '\t', '\n', '\r', '\b', '"', '{', ',', '\'', ' '));
  REQUIRE(rc::check("texts", [&] {
    const auto notes = *rc::gen::nonEmpty(rc::gen::container<std::vector<std::string>>(letters));
    fixture.Sql("TRUNCATE fact");
    std::vector<std::vector<Param>> rows;
    for (std::size_t i = 0; i < notes.size(); ++i) {
      const Param note = i % 4 == 3 ? Param(std::nullopt) : Param(notes[i]);
      rows.push_back({i, note, notes, Bytes{notes[i]}});
    }
    RC_ASSERT(fixture.Copy({}, rows, {"id", "note", "tags", "data"}).ok());
    const Result kept = fixture.Sql("SELECT note, tags, data FROM fact ORDER BY id");
    RC_ASSERT(kept.size() == static_cast<int>(notes.size()));
    for (std::size_t i = 0; i < notes.size(); ++i) {
      const Row row = kept[static_cast<int>(i)];
      RC_ASSERT(row.IsNull(0) == (i % 4 == 3));
      if (!row.IsNull(0)) RC_ASSERT(row.Text(0) == notes[i]);
      RC_ASSERT(row.Get<std::vector<std::string>>(1) == notes);
      RC_ASSERT(row.Get<Bytes>(2).data == notes[i]);
    }
  }));
}

TEST_CASE("COPY takes many rows, none, and rows of one empty field") {
  Fixture fixture;
  std::vector<std::vector<Param>> rows;
  for (int i = 0; i < 20'000; ++i) rows.push_back({i, "note " + std::to_string(i)});
  REQUIRE_OK(fixture.Copy(kAutocommit, rows));
  CHECK(fixture.Count() == 20'000);
  CHECK(fixture.Sql("SELECT count(*) FROM fact WHERE note = 'note ' || id")[0].Text(0) == "20000");
  CHECK_OK(fixture.Copy(kAutocommit, {}));
  fixture.Sql("CREATE TABLE single (note text)");
  REQUIRE_OK(fixture.Copy({}, {{""}, {""}, {std::nullopt}}, {"note"}, "single"));
  CHECK(fixture.Sql("SELECT count(*), count(note) FROM single")[0].Text(0) == "3");
  CHECK(fixture.Sql("SELECT count(*), count(note) FROM single")[0].Text(1) == "2");
}

TEST_CASE("A failed COPY copies nothing and leaves the connection usable") {
  Fixture fixture;
  for (const TxOptions& options : {kAutocommit, TxOptions{}}) {
    std::vector<std::vector<Param>> rows;
    for (int i = 0; i < 5000; ++i) rows.push_back({i, "x"});
    rows.push_back({0, "again"});
    CHECK_STATUS_IS(fixture.Copy(options, rows), absl::StatusCode::kAlreadyExists, "");
    CHECK_STATUS_IS(fixture.Copy(options, {{"no number", "x"}}), absl::StatusCode::kInvalidArgument, "");
    CHECK_STATUS_IS(fixture.Copy(options, {{1, std::string("\0", 1)}}), absl::StatusCode::kInvalidArgument, "NUL");
    CHECK_STATUS_IS(fixture.Copy(options, {{1, "x"}}, {"id", "note"}, "missing"), absl::StatusCode::kInternal, "");
    CHECK_STATUS_IS(fixture.Copy(options, {{1}}), absl::StatusCode::kInternal, "number of fields");
    CHECK_STATUS_IS(fixture.Copy(options, {{1, "x"}}, {"id", "note"}, "fact; DROP TABLE fact"),
                    absl::StatusCode::kInternal, "names");
    CHECK(fixture.connection().connected());
    CHECK(fixture.Count() == 0);
  }
}

TEST_CASE("After a failed COPY an autocommit body goes on") {
  Fixture fixture;
  CHECK_OK(fixture.connection().Run(kAutocommit, [](Tx& tx) -> absl::Status {
    CHECK_FALSE(tx.Copy("fact", {"id"}, {{1}, {1}}).ok());
    CHECK_FALSE(tx.Copy("missing", {"id"}, {{1}}).ok());
    return tx.Copy("fact", {"id"}, {{1}, {2}});
  }));
  CHECK(fixture.Count() == 2);
}

TEST_CASE("A script runs all of its statements, and its failure names the line") {
  Fixture fixture;
  REQUIRE_OK(fixture.connection().Run({}, [](Tx& tx) {
    return tx.ExecuteScript("INSERT INTO fact (id) VALUES (1);\nINSERT INTO fact (id) VALUES (2);");
  }));
  CHECK(fixture.Count() == 2);
  const absl::Status status = fixture.connection().Run({}, [](Tx& tx) {
    return tx.ExecuteScript("INSERT INTO fact (id) VALUES (3);\n\nINSERT INTO fact (idd) VALUES (4);");
  });
  CHECK_STATUS_IS(status, absl::StatusCode::kInternal, "line 3: column \"idd\" of relation \"fact\" does not exist");
  CHECK(fixture.Count() == 2);
}

TEST_CASE("A read-only transaction cannot write, and a repeatable read sees one moment") {
  Fixture fixture;
  for (const Isolation isolation : {Isolation::kReadCommitted, Isolation::kRepeatableRead, Isolation::kSerializable}) {
    CHECK_STATUS_IS(fixture.connection().Run(
                        {.read_only = true, .isolation = isolation},
                        [](Tx& tx) { return tx.ExecuteDynamic("INSERT INTO fact (id) VALUES (1)", {}).status(); }),
                    absl::StatusCode::kInternal, "");
  }
  Connection reader(fixture.options());
  const auto count = [](Tx& tx) { return (*tx.ExecuteDynamic("SELECT count(*) FROM fact", {}))[0].Get<int>(0); };
  CHECK_OK(reader.Run({.read_only = true, .isolation = Isolation::kRepeatableRead}, [&](Tx& tx) {
    CHECK(count(tx) == 0);
    fixture.Sql("INSERT INTO fact (id) VALUES (1)");
    CHECK(count(tx) == 0);
    return absl::OkStatus();
  }));
  for (const auto& [isolation, name] : {std::pair(Isolation::kReadCommitted, "read committed"),
                                        std::pair(Isolation::kRepeatableRead, "repeatable read"),
                                        std::pair(Isolation::kSerializable, "serializable")}) {
    ESNAF_REQUIRE_VALUE(const Result rows, reader.Run({.isolation = isolation}, [](Tx& tx) {
      return tx.ExecuteDynamic("SELECT current_setting('transaction_isolation')", {});
    }));
    CHECK(rows[0].Text(0) == name);
  }
}

TEST_CASE("Past the deadline nothing is begun or committed") {
  Fixture fixture;
  const auto insert = [](Tx& tx) { return tx.ExecuteDynamic("INSERT INTO fact (id) VALUES (1)", {}).status(); };
  const Time past = SystemClock().Now() - std::chrono::seconds(1);
  int runs = 0;
  CHECK_STATUS_IS(fixture.connection().Run({.deadline = past}, [&](Tx&) { return ++runs, absl::OkStatus(); }),
                  absl::StatusCode::kDeadlineExceeded, "");
  CHECK(runs == 0);
  const Time soon = SystemClock().Now() + std::chrono::milliseconds(100);
  CHECK_STATUS_IS(fixture.connection().Run({.deadline = soon},
                                           [&](Tx& tx) {
                                             absl::Status status = insert(tx);
                                             std::this_thread::sleep_until(soon + std::chrono::milliseconds(5));
                                             return status;
                                           }),
                  absl::StatusCode::kDeadlineExceeded, "");
  CHECK(fixture.Count() == 0);
}

TEST_CASE("The limits of statements and locks end them") {
  Fixture fixture;
  ConnectionOptions options = fixture.options();
  options.statement_timeout = std::chrono::milliseconds(20);
  Connection impatient(options);
  CHECK_STATUS_IS(
      impatient.Run(kAutocommit, [](Tx& tx) { return tx.ExecuteDynamic("SELECT pg_sleep(30)", {}).status(); }),
      absl::StatusCode::kDeadlineExceeded, "");
  options.statement_timeout = std::chrono::milliseconds(15'000);
  options.lock_timeout = std::chrono::milliseconds(20);
  Connection hasty(options);
  CHECK_OK(fixture.connection().Run({}, [&](Tx& tx) {
    CHECK_OK(tx.ExecuteScript("LOCK TABLE fact"));
    const absl::Status waited =
        hasty.Run(kAutocommit, [](Tx& mine) { return mine.ExecuteDynamic("SELECT 1 FROM fact", {}).status(); });
    CHECK_STATUS_IS(waited, absl::StatusCode::kDeadlineExceeded, "");
    CHECK(ErrorMetadataValue(waited, "sqlstate") == "55P03");
    return absl::OkStatus();
  }));
}

}  // namespace
}  // namespace esnaf::postgres
