#pragma once

// The contacts of people, for statements that look up facts: a fact stays under the contact that it came with.

namespace esnaf::attribution {

// `member` (number, contact_id): everybody who was merged into the n-th contact of $1, that one included. Walks along
// the aliases end after 64 links, so that a circle, which swapped events can leave for a moment, ends too.
inline constexpr char kMembers[] = R"sql(
WITH RECURSIVE member (number, contact_id, depth) AS (
  SELECT q.number, q.contact_id, 0 FROM unnest($1::uuid[]) WITH ORDINALITY AS q (contact_id, number)
  UNION ALL
  SELECT m.number, a.original, m.depth + 1
    FROM member m JOIN contact_alias a ON a.canonical = m.contact_id WHERE m.depth < 64
)
)sql";

}  // namespace esnaf::attribution
