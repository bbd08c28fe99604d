#pragma once

// Shopify's webhooks (shopify.dev/docs/api/webhooks): whole documents of orders, carts, products and customers, signed
// by the app's secret. Pure.
#include "services/orders/connectors/storefront.h"

namespace esnaf::orders {

inline constexpr char kShopify[] = "shopify";

// One parcel: the body with its topic. It is known again by `X-Shopify-Webhook-Id`.
absl::StatusOr<hooks::Reception> ReceiveShopify(const hooks::Request& request, const hooks::Secrets& secrets);

// What a delivery says to a store. INVALID_ARGUMENT naming each place of the body that cannot be read.
absl::StatusOr<Told> ReadShopify(const Envelope& envelope, const Shop& shop);

// The whole order of a topic `orders/…`.
Told ReadShopifyOrder(const Place& body, const Envelope& envelope, const Shop& shop);
// One of its facts, which comes within the order and by itself alike.
v1::Fulfillment ReadShopifyFulfillment(const Place& place);
v1::Refund ReadShopifyRefund(const Place& place, Currency currency, std::vector<std::string>& remarks);
v1::Customer ReadShopifyCustomer(const Place& order, const Place& customer, const Shop& shop,
                                 std::vector<std::string>& remarks);
// Whether a fulfilment of this status left the shop.
bool HasLeft(const std::string& status);

}  // namespace esnaf::orders
