#pragma once

// Forward-only migrations, embedded in the binaries, applied at start under an advisory lock.
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "libs/postgres/connection.h"

namespace esnaf::postgres {

struct Migration {
  int version;        // ascends from 1; numbers may be left out, so that pieces of work made side by side keep theirs
  const char* title;  // from the file's name
  const char* sql;
};

// The migrations of one component: a service, or a library whose tables every service has.
struct MigrationSet {
  std::string component;
  std::vector<Migration> migrations;
};

// Brings the connection's schema (which must exist) up to date: each migration runs once, in its own transaction,
// and is recorded in `schema_migration(component, version, title, checksum, apply_time)`. Several processes may do so
// at once: they take turns. A migration has as long as it needs, but waits for other sessions' locks no longer than any
// statement. FAILED_PRECONDITION where a recorded migration's text has changed since, or where the schema is newer than
// this binary knows, or missing. A failure names the component, the version and, where the server tells it, the line.
// Open the connection without components: before the migrations their statements cannot be prepared.
absl::Status Migrate(Connection& connection, const std::vector<const MigrationSet*>& sets);

}  // namespace esnaf::postgres
