#include "services/support/forms/form_store.h"

#include "libs/api/stored_json.h"
#include "libs/base/error.h"
#include "libs/base/macros.h"

#define ESNAF_FORM_COLUMNS                                                                              \
  "f.body, f.version, f.create_time, f.update_time, "                                                   \
  "(SELECT count(*) FROM form_submission s WHERE s.form_id = f.id AND cardinality(s.suspicions) = 0), " \
  "(SELECT count(*) FROM form_submission s WHERE s.form_id = f.id AND cardinality(s.suspicions) > 0)"

namespace esnaf::support {
namespace {

constexpr int kMostForms = 500;
constexpr std::chrono::hours kAddressTime{24};
constexpr int kForgottenAtOnce = 1000;

const postgres::Statement kCount("support", "count_ticket_forms", "SELECT count(*) FROM ticket_form");
const postgres::Statement kInsert("support", "insert_ticket_form", R"sql(
INSERT INTO ticket_form (id, store_id, body, version, create_time, update_time) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT DO NOTHING RETURNING id
)sql");
const postgres::Statement kUpdate("support", "update_ticket_form",
                                  "UPDATE ticket_form SET body = $2, version = $3, update_time = $4 WHERE id = $1");
const postgres::Statement kDelete("support", "delete_ticket_form", "DELETE FROM ticket_form WHERE id = $1");
const postgres::Statement kGet("support", "get_ticket_form",
                               "SELECT " ESNAF_FORM_COLUMNS " FROM ticket_form f WHERE f.id = $1");
const postgres::Statement kGetToFill("support", "get_ticket_form_to_fill",
                                     "SELECT body FROM ticket_form WHERE id = $1");
const postgres::Statement kLock("support", "lock_ticket_form",
                                "SELECT " ESNAF_FORM_COLUMNS " FROM ticket_form f WHERE f.id = $1 FOR UPDATE OF f");

const postgres::Statement kInsertSubmission("support", "insert_form_submission", R"sql(
INSERT INTO form_submission (ticket_id, form_id, store_id, address_hash, content_hash, suspicions, create_time)
VALUES ($1, $2, $3, $4, $5, $6::text[], $7)
ON CONFLICT DO NOTHING RETURNING ticket_id
)sql");
const postgres::Statement kForget("support", "forget_form_addresses", R"sql(
UPDATE form_submission SET address_hash = ''
 WHERE ticket_id IN (SELECT ticket_id FROM form_submission WHERE address_hash <> '' AND create_time < $1
                      ORDER BY create_time LIMIT $2 FOR UPDATE SKIP LOCKED)
RETURNING ticket_id
)sql");
const postgres::Statement kSentContent("support", "find_form_submission_content",
                                       "SELECT content_hash FROM form_submission WHERE ticket_id = $1");
const postgres::Statement kCountSent("support", "count_form_submissions", R"sql(
SELECT (SELECT count(*) FROM (SELECT 1 FROM form_submission
                               WHERE address_hash = $1 AND address_hash <> '' AND create_time > $4 LIMIT $6) AS a),
       (SELECT count(*) FROM (SELECT 1 FROM form_submission
                               WHERE store_id = $2 AND cardinality(suspicions) = 0 AND create_time > $4
                               LIMIT $7) AS b),
       EXISTS (SELECT 1 FROM form_submission WHERE content_hash = $3 AND create_time > $5)
)sql");

}  // namespace

const char kFormColumns[] = ESNAF_FORM_COLUMNS;

absl::StatusOr<FormRecord> ReadForm(const postgres::Row& row) {
  FormRecord read{
      .record = {.version = row.Get<std::int64_t>(1), .create_time = row.Get<Time>(2), .update_time = row.Get<Time>(3)},
      .tickets = row.Get<std::int64_t>(4),
      .spam = row.Get<std::int64_t>(5)};
  ESNAF_ASSIGN_OR_RETURN(read.record.body, api::FromStoredJson<v1::TicketForm>(row.Text(0)));
  return read;
}

absl::Status InsertForm(postgres::Tx& tx, const Record<v1::TicketForm>& record) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result count, tx.Execute(kCount));
  if (count[0].Get<std::int64_t>(0) >= kMostForms) {
    return MakeError(absl::StatusCode::kResourceExhausted, "TOO_MANY", "there are as many as there may be",
                     {{"most", absl::StrCat(kMostForms)}});
  }
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows,
                         tx.Execute(kInsert, record.body.id(), record.body.store_id(), api::ToStoredJson(record.body),
                                    record.version, record.create_time, record.update_time));
  return rows.empty() ? AlreadyExists("TICKET_FORM_ALREADY_EXISTS", record.body.id()) : absl::OkStatus();
}

absl::Status UpdateForm(postgres::Tx& tx, const Record<v1::TicketForm>& record) {
  return tx.Execute(kUpdate, record.body.id(), api::ToStoredJson(record.body), record.version, record.update_time)
      .status();
}

absl::Status DeleteForm(postgres::Tx& tx, const std::string& id) { return tx.Execute(kDelete, id).status(); }

absl::StatusOr<FormRecord> GetForm(postgres::Tx& tx, const std::string& id, bool lock) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(lock ? kLock : kGet, id));
  if (rows.empty()) return NotFound("ticket_form", id);
  return ReadForm(rows[0]);
}

absl::StatusOr<v1::TicketForm> GetFormToFill(postgres::Tx& tx, const std::string& id) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kGetToFill, id));
  if (rows.empty()) return NotFound("ticket_form", id);
  return api::FromStoredJson<v1::TicketForm>(rows[0].Text(0));
}

absl::StatusOr<bool> InsertSubmission(postgres::Tx& tx, const Submission& submission) {
  ESNAF_ASSIGN_OR_RETURN(
      const postgres::Result rows,
      tx.Execute(kInsertSubmission, submission.ticket_id, submission.form_id, submission.store_id,
                 submission.address_hash, submission.content_hash, submission.suspicions, submission.create_time));
  return !rows.empty();
}

absl::StatusOr<std::optional<std::string>> FindSentContent(postgres::Tx& tx, const Uuid& ticket_id) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kSentContent, ticket_id));
  if (rows.empty()) return std::nullopt;
  return std::optional(rows[0].Get<std::string>(0));
}

absl::StatusOr<bool> ForgetFormAddresses(postgres::Tx& tx, Time now) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kForget, now - kAddressTime, kForgottenAtOnce));
  return rows.size() == kForgottenAtOnce;
}

absl::StatusOr<SentBefore> CountSent(postgres::Tx& tx, const Submission& submission, const SentBounds& bounds) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows,
                         tx.Execute(kCountSent, submission.address_hash, submission.store_id, submission.content_hash,
                                    bounds.since, bounds.said_since, bounds.most_from_address, bounds.most_to_store));
  return SentBefore{rows[0].Get<std::int64_t>(0), rows[0].Get<std::int64_t>(1), rows[0].Get<bool>(2)};
}

}  // namespace esnaf::support
