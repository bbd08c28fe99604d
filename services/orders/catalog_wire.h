#pragma once

// Stores and products between the contract's messages and the domain.
#include "absl/status/statusor.h"
#include "esnaf/orders/v1/catalog.pb.h"
#include "esnaf/orders/v1/events.pb.h"
#include "services/orders/product_change.h"
#include "services/orders/store.h"

namespace esnaf::orders {

// INVALID_ARGUMENT naming every bad field.
absl::StatusOr<Shop> ReadStore(const v1::Store& wire, Time now);
v1::Store ToWire(const Shop& shop);
// Sets the fields that the mask names, or where it is empty those that are present. INVALID_ARGUMENT where it names
// what cannot be changed.
absl::Status UpdateShop(Shop& shop, const v1::UpdateStoreRequest& request);

absl::StatusOr<Product> ReadProduct(const v1::Product& wire, const Shop& shop);
v1::Product ToWire(const Product& product, Currency currency);
// What is told of a product that changed.
v1::ProductPriceDropped PriceDropOf(const Product& product, std::int64_t previous_price, Currency currency);
v1::ProductBackInStock BackInStockOf(const Product& product, Currency currency);

}  // namespace esnaf::orders
