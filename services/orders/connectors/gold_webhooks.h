#pragma once

// The published bodies that the tests of storefronts read: byte by byte, with their signatures and what they say.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>

#include "libs/testing/data_sets.h"

namespace esnaf::orders::testing {

inline constexpr char kShopifyOrderFile[] = "shopify_webhook_orders_create.json";
inline constexpr char kWooCommerceOrderFile[] = "woocommerce_orders_1.json";

inline std::string ReadWhole(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

struct GoldWebhooks {
  explicit GoldWebhooks(const std::filesystem::path& folder)
      : gold(nlohmann::json::parse(ReadWhole(folder / "gold.json"))),
        shopify(ReadWhole(folder / kShopifyOrderFile)),
        woocommerce(ReadWhole(folder / kWooCommerceOrderFile)) {}
  std::string Secret() const { return gold["hmac_secret"].get<std::string>(); }
  std::string Signature(const char* file) const { return gold["signatures"][file].get<std::string>(); }

  nlohmann::json gold;
  std::string shopify;
  std::string woocommerce;
};

}  // namespace esnaf::orders::testing
