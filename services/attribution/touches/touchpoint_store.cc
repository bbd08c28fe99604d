#include "services/attribution/touches/touchpoint_store.h"

#include <algorithm>
#include <map>

#include "libs/base/macros.h"
#include "libs/identity/identity.h"
#include "services/attribution/members.h"
#include "services/attribution/touches/touchpoint_row.h"
#include "services/attribution/touches/visit.h"
#include "services/attribution/touches/visitor.h"
#include "services/attribution/touches/visitor_store.h"

namespace esnaf::attribution {
namespace {

const postgres::Statement kInsertSources("attribution", "insert_traffic_sources", R"sql(
INSERT INTO traffic_source (id, utm_source, utm_medium, campaign, content, term, source_platform, ad_platform,
                            campaign_id, ad_group_id, ad_id, referrer_host, self_referral,
                            source, medium, channel, paid, direct, internal, rules_version)
SELECT *, $20::bigint FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
                      $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::boolean[],
                      $14::text[], $15::text[], $16::text[], $17::boolean[], $18::boolean[], $19::boolean[]) AS i (id)
 ORDER BY i.id
ON CONFLICT (id) DO NOTHING
)sql");

const postgres::Statement kInsertTouchpoints("attribution", "insert_touchpoints", R"sql(
INSERT INTO touchpoint (id, store_id, event_id, visitor_id, contact_id, occur_time, receive_time, kind, name,
                        traffic_source_id, consent, bot, click_ids, referrer, landing_page, user_agent)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::uuid[], $6::timestamptz[], $7::timestamptz[],
                     $8::smallint[], $9::text[], $10::uuid[], $11::text[], $12::boolean[], $13::jsonb[], $14::text[],
                     $15::text[], $16::text[])
ON CONFLICT (id) DO NOTHING
RETURNING id
)sql");

// Whose paths new touches change: everybody who was ever linked to their visitors.
const postgres::Statement kLinkedContacts("attribution", "linked_contacts", R"sql(
SELECT coalesce(l.contact_id, i.contact_id)
  FROM visitor_link l
  LEFT JOIN contact_identity i
    ON i.kind = l.identity_kind AND i.store_id = l.identity_store_id AND i.value = l.identity_value
 WHERE l.visitor_id = ANY ($1::text[]) AND coalesce(l.contact_id, i.contact_id) IS NOT NULL
UNION
SELECT contact_id FROM contact_identity WHERE kind = 4 AND store_id = '' AND value = ANY ($1::text[])
)sql");

const postgres::Statement kCountVisitorDays("attribution", "count_visitor_days", R"sql(
SELECT d.visitor_id, d.day, n.count
  FROM unnest($1::text[], $2::date[]) AS d (visitor_id, day)
  CROSS JOIN LATERAL (
    SELECT count(*) AS count FROM (
      SELECT FROM touchpoint t
       WHERE t.visitor_id = d.visitor_id AND t.occur_time >= d.day::timestamp AT TIME ZONE 'UTC'
         AND t.occur_time < (d.day + 1)::timestamp AT TIME ZONE 'UTC'
       LIMIT $3::int) AS known) AS n
 WHERE n.count > 0
)sql");

const postgres::Statement kCountDropped("attribution", "count_dropped", R"sql(
INSERT INTO dropped_touch (store_id, day, count)
SELECT store_id, day, count(*) FROM unnest($1::text[], $2::date[]) AS d (store_id, day)
 GROUP BY store_id, day ORDER BY store_id, day
ON CONFLICT (store_id, day) DO UPDATE SET count = dropped_touch.count + excluded.count
)sql");

// Every link of each visitor that some contact of the person was ever linked to. What an OFFSET ends is planned by
// itself: rows are looked up one by one, whatever the planner thinks of a table that has just grown.
const std::string kLinksSql = std::string(kMembers) + R"sql(
, own AS (
  SELECT m.number, l.visitor_id
    FROM member m CROSS JOIN LATERAL (SELECT * FROM visitor_link WHERE contact_id = m.contact_id OFFSET 0) l
  UNION
  SELECT m.number, l.visitor_id
    FROM member m CROSS JOIN LATERAL (SELECT * FROM contact_identity WHERE contact_id = m.contact_id OFFSET 0) i
    CROSS JOIN LATERAL (SELECT * FROM visitor_link
                         WHERE identity_kind = i.kind AND identity_store_id = i.store_id AND identity_value = i.value
                        OFFSET 0) l
  UNION
  SELECT m.number, i.value
    FROM member m CROSS JOIN LATERAL (SELECT * FROM contact_identity WHERE contact_id = m.contact_id OFFSET 0) i
   WHERE i.kind = 4
)
SELECT o.number, o.visitor_id, l.link_time, coalesce(l.proven, false),
       l.visitor_id IS NULL
       OR EXISTS (SELECT FROM member m
                   WHERE m.number = o.number AND m.contact_id = coalesce(l.contact_id, i.contact_id))
  FROM own o
  LEFT JOIN LATERAL (SELECT * FROM visitor_link WHERE visitor_id = o.visitor_id OFFSET 0) l ON true
  LEFT JOIN LATERAL (SELECT * FROM contact_identity
                      WHERE kind = l.identity_kind AND store_id = l.identity_store_id AND value = l.identity_value
                     OFFSET 0) i ON true
 ORDER BY o.number, o.visitor_id, l.link_time
)sql";
const postgres::Statement kLinks("attribution", "links_of_people", kLinksSql.c_str());

const std::string kVisitorTouchesSql = std::string("SELECT q.number, ") + kTouchColumns + R"sql(
  FROM unnest($1::bigint[], $2::text[], $3::timestamptz[], $4::timestamptz[])
       AS q (number, visitor_id, from_time, until_time)
  CROSS JOIN LATERAL (SELECT * FROM touchpoint
                       WHERE visitor_id = q.visitor_id AND occur_time >= q.from_time AND occur_time < q.until_time
                      OFFSET 0) t
  CROSS JOIN LATERAL (SELECT * FROM traffic_source WHERE id = t.traffic_source_id OFFSET 0) s
 WHERE t.contact_id IS NULL AND NOT t.bot AND NOT s.internal AND t.kind IN (1, 2, 3)
)sql";
const postgres::Statement kVisitorTouches("attribution", "touches_of_visitors", kVisitorTouchesSql.c_str());

const std::string kContactTouchesSql = std::string(kMembers) + "SELECT m.number, " + kTouchColumns + R"sql(
  FROM member m
  JOIN unnest($2::timestamptz[], $3::timestamptz[]) WITH ORDINALITY AS q (from_time, until_time, number)
    ON q.number = m.number
  CROSS JOIN LATERAL (SELECT * FROM touchpoint
                       WHERE contact_id = m.contact_id AND occur_time >= q.from_time AND occur_time < q.until_time
                      OFFSET 0) t
  CROSS JOIN LATERAL (SELECT * FROM traffic_source WHERE id = t.traffic_source_id OFFSET 0) s
 WHERE NOT t.bot AND NOT s.internal AND t.kind IN (1, 2, 3)
)sql";
const postgres::Statement kContactTouches("attribution", "touches_of_contacts", kContactTouchesSql.c_str());

// A visitor of the person of one query.
using VisitorOfQuery = std::pair<std::size_t, std::string>;
using Links = std::map<VisitorOfQuery, std::vector<PersonalLink>>;

absl::StatusOr<Links> ReadLinks(postgres::Tx& tx, const std::vector<Uuid>& canonicals) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kLinks, canonicals));
  Links links;
  for (int i = 0; i < rows.size(); ++i) {
    const auto number = static_cast<std::size_t>(rows[i].Get<std::int64_t>(0) - 1);
    links[{number, rows[i].Get<std::string>(1)}].push_back(
        {rows[i].Get<std::optional<Time>>(2), rows[i].Get<bool>(3), rows[i].Get<bool>(4)});
  }
  return links;
}

absl::Status AddVisitorTouches(postgres::Tx& tx, const std::vector<PathQuery>& queries, const Links& links,
                               std::vector<std::vector<Touchpoint>>& paths) {
  if (links.empty()) return absl::OkStatus();
  std::vector<std::int64_t> numbers;
  std::vector<std::string> visitors;
  std::vector<Time> from, until;
  for (const auto& [key, unused] : links) {
    numbers.push_back(static_cast<std::int64_t>(key.first));
    visitors.push_back(key.second);
    from.push_back(queries[key.first].from);
    until.push_back(queries[key.first].until);
  }
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kVisitorTouches, numbers, visitors, from, until));
  for (int i = 0; i < rows.size(); ++i) {
    const auto number = static_cast<std::size_t>(rows[i].Get<std::int64_t>(0));
    Touchpoint touch = ReadTouch(rows[i], 1);
    if (IsMine(links.at({number, touch.visitor_id}), touch.occur_time)) paths[number].push_back(std::move(touch));
  }
  return absl::OkStatus();
}

absl::Status AddContactTouches(postgres::Tx& tx, const std::vector<PathQuery>& queries,
                               const std::vector<Uuid>& canonicals, std::vector<std::vector<Touchpoint>>& paths) {
  std::vector<Time> from, until;
  for (const PathQuery& query : queries) {
    from.push_back(query.from);
    until.push_back(query.until);
  }
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kContactTouches, canonicals, from, until));
  for (int i = 0; i < rows.size(); ++i) {
    paths[static_cast<std::size_t>(rows[i].Get<std::int64_t>(0) - 1)].push_back(ReadTouch(rows[i], 1));
  }
  return absl::OkStatus();
}

absl::Status InsertSources(postgres::Tx& tx, const std::vector<Touchpoint>& touches, std::int64_t rules_version) {
  std::map<Uuid, const TrafficSource*> sources;
  for (const Touchpoint& touch : touches) sources.emplace(touch.traffic.id, &touch.traffic);
  std::vector<std::vector<std::string>> texts(14);
  std::vector<Uuid> ids;
  std::vector<bool> self_referrals, paid, direct, internal;
  for (const auto& [id, source] : sources) {
    const ToldSource& told = source->told;
    const DerivedSource& derived = source->derived;
    ids.push_back(id);
    self_referrals.push_back(told.self_referral);
    paid.push_back(derived.paid);
    direct.push_back(derived.direct);
    internal.push_back(derived.internal);
    const std::string* const columns[] = {
        &told.utm_source,      &told.utm_medium,  &told.campaign,    &told.content,     &told.term,
        &told.source_platform, &told.ad_platform, &told.campaign_id, &told.ad_group_id, &told.ad_id,
        &told.referrer_host,   &derived.source,   &derived.medium,   &derived.channel};
    for (std::size_t i = 0; i < texts.size(); ++i) texts[i].push_back(*columns[i]);
  }
  return tx
      .Execute(kInsertSources, ids, texts[0], texts[1], texts[2], texts[3], texts[4], texts[5], texts[6], texts[7],
               texts[8], texts[9], texts[10], self_referrals, texts[11], texts[12], texts[13], paid, direct, internal,
               rules_version)
      .status();
}

}  // namespace

absl::StatusOr<std::vector<Uuid>> InsertTouchpoints(postgres::Tx& tx, const std::vector<Touchpoint>& touches,
                                                    std::int64_t rules_version, Time now) {
  if (touches.empty()) return std::vector<Uuid>();
  ESNAF_RETURN_IF_ERROR(InsertSources(tx, touches, rules_version));
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.ExecuteParams(kInsertTouchpoints, TouchParams(touches)));
  std::vector<Uuid> added;
  for (int i = 0; i < rows.size(); ++i) added.push_back(rows[i].Get<Uuid>(0));
  if (added.empty()) return added;
  std::vector<std::string> visitors;
  std::vector<Uuid> contacts;
  for (const Touchpoint& touch : touches) {
    if (!touch.visitor_id.empty()) visitors.push_back(touch.visitor_id);
    if (touch.contact_id) contacts.push_back(*touch.contact_id);
  }
  std::sort(visitors.begin(), visitors.end());
  visitors.erase(std::unique(visitors.begin(), visitors.end()), visitors.end());
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result linked, tx.Execute(kLinkedContacts, visitors));
  for (int i = 0; i < linked.size(); ++i) contacts.push_back(linked[i].Get<Uuid>(0));
  ESNAF_RETURN_IF_ERROR(PathsChanged(tx, contacts, now));
  return added;
}

absl::StatusOr<std::vector<VisitorDay>> CountVisitorDays(postgres::Tx& tx, const std::vector<VisitorDay>& days) {
  std::vector<std::string> visitors;
  std::vector<Date> dates;
  for (const VisitorDay& day : days) {
    visitors.push_back(day.visitor_id);
    dates.push_back(day.day);
  }
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows,
                         tx.Execute(kCountVisitorDays, visitors, dates, kMostTouchesOfVisitorAndDay));
  std::vector<VisitorDay> counts;
  for (int i = 0; i < rows.size(); ++i) {
    counts.push_back({rows[i].Get<std::string>(0), rows[i].Get<Date>(1), rows[i].Get<int>(2)});
  }
  return counts;
}

absl::Status CountDropped(postgres::Tx& tx, const std::vector<Touchpoint>& dropped) {
  std::vector<std::string> stores;
  std::vector<Date> days;
  for (const Touchpoint& touch : dropped) {
    stores.push_back(touch.store_id);
    days.push_back(TimeZone::Utc().LocalDate(touch.occur_time));
  }
  return tx.Execute(kCountDropped, stores, days).status();
}

absl::StatusOr<std::vector<std::vector<Touchpoint>>> TouchesOfPeople(postgres::Tx& tx,
                                                                     const std::vector<PathQuery>& queries) {
  std::vector<std::vector<Touchpoint>> paths(queries.size());
  if (queries.empty()) return paths;
  std::vector<Uuid> contacts;
  for (const PathQuery& query : queries) contacts.push_back(query.contact_id);
  ESNAF_ASSIGN_OR_RETURN(const std::vector<Uuid> canonicals, identity::CanonicalsOf(tx, contacts));
  ESNAF_ASSIGN_OR_RETURN(const Links links, ReadLinks(tx, canonicals));
  ESNAF_RETURN_IF_ERROR(AddVisitorTouches(tx, queries, links, paths));
  ESNAF_RETURN_IF_ERROR(AddContactTouches(tx, queries, canonicals, paths));
  for (std::vector<Touchpoint>& path : paths) {
    std::sort(path.begin(), path.end(), ComesBefore);
    path = FirstOfEachVisit(std::move(path));
  }
  return paths;
}

}  // namespace esnaf::attribution
