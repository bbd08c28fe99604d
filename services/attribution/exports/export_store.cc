#include "services/attribution/exports/export_store.h"

#include "libs/api/convert.h"
#include "libs/base/crypto.h"
#include "libs/base/error.h"
#include "libs/base/macros.h"

namespace esnaf::attribution {
namespace {

const postgres::Statement kUntold("attribution", "untold_conversions", R"sql(
SELECT c.order_id, c.contact_id, c.order_external_id, c.place_time, c.currency_code,
       CASE WHEN c.cancelled THEN 0 ELSE c.net_minor END
  FROM conversion c
 WHERE c.store_id = $1 AND c.place_time >= $3 AND (c.place_time, c.order_id) < ($4, $5) AND NOT c.is_return
   AND NOT EXISTS (SELECT 1 FROM told_conversion t WHERE t.destination = $2 AND t.order_id = c.order_id)
 ORDER BY c.place_time DESC, c.order_id DESC LIMIT $6
)sql");

// Walks along the aliases end after 64 links, so that a circle, which swapped events can leave for a moment, ends too.
// What an OFFSET ends is looked up one by one. Of words of one time the denial counts.
const postgres::Statement kDenials("attribution", "standing_denials", R"sql(
WITH RECURSIVE member (person, contact_id, depth) AS (
  SELECT q.id, q.id, 0 FROM unnest($1::uuid[]) AS q (id)
  UNION ALL
  SELECT m.person, a.original, m.depth + 1
    FROM member m JOIN contact_alias a ON a.canonical = m.contact_id WHERE m.depth < 64
), known AS (
  SELECT m.person, i.kind, i.store_id, i.value
    FROM member m CROSS JOIN LATERAL (SELECT * FROM contact_identity WHERE contact_id = m.contact_id OFFSET 0) i
), visitor AS (
  SELECT m.person, l.visitor_id
    FROM member m CROSS JOIN LATERAL (SELECT * FROM visitor_link WHERE contact_id = m.contact_id OFFSET 0) l
  UNION
  SELECT k.person, l.visitor_id
    FROM known k
    CROSS JOIN LATERAL (SELECT * FROM visitor_link
                         WHERE identity_kind = k.kind AND identity_store_id = k.store_id AND identity_value = k.value
                        OFFSET 0) l
  UNION
  SELECT k.person, k.value FROM known k WHERE k.kind = 4
), word AS (
  SELECT v.person, t.consent, t.occur_time
    FROM visitor v
    CROSS JOIN LATERAL (SELECT consent, occur_time FROM touchpoint
                         WHERE visitor_id = v.visitor_id AND occur_time BETWEEN $3 AND $4 AND contact_id IS NULL
                           AND store_id = $2 AND NOT bot AND substr(consent, 3, 1) IN ('G', 'D')
                         ORDER BY occur_time DESC, substr(consent, 3, 1) LIMIT 1) t
  UNION ALL
  SELECT m.person, t.consent, t.occur_time
    FROM member m
    CROSS JOIN LATERAL (SELECT consent, occur_time FROM touchpoint
                         WHERE contact_id = m.contact_id AND occur_time BETWEEN $3 AND $4
                           AND store_id = $2 AND NOT bot AND substr(consent, 3, 1) IN ('G', 'D')
                         ORDER BY occur_time DESC, substr(consent, 3, 1) LIMIT 1) t
)
SELECT person, max(occur_time) FROM word WHERE substr(consent, 3, 1) = 'D' GROUP BY person
)sql");

const postgres::Statement kChanged("attribution", "changed_conversions", R"sql(
SELECT c.order_id, c.order_external_id, t.gclid, t.conversion_name, t.conversion_time, c.currency_code,
       CASE WHEN c.cancelled THEN 0 ELSE greatest(c.net_minor, 0) END AS value
  FROM told_conversion t JOIN conversion c USING (order_id)
 WHERE t.destination = $2 AND t.store_id = $1 AND t.value_minor > 0
   AND t.value_minor <> CASE WHEN c.cancelled THEN 0 ELSE greatest(c.net_minor, 0) END
 ORDER BY t.conversion_time, c.order_id LIMIT $3
)sql");

const postgres::Statement kInsertExport("attribution", "insert_export", R"sql(
INSERT INTO conversion_export (id, store_id, create_time, summary) VALUES ($1, $2, $3, $4)
)sql");

const postgres::Statement kInsertFiles("attribution", "insert_export_files", R"sql(
INSERT INTO conversion_export_file (export_id, number, name, content_type, content, row_count)
SELECT $1, given.* FROM unnest($2::int[], $3::text[], $4::text[], $5::text[], $6::bigint[]) AS given
)sql");

const postgres::Statement kInsertTold("attribution", "insert_told", R"sql(
INSERT INTO told_conversion
       (destination, store_id, export_id, order_id, value_minor, gclid, conversion_name, conversion_time)
SELECT $1, $2, $3, given.* FROM unnest($4::uuid[], $5::bigint[], $6::text[], $7::text[], $8::timestamptz[]) AS given
    ON CONFLICT DO NOTHING
)sql");

const postgres::Statement kUpdateTold("attribution", "update_told", R"sql(
UPDATE told_conversion t SET value_minor = given.value_minor, export_id = $2
  FROM unnest($3::uuid[], $4::bigint[]) AS given (order_id, value_minor)
 WHERE t.destination = $1 AND t.order_id = given.order_id AND t.value_minor <> given.value_minor
)sql");

const postgres::Statement kGetExport("attribution", "get_export", R"sql(
SELECT e.summary, NOT EXISTS (SELECT 1 FROM conversion_export_file f WHERE f.export_id = e.id AND NOT f.delivered)
  FROM conversion_export e WHERE e.id = $1
)sql");

const postgres::Statement kGetFiles("attribution", "get_export_files", R"sql(
SELECT name, content_type, content, row_count, delivered, answer_status, answer, send_time
  FROM conversion_export_file WHERE export_id = $1 ORDER BY number
)sql");

const postgres::Statement kClaimFile("attribution", "claim_export_file", R"sql(
UPDATE conversion_export_file SET claim_time = $3
 WHERE export_id = $1 AND number = $2 AND NOT delivered AND (claim_time IS NULL OR claim_time <= $4)
)sql");

// What was delivered stays so, whatever another call that was late is answered.
const postgres::Statement kRecordAnswer("attribution", "record_export_answer", R"sql(
UPDATE conversion_export_file SET delivered = $3, answer_status = $4, answer = $5, send_time = $6, claim_time = NULL
 WHERE export_id = $1 AND number = $2 AND NOT delivered
)sql");

absl::StatusOr<Money> MoneyAt(const postgres::Row& row, int currency, int minor) {
  ESNAF_ASSIGN_OR_RETURN(const Currency read, Currency::Parse(row.Text(currency)));
  return Money{row.Get<std::int64_t>(minor), read};
}

// What was told, by columns.
struct Columns {
  std::vector<Uuid> orders;
  std::vector<std::int64_t> values;
  std::vector<std::string> gclids, names;
  std::vector<Time> times;
};

Columns ColumnsOf(const std::vector<ToldConversion>& list) {
  Columns columns;
  for (const ToldConversion& one : list) {
    columns.orders.push_back(one.order_id);
    columns.values.push_back(one.value_minor);
    columns.gclids.push_back(one.gclid);
    columns.names.push_back(one.conversion_name);
    columns.times.push_back(one.conversion_time);
  }
  return columns;
}

absl::Status Meanwhile() {
  return MakeError(absl::StatusCode::kAborted, "EXPORTED_MEANWHILE", "another export has told of these conversions");
}

}  // namespace

absl::StatusOr<std::vector<ExportCandidate>> UntoldConversions(postgres::Tx& tx, const ExportQuery& query) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows,
                         tx.Execute(kUntold, query.store_id, static_cast<int>(query.destination), query.start,
                                    query.end, query.before_id, query.limit));
  std::vector<ExportCandidate> candidates;
  for (int i = 0; i < rows.size(); ++i) {
    ExportCandidate& candidate = candidates.emplace_back();
    candidate.order_id = rows[i].Get<Uuid>(0);
    candidate.contact_id = rows[i].Get<std::optional<Uuid>>(1);
    candidate.external_id = rows[i].Get<std::string>(2);
    candidate.time = rows[i].Get<Time>(3);
    ESNAF_ASSIGN_OR_RETURN(candidate.value, MoneyAt(rows[i], 4, 5));
  }
  return candidates;
}

absl::StatusOr<std::map<Uuid, Time>> StandingDenials(postgres::Tx& tx, const std::vector<Uuid>& contacts,
                                                     const std::string& store_id, Time from, Time until) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kDenials, contacts, store_id, from, until));
  std::map<Uuid, Time> denials;
  for (int i = 0; i < rows.size(); ++i) denials.emplace(rows[i].Get<Uuid>(0), rows[i].Get<Time>(1));
  return denials;
}

absl::StatusOr<std::vector<ConversionAdjustment>> ChangedConversionsOf(postgres::Tx& tx, const ExportQuery& query,
                                                                       Time now) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows,
                         tx.Execute(kChanged, query.store_id, static_cast<int>(query.destination), query.limit));
  std::vector<ConversionAdjustment> adjustments;
  for (int i = 0; i < rows.size(); ++i) {
    ConversionAdjustment& adjustment = adjustments.emplace_back();
    adjustment.order_id = rows[i].Get<std::string>(0);
    adjustment.external_id = rows[i].Get<std::string>(1);
    adjustment.gclid = rows[i].Get<std::string>(2);
    adjustment.conversion_name = rows[i].Get<std::string>(3);
    adjustment.conversion_time = rows[i].Get<Time>(4);
    adjustment.adjustment_time = now;
    ESNAF_ASSIGN_OR_RETURN(adjustment.value, MoneyAt(rows[i], 5, 6));
  }
  return adjustments;
}

absl::Status InsertExport(postgres::Tx& tx, const v1::ConversionExport& made, Time now,
                          const std::vector<ToldConversion>& told, const std::vector<ToldConversion>& adjusted) {
  v1::ConversionExport summary = made;
  summary.clear_files();
  ESNAF_RETURN_IF_ERROR(
      tx.Execute(kInsertExport, made.id(), made.store_id(), now, postgres::Bytes{summary.SerializeAsString()})
          .status());
  std::vector<int> numbers;
  std::vector<std::string> names, types, contents;
  std::vector<std::int64_t> counts;
  for (const v1::ExportFile& file : made.files()) {
    numbers.push_back(static_cast<int>(numbers.size()));
    names.push_back(file.name());
    types.push_back(file.content_type());
    contents.push_back(file.content());
    counts.push_back(file.row_count());
  }
  ESNAF_RETURN_IF_ERROR(tx.Execute(kInsertFiles, made.id(), numbers, names, types, contents, counts).status());
  const auto destination = static_cast<int>(made.destination());
  const Columns first = ColumnsOf(told);
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result inserted,
                         tx.Execute(kInsertTold, destination, made.store_id(), made.id(), first.orders, first.values,
                                    first.gclids, first.names, first.times));
  if (inserted.affected_rows() != static_cast<std::int64_t>(told.size())) return Meanwhile();
  const Columns changed = ColumnsOf(adjusted);
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result updated,
                         tx.Execute(kUpdateTold, destination, made.id(), changed.orders, changed.values));
  return updated.affected_rows() == static_cast<std::int64_t>(adjusted.size()) ? absl::OkStatus() : Meanwhile();
}

absl::StatusOr<v1::ConversionExport> ReadExportRow(const postgres::Row& row) {
  v1::ConversionExport made;
  if (!made.ParseFromString(row.Get<postgres::Bytes>(0).data)) {
    return absl::DataLossError("an export on record cannot be read");
  }
  const bool in_answer = made.delivery() == v1::EXPORT_DELIVERY_UNSPECIFIED;
  made.set_state(in_answer || row.Get<bool>(1) ? v1::EXPORT_STATE_DELIVERED : v1::EXPORT_STATE_PENDING);
  return made;
}

absl::StatusOr<v1::ConversionExport> GetExport(postgres::Tx& tx, const std::string& id) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result found, tx.Execute(kGetExport, id));
  if (found.empty()) return NotFound("conversion_export", id);
  ESNAF_ASSIGN_OR_RETURN(v1::ConversionExport made, ReadExportRow(found[0]));
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result files, tx.Execute(kGetFiles, id));
  for (int i = 0; i < files.size(); ++i) {
    v1::ExportFile& file = *made.add_files();
    file.set_name(files[i].Get<std::string>(0));
    file.set_content_type(files[i].Get<std::string>(1));
    file.set_content(files[i].Get<std::string>(2));
    file.set_content_sha256(Sha256Hex(file.content()));
    file.set_row_count(files[i].Get<std::int64_t>(3));
    file.set_delivered(files[i].Get<bool>(4));
    file.set_answer_status(files[i].Get<int>(5));
    file.set_answer(files[i].Get<std::string>(6));
    if (!files[i].IsNull(7)) *file.mutable_send_time() = api::ToProto(files[i].Get<Time>(7));
  }
  return made;
}

absl::StatusOr<bool> ClaimFile(postgres::Tx& tx, const std::string& export_id, int number, Time now) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result claimed, tx.Execute(kClaimFile, export_id, number, now, now - kClaim));
  return claimed.affected_rows() > 0;
}

absl::Status RecordAnswer(postgres::Tx& tx, const std::string& export_id, int number, const v1::ExportFile& file,
                          Time now) {
  return tx.Execute(kRecordAnswer, export_id, number, file.delivered(), file.answer_status(), file.answer(), now)
      .status();
}

}  // namespace esnaf::attribution
