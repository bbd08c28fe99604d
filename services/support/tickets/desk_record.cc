#include "services/support/tickets/desk_record.h"

#include "libs/base/store_id.h"
#include "libs/base/text.h"

namespace esnaf::support {
namespace {

constexpr std::size_t kMaxNameBytes = 200;

const postgres::Statement kCount("support", "count_desk_records", "SELECT count(*) FROM desk_record WHERE kind = $1");
const postgres::Statement kInsert("support", "insert_desk_record", R"sql(
INSERT INTO desk_record (kind, id, position, team, body, version, create_time, update_time)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (kind, id) DO NOTHING RETURNING 1
)sql");
const postgres::Statement kUpdate("support", "update_desk_record", R"sql(
UPDATE desk_record SET position = $3, team = $4, body = $5, version = $6, update_time = $7 WHERE kind = $1 AND id = $2
)sql");
const postgres::Statement kDelete("support", "delete_desk_record",
                                  "DELETE FROM desk_record WHERE kind = $1 AND id = $2");
const postgres::Statement kGet("support", "get_desk_record", R"sql(
SELECT r.kind, r.id, r.position, r.team, r.body, r.version, r.create_time, r.update_time
  FROM desk_record r WHERE r.kind = $1 AND r.id = $2
)sql");
const postgres::Statement kLock("support", "lock_desk_record", R"sql(
SELECT r.kind, r.id, r.position, r.team, r.body, r.version, r.create_time, r.update_time
  FROM desk_record r WHERE r.kind = $1 AND r.id = $2 FOR UPDATE
)sql");
const postgres::Statement kList("support", "list_desk_records", R"sql(
SELECT r.kind, r.id, r.position, r.team, r.body, r.version, r.create_time, r.update_time
  FROM desk_record r WHERE r.kind = $1 AND ($2 = '' OR r.team IN ('', $2)) ORDER BY r.position, r.id
)sql");

}  // namespace

const char kDeskColumns[] = "r.kind, r.id, r.position, r.team, r.body, r.version, r.create_time, r.update_time";

DeskRecord ReadDeskRecord(const postgres::Row& row) {
  return {.kind = row.Get<std::string>(0),
          .id = row.Get<std::string>(1),
          .position = row.Get<int>(2),
          .team = row.Get<std::string>(3),
          .body = row.Get<std::string>(4),
          .version = row.Get<std::int64_t>(5),
          .create_time = row.Get<Time>(6),
          .update_time = row.Get<Time>(7)};
}

const api::FieldTable& DeskFields() {
  static const api::FieldTable kFields{
      .fields = {{.name = "position", .sql = "r.position", .type = api::FieldType::kInteger},
                 {.name = "id", .sql = "r.id"}},
      .id_sql = "r.id"};
  return kFields;
}

absl::Status InsertDeskRecord(postgres::Tx& tx, const DeskRecord& record, int most) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result count, tx.Execute(kCount, record.kind));
  if (count[0].Get<std::int64_t>(0) >= most) {
    return MakeError(absl::StatusCode::kResourceExhausted, "TOO_MANY", "there are as many as there may be",
                     {{"most", absl::StrCat(most)}});
  }
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows,
                         tx.Execute(kInsert, record.kind, record.id, record.position, record.team, record.body,
                                    record.version, record.create_time, record.update_time));
  if (!rows.empty()) return absl::OkStatus();
  return MakeError(absl::StatusCode::kAlreadyExists, "ALREADY_EXISTS", "there is one with this id",
                   {{"id", record.id}});
}

absl::Status UpdateDeskRecord(postgres::Tx& tx, const DeskRecord& record) {
  return tx
      .Execute(kUpdate, record.kind, record.id, record.position, record.team, record.body, record.version,
               record.update_time)
      .status();
}

absl::Status DeleteDeskRecord(postgres::Tx& tx, const std::string& kind, const std::string& id) {
  return tx.Execute(kDelete, kind, id).status();
}

absl::StatusOr<DeskRecord> GetDeskRecord(postgres::Tx& tx, const std::string& kind, const std::string& id, bool lock) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(lock ? kLock : kGet, kind, id));
  if (rows.empty()) return NotFound(kind, id);
  return ReadDeskRecord(rows[0]);
}

absl::StatusOr<std::vector<DeskRecord>> ListDeskRecords(postgres::Tx& tx, const std::string& kind,
                                                        const std::string& team) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kList, kind, team));
  std::vector<DeskRecord> records;
  for (int i = 0; i < rows.size(); ++i) records.push_back(ReadDeskRecord(rows[i]));
  return records;
}

void CheckDeskRecord(const DeskRecord& record, const std::string& display_name, const std::string& field,
                     FieldViolations& violations) {
  // They are called as stores are.
  if (!IsStoreId(record.id)) violations.Add(field + ".id", "is not of the form [a-z0-9][a-z0-9_-]{0,62}");
  const auto is_name = [](const std::string& text) { return text.size() <= kMaxNameBytes && IsCleanUtf8(text); };
  const std::string mistake = absl::StrCat("is no clean UTF-8 of at most ", kMaxNameBytes, " bytes");
  if (Trim(display_name).empty()) {
    violations.Add(field + ".display_name", "is empty");
  } else if (!is_name(display_name)) {
    violations.Add(field + ".display_name", mistake);
  }
  if (!is_name(record.team)) violations.Add(field + ".team", mistake);
  if (record.position < 0) violations.Add(field + ".position", "is negative");
}

}  // namespace esnaf::support
