#pragma once

// WooCommerce's webhooks (woocommerce.github.io/woocommerce-rest-api-docs/#webhooks): documents of its REST API, signed
// by the webhook's secret. Pure.
#include "services/orders/connectors/storefront.h"

namespace esnaf::orders {

inline constexpr char kWooCommerce[] = "woocommerce";

// One parcel: the body with its topic. WooCommerce makes a delivery's id of the webhook and the second, so two that
// come within one second are told apart by their bodies. The ping that a new webhook begins with, which is neither
// signed nor JSON, is answered and brings nothing.
absl::StatusOr<hooks::Reception> ReceiveWooCommerce(const hooks::Request& request, const hooks::Secrets& secrets);

// What a delivery says to a store. INVALID_ARGUMENT naming each place of the body that cannot be read.
absl::StatusOr<Told> ReadWooCommerce(const Envelope& envelope, const Shop& shop);

}  // namespace esnaf::orders
