#pragma once

// Every key that is good, by the hash of its secret, in memory: a call is authenticated without the database. Reading
// takes no lock; the whole table is replaced when it is reloaded, about every second and after each change here.
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "services/gateway/api_key.h"
#include "services/gateway/rate_bucket.h"

namespace esnaf::gateway {

// A key as calls need it.
struct KnownKey {
  explicit KnownKey(ApiKey k);
  const ApiKey key;
  const std::string actor;   // `key:<id>`
  const char* caller_kind;   // as services know it: publishable, storefront, staff, admin
  const std::string stores;  // comma-separated
  std::shared_ptr<RateBucket> rate;
};

// A key with the hashes of its secrets, as it is stored.
struct StoredKey {
  ApiKey key;
  std::string secret_hash;
  std::string old_secret_hash;  // empty where no secret was rotated away
  std::optional<Time> old_secret_expire_time;
};

class KeyCache {
 public:
  // Null where no key has this secret, or has it no more.
  std::shared_ptr<const KnownKey> Find(std::string_view secret, Time now) const;
  // Whether any publishable key may be used from this web origin.
  bool MayUseOrigin(std::string_view origin) const;
  // Replaces everything. A key whose rate did not change keeps what it has used of it. Called by one thread at a time.
  void Replace(const std::vector<StoredKey>& keys);

 private:
  struct Hash {
    using is_transparent = void;
    // The keys are hashes already.
    std::size_t operator()(std::string_view hash) const;
  };
  struct Entry {
    std::shared_ptr<const KnownKey> key;
    std::optional<Time> valid_until;  // only of a secret that was rotated away
  };
  struct Table {
    std::unordered_map<std::string, Entry, Hash, std::equal_to<>> by_hash;
    std::unordered_map<Uuid, std::shared_ptr<const KnownKey>> by_id;
    std::unordered_set<std::string> origins;
    bool any_origin = false;
  };
  std::atomic<std::shared_ptr<const Table>> table_{std::make_shared<const Table>()};
};

}  // namespace esnaf::gateway
