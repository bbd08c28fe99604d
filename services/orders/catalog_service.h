#pragma once

// The RPCs of esnaf.orders.v1.StoreService and ProductService.
#include "esnaf/orders/v1/catalog.pb.h"
#include "libs/runtime/rpc_service.h"
#include "services/orders/store.h"

namespace esnaf::orders {

class StoreService {
 public:
  runtime::RpcService Rpcs();

  absl::StatusOr<v1::Store> CreateStore(runtime::Call& call, const v1::CreateStoreRequest& request);
  absl::StatusOr<v1::Store> GetStore(runtime::Call& call, const v1::GetStoreRequest& request);
  absl::StatusOr<v1::ListStoresResponse> ListStores(runtime::Call& call, const v1::ListStoresRequest& request);
  absl::StatusOr<v1::Store> UpdateStore(runtime::Call& call, const v1::UpdateStoreRequest& request);
};

class ProductService {
 public:
  explicit ProductService(ShopCache& shops) : shops_(shops) {}
  runtime::RpcService Rpcs();

  absl::StatusOr<v1::BatchUpsertProductsResponse> BatchUpsertProducts(runtime::Call& call,
                                                                      const v1::BatchUpsertProductsRequest& request);
  absl::StatusOr<v1::Product> GetProduct(runtime::Call& call, const v1::GetProductRequest& request);
  absl::StatusOr<v1::ListProductsResponse> ListProducts(runtime::Call& call, const v1::ListProductsRequest& request);
  absl::StatusOr<v1::ProductHistory> GetProductHistory(runtime::Call& call,
                                                       const v1::GetProductHistoryRequest& request);
  absl::StatusOr<v1::ListProductPopularityResponse> ListProductPopularity(
      runtime::Call& call, const v1::ListProductPopularityRequest& request);

 private:
  ShopCache& shops_;
};

}  // namespace esnaf::orders
