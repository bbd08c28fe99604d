#pragma once

// The connectors of storefronts: what they tell goes the way of IngestOrder and its verbs, so that repetitions and
// deliveries that overtake each other end in the same state.
#include <memory>

#include "libs/hooks/connector.h"
#include "services/orders/cart_service.h"
#include "services/orders/order_ingest.h"

namespace esnaf::orders {

// What the connectors work with; outlives them.
struct StorefrontParts {
  ShopCache& shops;
  ContactLinker& linker;
  OrderIngest& ingest;
  CartService& carts;
};

std::unique_ptr<hooks::Connector> MakeShopify(const StorefrontParts& parts);
std::unique_ptr<hooks::Connector> MakeWooCommerce(const StorefrontParts& parts);

}  // namespace esnaf::orders
