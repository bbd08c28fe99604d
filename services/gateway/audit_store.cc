#include "services/gateway/audit_store.h"

namespace esnaf::gateway {
namespace {

constexpr char kColumns[] = "a.id, a.call_time, a.actor, a.method, a.code, a.request_id, a.peer";
constexpr int kFirstColumnAfterRecord = 7;

const postgres::Statement kInsert("gateway", "insert_audit_entries", R"sql(
  INSERT INTO audit_entry (id, call_time, actor, method, code, request_id, peer)
  SELECT * FROM unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
  ON CONFLICT (id) DO NOTHING)sql");

}  // namespace

const api::FieldTable& AuditFields() {
  // A UUIDv7 sorts by the time of its making.
  static const api::FieldTable kFields{{{.name = "id", .sql = "a.id", .type = api::FieldType::kUuid}}, "a.id"};
  return kFields;
}

absl::Status InsertAuditRecords(postgres::Tx& tx, const std::vector<AuditRecord>& records) {
  std::vector<Uuid> ids;
  std::vector<Time> times;
  std::vector<std::string> actors, methods, codes, request_ids, peers;
  for (const AuditRecord& record : records) {
    ids.push_back(record.id);
    times.push_back(record.call_time);
    actors.push_back(record.actor);
    methods.push_back(record.method);
    codes.push_back(record.code);
    request_ids.push_back(record.request_id);
    peers.push_back(record.peer);
  }
  return tx.Execute(kInsert, ids, times, actors, methods, codes, request_ids, peers).status();
}

absl::StatusOr<AuditPage> ListAuditRecords(postgres::Tx& tx, const api::ListQuery& query, const std::string& actor) {
  const api::SqlQuery sql = actor.empty() ? query.Select(kColumns, "audit_entry a")
                                          : query.Select(kColumns, "audit_entry a", "a.actor = $1", {actor});
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.ExecuteDynamic(sql.sql, sql.params));
  AuditPage page;
  for (int i = 0; i < query.PageRows(rows); ++i) {
    const postgres::Row row = rows[i];
    page.records.push_back({row.Get<Uuid>(0), row.Get<Time>(1), row.Get<std::string>(2), row.Get<std::string>(3),
                            row.Get<std::string>(4), row.Get<std::string>(5), row.Get<std::string>(6)});
  }
  page.next_page_token = query.NextPageToken(rows, kFirstColumnAfterRecord);
  return page;
}

}  // namespace esnaf::gateway
