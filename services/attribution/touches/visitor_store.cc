#include "services/attribution/touches/visitor_store.h"

#include <algorithm>

#include "libs/base/macros.h"

namespace esnaf::attribution {
namespace {

// The last link before the new one decides whether it says anything new; of several new ones for one visitor all but
// exact repetitions are kept. What orders say is kept always: orders come late, and between two of one person another's
// may come to stand, after which the second one says whose the visitor is again.
const postgres::Statement kLinkVisitors("attribution", "link_visitors", R"sql(
WITH input AS (
  SELECT DISTINCT * FROM unnest($1::text[], $2::timestamptz[], $3::uuid[], $4::smallint[], $5::text[], $6::text[],
                                $7::boolean[], $8::boolean[])
    AS i (visitor_id, link_time, contact_id, identity_kind, identity_store_id, identity_value, proven, by_order)
), fresh AS (
  SELECT i.* FROM input i
   LEFT JOIN LATERAL (
     SELECT l.contact_id, l.identity_kind, l.identity_store_id, l.identity_value FROM visitor_link l
      WHERE l.visitor_id = i.visitor_id AND l.proven = i.proven AND l.link_time <= i.link_time
      ORDER BY l.link_time DESC LIMIT 1) last ON true
   WHERE i.by_order
      OR (last.contact_id, last.identity_kind, last.identity_store_id, last.identity_value)
         IS DISTINCT FROM (i.contact_id, i.identity_kind, i.identity_store_id, i.identity_value)
), added AS (
  INSERT INTO visitor_link (visitor_id, link_time, contact_id, identity_kind, identity_store_id, identity_value, proven,
                            create_time)
  SELECT visitor_id, link_time, contact_id, identity_kind, identity_store_id, identity_value, proven, $9::timestamptz
    FROM fresh ORDER BY visitor_id, link_time
  ON CONFLICT DO NOTHING
  RETURNING visitor_id, contact_id, identity_kind, identity_store_id, identity_value
)
SELECT coalesce(l.contact_id, i.contact_id)
  FROM (SELECT * FROM added
        UNION
        SELECT l.visitor_id, l.contact_id, l.identity_kind, l.identity_store_id, l.identity_value
          FROM visitor_link l WHERE l.visitor_id IN (SELECT visitor_id FROM added)) l
  LEFT JOIN contact_identity i
    ON i.kind = l.identity_kind AND i.store_id = l.identity_store_id AND i.value = l.identity_value
 WHERE coalesce(l.contact_id, i.contact_id) IS NOT NULL
)sql");

const postgres::Statement kLinkedByIdentity("attribution", "linked_by_identity", R"sql(
SELECT DISTINCT i.contact_id
  FROM contact_identity i
  LEFT JOIN visitor_link l
    ON l.identity_kind = i.kind AND l.identity_store_id = i.store_id AND l.identity_value = i.value
 WHERE i.contact_id = ANY ($1::uuid[]) AND (i.kind = 4 OR l.visitor_id IS NOT NULL)
)sql");

const postgres::Statement kPathsChanged("attribution", "paths_changed", R"sql(
INSERT INTO path_change (contact_id, change_time)
SELECT DISTINCT c, $2::timestamptz FROM unnest($1::uuid[]) AS c ORDER BY c
ON CONFLICT (contact_id) DO UPDATE SET change_time = greatest(path_change.change_time, excluded.change_time)
)sql");

const postgres::Statement kTakePathChanges("attribution", "take_path_changes", R"sql(
DELETE FROM path_change WHERE contact_id IN (
  SELECT contact_id FROM path_change WHERE change_time <= $1::timestamptz
   ORDER BY change_time LIMIT $2::int FOR UPDATE SKIP LOCKED)
RETURNING contact_id
)sql");

std::vector<Uuid> FirstColumn(const postgres::Result& rows) {
  std::vector<Uuid> ids;
  for (int i = 0; i < rows.size(); ++i) ids.push_back(rows[i].Get<Uuid>(0));
  return ids;
}

}  // namespace

absl::Status LinkVisitors(postgres::Tx& tx, const std::vector<VisitorLink>& links, Time now) {
  if (links.empty()) return absl::OkStatus();
  std::vector<std::string> visitors, stores, values;
  std::vector<Time> times;
  std::vector<std::optional<Uuid>> contacts;
  std::vector<std::optional<int>> kinds;
  std::vector<bool> proven, by_order;
  for (const VisitorLink& link : links) {
    visitors.push_back(link.visitor_id);
    times.push_back(link.link_time);
    contacts.push_back(link.contact_id);
    kinds.push_back(link.identity ? std::optional(static_cast<int>(link.identity->kind)) : std::nullopt);
    stores.push_back(link.identity ? link.identity->store_id : "");
    values.push_back(link.identity ? link.identity->value : "");
    proven.push_back(link.proven);
    by_order.push_back(link.by_order);
  }
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kLinkVisitors, visitors, times, contacts, kinds,
                                                                 stores, values, proven, by_order, now));
  return PathsChanged(tx, FirstColumn(rows), now);
}

absl::StatusOr<std::vector<Uuid>> LinkedByIdentity(postgres::Tx& tx, const std::vector<Uuid>& contacts) {
  if (contacts.empty()) return std::vector<Uuid>();
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kLinkedByIdentity, contacts));
  return FirstColumn(rows);
}

absl::Status PathsChanged(postgres::Tx& tx, const std::vector<Uuid>& contacts, Time now) {
  if (contacts.empty()) return absl::OkStatus();
  return tx.Execute(kPathsChanged, contacts, now).status();
}

absl::StatusOr<std::vector<Uuid>> TakePathChanges(postgres::Tx& tx, Time until, int limit) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kTakePathChanges, until, limit));
  return FirstColumn(rows);
}

}  // namespace esnaf::attribution
