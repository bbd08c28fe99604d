#include "services/attribution/retention.h"

#include "libs/base/macros.h"

namespace esnaf::attribution {
namespace {

const postgres::Statement kForgetTouches("attribution", "forget_unknown_touches", R"sql(
WITH looked AS (
  SELECT id, occur_time, visitor_id, contact_id FROM touchpoint
   WHERE (occur_time, id) > ($2::timestamptz, $3::uuid) AND occur_time < $1::timestamptz
   ORDER BY occur_time, id LIMIT 5000
), forgotten AS (
  DELETE FROM touchpoint t USING looked l
   WHERE t.id = l.id AND l.contact_id IS NULL
     AND NOT EXISTS (SELECT FROM visitor_link v WHERE v.visitor_id = l.visitor_id)
  RETURNING t.id
)
SELECT l.occur_time, l.id, (SELECT count(*) FROM looked), (SELECT count(*) FROM forgotten)
  FROM looked l ORDER BY l.occur_time DESC, l.id DESC LIMIT 1
)sql");

const postgres::Statement kForgetSupersededCredit("attribution", "forget_superseded_credit", R"sql(
DELETE FROM superseded_credit WHERE ctid = ANY (ARRAY(
  SELECT ctid FROM superseded_credit WHERE known_until < $1::timestamptz ORDER BY known_until LIMIT 5000))
)sql");

const postgres::Statement kForgetSupersededSpend("attribution", "forget_superseded_spend", R"sql(
DELETE FROM superseded_ad_spend WHERE ctid = ANY (ARRAY(
  SELECT ctid FROM superseded_ad_spend WHERE known_until < $1::timestamptz ORDER BY known_until LIMIT 5000))
)sql");

}  // namespace

absl::StatusOr<TouchPiece> ForgetUnknownTouches(postgres::Tx& tx, Time before, const TouchCursor& after) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kForgetTouches, before, after.time, after.id));
  if (rows.empty()) return TouchPiece{.last = after};
  return TouchPiece{.last = {rows[0].Get<Time>(0), rows[0].Get<Uuid>(1)},
                    .looked = rows[0].Get<std::int64_t>(2),
                    .forgotten = rows[0].Get<std::int64_t>(3)};
}

absl::StatusOr<std::int64_t> ForgetSuperseded(postgres::Tx& tx, Time before) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result credit, tx.Execute(kForgetSupersededCredit, before));
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result spend, tx.Execute(kForgetSupersededSpend, before));
  return credit.affected_rows() + spend.affected_rows();
}

}  // namespace esnaf::attribution
