#include "services/orders/product.h"

#include "libs/base/macros.h"
#include "services/orders/catalog_wire.h"

namespace esnaf::orders {
namespace {

#define ESNAF_PRODUCT_COLUMNS                                                                           \
  "store_id, sku, title, category, brand, price, cost, create_time, update_time, parent_sku, options, " \
  "categories, stock_quantity, cost_time, version"

// How often products are looked at again that somebody else creates meanwhile.
constexpr int kMostAttempts = 5;

// In one order everywhere, so that two batches never wait for each other in a circle.
const postgres::Statement kLockProducts("orders", "lock_products",
                                        "SELECT " ESNAF_PRODUCT_COLUMNS
                                        " FROM product "
                                        "WHERE (store_id, sku) IN (SELECT * FROM unnest($1::text[], $2::text[])) "
                                        "ORDER BY store_id, sku FOR UPDATE");

const postgres::Statement kFindCurrencies("orders", "find_currencies_of_stores",
                                          "SELECT id, currency FROM store WHERE id = ANY($1::text[])");

const postgres::Statement kWriteProducts("orders", "write_products", R"sql(
INSERT INTO product (store_id, sku, id, title, category, brand, price, cost, create_time, update_time, parent_sku, options,
  categories, stock_quantity, cost_time, version)
SELECT store_id, sku, id, title, category, brand, price, cost, create_time, update_time, parent_sku, options::text[],
  categories::text[], stock_quantity, cost_time, version
FROM unnest($1::text[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::bigint[],
  $9::timestamptz[], $10::timestamptz[], $11::text[], $12::text[], $13::text[], $14::bigint[], $15::timestamptz[],
  $16::bigint[])
  AS i(store_id, sku, id, title, category, brand, price, cost, create_time, update_time, parent_sku, options, categories,
       stock_quantity, cost_time, version)
ON CONFLICT (store_id, sku) DO UPDATE SET title = excluded.title, category = excluded.category, brand = excluded.brand,
  price = excluded.price, cost = excluded.cost, update_time = excluded.update_time, parent_sku = excluded.parent_sku,
  options = excluded.options, categories = excluded.categories, stock_quantity = excluded.stock_quantity,
  cost_time = excluded.cost_time, version = excluded.version
WHERE product.version = excluded.version - 1
RETURNING id)sql");

const postgres::Statement kWriteCosts("orders", "write_product_costs", R"sql(
INSERT INTO product_cost (store_id, sku, from_time, cost)
SELECT * FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::bigint[])
ON CONFLICT (store_id, sku, from_time) DO UPDATE SET cost = excluded.cost)sql");

const postgres::Statement kWritePrices("orders", "write_product_prices", R"sql(
INSERT INTO product_price (store_id, sku, from_time, price)
SELECT * FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::bigint[])
ON CONFLICT (store_id, sku, from_time) DO UPDATE SET price = excluded.price)sql");

const postgres::Statement kWriteEvents("orders", "write_product_events", R"sql(
WITH event AS (
  INSERT INTO outbox (event_id, aggregate_type, aggregate_id, aggregate_version, type, payload, happen_time, trace_parent, actor)
  SELECT event_id, 'product', id, version, type, payload, $6, $7, $8
  FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::text[], $5::bytea[]) AS i(event_id, id, version, type, payload)
  RETURNING xact)
SELECT max(xact::text) FROM event)sql");

const postgres::Statement kFindProduct("orders", "find_product",
                                       "SELECT " ESNAF_PRODUCT_COLUMNS
                                       " FROM product WHERE store_id = $1 AND sku = $2");

const postgres::Statement kFindCosts("orders", "find_costs_of_product", R"sql(
SELECT from_time, cost FROM product_cost WHERE store_id = $1 AND sku = $2 ORDER BY from_time DESC LIMIT $3)sql");

const postgres::Statement kFindPrices("orders", "find_prices_of_product", R"sql(
SELECT from_time, price FROM product_price WHERE store_id = $1 AND sku = $2 ORDER BY from_time DESC LIMIT $3)sql");

using Key = std::pair<std::string, std::string>;
Key KeyOf(const Product& product) { return {product.store_id, product.sku}; }

// Options in one list, as the database holds them, and back.
std::vector<std::string> Flatten(const std::vector<ProductOption>& options) {
  std::vector<std::string> flat;
  for (const ProductOption& option : options) {
    flat.push_back(option.name);
    flat.push_back(option.value);
  }
  return flat;
}

std::string ArrayText(const std::vector<std::string>& texts) { return postgres::Param(texts).text().value_or("{}"); }

absl::StatusOr<std::map<std::string, Currency>> FindCurrencies(postgres::Tx& tx,
                                                               const std::vector<std::string>& store_ids) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kFindCurrencies, store_ids));
  std::map<std::string, Currency> currencies;
  for (int i = 0; i < rows.size(); ++i) {
    ESNAF_ASSIGN_OR_RETURN(currencies[rows[i].Get<std::string>(0)], Currency::Parse(rows[i].Text(1)));
  }
  return currencies;
}

// Writes the products whose version follows what is recorded; answers their ids.
absl::StatusOr<std::vector<Uuid>> WriteProducts(postgres::Tx& tx, const std::vector<ProductChange>& changes) {
  std::vector<std::string> store_ids, skus, titles, categories, brands, parents, options, more_categories;
  std::vector<Uuid> ids;
  std::vector<std::optional<std::int64_t>> prices, costs, stocks;
  std::vector<Time> create_times, update_times;
  std::vector<std::optional<Time>> cost_times;
  std::vector<std::int64_t> versions;
  for (const ProductChange& change : changes) {
    const Product& product = change.product;
    store_ids.push_back(product.store_id);
    skus.push_back(product.sku);
    ids.push_back(ProductId(product.store_id, product.sku));
    titles.push_back(product.title);
    categories.push_back(product.category);
    brands.push_back(product.brand);
    prices.push_back(product.price);
    costs.push_back(product.cost);
    create_times.push_back(product.create_time);
    update_times.push_back(product.update_time);
    parents.push_back(product.parent_sku);
    options.push_back(ArrayText(Flatten(product.options)));
    more_categories.push_back(ArrayText(product.categories));
    stocks.push_back(product.stock_quantity);
    cost_times.push_back(product.cost_time);
    versions.push_back(product.version);
  }
  ESNAF_ASSIGN_OR_RETURN(
      const postgres::Result rows,
      tx.Execute(kWriteProducts, store_ids, skus, ids, titles, categories, brands, prices, costs, create_times,
                 update_times, parents, options, more_categories, stocks, cost_times, versions));
  std::vector<Uuid> written;
  for (int i = 0; i < rows.size(); ++i) written.push_back(rows[i].Get<Uuid>(0));
  std::sort(written.begin(), written.end());
  return written;
}

// One list of a history's rows.
struct HistoryRows {
  std::vector<std::string> store_ids, skus;
  std::vector<Time> times;
  std::vector<std::optional<std::int64_t>> values;
  void Add(const Product& product, std::optional<std::int64_t> value) {
    store_ids.push_back(product.store_id);
    skus.push_back(product.sku);
    times.push_back(product.update_time);
    values.push_back(value);
  }
  absl::Status Write(postgres::Tx& tx, const postgres::Statement& statement) const {
    return skus.empty() ? absl::OkStatus() : tx.Execute(statement, store_ids, skus, times, values).status();
  }
};

absl::Status WriteHistory(postgres::Tx& tx, const std::vector<ProductChange>& changes) {
  HistoryRows costs, prices;
  for (const ProductChange& change : changes) {
    if (change.cost_changed) costs.Add(change.product, change.product.cost);
    if (change.price_changed) prices.Add(change.product, change.product.price);
  }
  ESNAF_RETURN_IF_ERROR(costs.Write(tx, kWriteCosts));
  return prices.Write(tx, kWritePrices);
}

absl::Status WriteEvents(postgres::Tx& tx, const Cause& cause, const std::vector<ProductChange>& changes,
                         const std::map<std::string, Currency>& currencies) {
  std::vector<Uuid> event_ids, ids;
  std::vector<std::int64_t> versions;
  std::vector<std::string> types;
  std::vector<postgres::Bytes> payloads;
  const auto add = [&](const Product& product, const auto& event) {
    event_ids.push_back(Uuid::NewV7(cause.now));
    ids.push_back(ProductId(product.store_id, product.sku));
    versions.push_back(product.version);
    types.push_back(event.GetDescriptor()->full_name());
    payloads.push_back({event.SerializeAsString()});
  };
  for (const ProductChange& change : changes) {
    const Currency currency = currencies.at(change.product.store_id);
    if (change.dropped_from) add(change.product, PriceDropOf(change.product, *change.dropped_from, currency));
    if (change.back_in_stock) add(change.product, BackInStockOf(change.product, currency));
  }
  if (ids.empty()) return absl::OkStatus();
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kWriteEvents, event_ids, ids, versions, types,
                                                                 payloads, cause.now, cause.trace_parent, cause.actor));
  tx.NoteEventXact(static_cast<std::uint64_t>(rows[0].Get<std::int64_t>(0)));
  return absl::OkStatus();
}

absl::StatusOr<std::map<Key, Product>> LockKnown(postgres::Tx& tx, const std::vector<Product>& products) {
  std::vector<std::string> store_ids, skus;
  for (const Product& product : products) {
    store_ids.push_back(product.store_id);
    skus.push_back(product.sku);
  }
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kLockProducts, store_ids, skus));
  std::map<Key, Product> known;
  for (int i = 0; i < rows.size(); ++i) {
    Product product = ProductStore::ReadRow(rows[i]);
    known.emplace(KeyOf(product), std::move(product));
  }
  return known;
}

absl::StatusOr<std::vector<CostFrom>> ReadHistory(absl::StatusOr<postgres::Result> rows) {
  if (!rows.ok()) return rows.status();
  std::vector<CostFrom> history;
  for (int i = 0; i < rows->size(); ++i) {
    history.push_back({(*rows)[i].Get<Time>(0), (*rows)[i].Get<std::optional<std::int64_t>>(1)});
  }
  return history;
}

}  // namespace

const char ProductStore::kColumns[] = ESNAF_PRODUCT_COLUMNS;

Product ProductStore::ReadRow(const postgres::Row& row) {
  Product product{row.Get<std::string>(0),
                  row.Get<std::string>(1),
                  row.Get<std::string>(2),
                  row.Get<std::string>(3),
                  row.Get<std::string>(4),
                  row.Get<std::optional<std::int64_t>>(5),
                  row.Get<std::optional<std::int64_t>>(6),
                  row.Get<Time>(7),
                  row.Get<Time>(8),
                  row.Get<std::string>(9)};
  const auto flat = row.Get<std::vector<std::string>>(10);
  for (std::size_t i = 0; i + 1 < flat.size(); i += 2) product.options.push_back({flat[i], flat[i + 1]});
  product.categories = row.Get<std::vector<std::string>>(11);
  product.stock_quantity = row.Get<std::optional<std::int64_t>>(12);
  product.cost_time = row.Get<std::optional<Time>>(13);
  product.version = row.Get<std::int64_t>(14);
  return product;
}

absl::Status ProductStore::Upsert(postgres::Tx& tx, const std::vector<Product>& products, Time now) {
  return Upsert(tx, Cause{"service:orders", "", now}, products);
}

absl::Status ProductStore::Upsert(postgres::Tx& tx, const Cause& cause, const std::vector<Product>& products) {
  std::vector<Product> open = products;
  std::sort(open.begin(), open.end(), [](const Product& a, const Product& b) { return KeyOf(a) < KeyOf(b); });
  std::vector<std::string> store_ids;
  for (const Product& product : open) store_ids.push_back(product.store_id);
  ESNAF_ASSIGN_OR_RETURN(const auto currencies, FindCurrencies(tx, store_ids));
  for (int attempt = 0; attempt < kMostAttempts; ++attempt) {
    ESNAF_ASSIGN_OR_RETURN(const auto known, LockKnown(tx, open));
    std::vector<ProductChange> changes;
    for (const Product& product : open) {
      const auto found = known.find(KeyOf(product));
      ProductChange change = ChangeProduct(found == known.end() ? nullptr : &found->second, product, cause.now);
      if (change.changed) changes.push_back(std::move(change));
    }
    if (changes.empty()) return absl::OkStatus();
    ESNAF_ASSIGN_OR_RETURN(const std::vector<Uuid> written, WriteProducts(tx, changes));
    std::vector<ProductChange> done;
    std::vector<Product> left;
    for (ProductChange& change : changes) {
      const Uuid id = ProductId(change.product.store_id, change.product.sku);
      if (std::binary_search(written.begin(), written.end(), id)) {
        done.push_back(std::move(change));
      } else {
        left.push_back(std::move(change.product));
      }
    }
    ESNAF_RETURN_IF_ERROR(WriteHistory(tx, done));
    ESNAF_RETURN_IF_ERROR(WriteEvents(tx, cause, done, currencies));
    if (left.empty()) return absl::OkStatus();
    open = std::move(left);
  }
  return absl::AbortedError("the products keep being changed by others; try again");
}

absl::StatusOr<std::optional<Product>> ProductStore::Find(postgres::Tx& tx, std::string_view store_id,
                                                          std::string_view sku) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kFindProduct, store_id, sku));
  if (rows.empty()) return std::optional<Product>();
  return std::optional<Product>(ReadRow(rows[0]));
}

absl::StatusOr<std::vector<CostFrom>> ProductStore::FindCosts(postgres::Tx& tx, std::string_view store_id,
                                                              std::string_view sku, int limit) {
  return ReadHistory(tx.Execute(kFindCosts, store_id, sku, limit));
}

absl::StatusOr<std::vector<CostFrom>> ProductStore::FindPrices(postgres::Tx& tx, std::string_view store_id,
                                                               std::string_view sku, int limit) {
  return ReadHistory(tx.Execute(kFindPrices, store_id, sku, limit));
}

}  // namespace esnaf::orders
