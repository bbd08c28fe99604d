#pragma once

// Stores: the places to sell. The domain calls one a Shop, for a store is also what keeps rows.
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/error.h"
#include "libs/base/money.h"
#include "libs/base/time.h"
#include "libs/postgres/connection.h"
#include "libs/runtime/call.h"

namespace esnaf::orders {

struct Shop {
  std::string id;
  std::string display_name;
  Currency currency;
  std::string time_zone;
  std::string country_code;
  Time create_time;
  Time update_time;
  // Whether both say the same, whenever that was recorded.
  bool SameAs(const Shop& other) const;
};

// Fills in the defaults and answers what is wrong, by the contract's names.
absl::Status CompleteAndValidate(Shop& shop);

// PERMISSION_DENIED with the reason STORE_NOT_IN_SCOPE where the caller's key is limited to other stores.
absl::Status CheckScope(const runtime::Caller& caller, std::string_view store_id);

// The SQL of stores.
class ShopStore {
 public:
  // Whether it was created; false where the id is taken.
  static absl::StatusOr<bool> Insert(postgres::Tx& tx, const Shop& shop);
  static absl::StatusOr<std::optional<Shop>> Find(postgres::Tx& tx, std::string_view id);
  static absl::StatusOr<std::optional<Shop>> FindForUpdate(postgres::Tx& tx, std::string_view id);
  static absl::StatusOr<std::vector<Shop>> List(postgres::Tx& tx);
  static absl::Status Update(postgres::Tx& tx, const Shop& shop);
};

// Stores change rarely and every order needs its own, so they are kept in memory for a few seconds. What orders depend
// on (that the store exists, its currency) never changes.
class ShopCache {
 public:
  explicit ShopCache(const Clock& clock, Duration time_to_live = std::chrono::seconds(5))
      : clock_(clock), ttl_(time_to_live) {}
  // NOT_FOUND where there is none, which is not remembered.
  absl::StatusOr<Shop> Get(runtime::Call& call, std::string_view id);

 private:
  struct Entry {
    Shop shop;
    Time expire_time;
  };
  const Clock& clock_;
  const Duration ttl_;
  std::mutex mutex_;
  std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace esnaf::orders
