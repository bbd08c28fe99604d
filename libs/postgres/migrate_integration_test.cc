// Migrations against a real Postgres: applied once, in order, by whoever comes first; refused where history differs.
#include "libs/postgres/migrate.h"

#include <thread>

#include "libs/base/crypto.h"
#include "libs/testing/catch.h"
#include "libs/testing/postgres.h"

namespace esnaf::postgres {
namespace {

const Migration kCreate{1, "create_note", "-- why: a test\nCREATE TABLE note (id bigint PRIMARY KEY);"};
const Migration kFill{2, "fill_note", "INSERT INTO note VALUES (1); INSERT INTO note VALUES (2);"};

MigrationSet Notes(std::vector<Migration> migrations) { return {"notes", std::move(migrations)}; }

class Fixture : public testing::TestSchema {
 public:
  Fixture() : TestSchema("migrate", {}, {}) {}
  absl::Status Apply(const MigrationSet& set) { return Migrate(connection(), {&set}); }
  std::string Applied() {
    return Sql("SELECT string_agg(component || version || title, ' ' ORDER BY component, version) FROM "
               "schema_migration")[0]
        .Get<std::string>(0);
  }
  std::int64_t Notes() { return Sql("SELECT count(*) FROM note")[0].Get<std::int64_t>(0); }
};

TEST_CASE("Migrations are applied once, in order, and recorded") {
  Fixture fixture;
  REQUIRE_OK(fixture.Apply(Notes({kCreate})));
  REQUIRE_OK(fixture.Apply(Notes({kCreate, kFill})));
  REQUIRE_OK(fixture.Apply(Notes({kCreate, kFill})));
  CHECK(fixture.Applied() == "notes1create_note notes2fill_note");
  CHECK(fixture.Notes() == 2);
  CHECK(fixture.Sql("SELECT checksum FROM schema_migration WHERE version = 1")[0].Text(0) == Sha256Hex(kCreate.sql));
  CHECK(fixture.Sql("SELECT 1 FROM schema_migration WHERE apply_time > now() - interval '1 hour'").size() == 2);
}

TEST_CASE("Components have versions of their own, in the order given") {
  Fixture fixture;
  const MigrationSet notes = Notes({kCreate});
  const MigrationSet tags{"tags", {{1, "create_tag", "CREATE TABLE tag (note bigint REFERENCES note)"}}};
  REQUIRE_OK(Migrate(fixture.connection(), {&notes, &tags}));
  CHECK(fixture.Applied() == "notes1create_note tags1create_tag");
}

TEST_CASE("A failed migration leaves nothing behind, keeps the ones before and names its place") {
  Fixture fixture;
  const Migration wrong{2, "wrong", "INSERT INTO note VALUES (1);\n\nINSERT INTO nothing VALUES (2);"};
  const absl::Status status = fixture.Apply(Notes({kCreate, wrong}));
  CHECK_STATUS_IS(status, absl::StatusCode::kInternal,
                  "notes V0002 wrong: line 3: relation \"nothing\" does not exist");
  CHECK(fixture.Applied() == "notes1create_note");
  CHECK(fixture.Notes() == 0);
  REQUIRE_OK(fixture.Apply(Notes({kCreate, kFill})));
  CHECK(fixture.Notes() == 2);
}

TEST_CASE("A failure tells no data") {
  Fixture fixture;
  const Migration cast{2, "cast", "INSERT INTO note VALUES (3); SELECT 'ayse@example.com'::text::bigint FROM note;"};
  const absl::Status status = fixture.Apply(Notes({kCreate, cast}));
  CHECK_STATUS_IS(status, absl::StatusCode::kInternal, "22P02");
  CHECK_FALSE(testing::MessageContains(status, "ayse"));
}

TEST_CASE("History that differs is refused") {
  Fixture fixture;
  REQUIRE_OK(fixture.Apply(Notes({kCreate, kFill})));
  const Migration edited{1, "create_note", "CREATE TABLE note (id bigint PRIMARY KEY, text text);"};
  CHECK_STATUS_IS(fixture.Apply(Notes({edited, kFill})), absl::StatusCode::kFailedPrecondition,
                  "notes V0001 create_note");
  CHECK_STATUS_IS(fixture.Apply(Notes({kCreate})), absl::StatusCode::kFailedPrecondition, "version 2");
  CHECK_STATUS_IS(fixture.Apply(Notes({kFill, kCreate})), absl::StatusCode::kInternal, "ascend");
  CHECK_STATUS_IS(fixture.Apply(Notes({kCreate, kCreate})), absl::StatusCode::kInternal, "ascend");
}

TEST_CASE("A schema that does not exist is refused, and nothing lands in public") {
  Fixture fixture;
  ConnectionOptions options = fixture.options();
  options.schema = "t_migrate_missing";
  Connection connection(options);
  const MigrationSet set = Notes({kCreate});
  CHECK_STATUS_IS(Migrate(connection, {&set}), absl::StatusCode::kFailedPrecondition, "t_migrate_missing");
  CHECK(fixture.Sql("SELECT 1 FROM pg_tables WHERE schemaname = 'public' AND tablename IN ('note', 'schema_migration')")
            .empty());
}

TEST_CASE("Processes that start at once take turns, also where it takes longer than a lock may") {
  Fixture fixture;
  const MigrationSet set = Notes({kCreate, kFill, {3, "rest", "SELECT pg_sleep(0.2)"}});
  ConnectionOptions options = fixture.options();
  options.lock_timeout = std::chrono::milliseconds(30);
  options.statement_timeout = std::chrono::milliseconds(60);
  std::vector<absl::Status> statuses(6);
  std::vector<std::thread> starters;
  for (absl::Status& status : statuses) {
    starters.emplace_back([&status, &options, &set] {
      Connection connection(options);
      status = Migrate(connection, {&set});
    });
  }
  for (std::thread& starter : starters) starter.join();
  for (const absl::Status& status : statuses) CHECK_OK(status);
  CHECK(fixture.Notes() == 2);
  CHECK(fixture.Applied() == "notes1create_note notes2fill_note notes3rest");
}

TEST_CASE("A migration waits for others' locks no longer than any statement") {
  Fixture fixture;
  REQUIRE_OK(fixture.Apply(Notes({kCreate})));
  ConnectionOptions options = fixture.options();
  options.lock_timeout = std::chrono::milliseconds(20);
  Connection starter(options);
  const MigrationSet set = Notes({kCreate, {2, "widen", "ALTER TABLE note ADD COLUMN text text"}});
  CHECK_OK(fixture.connection().Run({}, [&](Tx& tx) {
    CHECK_OK(tx.ExecuteScript("LOCK TABLE note"));
    CHECK_STATUS_IS(Migrate(starter, {&set}), absl::StatusCode::kDeadlineExceeded, "notes V0002 widen");
    return absl::OkStatus();
  }));
  CHECK_OK(Migrate(starter, {&set}));
}

}  // namespace
}  // namespace esnaf::postgres
