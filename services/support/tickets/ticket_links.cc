#include "services/support/tickets/ticket_links.h"

#include "libs/base/macros.h"

namespace esnaf::support {
namespace {

const postgres::Statement kAddLink("support", "add_ticket_link", R"sql(
INSERT INTO ticket_link (ticket_id, other_id) VALUES ($1, $2), ($2, $1) ON CONFLICT DO NOTHING
)sql");
const postgres::Statement kRemoveLink("support", "remove_ticket_link", R"sql(
DELETE FROM ticket_link WHERE (ticket_id = $1 AND other_id = $2) OR (ticket_id = $2 AND other_id = $1)
)sql");

const postgres::Statement kCountOpenParts("support", "count_open_ticket_parts", R"sql(
SELECT parent_id, count(*) FROM ticket WHERE parent_id = ANY ($1::uuid[]) AND state <= 5 GROUP BY parent_id
)sql");
const postgres::Statement kIsPartOf("support", "ticket_is_part_of", R"sql(
WITH RECURSIVE whole (id) AS (
  SELECT $1::uuid
  UNION
  SELECT t.parent_id FROM whole w JOIN ticket t ON t.id = w.id WHERE t.parent_id IS NOT NULL)
SELECT EXISTS (SELECT FROM whole WHERE id = $2)
)sql");
// Merged ones are passed over: what they were goes on elsewhere.
const postgres::Statement kFindFollowUp("support", "find_follow_up", R"sql(
SELECT id FROM ticket WHERE follow_up_of_id = $1 AND state NOT IN (8, 9) ORDER BY create_time DESC, id DESC LIMIT 1
)sql");

}  // namespace

absl::Status AddLink(postgres::Tx& tx, const Uuid& a, const Uuid& b) { return tx.Execute(kAddLink, a, b).status(); }
absl::Status RemoveLink(postgres::Tx& tx, const Uuid& a, const Uuid& b) {
  return tx.Execute(kRemoveLink, a, b).status();
}

absl::StatusOr<std::map<Uuid, std::int64_t>> CountOpenParts(postgres::Tx& tx, const std::vector<Uuid>& ids) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kCountOpenParts, ids));
  std::map<Uuid, std::int64_t> counts;
  for (int i = 0; i < rows.size(); ++i) counts[rows[i].Get<Uuid>(0)] = rows[i].Get<std::int64_t>(1);
  return counts;
}

absl::StatusOr<bool> IsPartOf(postgres::Tx& tx, const Uuid& part, const Uuid& whole) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kIsPartOf, part, whole));
  return rows[0].Get<bool>(0);
}

absl::StatusOr<std::optional<Uuid>> FindFollowUp(postgres::Tx& tx, const Uuid& id) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kFindFollowUp, id));
  if (rows.empty()) return std::nullopt;
  return std::optional(rows[0].Get<Uuid>(0));
}

}  // namespace esnaf::support
