#pragma once

// The RPCs of esnaf.orders.v1.CartService.
#include "esnaf/orders/v1/carts.pb.h"
#include "libs/runtime/rpc_service.h"
#include "services/orders/order_linker.h"
#include "services/orders/store.h"

namespace esnaf::orders {

class CartService {
 public:
  CartService(ShopCache& shops, ContactLinker& linker) : shops_(shops), linker_(linker) {}
  runtime::RpcService Rpcs();

  absl::StatusOr<v1::Cart> UpsertCart(runtime::Call& call, const v1::UpsertCartRequest& request);
  absl::StatusOr<v1::Cart> GetCart(runtime::Call& call, const v1::GetCartRequest& request);
  absl::StatusOr<v1::ListCartsResponse> ListCarts(runtime::Call& call, const v1::ListCartsRequest& request);
  absl::StatusOr<v1::CartLink> CreateCartLink(runtime::Call& call, const v1::CreateCartLinkRequest& request);
  absl::StatusOr<v1::RecoverCartResponse> RecoverCart(runtime::Call& call, const v1::RecoverCartRequest& request);
  absl::StatusOr<v1::CartPolicy> GetCartPolicy(runtime::Call& call, const v1::GetCartPolicyRequest& request);
  absl::StatusOr<v1::CartPolicy> UpdateCartPolicy(runtime::Call& call, const v1::UpdateCartPolicyRequest& request);

 private:
  ShopCache& shops_;
  ContactLinker& linker_;
};

}  // namespace esnaf::orders
