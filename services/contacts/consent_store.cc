#include "services/contacts/consent_store.h"

namespace esnaf::contacts {
namespace {

#define ESNAF_CONSENT_COLUMNS                                                                                    \
  " s.id, s.contact_id, s.purpose, s.channel, s.status, s.legal_basis, s.source, s.recipient, s.recipient_type," \
  " s.brand_code, s.text_version, s.consent_time, s.proof, s.create_time "
constexpr int kConsentColumnCount = 14;

const postgres::Statement kAddConsent("contacts", "add_consent", R"sql(
  WITH added AS (
    INSERT INTO consent (id, contact_id, purpose, channel, status, legal_basis, source, recipient, recipient_type,
                         brand_code, text_version, consent_time, proof, create_time)
    SELECT $10::uuid, c.id, $12::text, $13::smallint, $14::smallint, $15::smallint, $16::smallint, $17::text,
           $18::smallint, $19::text, $20::text, $21::timestamptz, $22::text, $23::timestamptz
    FROM contact c WHERE c.id = $11::uuid
    RETURNING id, contact_id),
  entry AS (
    INSERT INTO timeline_entry (id, contact_id, kind, occur_time, summary)
    SELECT added.id, added.contact_id, 2, $21::timestamptz, $24::text FROM added),
  event AS (
    INSERT INTO outbox (event_id, aggregate_type, aggregate_id, aggregate_version, type, payload, happen_time,
                        trace_parent, actor)
    SELECT $1::uuid, $2::text, $3::uuid, $4::bigint, $5::text, $6::bytea, $7::timestamptz, $8::text, $9::text FROM added
    RETURNING xact)
  SELECT xact::text FROM event)sql");

// Keep in step with StateOf, which says the same of a ledger in memory.
const postgres::Statement kGetConsentState(
    "contacts", "get_consent_state",
    "SELECT DISTINCT ON (s.purpose, s.channel, s.recipient, s.brand_code)" ESNAF_CONSENT_COLUMNS R"sql(FROM consent s
  WHERE s.contact_id = ANY($1::uuid[]) AND s.consent_time <= $2::timestamptz
  ORDER BY s.purpose, s.channel, s.recipient, s.brand_code, s.consent_time DESC, s.create_time DESC, s.id DESC)sql");

const postgres::Statement kGetConsentStates(
    "contacts", "get_consent_states",
    "SELECT DISTINCT ON (s.contact_id, s.purpose, s.channel, s.recipient, s.brand_code)" ESNAF_CONSENT_COLUMNS
    R"sql(FROM consent s
  WHERE s.contact_id = ANY($1::uuid[]) AND s.consent_time <= $2::timestamptz
  ORDER BY s.contact_id, s.purpose, s.channel, s.recipient, s.brand_code, s.consent_time DESC, s.create_time DESC,
           s.id DESC)sql");

Consent ReadConsent(const postgres::Row& row) {
  return {.id = row.Get<Uuid>(0),
          .contact_id = row.Get<Uuid>(1),
          .purpose = row.Get<std::string>(2),
          .channel = static_cast<ConsentChannel>(row.Get<int>(3)),
          .status = static_cast<ConsentStatus>(row.Get<int>(4)),
          .legal_basis = static_cast<LegalBasis>(row.Get<int>(5)),
          .source = static_cast<ConsentSource>(row.Get<int>(6)),
          .recipient = row.Get<std::string>(7),
          .recipient_type = static_cast<ConsentRecipientType>(row.Get<int>(8)),
          .brand_code = row.Get<std::string>(9),
          .text_version = row.Get<std::string>(10),
          .consent_time = row.Get<Time>(11),
          .proof = row.Get<std::string>(12),
          .create_time = row.Get<Time>(13)};
}

}  // namespace

absl::Status AddConsent(postgres::Tx& tx, const Consent& consent, const events::NewEvent& event) {
  std::vector<postgres::Param> params = events::OutboxParams(event);
  for (postgres::Param param : std::vector<postgres::Param>{
           consent.id, consent.contact_id, consent.purpose, static_cast<int>(consent.channel),
           static_cast<int>(consent.status), static_cast<int>(consent.legal_basis), static_cast<int>(consent.source),
           consent.recipient, static_cast<int>(consent.recipient_type), consent.brand_code, consent.text_version,
           consent.consent_time, consent.proof, consent.create_time, EntryOf(consent).summary}) {
    params.push_back(std::move(param));
  }
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.ExecuteParams(kAddConsent, params));
  if (rows.empty()) return NotFound("contact", consent.contact_id.ToString());
  tx.NoteEventXact(rows[0].Get<std::uint64_t>(0));
  return absl::OkStatus();
}

const api::FieldTable& ConsentFields() {
  static const api::FieldTable kFields{{{"consent_time", "s.consent_time", api::FieldType::kTime}}, "s.id"};
  return kFields;
}

absl::StatusOr<ConsentPage> ListConsents(postgres::Tx& tx, const api::ListQuery& query,
                                         const std::vector<Uuid>& contacts) {
  const api::SqlQuery sql =
      query.Select(ESNAF_CONSENT_COLUMNS, "consent s", "s.contact_id = ANY($1::uuid[])", {contacts});
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.ExecuteDynamic(sql.sql, sql.params));
  ConsentPage page;
  for (int i = 0; i < query.PageRows(rows); ++i) page.consents.push_back(ReadConsent(rows[i]));
  page.next_page_token = query.NextPageToken(rows, kConsentColumnCount);
  return page;
}

absl::StatusOr<std::vector<Consent>> GetConsentState(postgres::Tx& tx, const std::vector<Uuid>& contacts, Time as_of) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kGetConsentState, contacts, as_of));
  std::vector<Consent> state;
  for (int i = 0; i < rows.size(); ++i) state.push_back(ReadConsent(rows[i]));
  return state;
}

absl::StatusOr<std::map<Uuid, std::vector<Consent>>> GetConsentStates(postgres::Tx& tx,
                                                                      const std::vector<Uuid>& contacts, Time as_of) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kGetConsentStates, contacts, as_of));
  std::map<Uuid, std::vector<Consent>> states;
  for (int i = 0; i < rows.size(); ++i) {
    Consent consent = ReadConsent(rows[i]);
    states[consent.contact_id].push_back(std::move(consent));
  }
  return states;
}

}  // namespace esnaf::contacts
