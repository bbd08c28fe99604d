#include "services/support/inbound/phone_call_store.h"

#include "libs/base/macros.h"

#define ESNAF_CALL_COLUMNS                                                                                    \
  "c.id, c.external_id, c.store_id, c.ticket_id, c.ticket_message_id, c.contact_id, c.direction, c.outcome, " \
  "c.phone_number, c.start_time, c.duration_seconds, c.recording_url, c.summary, c.agent, c.create_time"

namespace esnaf::support {
namespace {

const postgres::Statement kInsert("support", "insert_phone_call", R"sql(
INSERT INTO phone_call (id, external_id, store_id, ticket_id, ticket_message_id, contact_id, direction, outcome,
                        phone_number, start_time, duration_seconds, recording_url, summary, agent, create_time)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
ON CONFLICT DO NOTHING RETURNING id
)sql");
const postgres::Statement kFind("support", "find_phone_call",
                                "SELECT " ESNAF_CALL_COLUMNS " FROM phone_call c WHERE c.id = $1");
const postgres::Statement kFindOf("support", "find_phone_call_of", "SELECT " ESNAF_CALL_COLUMNS R"sql(
  FROM phone_call c WHERE c.store_id = $1 AND c.external_id = $2 AND c.external_id <> ''
)sql");

}  // namespace

const char kPhoneCallColumns[] = ESNAF_CALL_COLUMNS;

PhoneCall ReadPhoneCall(const postgres::Row& row) {
  return {.id = row.Get<Uuid>(0),
          .external_id = row.Get<std::string>(1),
          .store_id = row.Get<std::string>(2),
          .ticket_id = row.Get<Uuid>(3),
          .ticket_message_id = row.Get<Uuid>(4),
          .contact_id = row.Get<std::optional<Uuid>>(5),
          .direction = static_cast<CallDirection>(row.Get<int>(6)),
          .outcome = static_cast<CallOutcome>(row.Get<int>(7)),
          .phone_number = row.Get<std::string>(8),
          .start_time = row.Get<Time>(9),
          .duration = std::chrono::seconds(row.Get<int>(10)),
          .recording_url = row.Get<std::string>(11),
          .summary = row.Get<std::string>(12),
          .agent = row.Get<std::string>(13),
          .create_time = row.Get<Time>(14)};
}

absl::StatusOr<bool> InsertPhoneCall(postgres::Tx& tx, const PhoneCall& call) {
  ESNAF_ASSIGN_OR_RETURN(
      const postgres::Result rows,
      tx.Execute(kInsert, call.id, call.external_id, call.store_id, call.ticket_id, call.ticket_message_id,
                 call.contact_id, static_cast<int>(call.direction), static_cast<int>(call.outcome), call.phone_number,
                 call.start_time, static_cast<int>(call.duration.count()), call.recording_url, call.summary, call.agent,
                 call.create_time));
  return !rows.empty();
}

absl::StatusOr<std::optional<PhoneCall>> FindPhoneCall(postgres::Tx& tx, const Uuid& id) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kFind, id));
  if (rows.empty()) return std::nullopt;
  return std::optional(ReadPhoneCall(rows[0]));
}

absl::StatusOr<std::optional<PhoneCall>> FindPhoneCallOf(postgres::Tx& tx, const std::string& store_id,
                                                         const std::string& external_id) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kFindOf, store_id, external_id));
  if (rows.empty()) return std::nullopt;
  return std::optional(ReadPhoneCall(rows[0]));
}

}  // namespace esnaf::support
