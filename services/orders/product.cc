#include "services/orders/product.h"

#include "services/orders/order_validation.h"

namespace esnaf::orders {
namespace {

const postgres::Statement kUpsertProducts("orders", "upsert_products", R"sql(
INSERT INTO product (store_id, sku, id, title, category, brand, price, cost, create_time, update_time)
SELECT i.*, $9, $9
FROM unnest($1::text[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::bigint[]) AS i
ON CONFLICT (store_id, sku) DO UPDATE SET title = excluded.title, category = excluded.category, brand = excluded.brand,
  price = excluded.price, cost = excluded.cost, update_time = excluded.update_time
WHERE (product.title, product.category, product.brand, product.price, product.cost)
  IS DISTINCT FROM (excluded.title, excluded.category, excluded.brand, excluded.price, excluded.cost))sql");

const postgres::Statement kFindProduct("orders", "find_product", R"sql(
SELECT store_id, sku, title, category, brand, price, cost, create_time, update_time
FROM product WHERE store_id = $1 AND sku = $2)sql");

}  // namespace

const char ProductStore::kColumns[] = "store_id, sku, title, category, brand, price, cost, create_time, update_time";

Uuid ProductId(std::string_view store_id, std::string_view sku) {
  return Uuid::FromName("product", std::string(store_id) + "\n" + std::string(sku));
}

void CheckProduct(FieldViolations& violations, const Product& product) {
  if (product.sku.empty()) violations.Add("sku", "is missing");
  CheckText(violations, "sku", product.sku, kMaxIdBytes);
  CheckText(violations, "title", product.title, 1000);
  CheckText(violations, "category", product.category, 500);
  CheckText(violations, "brand", product.brand, 200);
  if (product.price) CheckAmount(violations, "price", *product.price);
  if (product.cost) CheckAmount(violations, "cost", *product.cost);
}

Product ProductStore::ReadRow(const postgres::Row& row) {
  return {row.Get<std::string>(0),
          row.Get<std::string>(1),
          row.Get<std::string>(2),
          row.Get<std::string>(3),
          row.Get<std::string>(4),
          row.Get<std::optional<std::int64_t>>(5),
          row.Get<std::optional<std::int64_t>>(6),
          row.Get<Time>(7),
          row.Get<Time>(8)};
}

absl::Status ProductStore::Upsert(postgres::Tx& tx, const std::vector<Product>& products, Time now) {
  // In one order everywhere, so that two batches never wait for each other in a circle.
  std::vector<const Product*> sorted;
  for (const Product& product : products) sorted.push_back(&product);
  std::sort(sorted.begin(), sorted.end(),
            [](const auto* a, const auto* b) { return std::tie(a->store_id, a->sku) < std::tie(b->store_id, b->sku); });
  std::vector<std::string> store_ids, skus, titles, categories, brands;
  std::vector<Uuid> ids;
  std::vector<std::optional<std::int64_t>> prices, costs;
  for (const Product* product : sorted) {
    store_ids.push_back(product->store_id);
    skus.push_back(product->sku);
    ids.push_back(ProductId(product->store_id, product->sku));
    titles.push_back(product->title);
    categories.push_back(product->category);
    brands.push_back(product->brand);
    prices.push_back(product->price);
    costs.push_back(product->cost);
  }
  return tx.Execute(kUpsertProducts, store_ids, skus, ids, titles, categories, brands, prices, costs, now).status();
}

absl::StatusOr<std::optional<Product>> ProductStore::Find(postgres::Tx& tx, std::string_view store_id,
                                                          std::string_view sku) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kFindProduct, store_id, sku));
  if (rows.empty()) return std::optional<Product>();
  return std::optional<Product>(ReadRow(rows[0]));
}

}  // namespace esnaf::orders
