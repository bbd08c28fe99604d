#include "libs/postgres/migrate.h"

#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "libs/base/absl_compat.h"
#include "libs/base/crypto.h"
#include "libs/base/error.h"
#include "libs/base/log.h"
#include "libs/base/macros.h"

namespace esnaf::postgres {
namespace {

// Half of the advisory lock's key, the other being the schema: "esnf".
constexpr int kLockClass = 0x65736e66;

// `orders V0003 add_seller`
std::string Describe(const std::string& component, int version, const char* title) {
  return absl::StrFormat("%s V%04d %s", component, version, title);
}

absl::Status Refuse(std::string_view reason, std::string_view message) {
  LogError("the schema cannot be migrated", {{"reason", reason}, {"error", message}});
  return MakeError(absl::StatusCode::kFailedPrecondition, reason, message);
}

absl::Status CheckVersions(const MigrationSet& set) {
  int last = 0;
  for (const Migration& migration : set.migrations) {
    if (migration.version <= last) {
      return absl::InternalError(
          absl::StrCat(Describe(set.component, migration.version, migration.title), ": versions ascend from 1"));
    }
    last = migration.version;
  }
  return absl::OkStatus();
}

// Lets this transaction migrate and all others wait. The lock belongs to the transaction, so that none is left behind
// by a process that died. Waiting for it may take as long as the migrations of another process do.
absl::Status TakeTurn(Tx& tx, const ConnectionOptions& options) {
  ESNAF_RETURN_IF_ERROR(tx.ExecuteScript("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0"));
  ESNAF_RETURN_IF_ERROR(
      tx.ExecuteDynamic("SELECT pg_advisory_xact_lock($1, hashtext($2))", {kLockClass, options.schema}).status());
  return tx.ExecuteScript(absl::StrCat("SET LOCAL lock_timeout = ", options.lock_timeout.count()));
}

// The checksums of a component's recorded migrations by version.
using Recorded = std::map<int, std::string>;
using RecordedByComponent = std::map<std::string, Recorded>;

absl::StatusOr<Recorded> LoadRecorded(Tx& tx, const std::string& component) {
  ESNAF_ASSIGN_OR_RETURN(
      const Result rows,
      tx.ExecuteDynamic("SELECT version, checksum FROM schema_migration WHERE component = $1", {component}));
  Recorded recorded;
  for (int i = 0; i < rows.size(); ++i) recorded.emplace(rows[i].Get<int>(0), rows[i].Get<std::string>(1));
  return recorded;
}

absl::Status CheckRecorded(const MigrationSet& set, const Recorded& recorded) {
  const int newest = set.migrations.empty() ? 0 : set.migrations.back().version;
  if (!recorded.empty() && recorded.rbegin()->first > newest) {
    return Refuse("SCHEMA_NEWER", absl::StrCat(set.component, ": the schema is at version ", recorded.rbegin()->first,
                                               ", this program knows only up to ", newest));
  }
  for (const Migration& migration : set.migrations) {
    const auto found = recorded.find(migration.version);
    if (found != recorded.end() && found->second != Sha256Hex(migration.sql)) {
      return Refuse("MIGRATION_CHANGED",
                    absl::StrCat(Describe(set.component, migration.version, migration.title),
                                 ": its text has changed since it was applied; migrations only go forward"));
    }
  }
  return absl::OkStatus();
}

// Makes sure of the schema and of the table that records; checks and answers what is recorded.
absl::StatusOr<RecordedByComponent> Prepare(Tx& tx, const ConnectionOptions& options,
                                            const std::vector<const MigrationSet*>& sets) {
  ESNAF_RETURN_IF_ERROR(TakeTurn(tx, options));
  ESNAF_ASSIGN_OR_RETURN(const Result schema, tx.ExecuteDynamic("SELECT current_schema()", {}));
  if (schema[0].Text(0) != options.schema) {
    return Refuse("SCHEMA_MISSING", absl::StrCat("schema ", options.schema, " does not exist, or is not ours to use"));
  }
  ESNAF_RETURN_IF_ERROR(tx.ExecuteScript(R"sql(
    CREATE TABLE IF NOT EXISTS schema_migration (
      component text NOT NULL,
      version integer NOT NULL,
      title text NOT NULL,
      checksum text NOT NULL,
      apply_time timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (component, version)
    ))sql"));
  RecordedByComponent recorded;
  for (const MigrationSet* set : sets) {
    ESNAF_ASSIGN_OR_RETURN(recorded[set->component], LoadRecorded(tx, set->component));
    ESNAF_RETURN_IF_ERROR(CheckRecorded(*set, recorded[set->component]));
  }
  return recorded;
}

absl::Status NameFailure(const absl::Status& status, const MigrationSet& set, const Migration& migration) {
  const std::string message = absl::StrCat("migration ", Describe(set.component, migration.version, migration.title),
                                           ": ", std::string(ToStd(status.message())));
  LogError("a migration failed", {{"component", set.component}, {"version", migration.version}, {"error", message}});
  // A database that is away or busy is worth another try; anything else is a mistake in the migration.
  const bool may_pass =
      status.code() == absl::StatusCode::kUnavailable || status.code() == absl::StatusCode::kDeadlineExceeded;
  return MakeError(may_pass ? status.code() : absl::StatusCode::kInternal, "MIGRATION_FAILED", message,
                   {{"component", set.component}, {"version", std::to_string(migration.version)}});
}

// Answers whether this process applied it: another may have done so in between.
absl::StatusOr<bool> ApplyOne(Connection& connection, const MigrationSet& set, const Migration& migration) {
  return connection.Run({}, [&](Tx& tx) -> absl::StatusOr<bool> {
    ESNAF_RETURN_IF_ERROR(TakeTurn(tx, connection.options()));
    ESNAF_ASSIGN_OR_RETURN(const Result recorded,
                           tx.ExecuteDynamic("SELECT 1 FROM schema_migration WHERE component = $1 AND version = $2",
                                             {set.component, migration.version}));
    if (!recorded.empty()) return false;
    ESNAF_RETURN_IF_ERROR(tx.ExecuteScript(migration.sql));
    ESNAF_RETURN_IF_ERROR(
        tx.ExecuteDynamic("INSERT INTO schema_migration (component, version, title, checksum) VALUES ($1, $2, $3, $4)",
                          {set.component, migration.version, migration.title, Sha256Hex(migration.sql)})
            .status());
    return true;
  });
}

}  // namespace

absl::Status Migrate(Connection& connection, const std::vector<const MigrationSet*>& sets) {
  for (const MigrationSet* set : sets) ESNAF_RETURN_IF_ERROR(CheckVersions(*set));
  ESNAF_ASSIGN_OR_RETURN(RecordedByComponent recorded,
                         connection.Run({}, [&](Tx& tx) { return Prepare(tx, connection.options(), sets); }));
  for (const MigrationSet* set : sets) {
    for (const Migration& migration : set->migrations) {
      if (recorded[set->component].contains(migration.version)) continue;
      const absl::StatusOr<bool> applied = ApplyOne(connection, *set, migration);
      if (!applied.ok()) return NameFailure(applied.status(), *set, migration);
      if (*applied) {
        LogInfo("a migration was applied",
                {{"component", set->component}, {"version", migration.version}, {"title", migration.title}});
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace esnaf::postgres
