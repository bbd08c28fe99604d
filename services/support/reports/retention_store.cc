#include "services/support/reports/retention_store.h"

#include "libs/base/macros.h"
#include "services/support/reports/retention.h"

namespace esnaf::support {
namespace {

const postgres::Statement kRequesters("support", "retention_requesters", R"sql(
SELECT t.contact_id,
       -- As it was at the end: what came later may come of what is looked for.
       bool_or(t.breached AND EXISTS (
         SELECT FROM jsonb_array_elements(t.deadlines -> 'deadlines') d WHERE (d ->> 'breachTime')::timestamptz < $2)),
       min(a.score), max(a.score)
  FROM ticket t
  LEFT JOIN (SELECT i.ticket_id, i.score
               FROM survey_invitation i JOIN survey s ON s.id = i.survey_id
              WHERE i.answer_time >= $1 AND i.answer_time < $2 AND s.body ->> 'kind' = 'SURVEY_KIND_CSAT') a
    ON a.ticket_id = t.id
 WHERE t.create_time >= $1 AND t.create_time < $2 AND t.contact_id IS NOT NULL AND t.state NOT IN (8, 9)
   AND (cardinality($3::text[]) = 0 OR t.store_id = ANY ($3::text[]))
 GROUP BY t.contact_id LIMIT $4
)sql");

}  // namespace

absl::StatusOr<std::vector<RetentionRequester>> ReadRequesters(postgres::Tx& tx, Time start, Time end,
                                                               const std::vector<std::string>& store_ids, int limit) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kRequesters, start, end, store_ids, limit));
  std::vector<RetentionRequester> requesters;
  for (int i = 0; i < rows.size(); ++i) {
    const postgres::Row row = rows[i];
    const auto least = row.Get<std::optional<int>>(2), most = row.Get<std::optional<int>>(3);
    int bits = kHadTicket;
    if (row.Get<bool>(1)) bits |= kHadBreach;
    if (least && *least <= 2) bits |= kLowCsat;
    if (least && *least >= 3 && *most >= 4) bits |= kHighCsat;
    requesters.push_back({row.Get<Uuid>(0), static_cast<std::uint8_t>(bits)});
  }
  return requesters;
}

}  // namespace esnaf::support
