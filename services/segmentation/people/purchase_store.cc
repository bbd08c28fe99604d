#include "services/segmentation/people/purchase_store.h"

#include "libs/base/macros.h"

namespace esnaf::segmentation {
namespace {

// `old` sees the rows as they were before, so a purchase that goes from one person to another touches both.
const postgres::Statement kUpsertPurchases("segmentation", "upsert_purchases", R"sql(
WITH input AS (
  SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[], $5::text[], $6::smallint[], $7::boolean[],
                       $8::bigint[], $9::bigint[], $10::boolean[], $11::boolean[], $12::bigint[], $13::boolean[],
                       $14::text[], $15::text[], $16::bigint[])
    AS i (order_id, contact_id, store_id, place_time, currency_code, kind, cancelled,
          net_value_minor, gross_value_minor, counts_net, counts_gross, version, completed, channel, lines, cost_minor)
), old AS (
  SELECT p.order_id, p.contact_id FROM purchase p JOIN input i ON i.order_id = p.order_id
), changed AS (
  INSERT INTO purchase (order_id, contact_id, store_id, place_time, currency_code, kind, cancelled,
                        net_value_minor, gross_value_minor, counts_net, counts_gross, version, completed, channel,
                        lines, cost_minor)
  SELECT i.* FROM input i
   WHERE i.contact_id IS NOT NULL OR EXISTS (SELECT 1 FROM old WHERE old.order_id = i.order_id)
   ORDER BY i.order_id
  ON CONFLICT (order_id) DO UPDATE SET
    contact_id = excluded.contact_id, store_id = excluded.store_id, place_time = excluded.place_time,
    currency_code = excluded.currency_code, kind = excluded.kind, cancelled = excluded.cancelled,
    net_value_minor = excluded.net_value_minor, gross_value_minor = excluded.gross_value_minor,
    counts_net = excluded.counts_net, counts_gross = excluded.counts_gross, version = excluded.version,
    completed = excluded.completed, channel = excluded.channel, lines = excluded.lines, cost_minor = excluded.cost_minor
  WHERE purchase.version < excluded.version
  RETURNING order_id, contact_id
)
SELECT contact_id FROM changed WHERE contact_id IS NOT NULL
UNION
SELECT old.contact_id FROM old JOIN changed ON changed.order_id = old.order_id WHERE old.contact_id IS NOT NULL
)sql");

// Both walks along the aliases end after 64 links, so that a circle, which swapped events can leave for a moment,
// ends too. What an OFFSET ends is planned by itself: purchases are looked up contact by contact. Left to choose, the
// planner, who knows nothing yet of a table that has just grown, reads all of it for a handful of people.
const postgres::Statement kSumsOf("segmentation", "sums_of", R"sql(
WITH RECURSIVE member (canonical, contact_id, depth) AS (
  SELECT c, c, 0 FROM unnest($6::uuid[]) AS c
  UNION ALL
  SELECT m.canonical, a.original, m.depth + 1
    FROM member m JOIN contact_alias a ON a.canonical = m.contact_id WHERE m.depth < 64
)
SELECT m.canonical,
       max(p.place_time) FILTER (WHERE CASE WHEN $3 THEN p.counts_net ELSE p.counts_gross END),
       count(*) FILTER (WHERE CASE WHEN $3 THEN p.counts_net ELSE p.counts_gross END),
       sum(CASE WHEN $3 THEN p.net_value_minor ELSE p.gross_value_minor END)::bigint
  FROM member m CROSS JOIN LATERAL (SELECT * FROM purchase WHERE contact_id = m.contact_id OFFSET 0) p
 WHERE ($1::text = '' OR p.store_id = $1) AND p.currency_code = $2::text
   AND ($4::timestamptz IS NULL OR p.place_time >= $4) AND p.place_time <= $5::timestamptz
 GROUP BY m.canonical
HAVING bool_or(CASE WHEN $3::boolean THEN p.counts_net ELSE p.counts_gross END)
)sql");

const postgres::Statement kDeclarePeople("segmentation", "declare_people", R"sql(
DECLARE rfm_people NO SCROLL CURSOR FOR
WITH RECURSIVE walk (original, canonical, depth) AS (
  SELECT original, canonical, 0 FROM contact_alias
  UNION ALL
  SELECT w.original, a.canonical, w.depth + 1
    FROM walk w JOIN contact_alias a ON a.original = w.canonical WHERE w.depth < 64
), root AS (
  SELECT w.original, w.canonical FROM walk w
   WHERE NOT EXISTS (SELECT 1 FROM contact_alias a WHERE a.original = w.canonical)
)
SELECT coalesce(r.canonical, p.contact_id),
       max(p.place_time) FILTER (WHERE CASE WHEN $3 THEN p.counts_net ELSE p.counts_gross END),
       count(*) FILTER (WHERE CASE WHEN $3 THEN p.counts_net ELSE p.counts_gross END),
       sum(CASE WHEN $3 THEN p.net_value_minor ELSE p.gross_value_minor END)::bigint
  FROM purchase p LEFT JOIN root r ON r.original = p.contact_id
 WHERE p.contact_id IS NOT NULL AND ($1::text = '' OR p.store_id = $1) AND p.currency_code = $2::text
   AND ($4::timestamptz IS NULL OR p.place_time >= $4) AND p.place_time <= $5::timestamptz
 GROUP BY 1
HAVING bool_or(CASE WHEN $3::boolean THEN p.counts_net ELSE p.counts_gross END)
)sql");

const postgres::Statement kMostFrequentCurrency("segmentation", "most_frequent_currency", R"sql(
SELECT currency_code FROM purchase
 WHERE contact_id IS NOT NULL AND ($1::text = '' OR store_id = $1)
 GROUP BY currency_code ORDER BY count(*) DESC, currency_code LIMIT 1
)sql");

const postgres::Statement kCountOtherCurrencies("segmentation", "count_other_currencies", R"sql(
SELECT count(*) FROM purchase p
 WHERE p.contact_id IS NOT NULL AND ($1::text = '' OR p.store_id = $1) AND p.currency_code <> $2::text
   AND ($4::timestamptz IS NULL OR p.place_time >= $4) AND p.place_time <= $5::timestamptz
   AND CASE WHEN $3::boolean THEN p.counts_net ELSE p.counts_gross END
)sql");

const postgres::Statement kNewestCounted("segmentation", "newest_counted", R"sql(
WITH RECURSIVE member (contact_id, depth) AS (
  SELECT $6::uuid, 0
  UNION ALL
  SELECT a.original, m.depth + 1 FROM member m JOIN contact_alias a ON a.canonical = m.contact_id WHERE m.depth < 64
)
SELECT p.order_id, p.store_id, p.place_time, CASE WHEN $3 THEN p.net_value_minor ELSE p.gross_value_minor END
  FROM (SELECT DISTINCT contact_id FROM member) m
       CROSS JOIN LATERAL (SELECT * FROM purchase WHERE contact_id = m.contact_id OFFSET 0) p
 WHERE ($1::text = '' OR p.store_id = $1) AND p.currency_code = $2::text
   AND ($4::timestamptz IS NULL OR p.place_time >= $4) AND p.place_time <= $5::timestamptz
   AND CASE WHEN $3::boolean THEN p.net_value_minor ELSE p.gross_value_minor END <> 0
 ORDER BY p.place_time DESC, p.order_id DESC LIMIT $7::int
)sql");

const postgres::Statement kHasMoreThan("segmentation", "has_more_purchases_than", R"sql(
SELECT count(*) > $1::bigint FROM (SELECT 1 FROM purchase LIMIT $1::bigint + 1) AS first_rows
)sql");

// The first five parameters of every statement that a filter narrows.
std::vector<postgres::Param> ParamsOf(const PurchaseFilter& filter) {
  return {filter.store_id, filter.currency_code, filter.basis == ValueBasis::kNet, filter.from, filter.until};
}

PersonSums ReadSums(const postgres::Row& row) {
  return {.contact_id = row.Get<Uuid>(0),
          .last_order_time = row.Get<Time>(1),
          .order_count = row.Get<std::int64_t>(2),
          .value_minor = row.Get<std::int64_t>(3)};
}

}  // namespace

absl::StatusOr<std::vector<Uuid>> UpsertPurchases(postgres::Tx& tx, const std::vector<Purchase>& purchases) {
  std::vector<Uuid> order_ids;
  std::vector<std::optional<Uuid>> contact_ids;
  std::vector<std::string> store_ids, currency_codes, channels, lines;
  std::vector<Time> place_times;
  std::vector<int> kinds;
  std::vector<bool> cancelled, completed, counts_net, counts_gross;
  std::vector<std::int64_t> net, gross, versions, costs;
  for (const Purchase& purchase : purchases) {
    order_ids.push_back(purchase.order_id);
    contact_ids.push_back(purchase.contact_id);
    store_ids.push_back(purchase.store_id);
    place_times.push_back(purchase.place_time);
    currency_codes.push_back(purchase.currency_code);
    kinds.push_back(static_cast<int>(purchase.kind));
    cancelled.push_back(purchase.cancelled);
    net.push_back(purchase.ValueOn(ValueBasis::kNet));
    gross.push_back(purchase.ValueOn(ValueBasis::kGross));
    counts_net.push_back(purchase.CountsAsOrder(ValueBasis::kNet));
    counts_gross.push_back(purchase.CountsAsOrder(ValueBasis::kGross));
    versions.push_back(purchase.version);
    completed.push_back(purchase.completed);
    channels.push_back(purchase.channel);
    lines.push_back(FormatLines(purchase.lines));
    costs.push_back(purchase.cancelled ? 0 : purchase.cost_minor);
  }
  ESNAF_ASSIGN_OR_RETURN(
      const postgres::Result rows,
      tx.Execute(kUpsertPurchases, order_ids, contact_ids, store_ids, place_times, currency_codes, kinds, cancelled,
                 net, gross, counts_net, counts_gross, versions, completed, channels, lines, costs));
  std::vector<Uuid> touched;
  for (int i = 0; i < rows.size(); ++i) touched.push_back(rows[i].Get<Uuid>(0));
  return touched;
}

absl::StatusOr<std::vector<PersonSums>> SumsOf(postgres::Tx& tx, const PurchaseFilter& filter,
                                               const std::vector<Uuid>& canonicals) {
  std::vector<postgres::Param> params = ParamsOf(filter);
  params.emplace_back(canonicals);
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.ExecuteParams(kSumsOf, params));
  std::vector<PersonSums> people;
  for (int i = 0; i < rows.size(); ++i) people.push_back(ReadSums(rows[i]));
  return people;
}

absl::Status ForEachPerson(postgres::Tx& tx, const PurchaseFilter& filter,
                           const std::function<void(const PersonSums&)>& visit) {
  ESNAF_RETURN_IF_ERROR(tx.ExecuteParams(kDeclarePeople, ParamsOf(filter)).status());
  while (true) {
    ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.ExecuteDynamic("FETCH FORWARD 10000 FROM rfm_people", {}));
    if (rows.empty()) break;
    for (int i = 0; i < rows.size(); ++i) visit(ReadSums(rows[i]));
  }
  return tx.ExecuteDynamic("CLOSE rfm_people", {}).status();
}

absl::StatusOr<std::string> MostFrequentCurrency(postgres::Tx& tx, const std::string& store_id) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kMostFrequentCurrency, store_id));
  return rows.empty() ? std::string() : rows[0].Get<std::string>(0);
}

absl::StatusOr<std::int64_t> CountOrdersInOtherCurrencies(postgres::Tx& tx, const PurchaseFilter& filter) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.ExecuteParams(kCountOtherCurrencies, ParamsOf(filter)));
  return rows[0].Get<std::int64_t>(0);
}

absl::StatusOr<std::vector<CountedPurchase>> NewestCounted(postgres::Tx& tx, const PurchaseFilter& filter,
                                                           const Uuid& canonical, int limit) {
  std::vector<postgres::Param> params = ParamsOf(filter);
  params.emplace_back(canonical);
  params.emplace_back(limit);
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.ExecuteParams(kNewestCounted, params));
  std::vector<CountedPurchase> purchases;
  for (int i = 0; i < rows.size(); ++i) {
    purchases.push_back(
        {rows[i].Get<Uuid>(0), rows[i].Get<std::string>(1), rows[i].Get<Time>(2), rows[i].Get<std::int64_t>(3)});
  }
  return purchases;
}

absl::StatusOr<bool> HasMorePurchasesThan(postgres::Tx& tx, std::int64_t count) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kHasMoreThan, count));
  return rows[0].Get<bool>(0);
}

}  // namespace esnaf::segmentation
