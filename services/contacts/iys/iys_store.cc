#include "services/contacts/iys/iys_store.h"

#include "absl/strings/str_cat.h"
#include "services/contacts/contact.h"
#include "services/contacts/merge_store.h"

namespace esnaf::contacts {
namespace {

using postgres::Statement;

constexpr auto kFailedPrecondition = absl::StatusCode::kFailedPrecondition;

// One that changes brands keeps the others waiting, so that what they check holds when they write.
const Statement kLockBrands("contacts", "lock_iys_brands", "SELECT pg_advisory_xact_lock(hashtext('iys_brand'))");
const Statement kSaveBrand("contacts", "save_iys_brand", R"sql(
INSERT INTO iys_brand (brand_code, display_name, is_default, update_time) VALUES ($1, $2, $3, $4)
ON CONFLICT (brand_code) DO UPDATE SET display_name = excluded.display_name, is_default = excluded.is_default,
                                       update_time = excluded.update_time)sql");
const Statement kDropStores("contacts", "drop_iys_brand_stores", "DELETE FROM iys_brand_store WHERE brand_code = $1");
const Statement kTakenStore("contacts", "taken_iys_brand_store", R"sql(
SELECT store_id FROM iys_brand_store WHERE store_id = ANY ($1::text[]) AND brand_code <> $2 ORDER BY store_id LIMIT 1
)sql");
const Statement kAddStores("contacts", "add_iys_brand_stores", R"sql(
INSERT INTO iys_brand_store (store_id, brand_code) SELECT unnest($1::text[]), $2)sql");
const Statement kListBrands("contacts", "list_iys_brands", R"sql(
SELECT b.brand_code, b.display_name, b.is_default,
       ARRAY (SELECT s.store_id FROM iys_brand_store s WHERE s.brand_code = b.brand_code ORDER BY s.store_id)
  FROM iys_brand b ORDER BY b.brand_code)sql");
const Statement kBrandOfStore("contacts", "iys_brand_of_store",
                              "SELECT brand_code FROM iys_brand_store WHERE store_id = $1");
const Statement kIsDefault("contacts", "is_default_iys_brand",
                           "SELECT 1 FROM iys_brand WHERE brand_code = $1 AND is_default");

const Statement kAddresses("contacts", "iys_addresses", R"sql(
SELECT DISTINCT value FROM contact_identity
 WHERE contact_id = ANY ($1::uuid[]) AND kind = $2 AND (verified OR $3::boolean) ORDER BY value)sql");
const Statement kAddRecord("contacts", "add_iys_record", R"sql(
INSERT INTO iys_record (consent_id, recipient, brand_code, channel, recipient_type, status, source, consent_time,
                        deadline, state, problem)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING)sql");
// What İYS does not know yet and still has to. What it refused, or would, has no way to it any more once the contact
// has said something newer of the channel to the brand.
#define ESNAF_IYS_OPEN                                                                                        \
  " r.state <> 3 AND NOT (r.state >= 4 AND EXISTS (SELECT 1 FROM consent o JOIN consent n ON n.contact_id = " \
  "o.contact_id AND n.purpose = o.purpose AND n.channel = o.channel AND n.brand_code = o.brand_code AND "     \
  "(n.consent_time, n.id) > (o.consent_time, o.id) WHERE o.id = r.consent_id)) "
const Statement kCountOverdue("contacts", "count_overdue_iys_records",
                              "SELECT count(*) FROM iys_record r WHERE " ESNAF_IYS_OPEN " AND deadline <= $1");

#define ESNAF_IYS_RECORD_COLUMNS                                                                               \
  " r.consent_id, r.recipient, r.brand_code, r.channel, r.recipient_type, r.status, r.source, r.consent_time," \
  " r.deadline, r.state, r.problem, r.batch_id "
constexpr int kRecordColumnCount = 12;

const Statement kAddBatch("contacts", "add_iys_batch",
                          "INSERT INTO iys_batch (id, brand_code, create_time) VALUES ($1, $2, $3)");
const Statement kFillBatch("contacts", "fill_iys_batch", R"sql(
WITH picked AS (
  SELECT consent_id, recipient, consent_time FROM iys_record
   WHERE state = 1 AND (brand_code = $2 OR ($3::boolean AND brand_code = ''))
   ORDER BY consent_time, consent_id, recipient LIMIT $4 FOR UPDATE SKIP LOCKED),
numbered AS (
  SELECT consent_id, recipient, row_number() OVER (ORDER BY consent_time, consent_id, recipient) - 1 AS position
    FROM picked)
UPDATE iys_record r SET state = 2, batch_id = $1, position = n.position
  FROM numbered n WHERE r.consent_id = n.consent_id AND r.recipient = n.recipient)sql");
const Statement kGetBatch("contacts", "get_iys_batch", "SELECT brand_code, create_time FROM iys_batch WHERE id = $1");
const Statement kBatchRecords("contacts", "iys_batch_records",
                              "SELECT" ESNAF_IYS_RECORD_COLUMNS
                              "FROM iys_record r WHERE r.batch_id = $1 ORDER BY r.position");
const Statement kReport("contacts", "report_iys_batch", R"sql(
UPDATE iys_record r SET state = CASE WHEN a.error = '' THEN 3 ELSE 4 END, problem = a.error
  FROM unnest($2::int[], $3::text[]) AS a (position, error) WHERE r.batch_id = $1 AND r.position = a.position)sql");
const Statement kGaps("contacts", "iys_batch_gaps",
                      "SELECT coalesce(max(position) + 1, 0) <> count(*) FROM iys_record WHERE batch_id = $1");
const Statement kReportOthers("contacts", "report_other_iys_records",
                              "UPDATE iys_record SET state = 3 WHERE batch_id = $1 AND state = 2");
const Statement kRetry("contacts", "retry_iys_batch", R"sql(
UPDATE iys_record SET state = 1, batch_id = NULL, position = NULL, problem = '' WHERE batch_id = $1 AND state = 4)sql");

const Statement kContactsOfAddress("contacts", "contacts_of_address", R"sql(
SELECT contact_id FROM contact_identity WHERE kind = $1 AND value = $2
UNION SELECT contact_id FROM consent WHERE recipient = $2 AND channel = $3 ORDER BY 1)sql");
const Statement kLaterWord("contacts", "later_iys_word", R"sql(
SELECT 1 FROM consent
 WHERE contact_id = ANY ($1::uuid[]) AND purpose = $2 AND channel = $3 AND recipient IN ('', $4) AND brand_code = $5
   AND consent_time >= $6 LIMIT 1)sql");
// Of a refusal with a date: who refused with that address then or later. Of one without: whose last word is a refusal.
const Statement kRefusedSince("contacts", "refused_iys_since", R"sql(
SELECT DISTINCT contact_id FROM consent
 WHERE contact_id = ANY ($1::uuid[]) AND purpose = $2 AND channel = $3 AND recipient = $4 AND brand_code = $5
   AND status = $6 AND consent_time >= $7)sql");
const Statement kRefusedLast("contacts", "refused_iys_last", R"sql(
SELECT contact_id FROM (
  SELECT DISTINCT ON (contact_id) contact_id, status FROM consent
   WHERE contact_id = ANY ($1::uuid[]) AND purpose = $2 AND channel = $3 AND recipient IN ('', $4) AND brand_code = $5
   ORDER BY contact_id, consent_time DESC, id DESC) AS last WHERE status = $6)sql");
const Statement kNoteChange("contacts", "note_iys_change", R"sql(
INSERT INTO iys_change AS held (brand_code, channel, recipient, status, consent_time, contact_count, create_time)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (brand_code, channel, recipient, status, consent_time)
DO UPDATE SET contact_count = excluded.contact_count WHERE held.contact_count = 0)sql");

IysRecord ReadRecord(const postgres::Row& row) {
  return {.consent_id = row.Get<Uuid>(0),
          .recipient = row.Get<std::string>(1),
          .brand_code = row.Get<std::string>(2),
          .channel = static_cast<ConsentChannel>(row.Get<int>(3)),
          .recipient_type = static_cast<ConsentRecipientType>(row.Get<int>(4)),
          .status = static_cast<ConsentStatus>(row.Get<int>(5)),
          .source = static_cast<ConsentSource>(row.Get<int>(6)),
          .consent_time = row.Get<Time>(7),
          .deadline = row.Get<Time>(8),
          .state = static_cast<IysRecordState>(row.Get<int>(9)),
          .problem = row.Get<std::string>(10),
          .batch_id = row.Get<std::optional<Uuid>>(11)};
}

int IdentityKindOf(ConsentChannel channel) {
  return static_cast<int>(channel == ConsentChannel::kEposta ? IdentityKind::kEmail : IdentityKind::kPhone);
}

// The addresses for which a consent for whichever the contact has counts: a consent for those alone that are proven to
// be the contact's, a refusal for all.
absl::StatusOr<std::vector<std::string>> AddressesOf(postgres::Tx& tx, const Consent& consent) {
  std::vector<std::string> addresses;
  ESNAF_ASSIGN_OR_RETURN(const std::vector<Uuid> cluster, ClusterOf(tx, consent.contact_id));
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kAddresses, cluster, IdentityKindOf(consent.channel),
                                                                 consent.status == ConsentStatus::kRet));
  for (int i = 0; i < rows.size(); ++i) addresses.push_back(rows[i].Get<std::string>(0));
  return addresses;
}

}  // namespace

absl::Status SaveIysBrand(postgres::Tx& tx, const IysBrand& brand, Time now) {
  ESNAF_RETURN_IF_ERROR(tx.Execute(kLockBrands).status());
  ESNAF_ASSIGN_OR_RETURN(const std::vector<IysBrand> brands, ListIysBrands(tx));
  for (const IysBrand& other : brands) {
    const bool same = other.brand_code == brand.brand_code;
    if (other.is_default && same != brand.is_default) {
      return MakeError(kFailedPrecondition, "IYS_DEFAULT_BRAND",
                       "the default brand stays the default one: consents without a code are its own",
                       {{"brand_code", other.brand_code}});
    }
  }
  ESNAF_RETURN_IF_ERROR(tx.Execute(kSaveBrand, brand.brand_code, brand.display_name, brand.is_default, now).status());
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result taken, tx.Execute(kTakenStore, brand.store_ids, brand.brand_code));
  if (!taken.empty()) {
    return MakeError(kFailedPrecondition, "IYS_STORE_TAKEN", "the store is another brand's",
                     {{"store_id", taken[0].Get<std::string>(0)}});
  }
  ESNAF_RETURN_IF_ERROR(tx.Execute(kDropStores, brand.brand_code).status());
  return tx.Execute(kAddStores, brand.store_ids, brand.brand_code).status();
}

absl::StatusOr<std::vector<IysBrand>> ListIysBrands(postgres::Tx& tx) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kListBrands));
  std::vector<IysBrand> brands;
  for (int i = 0; i < rows.size(); ++i) {
    brands.push_back({.brand_code = rows[i].Get<std::string>(0),
                      .display_name = rows[i].Get<std::string>(1),
                      .store_ids = rows[i].Get<std::vector<std::string>>(3),
                      .is_default = rows[i].Get<bool>(2)});
  }
  return brands;
}

absl::StatusOr<IysBrand> GetIysBrand(postgres::Tx& tx, const std::string& brand_code) {
  ESNAF_ASSIGN_OR_RETURN(std::vector<IysBrand> brands, ListIysBrands(tx));
  for (IysBrand& brand : brands) {
    if (brand.brand_code == brand_code) return std::move(brand);
  }
  return NotFound("iys_brand", brand_code);
}

absl::StatusOr<std::string> CanonicalBrand(postgres::Tx& tx, const std::string& brand_code,
                                           const std::string& store_id) {
  std::string code = brand_code;
  if (code.empty() && !store_id.empty()) {
    ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kBrandOfStore, store_id));
    if (!rows.empty()) code = rows[0].Get<std::string>(0);
  }
  if (code.empty()) return code;
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kIsDefault, code));
  return rows.empty() ? code : std::string();
}

absl::Status AddIysRecords(postgres::Tx& tx, const Consent& consent) {
  if (!IsForIys(consent)) return absl::OkStatus();
  std::vector<std::string> addresses;
  if (consent.recipient.empty()) {
    ESNAF_ASSIGN_OR_RETURN(addresses, AddressesOf(tx, consent));
  }
  for (const IysRecord& record : IysRecordsOf(consent, addresses)) {
    ESNAF_RETURN_IF_ERROR(tx.Execute(kAddRecord, record.consent_id, record.recipient, record.brand_code,
                                     static_cast<int>(record.channel), static_cast<int>(record.recipient_type),
                                     static_cast<int>(record.status), static_cast<int>(record.source),
                                     record.consent_time, record.deadline, static_cast<int>(record.state),
                                     record.problem)
                              .status());
  }
  return absl::OkStatus();
}

const api::FieldTable& IysRecordFields() {
  static const api::FieldTable kFields{
      {{"deadline", "r.deadline", api::FieldType::kTime}, {"consent_time", "r.consent_time", api::FieldType::kTime}},
      "r.id"};
  return kFields;
}

absl::StatusOr<IysRecordPage> ListIysRecords(postgres::Tx& tx, const api::ListQuery& query,
                                             std::optional<Time> overdue_at) {
  const api::SqlQuery sql =
      query.Select(ESNAF_IYS_RECORD_COLUMNS, "iys_record r",
                   ESNAF_IYS_OPEN " AND r.deadline <= coalesce($1::timestamptz, 'infinity')", {overdue_at});
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.ExecuteDynamic(sql.sql, sql.params));
  IysRecordPage page;
  for (int i = 0; i < query.PageRows(rows); ++i) page.records.push_back(ReadRecord(rows[i]));
  page.next_page_token = query.NextPageToken(rows, kRecordColumnCount);
  return page;
}

absl::StatusOr<std::int64_t> CountOverdueIysRecords(postgres::Tx& tx, Time now) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kCountOverdue, now));
  return rows[0].Get<std::int64_t>(0);
}

absl::StatusOr<int> CreateIysBatch(postgres::Tx& tx, const IysBatch& batch, bool is_default_brand, int most) {
  ESNAF_RETURN_IF_ERROR(tx.Execute(kAddBatch, batch.id, batch.brand_code, batch.create_time).status());
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result filled,
                         tx.Execute(kFillBatch, batch.id, batch.brand_code, is_default_brand, most));
  return static_cast<int>(filled.affected_rows());
}

absl::StatusOr<IysBatch> GetIysBatch(postgres::Tx& tx, const Uuid& id) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result found, tx.Execute(kGetBatch, id));
  if (found.empty()) return NotFound("iys_batch", id.ToString());
  IysBatch batch{.id = id, .brand_code = found[0].Get<std::string>(0), .create_time = found[0].Get<Time>(1)};
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kBatchRecords, id));
  for (int i = 0; i < rows.size(); ++i) batch.records.push_back(ReadRecord(rows[i]));
  return batch;
}

absl::Status ReportIysBatch(postgres::Tx& tx, const Uuid& id, const std::vector<IysAnswer>& answers, bool others) {
  std::vector<int> indexes;
  std::vector<std::string> errors;
  for (const IysAnswer& answer : answers) {
    indexes.push_back(answer.index);
    errors.push_back(answer.error);
  }
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result gaps, tx.Execute(kGaps, id));
  if (gaps[0].Get<bool>(0)) {
    return MakeError(
        absl::StatusCode::kFailedPrecondition, "IYS_BATCH_RETRIED",
        "the batch's failed records are pending again, and their places in its file are not the same any more",
        {{"batch_id", id.ToString()}});
  }
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result reported, tx.Execute(kReport, id, indexes, errors));
  if (reported.affected_rows() != static_cast<std::int64_t>(answers.size())) {
    return InvalidField("results", "names a record that the batch does not have");
  }
  return others ? tx.Execute(kReportOthers, id).status() : absl::OkStatus();
}

absl::Status RetryIysBatch(postgres::Tx& tx, const Uuid& id) { return tx.Execute(kRetry, id).status(); }

absl::StatusOr<std::vector<Uuid>> ContactsOfAddress(postgres::Tx& tx, const IysChange& change) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kContactsOfAddress, IdentityKindOf(change.channel),
                                                                 change.recipient, static_cast<int>(change.channel)));
  std::vector<Uuid> contacts;
  for (int i = 0; i < rows.size(); ++i) contacts.push_back(rows[i].Get<Uuid>(0));
  return contacts;
}

absl::StatusOr<bool> HasLaterWord(postgres::Tx& tx, const std::vector<Uuid>& contacts, const std::string& brand_code,
                                  const IysChange& change) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows,
                         tx.Execute(kLaterWord, contacts, kIysPurpose, static_cast<int>(change.channel),
                                    change.recipient, brand_code, change.consent_time));
  return !rows.empty();
}

absl::StatusOr<std::set<Uuid>> ContactsWhoRefused(postgres::Tx& tx, const std::vector<Uuid>& contacts,
                                                  const std::string& brand_code, const IysChange& change) {
  const int channel = static_cast<int>(change.channel), refusal = static_cast<int>(ConsentStatus::kRet);
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows,
                         change.has_date ? tx.Execute(kRefusedSince, contacts, kIysPurpose, channel, change.recipient,
                                                      brand_code, refusal, change.consent_time)
                                         : tx.Execute(kRefusedLast, contacts, kIysPurpose, channel, change.recipient,
                                                      brand_code, refusal));
  std::set<Uuid> refused;
  for (int i = 0; i < rows.size(); ++i) refused.insert(rows[i].Get<Uuid>(0));
  return refused;
}

absl::StatusOr<bool> NoteIysChange(postgres::Tx& tx, const std::string& brand_code, const IysChange& change,
                                   std::size_t contact_count, Time now) {
  ESNAF_ASSIGN_OR_RETURN(
      const postgres::Result noted,
      tx.Execute(kNoteChange, brand_code, static_cast<int>(change.channel), change.recipient,
                 static_cast<int>(change.status), change.has_date ? change.consent_time : Time::min(),
                 static_cast<int>(contact_count), now));
  return noted.affected_rows() > 0;
}

}  // namespace esnaf::contacts
