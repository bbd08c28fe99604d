#include "services/orders/catalog_service.h"

#include <map>

#include "libs/api/convert.h"
#include "libs/api/list_query.h"
#include "libs/base/error.h"
#include "libs/base/macros.h"
#include "services/orders/catalog_wire.h"
#include "services/orders/product.h"
#include "services/orders/product_sales.h"

namespace esnaf::orders {
namespace {

using runtime::Call;
using Writes = runtime::Call::Writes;

constexpr int kMostProducts = 1000;

const api::FieldTable& ProductFields() {
  static const api::FieldTable kFields{{{"sku", "sku"}}, "id"};
  return kFields;
}

constexpr int kMostHistory = 1000;
constexpr std::chrono::days kLongestPeriod{366};
constexpr int kUsualPopular = 50;
constexpr int kMostPopular = 1000;

struct Period {
  Time start, end;
};

// INVALID_ARGUMENT naming the field that is wrong.
absl::StatusOr<Period> PeriodOf(const Call& call, const v1::ListProductPopularityRequest& request) {
  Period period{.start = {}, .end = call.now()};
  if (request.has_end_time()) {
    ESNAF_ASSIGN_OR_RETURN(period.end, api::FromProto(request.end_time(), "end_time"));
  }
  period.start = period.end - std::chrono::days(30);
  if (request.has_start_time()) {
    ESNAF_ASSIGN_OR_RETURN(period.start, api::FromProto(request.start_time(), "start_time"));
  }
  if (period.start >= period.end) return InvalidField("start_time", "is not before the end");
  if (period.end - period.start > kLongestPeriod) {
    return InvalidField("start_time", "is more than 366 days before the end");
  }
  return period;
}

std::int64_t RankOf(v1::PopularityRank rank, const ProductSales& sales) {
  switch (rank) {
    case v1::POPULARITY_RANK_ORDERS:
      return sales.orders;
    case v1::POPULARITY_RANK_NET_REVENUE:
      return sales.net_revenue;
    case v1::POPULARITY_RANK_MARGIN:
      return sales.Margin();
    default:
      return sales.units;
  }
}

// The most popular first; of equals the one whose SKU comes first.
v1::ListProductPopularityResponse Ranked(const SalesByProduct& sales, v1::PopularityRank rank, std::size_t most) {
  std::vector<const SalesByProduct::value_type*> sorted;
  for (const auto& product : sales) sorted.push_back(&product);
  std::stable_sort(sorted.begin(), sorted.end(),
                   [rank](const auto* a, const auto* b) { return RankOf(rank, a->second) > RankOf(rank, b->second); });
  if (sorted.size() > most) sorted.resize(most);
  v1::ListProductPopularityResponse response;
  for (const auto* entry : sorted) {
    const ProductSales& product = entry->second;
    v1::ProductPopularity& told = *response.add_products();
    told.set_sku(entry->first.first);
    told.set_title(product.title);
    told.set_currency_code(entry->first.second);
    told.set_unit_count(product.units);
    told.set_order_count(product.orders);
    told.set_net_revenue(product.net_revenue);
    told.set_cost(product.cost);
    told.set_margin(product.Margin());
    told.set_uncosted_unit_count(product.uncosted_units);
  }
  return response;
}

void WriteHistory(const std::vector<CostFrom>& history, Currency currency,
                  google::protobuf::RepeatedPtrField<v1::PastAmount>& wire) {
  for (const CostFrom& entry : history) {
    v1::PastAmount& past = *wire.Add();
    *past.mutable_from_time() = api::ToProto(entry.from_time);
    if (entry.cost) *past.mutable_amount() = api::ToProto(Money{*entry.cost, currency});
  }
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
      .Unary("ListProducts", this, &ProductService::ListProducts)
      .Unary("GetProductHistory", this, &ProductService::GetProductHistory)
      .Unary("ListProductPopularity", this, &ProductService::ListProductPopularity);
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
      request, Writes::kTransaction, [&](postgres::Tx& tx) -> absl::StatusOr<v1::BatchUpsertProductsResponse> {
        ESNAF_RETURN_IF_ERROR(
            ProductStore::Upsert(tx, Cause{call.caller().actor, call.info().trace_parent, call.now()}, good));
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
    response.set_next_page_token(query.NextPageToken(rows, ProductStore::kColumnCount));
    return response;
  });
}

absl::StatusOr<v1::ProductHistory> ProductService::GetProductHistory(Call& call,
                                                                     const v1::GetProductHistoryRequest& request) {
  ESNAF_RETURN_IF_ERROR(CheckScope(call.caller(), request.store_id()));
  ESNAF_ASSIGN_OR_RETURN(const Shop shop, shops_.Get(call, request.store_id()));
  return call.Read([&](postgres::Tx& tx) -> absl::StatusOr<v1::ProductHistory> {
    ESNAF_ASSIGN_OR_RETURN(const auto product, ProductStore::Find(tx, request.store_id(), request.sku()));
    if (!product) return NotFound("product", request.sku());
    ESNAF_ASSIGN_OR_RETURN(const auto prices,
                           ProductStore::FindPrices(tx, request.store_id(), request.sku(), kMostHistory));
    ESNAF_ASSIGN_OR_RETURN(const auto costs,
                           ProductStore::FindCosts(tx, request.store_id(), request.sku(), kMostHistory));
    v1::ProductHistory history;
    WriteHistory(prices, shop.currency, *history.mutable_prices());
    WriteHistory(costs, shop.currency, *history.mutable_costs());
    return history;
  });
}

absl::StatusOr<v1::ListProductPopularityResponse> ProductService::ListProductPopularity(
    Call& call, const v1::ListProductPopularityRequest& request) {
  ESNAF_RETURN_IF_ERROR(CheckScope(call.caller(), request.store_id()));
  ESNAF_RETURN_IF_ERROR(shops_.Get(call, request.store_id()).status());
  ESNAF_ASSIGN_OR_RETURN(const Period period, PeriodOf(call, request));
  if (request.page_size() < 0) return InvalidField("page_size", "is negative");
  if (!v1::PopularityRank_IsValid(request.rank())) return InvalidField("rank", "is unknown");
  const int most = request.page_size() == 0 ? kUsualPopular : std::min(request.page_size(), kMostPopular);
  return call.ReadSnapshot([&](postgres::Tx& tx) -> absl::StatusOr<v1::ListProductPopularityResponse> {
    SalesByProduct sales;
    const auto add = [&sales](const Order& order) { AddSales(order, sales); };
    const auto cancelled = [&call] { return call.cancelled(); };
    ESNAF_RETURN_IF_ERROR(OrderStore::VisitPlaced(tx, request.store_id(), period.start, period.end, cancelled, add));
    return Ranked(sales, request.rank(), static_cast<std::size_t>(most));
  });
}

}  // namespace esnaf::orders
