#include "services/segmentation/value/value_ledger_store.h"

#include "libs/base/macros.h"

namespace esnaf::segmentation {
namespace {

// Reading a ledger of millions takes longer than a call may, and fitting by it leaves the transaction idle.
const postgres::Statement kAllowLongReading("segmentation", "allow_long_reading", R"sql(
SELECT set_config('statement_timeout', '900000', true),
       set_config('idle_in_transaction_session_timeout', '900000', true)
)sql");

// Both statements read the same columns; the walks along aliases are those of purchase_store.cc. What counts is what
// counts for a policy (Purchase::CountsAsOrder), and an order that was free: nothing came back of it, it is a purchase.
const postgres::Statement kLedgerOf("segmentation", "ledger_of", R"sql(
WITH RECURSIVE member (contact_id, depth) AS (
  SELECT $7::uuid, 0
  UNION ALL
  SELECT a.original, m.depth + 1 FROM member m JOIN contact_alias a ON a.canonical = m.contact_id WHERE m.depth < 64
)
SELECT $7::uuid, (p.place_time AT TIME ZONE $6::text)::date - DATE '1970-01-01' AS day,
       count(*) FILTER (WHERE c.counts),
       coalesce(sum(CASE WHEN $3 THEN p.net_value_minor ELSE p.gross_value_minor END)
                  FILTER (WHERE c.counts), 0)::bigint,
       sum(p.gross_value_minor)::bigint, sum(p.net_value_minor)::bigint, sum(p.cost_minor)::bigint,
       coalesce(sum(p.net_value_minor) FILTER (WHERE p.cost_minor <> 0), 0)::bigint
  FROM purchase p
       CROSS JOIN LATERAL (
         SELECT (CASE WHEN $3::boolean THEN p.counts_net ELSE p.counts_gross END)
                OR (p.kind = 1 AND NOT p.cancelled AND p.gross_value_minor = 0) AS counts) AS c
 WHERE p.contact_id IN (SELECT contact_id FROM member)
   AND ($1::text = '' OR p.store_id = $1) AND p.currency_code = $2::text
   AND ($4::timestamptz IS NULL OR p.place_time >= $4) AND p.place_time <= $5::timestamptz
 GROUP BY day ORDER BY day
)sql");

const postgres::Statement kDeclareLedgers("segmentation", "declare_ledgers", R"sql(
DECLARE value_ledgers NO SCROLL CURSOR FOR
WITH RECURSIVE walk (original, canonical, depth) AS (
  SELECT original, canonical, 0 FROM contact_alias
  UNION ALL
  SELECT w.original, a.canonical, w.depth + 1
    FROM walk w JOIN contact_alias a ON a.original = w.canonical WHERE w.depth < 64
), root AS (
  SELECT w.original, w.canonical FROM walk w
   WHERE NOT EXISTS (SELECT 1 FROM contact_alias a WHERE a.original = w.canonical)
)
SELECT coalesce(r.canonical, p.contact_id) AS person, (p.place_time AT TIME ZONE $6::text)::date - DATE '1970-01-01' AS day,
       count(*) FILTER (WHERE c.counts),
       coalesce(sum(CASE WHEN $3 THEN p.net_value_minor ELSE p.gross_value_minor END)
                  FILTER (WHERE c.counts), 0)::bigint,
       sum(p.gross_value_minor)::bigint, sum(p.net_value_minor)::bigint, sum(p.cost_minor)::bigint,
       coalesce(sum(p.net_value_minor) FILTER (WHERE p.cost_minor <> 0), 0)::bigint
  FROM purchase p LEFT JOIN root r ON r.original = p.contact_id
       CROSS JOIN LATERAL (
         SELECT (CASE WHEN $3::boolean THEN p.counts_net ELSE p.counts_gross END)
                OR (p.kind = 1 AND NOT p.cancelled AND p.gross_value_minor = 0) AS counts) AS c
 WHERE p.contact_id IS NOT NULL AND ($1::text = '' OR p.store_id = $1) AND p.currency_code = $2::text
   AND ($4::timestamptz IS NULL OR p.place_time >= $4) AND p.place_time <= $5::timestamptz
 GROUP BY person, day ORDER BY person, day
)sql");

const postgres::Statement kFirstPurchaseTime("segmentation", "first_purchase_time", R"sql(
SELECT min(p.place_time)
  FROM purchase p
       CROSS JOIN LATERAL (
         SELECT (CASE WHEN $3::boolean THEN p.counts_net ELSE p.counts_gross END)
                OR (p.kind = 1 AND NOT p.cancelled AND p.gross_value_minor = 0) AS counts) AS c
 WHERE p.contact_id IS NOT NULL AND ($1::text = '' OR p.store_id = $1) AND p.currency_code = $2::text
   AND ($4::timestamptz IS NULL OR p.place_time >= $4) AND p.place_time <= $5::timestamptz
   AND c.counts
)sql");

const postgres::Statement kCountPurchases("segmentation", "count_purchases", R"sql(
SELECT count(*) FROM purchase
)sql");

std::vector<postgres::Param> ParamsOf(const PurchaseFilter& filter, const std::string& time_zone) {
  return {filter.store_id, filter.currency_code, filter.basis == ValueBasis::kNet,
          filter.from,     filter.until,         time_zone};
}

void AddDay(const postgres::Row& row, PersonLedger& ledger) {
  const int orders = row.Get<int>(2);
  if (orders > 0) {
    ledger.days.push_back({.day = row.Get<int>(1), .orders = orders, .value_minor = row.Get<std::int64_t>(3)});
  }
  ledger.totals.orders += orders;
  ledger.totals.gross_minor += row.Get<std::int64_t>(4);
  ledger.totals.net_minor += row.Get<std::int64_t>(5);
  ledger.totals.cost_minor += row.Get<std::int64_t>(6);
  ledger.totals.costed_net_minor += row.Get<std::int64_t>(7);
}

}  // namespace

absl::StatusOr<PersonLedger> LedgerOf(postgres::Tx& tx, const PurchaseFilter& filter, const std::string& time_zone,
                                      const Uuid& canonical) {
  std::vector<postgres::Param> params = ParamsOf(filter, time_zone);
  params.emplace_back(canonical);
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.ExecuteParams(kLedgerOf, params));
  PersonLedger ledger{.contact_id = canonical};
  for (int i = 0; i < rows.size(); ++i) AddDay(rows[i], ledger);
  return ledger;
}

absl::Status ForEachLedger(postgres::Tx& tx, const PurchaseFilter& filter, const std::string& time_zone,
                           const std::function<absl::Status(const PersonLedger&)>& visit) {
  ESNAF_RETURN_IF_ERROR(tx.Execute(kAllowLongReading).status());
  ESNAF_RETURN_IF_ERROR(tx.ExecuteParams(kDeclareLedgers, ParamsOf(filter, time_zone)).status());
  PersonLedger person;
  const auto finish = [&]() -> absl::Status { return person.days.empty() ? absl::OkStatus() : visit(person); };
  while (true) {
    ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows,
                           tx.ExecuteDynamic("FETCH FORWARD 10000 FROM value_ledgers", {}));
    if (rows.empty()) break;
    for (int i = 0; i < rows.size(); ++i) {
      const auto contact = rows[i].Get<Uuid>(0);
      if (contact != person.contact_id) {
        ESNAF_RETURN_IF_ERROR(finish());
        person = PersonLedger{.contact_id = contact};
      }
      AddDay(rows[i], person);
    }
  }
  ESNAF_RETURN_IF_ERROR(finish());
  return tx.ExecuteDynamic("CLOSE value_ledgers", {}).status();
}

absl::StatusOr<std::optional<Time>> FirstPurchaseTime(postgres::Tx& tx, const PurchaseFilter& filter) {
  ESNAF_RETURN_IF_ERROR(tx.Execute(kAllowLongReading).status());
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows,
                         tx.Execute(kFirstPurchaseTime, filter.store_id, filter.currency_code,
                                    filter.basis == ValueBasis::kNet, filter.from, filter.until));
  return rows[0].Get<std::optional<Time>>(0);
}

absl::StatusOr<std::int64_t> CountPurchases(postgres::Tx& tx) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kCountPurchases));
  return rows[0].Get<std::int64_t>(0);
}

}  // namespace esnaf::segmentation
