#include "services/orders/cart_store.h"

#include "libs/base/log.h"
#include "services/orders/cart_wire.h"
#include "services/orders/order_wire.h"
#include "services/orders/row_writer.h"

namespace esnaf::orders {
namespace {

const postgres::Statement kWriteCarts("orders", "write_carts", R"sql(
WITH input AS (
  SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::uuid[], $6::timestamptz[], $7::smallint[],
    $8::timestamptz[], $9::timestamptz[], $10::timestamptz[], $11::bytea[], $12::uuid[], $13::bytea[], $14::timestamptz[],
    $17::timestamptz[], $18::timestamptz[], $19::bigint[], $20::bigint[], $21::text[], $22::uuid[])
  AS i(id, version, store_id, external_id, contact_id, link_after, state, source_update_time, create_time, update_time, body,
       event_id, event_prefix, happen_time, check_time, activity_time, value, abandon_count, order_external_id, order_id)
), written AS (
  INSERT INTO cart (id, version, store_id, external_id, contact_id, link_after, state, source_update_time, create_time,
    update_time, body, check_time, activity_time, value, abandon_count, order_external_id, order_id)
  SELECT id, version, store_id, external_id, contact_id, link_after, state, source_update_time, create_time, update_time, body,
    check_time, activity_time, value, abandon_count, order_external_id, order_id
  FROM input
  ON CONFLICT (id) DO UPDATE SET version = excluded.version, contact_id = excluded.contact_id,
    link_after = excluded.link_after, state = excluded.state, source_update_time = excluded.source_update_time,
    update_time = excluded.update_time, body = excluded.body, check_time = excluded.check_time,
    activity_time = excluded.activity_time, value = excluded.value, abandon_count = excluded.abandon_count,
    order_external_id = excluded.order_external_id, order_id = excluded.order_id
  WHERE cart.version = excluded.version - 1
  RETURNING id
), event AS (
  INSERT INTO outbox (event_id, aggregate_type, aggregate_id, aggregate_version, type, payload, happen_time, trace_parent,
    actor)
  SELECT i.event_id, 'cart', i.id, i.version, 'esnaf.orders.v1.CartChanged', i.event_prefix || i.body, i.happen_time, $15, $16
  FROM input i JOIN written USING (id)
  WHERE i.event_id IS NOT NULL
  RETURNING xact
)
SELECT id, (SELECT max(xact::text) FROM event) FROM written)sql");

const postgres::Statement kFindCart("orders", "find_cart",
                                    "SELECT body, " ESNAF_WRITER ", version, check_time FROM cart WHERE id = $1");

const postgres::Statement kFindUnlinkedCarts("orders", "find_unlinked_carts", R"sql(
SELECT body, version, check_time FROM cart WHERE link_after <= $1 ORDER BY link_after LIMIT $2)sql");

const postgres::Statement kPostponeCarts("orders", "postpone_carts", R"sql(
UPDATE cart SET link_after = $2 WHERE id = ANY($1::uuid[]) AND link_after IS NOT NULL)sql");

const postgres::Statement kFindDueCarts("orders", "find_due_carts", R"sql(
SELECT body, version, check_time, id FROM cart WHERE check_time <= $1 ORDER BY check_time LIMIT $2 FOR UPDATE SKIP LOCKED)sql");

const postgres::Statement kFindUnnamedHolders("orders", "find_unnamed_holders", R"sql(
SELECT body, version, check_time FROM cart WHERE order_id = ANY($1::uuid[]) AND order_external_id = ''
ORDER BY id FOR UPDATE)sql");

const postgres::Statement kCheckCartsLater("orders", "check_carts_later", R"sql(
UPDATE cart SET check_time = i.check_time
FROM unnest($1::uuid[], $2::timestamptz[]) AS i(id, check_time) WHERE cart.id = i.id)sql");

const postgres::Statement kDescribeCarts("orders", "describe_carts", R"sql(
UPDATE cart SET check_time = i.check_time, value = i.value, order_external_id = i.order_external_id
FROM unnest($1::uuid[], $2::timestamptz[], $3::bigint[], $4::text[]) AS i(id, check_time, value, order_external_id)
WHERE cart.id = i.id)sql");

const postgres::Statement kFindCartSecret("orders", "find_cart_secret", "SELECT secret FROM cart_secret");

// The columns of the carts to write, as one array each.
struct CartColumns {
  std::vector<Uuid> id;
  std::vector<std::int64_t> version;
  std::vector<std::string> store_id, external_id;
  std::vector<std::optional<Uuid>> contact_id;
  std::vector<std::optional<Time>> link_after;
  std::vector<int> state;
  std::vector<Time> source_update_time, create_time, update_time;
  std::vector<postgres::Bytes> body;
  std::vector<std::optional<Uuid>> event_id;
  std::vector<postgres::Bytes> event_prefix;
  std::vector<Time> happen_time;
  std::vector<std::optional<Time>> check_time;
  std::vector<Time> activity_time;
  std::vector<std::int64_t> value, abandon_count;
  std::vector<std::string> order_external_id;
  std::vector<std::optional<Uuid>> order_id;

  void Add(const CartChange& change, Time now) {
    const Cart& cart = change.cart;
    id.push_back(cart.id);
    version.push_back(cart.version);
    store_id.push_back(cart.store_id);
    external_id.push_back(cart.external_id);
    contact_id.push_back(cart.contact_id);
    link_after.push_back(cart.Unlinked() ? std::optional(cart.update_time) : std::nullopt);
    state.push_back(static_cast<int>(cart.state()));
    source_update_time.push_back(cart.source.update_time);
    create_time.push_back(cart.create_time);
    update_time.push_back(cart.update_time);
    body.push_back({ToWire(cart).SerializeAsString()});
    event_id.push_back(cart.Unlinked() ? std::nullopt : std::optional(Uuid::NewV7(now)));
    event_prefix.push_back({EventPrefix(body.back().data)});
    happen_time.push_back(change.happen_time);
    check_time.push_back(cart.check_time);
    activity_time.push_back(cart.activity_time);
    value.push_back(cart.Value());
    abandon_count.push_back(cart.abandon_count);
    order_external_id.push_back(cart.order_external_id);
    order_id.push_back(cart.order ? std::optional(cart.order->id) : std::nullopt);
  }

  std::vector<postgres::Param> Params(const Cause& cause) const {
    return {id,
            version,
            store_id,
            external_id,
            contact_id,
            link_after,
            state,
            source_update_time,
            create_time,
            update_time,
            body,
            event_id,
            event_prefix,
            happen_time,
            cause.trace_parent,
            cause.actor,
            check_time,
            activity_time,
            value,
            abandon_count,
            order_external_id,
            order_id};
  }
};

absl::StatusOr<Cart> ReadRow(const postgres::Row& row, int version_column) {
  v1::Cart wire;
  if (!wire.ParseFromString(row.Get<postgres::Bytes>(0).data))
    return absl::DataLossError("a recorded cart cannot be read");
  ESNAF_ASSIGN_OR_RETURN(Cart cart, FromWire(wire));
  cart.version = row.Get<std::int64_t>(version_column);
  cart.check_time = row.Get<std::optional<Time>>(version_column + 1);
  return cart;
}

absl::StatusOr<std::vector<Cart>> ReadRows(absl::StatusOr<postgres::Result> rows) {
  if (!rows.ok()) return rows.status();
  std::vector<Cart> carts;
  for (int i = 0; i < rows->size(); ++i) {
    ESNAF_ASSIGN_OR_RETURN(Cart cart, ReadRow((*rows)[i], 1));
    carts.push_back(std::move(cart));
  }
  return carts;
}

}  // namespace

absl::StatusOr<std::vector<Uuid>> CartStore::Write(postgres::Tx& tx, const Cause& cause,
                                                   const std::vector<CartChange>& changes) {
  // In the order of their ids, so that two batches never wait for each other in a circle.
  std::vector<const CartChange*> sorted;
  for (const CartChange& change : changes) sorted.push_back(&change);
  std::sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) { return a->cart.id < b->cart.id; });
  CartColumns columns;
  for (const CartChange* change : sorted) columns.Add(*change, cause.now);
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.ExecuteParams(kWriteCarts, columns.Params(cause)));
  std::vector<Uuid> written;
  for (int i = 0; i < rows.size(); ++i) written.push_back(rows[i].Get<Uuid>(0));
  if (!rows.empty() && !rows[0].IsNull(1)) tx.NoteEventXact(static_cast<std::uint64_t>(rows[0].Get<std::int64_t>(1)));
  return written;
}

absl::StatusOr<std::optional<Cart>> CartStore::Find(postgres::Tx& tx, const Uuid& id) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kFindCart, id));
  if (rows.empty()) return std::optional<Cart>();
  ESNAF_ASSIGN_OR_RETURN(Cart cart, ReadRow(rows[0], 3));
  NoteWriter(rows[0], tx);
  return std::optional<Cart>(std::move(cart));
}

absl::StatusOr<std::vector<Cart>> CartStore::FindUnlinked(postgres::Tx& tx, Time now, int limit) {
  return ReadRows(tx.Execute(kFindUnlinkedCarts, now, limit));
}

absl::StatusOr<std::vector<Cart>> CartStore::LockDue(postgres::Tx& tx, Time now, int limit) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kFindDueCarts, now, limit));
  std::vector<Cart> carts;
  std::vector<Uuid> unreadable;
  for (int i = 0; i < rows.size(); ++i) {
    absl::StatusOr<Cart> cart = ReadRow(rows[i], 1);
    if (cart.ok()) {
      carts.push_back(*std::move(cart));
      continue;
    }
    unreadable.push_back(rows[i].Get<Uuid>(3));
    LogError("a cart cannot be looked at, and is tried again in an hour",
             {{"cart", unreadable.back().ToString()}, {"error", std::string(cart.status().message())}});
  }
  if (!unreadable.empty()) {
    const std::vector<std::optional<Time>> later(unreadable.size(), now + std::chrono::hours(1));
    ESNAF_RETURN_IF_ERROR(tx.Execute(kCheckCartsLater, unreadable, later).status());
  }
  return carts;
}

absl::StatusOr<std::vector<Cart>> CartStore::LockUnnamedHolders(postgres::Tx& tx, const std::vector<Uuid>& order_ids) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kFindUnnamedHolders, order_ids));
  std::vector<Cart> carts;
  for (int i = 0; i < rows.size(); ++i) {
    absl::StatusOr<Cart> cart = ReadRow(rows[i], 1);
    if (cart.ok()) {
      carts.push_back(*std::move(cart));
    } else {
      LogError("a cart that loses its order cannot be read", {{"error", std::string(cart.status().message())}});
    }
  }
  return carts;
}

absl::Status CartStore::CheckLater(postgres::Tx& tx, const std::vector<Cart>& carts) {
  std::vector<Uuid> ids;
  std::vector<std::optional<Time>> check_times;
  std::vector<std::int64_t> values;
  std::vector<std::string> order_external_ids;
  for (const Cart& cart : carts) {
    ids.push_back(cart.id);
    check_times.push_back(cart.check_time);
    values.push_back(cart.Value());
    order_external_ids.push_back(cart.order_external_id);
  }
  return tx.Execute(kDescribeCarts, ids, check_times, values, order_external_ids).status();
}

absl::StatusOr<std::string> CartStore::LinkSecret(postgres::Tx& tx) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kFindCartSecret));
  if (rows.empty()) return absl::InternalError("the secret of carts' links is gone");
  return rows[0].Get<postgres::Bytes>(0).data;
}

absl::Status CartStore::Postpone(postgres::Tx& tx, const std::vector<Uuid>& ids, Time until) {
  return tx.Execute(kPostponeCarts, ids, until).status();
}

}  // namespace esnaf::orders
