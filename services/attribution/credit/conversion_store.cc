#include "services/attribution/credit/conversion_store.h"

#include <algorithm>
#include <tuple>

#include "libs/base/error.h"
#include "libs/base/macros.h"
#include "services/attribution/members.h"

namespace esnaf::attribution {
namespace {

// `old` sees the rows as they were before, so an order that goes from one person to another changes both. What an
// OFFSET ends is planned by itself, here and below: rows are looked up one by one. Left to choose, the planner, who
// knows nothing yet of a table that has just grown, reads all of it for a handful of orders.
const postgres::Statement kUpsertConversions("attribution", "upsert_conversions", R"sql(
WITH input AS (
  SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::boolean[],
                       $8::boolean[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[])
    AS i (order_id, contact_id, store_id, order_external_id, currency_code, place_time, is_return, cancelled,
          revenue_minor, refunded_minor, net_minor, cost_minor, order_version)
), old AS (
  SELECT c.order_id, c.contact_id
    FROM input i CROSS JOIN LATERAL (SELECT * FROM conversion WHERE order_id = i.order_id OFFSET 0) c
), changed AS (
  INSERT INTO conversion (order_id, contact_id, store_id, order_external_id, currency_code, place_time, is_return,
                          cancelled, revenue_minor, refunded_minor, net_minor, cost_minor, order_version, change_reason)
  SELECT i.*, 'placed' FROM input i ORDER BY i.order_id
  ON CONFLICT (order_id) DO UPDATE SET
    contact_id = excluded.contact_id, store_id = excluded.store_id, order_external_id = excluded.order_external_id,
    currency_code = excluded.currency_code, place_time = excluded.place_time, is_return = excluded.is_return,
    cancelled = excluded.cancelled, revenue_minor = excluded.revenue_minor, refunded_minor = excluded.refunded_minor,
    net_minor = excluded.net_minor, cost_minor = excluded.cost_minor, order_version = excluded.order_version,
    change_reason = CASE WHEN conversion.credit_number = 0 THEN 'placed'
                         WHEN excluded.cancelled AND NOT conversion.cancelled THEN 'cancelled'
                         WHEN excluded.refunded_minor <> conversion.refunded_minor THEN 'refunded'
                         ELSE 'edited' END
  WHERE conversion.order_version < excluded.order_version
  RETURNING order_id, contact_id
)
SELECT c.order_id, c.contact_id, o.contact_id FROM changed c LEFT JOIN old o ON o.order_id = c.order_id
)sql");

const postgres::Statement kUpsertCartBegins("attribution", "upsert_cart_begins", R"sql(
WITH input AS (
  SELECT store_id, order_external_id, min(begin_time) AS begin_time
    FROM unnest($1::text[], $2::text[], $3::timestamptz[]) AS i (store_id, order_external_id, begin_time)
   GROUP BY 1, 2
), changed AS (
  INSERT INTO cart_begin AS b (store_id, order_external_id, begin_time)
  SELECT * FROM input ORDER BY 1, 2
  ON CONFLICT (store_id, order_external_id) DO UPDATE SET begin_time = excluded.begin_time
  WHERE b.begin_time > excluded.begin_time
  RETURNING store_id, order_external_id
)
SELECT DISTINCT c.contact_id FROM changed JOIN conversion c USING (store_id, order_external_id)
 WHERE c.contact_id IS NOT NULL
)sql");

constexpr char kColumns[] =
    "c.order_id, c.contact_id, c.store_id, c.order_external_id, c.currency_code, c.place_time, c.is_return, "
    "c.cancelled, "
    "c.revenue_minor, c.net_minor, c.cost_minor, c.refunded_minor, c.order_version, b.begin_time, c.change_reason, "
    "c.credit_number, c.credit_digest";
constexpr char kCart[] =
    " LEFT JOIN LATERAL (SELECT begin_time FROM cart_begin WHERE store_id = c.store_id"
    " AND order_external_id = c.order_external_id OFFSET 0) b ON true ";

const std::string kOfPeopleSql =
    absl::StrCat(kMembers, "SELECT ", kColumns,
                 ", m.number FROM member m"
                 " CROSS JOIN LATERAL (SELECT * FROM conversion WHERE contact_id = m.contact_id OFFSET 0) c",
                 kCart);
const postgres::Statement kConversionsOf("attribution", "conversions_of_people", kOfPeopleSql.c_str());
// Rows are locked in the order of their ids, whoever asks.
const std::string kLockOfPeopleSql =
    absl::StrCat(kMembers, R"sql(
, found AS MATERIALIZED (
  SELECT c.order_id, m.number
    FROM member m
    CROSS JOIN LATERAL (SELECT order_id FROM conversion WHERE contact_id = m.contact_id OFFSET 0) c
)
)sql",
                 "SELECT ", kColumns, ", f.number FROM conversion c JOIN found f ON f.order_id = c.order_id", kCart,
                 "WHERE c.order_id = ANY (ARRAY (SELECT order_id FROM found)) ORDER BY c.order_id FOR UPDATE OF c");
const postgres::Statement kLockConversionsOf("attribution", "lock_conversions_of_people", kLockOfPeopleSql.c_str());
const std::string kByIdSql =
    absl::StrCat("SELECT ", kColumns, " FROM conversion c", kCart, "WHERE c.order_id = ANY ($1::uuid[]) ");
const postgres::Statement kGetConversion("attribution", "get_conversion", kByIdSql.c_str());
const std::string kLockByIdSql = absl::StrCat(kByIdSql, "ORDER BY c.order_id FOR UPDATE OF c");
const postgres::Statement kLockConversions("attribution", "lock_conversions", kLockByIdSql.c_str());
constexpr int kNumberColumn = 17;

const postgres::Statement kForgetChanges("attribution", "forget_conversion_changes", R"sql(
UPDATE conversion SET change_reason = NULL WHERE order_id = ANY ($1::uuid[])
)sql");

const std::string kKnownTimesSql = absl::StrCat(kMembers, R"sql(
SELECT number, min(link_time) FROM (
  SELECT m.number, l.link_time
    FROM member m CROSS JOIN LATERAL (SELECT * FROM visitor_link WHERE contact_id = m.contact_id OFFSET 0) l
  UNION ALL
  SELECT m.number, l.link_time
    FROM member m CROSS JOIN LATERAL (SELECT * FROM contact_identity WHERE contact_id = m.contact_id OFFSET 0) i
    CROSS JOIN LATERAL (SELECT * FROM visitor_link
                         WHERE identity_kind = i.kind AND identity_store_id = i.store_id AND identity_value = i.value
                        OFFSET 0) l
  UNION ALL
  SELECT m.number, c.place_time
    FROM member m CROSS JOIN LATERAL (SELECT * FROM conversion WHERE contact_id = m.contact_id OFFSET 0) c
) AS known GROUP BY number
)sql");
const postgres::Statement kKnownTimes("attribution", "known_times", kKnownTimesSql.c_str());

const postgres::Statement kLoadFits("attribution", "load_markov_fits", R"sql(
SELECT fit_time, channels, removal_effects FROM markov_fit
)sql");

StoredConversion ReadConversion(const postgres::Row& row) {
  StoredConversion stored{.change_reason = row.Get<std::optional<std::string>>(14).value_or(""),
                          .credit_number = row.Get<int>(15),
                          .credit_digest = row.Get<std::optional<Uuid>>(16)};
  stored.conversion = {.order_id = row.Get<Uuid>(0),
                       .contact_id = row.Get<std::optional<Uuid>>(1),
                       .store_id = row.Get<std::string>(2),
                       .order_external_id = row.Get<std::string>(3),
                       .currency_code = row.Get<std::string>(4),
                       .place_time = row.Get<Time>(5),
                       .is_return = row.Get<bool>(6),
                       .cancelled = row.Get<bool>(7),
                       .amounts = {.revenue = row.Get<std::int64_t>(8),
                                   .net = row.Get<std::int64_t>(9),
                                   .cost = row.Get<std::int64_t>(10)},
                       .refunded_minor = row.Get<std::int64_t>(11),
                       .version = row.Get<std::int64_t>(12),
                       .cart_time = row.Get<std::optional<Time>>(13)};
  return stored;
}

// One statement cannot write a row twice, and writing in one order everywhere cannot deadlock.
std::vector<Conversion> NewestOfEachOrder(std::vector<Conversion> conversions) {
  std::sort(conversions.begin(), conversions.end(), [](const Conversion& a, const Conversion& b) {
    return a.order_id != b.order_id ? a.order_id < b.order_id : a.version > b.version;
  });
  const auto same_order = [](const Conversion& a, const Conversion& b) { return a.order_id == b.order_id; };
  conversions.erase(std::unique(conversions.begin(), conversions.end(), same_order), conversions.end());
  return conversions;
}

}  // namespace

absl::StatusOr<ChangedConversions> UpsertConversions(postgres::Tx& tx, std::vector<Conversion> conversions) {
  ChangedConversions answer;
  if (conversions.empty()) return answer;
  conversions = NewestOfEachOrder(std::move(conversions));
  std::vector<Uuid> orders;
  std::vector<std::optional<Uuid>> contacts;
  std::vector<std::string> stores, external_ids, currencies;
  std::vector<Time> times;
  std::vector<bool> returns, cancelled;
  std::vector<std::int64_t> revenues, refunds, nets, costs, versions;
  for (const Conversion& conversion : conversions) {
    orders.push_back(conversion.order_id);
    contacts.push_back(conversion.contact_id);
    stores.push_back(conversion.store_id);
    external_ids.push_back(conversion.order_external_id);
    currencies.push_back(conversion.currency_code);
    times.push_back(conversion.place_time);
    returns.push_back(conversion.is_return);
    cancelled.push_back(conversion.cancelled);
    revenues.push_back(conversion.amounts.revenue);
    refunds.push_back(conversion.refunded_minor);
    nets.push_back(conversion.amounts.net);
    costs.push_back(conversion.amounts.cost);
    versions.push_back(conversion.version);
  }
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows,
                         tx.Execute(kUpsertConversions, orders, contacts, stores, external_ids, currencies, times,
                                    returns, cancelled, revenues, refunds, nets, costs, versions));
  for (int i = 0; i < rows.size(); ++i) {
    const auto now = rows[i].Get<std::optional<Uuid>>(1);
    const auto before = rows[i].Get<std::optional<Uuid>>(2);
    if (now) {
      answer.contacts.push_back(*now);
    } else {
      answer.anonymous_orders.push_back(rows[i].Get<Uuid>(0));
    }
    if (before && before != now) answer.contacts.push_back(*before);
  }
  return answer;
}

absl::StatusOr<std::vector<Uuid>> UpsertCartBegins(postgres::Tx& tx, const std::vector<CartBegin>& begins) {
  std::vector<Uuid> people;
  if (begins.empty()) return people;
  std::vector<std::string> stores, external_ids;
  std::vector<Time> times;
  for (const CartBegin& begin : begins) {
    stores.push_back(begin.store_id);
    external_ids.push_back(begin.order_external_id);
    times.push_back(begin.begin_time);
  }
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kUpsertCartBegins, stores, external_ids, times));
  for (int i = 0; i < rows.size(); ++i) people.push_back(rows[i].Get<Uuid>(0));
  return people;
}

absl::StatusOr<std::vector<std::vector<StoredConversion>>> LockConversionsOf(postgres::Tx& tx,
                                                                             const std::vector<Uuid>& canonicals) {
  std::vector<std::vector<StoredConversion>> people(canonicals.size());
  if (canonicals.empty()) return people;
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kLockConversionsOf, canonicals));
  for (int i = 0; i < rows.size(); ++i) {
    const auto number = static_cast<std::size_t>(rows[i].Get<std::int64_t>(kNumberColumn) - 1);
    people[number].push_back(ReadConversion(rows[i]));
  }
  return people;
}

absl::StatusOr<std::vector<StoredConversion>> LockConversions(postgres::Tx& tx, const std::vector<Uuid>& orders) {
  std::vector<StoredConversion> conversions;
  if (orders.empty()) return conversions;
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kLockConversions, orders));
  for (int i = 0; i < rows.size(); ++i) conversions.push_back(ReadConversion(rows[i]));
  return conversions;
}

absl::Status ForgetChanges(postgres::Tx& tx, const std::vector<Uuid>& orders) {
  if (orders.empty()) return absl::OkStatus();
  return tx.Execute(kForgetChanges, orders).status();
}

absl::StatusOr<StoredConversion> GetConversion(postgres::Tx& tx, const Uuid& order) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kGetConversion, std::vector<Uuid>{order}));
  if (rows.empty()) return NotFound("order", order.ToString());
  return ReadConversion(rows[0]);
}

absl::StatusOr<std::vector<Conversion>> ConversionsOf(postgres::Tx& tx, const Uuid& canonical) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kConversionsOf, std::vector<Uuid>{canonical}));
  std::vector<Conversion> conversions;
  for (int i = 0; i < rows.size(); ++i) conversions.push_back(ReadConversion(rows[i]).conversion);
  return conversions;
}

absl::StatusOr<std::vector<std::optional<Time>>> KnownTimesOf(postgres::Tx& tx, const std::vector<Uuid>& canonicals) {
  std::vector<std::optional<Time>> times(canonicals.size());
  if (canonicals.empty()) return times;
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kKnownTimes, canonicals));
  for (int i = 0; i < rows.size(); ++i) {
    times[static_cast<std::size_t>(rows[i].Get<std::int64_t>(0) - 1)] = rows[i].Get<std::optional<Time>>(1);
  }
  return times;
}

absl::StatusOr<Fits> LoadFits(postgres::Tx& tx) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kLoadFits));
  Fits fits;
  for (int i = 0; i < rows.size(); ++i) {
    const auto channels = rows[i].Get<std::vector<std::string>>(1);
    const auto effects = rows[i].Get<std::vector<double>>(2);
    ChannelEffects& fit = fits[rows[i].Get<Time>(0)];
    for (std::size_t k = 0; k < std::min(channels.size(), effects.size()); ++k) fit[channels[k]] = effects[k];
  }
  return fits;
}

const ChannelEffects* FitAt(const Fits& fits, Time time) {
  if (fits.empty()) return nullptr;
  auto after = fits.upper_bound(time);
  if (after != fits.begin()) --after;
  return &after->second;
}

}  // namespace esnaf::attribution
