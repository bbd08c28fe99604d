#include "services/orders/catalog_service.h"

#include <map>

#include "libs/api/list_query.h"
#include "libs/base/error.h"
#include "libs/base/macros.h"
#include "services/orders/catalog_wire.h"

namespace esnaf::orders {
namespace {

using runtime::Call;
using Writes = runtime::Call::Writes;

constexpr int kMostProducts = 1000;

const api::FieldTable& ProductFields() {
  static const api::FieldTable kFields{{{"sku", "sku"}}, "id"};
  return kFields;
}

}  // namespace

runtime::RpcService StoreService::Rpcs() {
  runtime::RpcService rpcs("esnaf.orders.v1.StoreService");
  rpcs.Unary("CreateStore", this, &StoreService::CreateStore)
      .Unary("GetStore", this, &StoreService::GetStore)
      .Unary("ListStores", this, &StoreService::ListStores)
      .Unary("UpdateStore", this, &StoreService::UpdateStore);
  return rpcs;
}

absl::StatusOr<v1::Store> StoreService::CreateStore(Call& call, const v1::CreateStoreRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const Shop shop, ReadStore(request.store(), call.now()));
  ESNAF_RETURN_IF_ERROR(CheckScope(call.caller(), shop.id));
  return call.Mutate<v1::Store>(request, Writes::kTransaction, [&](postgres::Tx& tx) -> absl::StatusOr<v1::Store> {
    ESNAF_ASSIGN_OR_RETURN(const bool created, ShopStore::Insert(tx, shop));
    if (created) return ToWire(shop);
    ESNAF_ASSIGN_OR_RETURN(const std::optional<Shop> known, ShopStore::Find(tx, shop.id));
    if (known && known->SameAs(shop)) return ToWire(*known);
    return MakeError(absl::StatusCode::kAlreadyExists, "STORE_EXISTS", "another store has this id",
                     {{"store_id", shop.id}});
  });
}

absl::StatusOr<v1::Store> StoreService::GetStore(Call& call, const v1::GetStoreRequest& request) {
  ESNAF_RETURN_IF_ERROR(CheckScope(call.caller(), request.id()));
  ESNAF_ASSIGN_OR_RETURN(const auto shop,
                         call.Read([&](postgres::Tx& tx) { return ShopStore::Find(tx, request.id()); }));
  if (!shop) return NotFound("store", request.id());
  return ToWire(*shop);
}

absl::StatusOr<v1::ListStoresResponse> StoreService::ListStores(Call& call, const v1::ListStoresRequest&) {
  ESNAF_ASSIGN_OR_RETURN(const std::vector<Shop> shops,
                         call.Read([](postgres::Tx& tx) { return ShopStore::List(tx); }));
  v1::ListStoresResponse response;
  for (const Shop& shop : shops) {
    if (call.caller().MaySee(shop.id)) *response.add_stores() = ToWire(shop);
  }
  return response;
}

absl::StatusOr<v1::Store> StoreService::UpdateStore(Call& call, const v1::UpdateStoreRequest& request) {
  const std::string& id = request.store().id();
  ESNAF_RETURN_IF_ERROR(CheckScope(call.caller(), id));
  return call.Mutate<v1::Store>(request, Writes::kTransaction, [&](postgres::Tx& tx) -> absl::StatusOr<v1::Store> {
    ESNAF_ASSIGN_OR_RETURN(std::optional<Shop> shop, ShopStore::FindForUpdate(tx, id));
    if (!shop) return NotFound("store", id);
    ESNAF_RETURN_IF_ERROR(UpdateShop(*shop, request));
    shop->update_time = call.now();
    ESNAF_RETURN_IF_ERROR(ShopStore::Update(tx, *shop));
    return ToWire(*shop);
  });
}

runtime::RpcService ProductService::Rpcs() {
  runtime::RpcService rpcs("esnaf.orders.v1.ProductService");
  rpcs.Unary("BatchUpsertProducts", this, &ProductService::BatchUpsertProducts)
      .Unary("GetProduct", this, &ProductService::GetProduct)
      .Unary("ListProducts", this, &ProductService::ListProducts);
  return rpcs;
}

absl::StatusOr<v1::BatchUpsertProductsResponse> ProductService::BatchUpsertProducts(
    Call& call, const v1::BatchUpsertProductsRequest& request) {
  if (request.products().empty() || request.products_size() > kMostProducts) {
    return InvalidField("products", "must be 1 to 1000");
  }
  v1::BatchUpsertProductsResponse response;
  std::map<std::pair<std::string, std::string>, Product> products;  // of one that comes twice the later
  for (int i = 0; i < request.products_size(); ++i) {
    const v1::Product& wire = request.products(i);
    const auto read = [&]() -> absl::StatusOr<Product> {
      ESNAF_RETURN_IF_ERROR(CheckScope(call.caller(), wire.store_id()));
      ESNAF_ASSIGN_OR_RETURN(const Shop shop, shops_.Get(call, wire.store_id()));
      return ReadProduct(wire, shop);
    };
    google::rpc::Status& result = *response.add_results();
    auto product = read();
    if (product.ok()) {
      std::pair<std::string, std::string> key(product->store_id, product->sku);
      products.insert_or_assign(std::move(key), *std::move(product));
    } else {
      const std::string at = absl::StrCat("products[", i, "]");
      result.ParseFromString(SerializeStatus(WithFieldPrefix(product.status(), at)));
    }
  }
  std::vector<Product> good;
  for (auto& [key, product] : products) good.push_back(std::move(product));
  if (good.empty()) return response;
  return call.Mutate<v1::BatchUpsertProductsResponse>(
      request, Writes::kSingleStatement, [&](postgres::Tx& tx) -> absl::StatusOr<v1::BatchUpsertProductsResponse> {
        ESNAF_RETURN_IF_ERROR(ProductStore::Upsert(tx, good, call.now()));
        return response;
      });
}

absl::StatusOr<v1::Product> ProductService::GetProduct(Call& call, const v1::GetProductRequest& request) {
  ESNAF_RETURN_IF_ERROR(CheckScope(call.caller(), request.store_id()));
  ESNAF_ASSIGN_OR_RETURN(const Shop shop, shops_.Get(call, request.store_id()));
  ESNAF_ASSIGN_OR_RETURN(const auto product, call.Read([&](postgres::Tx& tx) {
    return ProductStore::Find(tx, request.store_id(), request.sku());
  }));
  if (!product) return NotFound("product", request.sku());
  return ToWire(*product, shop.currency);
}

absl::StatusOr<v1::ListProductsResponse> ProductService::ListProducts(Call& call,
                                                                      const v1::ListProductsRequest& request) {
  ESNAF_RETURN_IF_ERROR(CheckScope(call.caller(), request.store_id()));
  ESNAF_ASSIGN_OR_RETURN(const Shop shop, shops_.Get(call, request.store_id()));
  ESNAF_ASSIGN_OR_RETURN(const auto query, api::ListQuery::Parse(request, ProductFields(), {.default_order = "sku"}));
  return call.Read([&](postgres::Tx& tx) -> absl::StatusOr<v1::ListProductsResponse> {
    const api::SqlQuery sql = query.Select(ProductStore::kColumns, "product", "store_id = $1", {request.store_id()});
    ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.ExecuteDynamic(sql.sql, sql.params));
    v1::ListProductsResponse response;
    for (int i = 0; i < query.PageRows(rows); ++i) {
      *response.add_products() = ToWire(ProductStore::ReadRow(rows[i]), shop.currency);
    }
    response.set_next_page_token(query.NextPageToken(rows, 9));
    return response;
  });
}

}  // namespace esnaf::orders
