#include "services/orders/cart_watch.h"

#include <set>

#include "libs/base/macros.h"
#include "services/orders/cart_policy_store.h"
#include "services/orders/cart_store.h"

namespace esnaf::orders {
namespace {

constexpr int kMostEvents = 500;
constexpr int kMostCarts = 200;
constexpr int kMostCartsOfPolicy = 500;

// A database that was restored elsewhere begins to count transactions anew: what is to come is never behind that.
const postgres::Statement kLockWatch("orders", "lock_cart_watch", R"sql(
SELECT least(xact, pg_snapshot_xmax(pg_current_snapshot()))::text, seq, begin_time
FROM cart_watch FOR UPDATE SKIP LOCKED)sql");

const postgres::Statement kReadOrderEvents("orders", "read_order_events_for_carts", R"sql(
SELECT xact::text, seq, aggregate_type = 'order', aggregate_id FROM outbox
WHERE (xact, seq) > ($1::text::xid8, $2::bigint) AND xact < pg_snapshot_xmin(pg_current_snapshot())
ORDER BY xact, seq LIMIT $3)sql");

const postgres::Statement kMoveWatch("orders", "move_cart_watch", R"sql(
UPDATE cart_watch SET xact = $1::text::xid8, seq = $2)sql");

// Sales that were not cancelled let the carts be looked at that name them, and those of their person in their store.
const postgres::Statement kCheckNamingCarts("orders", "check_carts_naming_orders", R"sql(
UPDATE cart SET check_time = $2 FROM orders o
WHERE o.id = ANY($1::uuid[]) AND o.kind = 1 AND cart.order_external_id = o.external_id AND cart.store_id = o.store_id
  AND cart.order_external_id <> '' AND cart.order_id IS NULL)sql");

const postgres::Statement kCheckCartsOfBuyers("orders", "check_carts_of_buyers", R"sql(
WITH buyer AS (
  SELECT DISTINCT o.store_id, coalesce(a.canonical, o.contact_id) AS canonical
  FROM orders o LEFT JOIN contact_alias a ON a.original = o.contact_id
  WHERE o.id = ANY($1::uuid[]) AND o.kind = 1 AND o.state <> 3 AND o.contact_id IS NOT NULL
), member AS (
  SELECT store_id, canonical AS contact_id FROM buyer
  UNION SELECT b.store_id, a.original FROM buyer b JOIN contact_alias a ON a.canonical = b.canonical
)
UPDATE cart SET check_time = $2 FROM member m
WHERE cart.contact_id = m.contact_id AND cart.store_id = m.store_id AND cart.state IN (1, 3, 5)
  AND cart.order_id IS NULL AND (cart.check_time IS NULL OR cart.check_time > $2))sql");

// Lets some carts of a store whose policy has changed be looked at, and notes how far it came.
const postgres::Statement kCheckCartsOfPolicy("orders", "check_carts_of_policy", R"sql(
WITH policy AS (
  SELECT store_id, check_after FROM cart_policy WHERE check_after IS NOT NULL ORDER BY store_id LIMIT 1
  FOR UPDATE SKIP LOCKED
), batch AS (
  SELECT c.id FROM policy p CROSS JOIN LATERAL (
    SELECT id FROM cart WHERE cart.store_id = p.store_id AND cart.id > p.check_after AND cart.check_time IS NOT NULL
    ORDER BY id LIMIT $2
  ) c
), moved AS (
  UPDATE cart SET check_time = $1 WHERE id IN (SELECT id FROM batch) AND state IN (1, 3) AND check_time > $1
)
UPDATE cart_policy SET check_after = (SELECT id FROM batch ORDER BY id DESC LIMIT 1)
FROM policy WHERE cart_policy.store_id = policy.store_id
RETURNING cart_policy.store_id)sql");

// The orders that may have come of each cart. One that another cart names, or that counts for another one, is not among
// them; only a cart that names it takes it from one that does not.
const postgres::Statement kFindOrdersOfCarts("orders", "find_orders_of_carts", R"sql(
SELECT k.n, o.id, o.external_id, o.place_time, o.total, o.currency
FROM unnest($1::int[], $2::uuid[], $3::text[], $4::uuid[], $5::text[], $6::timestamptz[])
  AS k(n, cart_id, store_id, contact_id, order_external_id, since)
CROSS JOIN LATERAL (
  SELECT id, external_id, place_time, total, currency FROM orders
  WHERE orders.external_id = k.order_external_id AND orders.store_id = k.store_id AND k.order_external_id <> ''
    AND orders.kind = 1
    AND NOT EXISTS (SELECT FROM cart c WHERE c.order_id = orders.id AND c.id <> k.cart_id
                    AND c.order_external_id = orders.external_id)
  UNION ALL
  (SELECT id, external_id, place_time, total, currency FROM orders
   WHERE k.order_external_id = '' AND orders.store_id = k.store_id AND orders.kind = 1 AND orders.state <> 3
     AND orders.place_time >= k.since
     AND orders.contact_id IN (
       SELECT coalesce((SELECT canonical FROM contact_alias WHERE original = k.contact_id), k.contact_id)
       UNION ALL
       SELECT original FROM contact_alias
       WHERE canonical = coalesce((SELECT canonical FROM contact_alias WHERE original = k.contact_id), k.contact_id))
     AND NOT EXISTS (SELECT FROM cart c WHERE c.order_id = orders.id AND c.id <> k.cart_id)
     AND NOT EXISTS (SELECT FROM cart c WHERE c.order_external_id = orders.external_id AND c.store_id = orders.store_id
                     AND c.order_external_id <> '' AND c.id <> k.cart_id)
   ORDER BY place_time, id LIMIT 20)
) o
ORDER BY k.n, o.place_time, o.id)sql");

// Marks the carts that new orders may have to do with. Answers whether there may be more.
absl::StatusOr<bool> NoticeOrders(postgres::Tx& tx, const std::string& xact, std::int64_t seq, Time now) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result events, tx.Execute(kReadOrderEvents, xact, seq, kMostEvents));
  if (events.empty()) return false;
  std::set<Uuid> ids;
  for (int i = 0; i < events.size(); ++i) {
    if (events[i].Get<bool>(2)) ids.insert(events[i].Get<Uuid>(3));
  }
  if (!ids.empty()) {
    const std::vector<Uuid> orders(ids.begin(), ids.end());
    ESNAF_RETURN_IF_ERROR(tx.Execute(kCheckNamingCarts, orders, now).status());
    ESNAF_RETURN_IF_ERROR(tx.Execute(kCheckCartsOfBuyers, orders, now).status());
  }
  const postgres::Row last = events[events.size() - 1];
  ESNAF_RETURN_IF_ERROR(tx.Execute(kMoveWatch, last.Get<std::string>(0), last.Get<std::int64_t>(1)).status());
  return events.size() == kMostEvents;
}

// One list for each cart, by its place.
absl::StatusOr<std::vector<std::vector<CartOrder>>> FindOrders(postgres::Tx& tx, const std::vector<Cart>& carts) {
  std::vector<int> places;
  std::vector<Uuid> ids;
  std::vector<std::string> store_ids, order_external_ids;
  std::vector<std::optional<Uuid>> contacts;
  std::vector<Time> since;
  for (const Cart& cart : carts) {
    places.push_back(static_cast<int>(places.size()));
    ids.push_back(cart.id);
    store_ids.push_back(cart.store_id);
    contacts.push_back(cart.contact_id);
    order_external_ids.push_back(cart.order_external_id);
    since.push_back(cart.activity_time);
  }
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows,
                         tx.Execute(kFindOrdersOfCarts, places, ids, store_ids, contacts, order_external_ids, since));
  std::vector<std::vector<CartOrder>> orders(carts.size());
  for (int i = 0; i < rows.size(); ++i) {
    const postgres::Row row = rows[i];
    CartOrder order{.id = row.Get<Uuid>(1),
                    .external_id = row.Get<std::string>(2),
                    .place_time = row.Get<Time>(3),
                    .total = row.Get<std::int64_t>(4)};
    ESNAF_ASSIGN_OR_RETURN(order.currency, Currency::Parse(row.Text(5)));
    orders[static_cast<std::size_t>(row.Get<int>(0))].push_back(std::move(order));
  }
  return orders;
}

// Adds the carts that lose an order to one that names it. Answers whether there are any.
absl::StatusOr<bool> ReleaseNamedOrders(postgres::Tx& tx, Time now, std::vector<CartChange>& changes) {
  std::vector<Uuid> named;
  for (const CartChange& change : changes) {
    if (change.cart.order && change.cart.order->named) named.push_back(change.cart.order->id);
  }
  if (named.empty()) return false;
  ESNAF_ASSIGN_OR_RETURN(const std::vector<Cart> holders, CartStore::LockUnnamedHolders(tx, named));
  for (const Cart& holder : holders) changes.push_back({ReleaseOrder(holder, now), now});
  return !holders.empty();
}

absl::StatusOr<bool> ReviewDue(postgres::Tx& tx, Time now, Time begin_time) {
  ESNAF_ASSIGN_OR_RETURN(std::vector<Cart> carts, CartStore::LockDue(tx, now, kMostCarts));
  if (carts.empty()) return false;
  // Of several carts of a person an order is of the one that names it, else of the one filled last.
  std::sort(carts.begin(), carts.end(), [](const Cart& a, const Cart& b) {
    return std::tuple(a.order_external_id.empty(), b.activity_time, a.id) <
           std::tuple(b.order_external_id.empty(), a.activity_time, b.id);
  });
  ESNAF_ASSIGN_OR_RETURN(const auto orders, FindOrders(tx, carts));
  std::vector<std::string> store_ids;
  for (const Cart& cart : carts) store_ids.push_back(cart.store_id);
  ESNAF_ASSIGN_OR_RETURN(const auto policies, CartPolicyStore::Find(tx, store_ids));
  std::set<Uuid> taken;
  std::vector<CartChange> changes;
  std::vector<Cart> waiting;
  for (std::size_t i = 0; i < carts.size(); ++i) {
    std::vector<CartOrder> free;
    for (const CartOrder& order : orders[i]) {
      if (!taken.contains(order.id)) free.push_back(order);
    }
    // One cart of a store that is gone does not stop the others: the defaults are its policy.
    const auto policy = policies.find(carts[i].store_id);
    CartReview review =
        ReviewCart(carts[i], policy == policies.end() ? CartPolicy() : policy->second, free, now, begin_time);
    if (review.cart.order) taken.insert(review.cart.order->id);
    if (review.changed) {
      changes.push_back({std::move(review.cart), review.happen_time});
    } else {
      waiting.push_back(std::move(review.cart));
    }
  }
  if (!waiting.empty()) ESNAF_RETURN_IF_ERROR(CartStore::CheckLater(tx, waiting));
  ESNAF_ASSIGN_OR_RETURN(const bool released, ReleaseNamedOrders(tx, now, changes));
  if (!changes.empty()) {
    ESNAF_RETURN_IF_ERROR(CartStore::Write(tx, Cause{"service:orders", "", now}, changes).status());
  }
  return released || carts.size() == kMostCarts;
}

}  // namespace

absl::StatusOr<bool> WatchSomeCarts(postgres::Tx& tx, Time now) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result watch, tx.Execute(kLockWatch));
  if (watch.empty()) return false;  // another replica watches
  ESNAF_ASSIGN_OR_RETURN(const bool more_orders,
                         NoticeOrders(tx, watch[0].Get<std::string>(0), watch[0].Get<std::int64_t>(1), now));
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result policies, tx.Execute(kCheckCartsOfPolicy, now, kMostCartsOfPolicy));
  ESNAF_ASSIGN_OR_RETURN(const bool more_carts, ReviewDue(tx, now, watch[0].Get<Time>(2)));
  return more_orders || !policies.empty() || more_carts;
}

}  // namespace esnaf::orders
