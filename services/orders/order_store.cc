#include "services/orders/order_store.h"

#include "services/orders/order_wire.h"
#include "services/orders/row_writer.h"

namespace esnaf::orders {
namespace {

#define ESNAF_ORDER_COLUMNS                                                                                     \
  "id, version, store_id, external_id, contact_id, link_after, kind, state, payment_state, fulfillment_state, " \
  "channel, "                                                                                                   \
  "currency, gross, total, refunded, net, place_time, source_version, source_update_time, tags, create_time, "  \
  "update_time, body"

// The guard makes one statement of insert and update: a new order is version 1, which follows no row's version, and a
// change follows exactly the version that it was made from.
#define ESNAF_ORDER_UPDATE                                                                                             \
  " ON CONFLICT (id) DO UPDATE SET version = excluded.version, contact_id = excluded.contact_id,"                      \
  " link_after = excluded.link_after, kind = excluded.kind, state = excluded.state,"                                   \
  " payment_state = excluded.payment_state, fulfillment_state = excluded.fulfillment_state,"                           \
  " channel = excluded.channel, currency = excluded.currency, gross = excluded.gross, total = excluded.total,"         \
  " refunded = excluded.refunded, net = excluded.net, place_time = excluded.place_time,"                               \
  " source_version = excluded.source_version, source_update_time = excluded.source_update_time, tags = excluded.tags," \
  " update_time = excluded.update_time, body = excluded.body"                                                          \
  " WHERE orders.version = excluded.version - 1 RETURNING id"

#define ESNAF_ORDER_EVENT                                                                                       \
  "INSERT INTO outbox (event_id, aggregate_type, aggregate_id, aggregate_version, type, payload, happen_time, " \
  "trace_parent, actor) "

const postgres::Statement kWriteOrders(
    "orders", "write_orders",
    "WITH input AS (SELECT * FROM unnest("
    "  $1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::uuid[], $6::timestamptz[], $7::smallint[], $8::smallint[],"
    "  $9::smallint[], $10::smallint[], $11::text[], $12::text[], $13::bigint[], $14::bigint[], $15::bigint[],"
    "  $16::bigint[], $17::timestamptz[], $18::bigint[], $19::timestamptz[], $20::text[], $21::timestamptz[],"
    "  $22::timestamptz[], $23::bytea[], $24::uuid[], $25::bytea[], $26::timestamptz[], $27::text[], $28::text[]) AS "
    "i(" ESNAF_ORDER_COLUMNS
    ", event_id, event_prefix, happen_time, trace_parent, actor)), "
    "written AS (INSERT INTO orders (" ESNAF_ORDER_COLUMNS
    ") SELECT id, version, store_id, external_id, contact_id, link_after, kind, state, payment_state, "
    "fulfillment_state,"
    "  channel, currency, gross, total, refunded, net, place_time, source_version, source_update_time, tags::text[],"
    "  create_time, update_time, body FROM input" ESNAF_ORDER_UPDATE "), event AS (" ESNAF_ORDER_EVENT
    "SELECT i.event_id, 'order', i.id, i.version, 'esnaf.orders.v1.OrderChanged', i.event_prefix || i.body, "
    "i.happen_time, i.trace_parent, i.actor FROM input i JOIN written USING (id) WHERE i.event_id IS NOT NULL "
    "RETURNING xact) "
    "SELECT id, (SELECT max(xact::text) FROM event) FROM written");

// The same for one order, which is what storefronts send: values cost the server much less than arrays of one.
const postgres::Statement kWriteOrder(
    "orders", "write_order",
    "WITH written AS (INSERT INTO orders (" ESNAF_ORDER_COLUMNS
    ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, "
    "$23::bytea)" ESNAF_ORDER_UPDATE "), event AS (" ESNAF_ORDER_EVENT
    "SELECT $24::uuid, 'order', $1, $2, 'esnaf.orders.v1.OrderChanged', $25::bytea || $23::bytea, $26::timestamptz, "
    "$27, "
    "$28 FROM written WHERE $24::uuid IS NOT NULL RETURNING xact) "
    "SELECT id, (SELECT xact::text FROM event) FROM written");

const postgres::Statement kFindOrders("orders", "find_orders",
                                      "SELECT body, " ESNAF_WRITER " FROM orders WHERE id = ANY($1::uuid[])");

const postgres::Statement kFindOrderForUpdate("orders", "find_order_for_update",
                                              "SELECT body, " ESNAF_WRITER " FROM orders WHERE id = $1 FOR UPDATE");

// One statement costs less than three. Of kind 0 there is no identity.
const postgres::Statement kFindOrderAndProducts(
    "orders", "find_order_and_products",
    "SELECT body, " ESNAF_WRITER
    ", NULL, NULL, NULL, NULL, NULL::timestamptz, NULL::uuid, NULL::boolean FROM orders WHERE id = $1 UNION ALL "
    "SELECT NULL, NULL, NULL, sku, cost, category, brand, cost_time, NULL, NULL FROM product WHERE store_id = $2 AND "
    "sku = "
    "ANY($3::text[]) AND (cost_time IS NOT NULL OR category <> '' OR brand <> '') UNION ALL "
    "SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, contact_id, verified FROM contact_identity "
    "WHERE kind = $4 AND store_id = $5 AND value = $6");

const postgres::Statement kFindProducts("orders", "find_products", R"sql(
SELECT p.store_id, p.sku, p.cost, p.category, p.brand, p.cost_time
FROM unnest($1::text[], $2::text[]) AS k(store_id, sku) JOIN product p USING (store_id, sku)
WHERE p.cost_time IS NOT NULL OR p.category <> '' OR p.brand <> '')sql");

const postgres::Statement kFindPastCosts("orders", "find_past_costs", R"sql(
SELECT store_id, sku, from_time, cost
FROM product_cost WHERE (store_id, sku) IN (SELECT * FROM unnest($1::text[], $2::text[]))
ORDER BY store_id, sku, from_time)sql");

const postgres::Statement kFindPlacedOrders("orders", "find_placed_orders", R"sql(
SELECT body, place_time, id FROM orders
WHERE store_id = $1 AND (place_time, id) > ($2, $3::uuid) AND place_time >= $2 AND place_time < $4
ORDER BY place_time, id LIMIT $5)sql");

const postgres::Statement kSumByCurrency("orders", "sum_by_currency", R"sql(
SELECT currency, count(*) FILTER (WHERE kind = 1), count(*) FILTER (WHERE kind = 2),
  (coalesce(sum(gross) FILTER (WHERE kind = 1), 0))::bigint,
  (coalesce(sum(refunded) FILTER (WHERE kind = 1), 0) - coalesce(sum(net) FILTER (WHERE kind = 2), 0))::bigint,
  sum(net)::bigint, min(place_time), max(place_time)
FROM orders
WHERE contact_id = ANY($1::uuid[]) AND state <> 3 AND (cardinality($2::text[]) = 0 OR store_id = ANY($2))
GROUP BY currency ORDER BY currency)sql");

const postgres::Statement kFindUnlinkedOrders("orders", "find_unlinked_orders", R"sql(
SELECT body FROM orders WHERE link_after <= $1 ORDER BY link_after LIMIT $2)sql");

const postgres::Statement kPostponeOrders("orders", "postpone_orders", R"sql(
UPDATE orders SET link_after = $2 WHERE id = ANY($1::uuid[]) AND link_after IS NOT NULL)sql");

const postgres::Statement kCountUnlinkedOrders("orders", "count_unlinked_orders", R"sql(
SELECT count(*) FROM orders WHERE link_after IS NOT NULL)sql");

// The columns of the orders to write, as one array each.
struct OrderColumns {
  std::vector<Uuid> id;
  std::vector<std::int64_t> version;
  std::vector<std::string> store_id, external_id;
  std::vector<std::optional<Uuid>> contact_id;
  std::vector<std::optional<Time>> link_after;
  std::vector<int> kind, state, payment_state, fulfillment_state;
  std::vector<std::string> channel, currency;
  std::vector<std::int64_t> gross, total, refunded, net;
  std::vector<Time> place_time;
  std::vector<std::int64_t> source_version;
  std::vector<Time> source_update_time;
  std::vector<std::string> tags;  // each an array's literal: arrays of arrays would have to be of one length
  std::vector<Time> create_time, update_time;
  std::vector<postgres::Bytes> body;
  std::vector<std::optional<Uuid>> event_id;
  std::vector<postgres::Bytes> event_prefix;
  std::vector<Time> happen_time;
  std::vector<std::string> trace_parent, actor;

  void Add(const OrderChange& change, const Cause& cause) {
    const Order& order = change.order;
    const v1::Order wire = ToWire(order);
    id.push_back(order.id);
    version.push_back(order.version);
    store_id.push_back(order.store_id);
    external_id.push_back(order.external_id);
    contact_id.push_back(order.contact_id);
    link_after.push_back(order.Unlinked() ? std::optional(order.update_time) : std::nullopt);
    kind.push_back(wire.kind());
    state.push_back(wire.state());
    payment_state.push_back(wire.payment_state());
    fulfillment_state.push_back(wire.fulfillment_state());
    channel.push_back(order.channel);
    currency.push_back(wire.currency_code());
    gross.push_back(wire.totals().gross());
    total.push_back(wire.totals().total());
    refunded.push_back(wire.totals().refunded());
    net.push_back(wire.totals().net());
    place_time.push_back(order.place_time);
    source_version.push_back(order.source.version);
    source_update_time.push_back(order.source.update_time);
    tags.push_back(postgres::Param(order.tags).text().value_or("{}"));
    create_time.push_back(order.create_time);
    update_time.push_back(order.update_time);
    body.push_back({wire.SerializeAsString()});
    event_id.push_back(order.Unlinked() ? std::nullopt : std::optional(Uuid::NewV7(cause.now)));
    event_prefix.push_back({EventPrefix(body.back().data)});
    happen_time.push_back(change.happen_time);
    trace_parent.push_back(cause.trace_parent);
    actor.push_back(cause.actor);
  }

  // Those of kWriteOrders; of kWriteOrder where there is one.
  std::vector<postgres::Param> Params() const { return id.size() == 1 ? One() : All(); }

 private:
  std::vector<postgres::Param> All() const {
    return {
        id,          version,       store_id,          external_id,    contact_id,         link_after,   kind,
        state,       payment_state, fulfillment_state, channel,        currency,           gross,        total,
        refunded,    net,           place_time,        source_version, source_update_time, tags,         create_time,
        update_time, body,          event_id,          event_prefix,   happen_time,        trace_parent, actor};
  }

  std::vector<postgres::Param> One() const {
    return {id[0],
            version[0],
            store_id[0],
            external_id[0],
            contact_id[0],
            link_after[0],
            kind[0],
            state[0],
            payment_state[0],
            fulfillment_state[0],
            channel[0],
            currency[0],
            gross[0],
            total[0],
            refunded[0],
            net[0],
            place_time[0],
            source_version[0],
            source_update_time[0],
            tags[0],
            create_time[0],
            update_time[0],
            body[0],
            event_id[0],
            event_prefix[0],
            happen_time[0],
            trace_parent[0],
            actor[0]};
  }
};

// Cost, category, brand and since when the cost counts from this column on.
ProductFact ReadProductFact(const postgres::Row& row, int column) {
  return {row.Get<std::optional<std::int64_t>>(column), row.Get<std::string>(column + 1),
          row.Get<std::string>(column + 2), row.Get<std::optional<Time>>(column + 3)};
}

absl::StatusOr<Order> ReadBody(const postgres::Row& row) { return ParseOrder(row.Get<postgres::Bytes>(0).data); }

}  // namespace

absl::StatusOr<std::vector<Uuid>> OrderStore::Write(postgres::Tx& tx, const Cause& cause,
                                                    const std::vector<OrderChange>& changes) {
  std::vector<CausedChange> caused;
  caused.reserve(changes.size());
  for (const OrderChange& change : changes) caused.push_back({&cause, &change});
  return Write(tx, std::move(caused));
}

absl::StatusOr<std::vector<Uuid>> OrderStore::Write(postgres::Tx& tx, std::vector<CausedChange> changes) {
  // In the order of their ids, so that two batches that meet at the same rows wait for each other but never in a
  // circle.
  std::sort(changes.begin(), changes.end(),
            [](const CausedChange& a, const CausedChange& b) { return a.change->order.id < b.change->order.id; });
  OrderColumns columns;
  for (const CausedChange& one : changes) columns.Add(*one.change, *one.cause);
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows,
                         tx.ExecuteParams(changes.size() == 1 ? kWriteOrder : kWriteOrders, columns.Params()));
  std::vector<Uuid> written;
  for (int i = 0; i < rows.size(); ++i) written.push_back(rows[i].Get<Uuid>(0));
  if (!rows.empty() && !rows[0].IsNull(1)) tx.NoteEventXact(static_cast<std::uint64_t>(rows[0].Get<std::int64_t>(1)));
  return written;
}

absl::StatusOr<std::map<Uuid, Order>> OrderStore::Find(postgres::Tx& tx, const std::vector<Uuid>& ids) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kFindOrders, ids));
  std::map<Uuid, Order> orders;
  for (int i = 0; i < rows.size(); ++i) {
    ESNAF_ASSIGN_OR_RETURN(Order order, ReadBody(rows[i]));
    NoteWriter(rows[i], tx);
    const Uuid id = order.id;
    orders.emplace(id, std::move(order));
  }
  return orders;
}

std::optional<std::int64_t> ProductFact::CostOf(Time time) const {
  const bool of_the_past = cost_time && time < *cost_time;
  return of_the_past && !past_costs.empty() ? CostAt(past_costs, time) : cost;
}

void ProductFact::Describe(OrderLine& line) const {
  if (!line.category.empty() || !line.brand.empty()) return;
  line.category = category;
  line.brand = brand;
}

absl::StatusOr<FoundOrder> OrderStore::FindWithProducts(postgres::Tx& tx, const Uuid& id, const std::string& store_id,
                                                        const std::vector<std::string>& skus,
                                                        const std::optional<identity::Identity>& identity) {
  const identity::Identity asked = identity.value_or(identity::Identity());
  const int kind = identity ? static_cast<int>(asked.kind) : 0;
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows,
                         tx.Execute(kFindOrderAndProducts, id, store_id, skus, kind, asked.store_id, asked.value));
  FoundOrder found;
  for (int i = 0; i < rows.size(); ++i) {
    if (!rows[i].IsNull(8)) {
      found.owner = identity::Owner{rows[i].Get<Uuid>(8), rows[i].Get<bool>(9)};
      continue;
    }
    if (rows[i].IsNull(0)) {
      found.products[{store_id, rows[i].Get<std::string>(3)}] = ReadProductFact(rows[i], 4);
      continue;
    }
    ESNAF_ASSIGN_OR_RETURN(found.order, ReadBody(rows[i]));
    NoteWriter(rows[i], tx);
  }
  return found;
}

absl::StatusOr<std::optional<Order>> OrderStore::FindForUpdate(postgres::Tx& tx, const Uuid& id) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kFindOrderForUpdate, id));
  if (rows.empty()) return std::optional<Order>();
  ESNAF_ASSIGN_OR_RETURN(Order order, ReadBody(rows[0]));
  NoteWriter(rows[0], tx);
  return std::optional<Order>(std::move(order));
}

absl::StatusOr<ProductFacts> OrderStore::FindProducts(postgres::Tx& tx, const std::vector<std::string>& store_ids,
                                                      const std::vector<std::string>& skus) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kFindProducts, store_ids, skus));
  ProductFacts products;
  for (int i = 0; i < rows.size(); ++i) {
    products[{rows[i].Get<std::string>(0), rows[i].Get<std::string>(1)}] = ReadProductFact(rows[i], 2);
  }
  return products;
}

absl::Status OrderStore::AddPastCosts(postgres::Tx& tx, const std::vector<std::string>& store_ids,
                                      const std::vector<std::string>& skus, ProductFacts& products) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kFindPastCosts, store_ids, skus));
  for (int i = 0; i < rows.size(); ++i) {
    const auto product = products.find({rows[i].Get<std::string>(0), rows[i].Get<std::string>(1)});
    if (product == products.end()) continue;
    product->second.past_costs.push_back({rows[i].Get<Time>(2), rows[i].Get<std::optional<std::int64_t>>(3)});
  }
  return absl::OkStatus();
}

absl::Status OrderStore::VisitPlaced(postgres::Tx& tx, const std::string& store_id, Time start, Time end,
                                     const std::function<bool()>& cancelled,
                                     const std::function<void(const Order&)>& visit) {
  constexpr int kPage = 1000;
  Time after = start;
  Uuid after_id;  // before every other
  for (;;) {
    if (cancelled()) return absl::CancelledError("nobody waits for the answer any more");
    ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows,
                           tx.Execute(kFindPlacedOrders, store_id, after, after_id, end, kPage));
    for (int i = 0; i < rows.size(); ++i) {
      ESNAF_ASSIGN_OR_RETURN(const Order order, ReadBody(rows[i]));
      visit(order);
    }
    if (rows.size() < kPage) return absl::OkStatus();
    after = rows[kPage - 1].Get<Time>(1);
    after_id = rows[kPage - 1].Get<Uuid>(2);
  }
}

absl::StatusOr<std::vector<CurrencySum>> OrderStore::SumByCurrency(postgres::Tx& tx, const std::vector<Uuid>& contacts,
                                                                   const std::vector<std::string>& store_ids) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kSumByCurrency, contacts, store_ids));
  std::vector<CurrencySum> sums;
  for (int i = 0; i < rows.size(); ++i) {
    const postgres::Row row = rows[i];
    sums.push_back({row.Get<std::string>(0), row.Get<std::int64_t>(1), row.Get<std::int64_t>(2),
                    row.Get<std::int64_t>(3), row.Get<std::int64_t>(4), row.Get<std::int64_t>(5), row.Get<Time>(6),
                    row.Get<Time>(7)});
  }
  return sums;
}

absl::StatusOr<std::vector<Order>> OrderStore::FindUnlinked(postgres::Tx& tx, Time now, int limit) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kFindUnlinkedOrders, now, limit));
  std::vector<Order> orders;
  for (int i = 0; i < rows.size(); ++i) {
    ESNAF_ASSIGN_OR_RETURN(Order order, ReadBody(rows[i]));
    orders.push_back(std::move(order));
  }
  return orders;
}

absl::Status OrderStore::Postpone(postgres::Tx& tx, const std::vector<Uuid>& ids, Time until) {
  return tx.Execute(kPostponeOrders, ids, until).status();
}

absl::StatusOr<std::int64_t> OrderStore::CountUnlinked(postgres::Tx& tx) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kCountUnlinkedOrders));
  return rows[0].Get<std::int64_t>(0);
}

}  // namespace esnaf::orders
