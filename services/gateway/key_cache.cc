#include "services/gateway/key_cache.h"

#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "libs/base/crypto.h"

namespace esnaf::gateway {
namespace {

const char* CallerKindOf(KeyKind kind) {
  switch (kind) {
    case KeyKind::kStaff:
      return "staff";
    case KeyKind::kAdmin:
      return "admin";
    case KeyKind::kPublishable:
      return "publishable";
    case KeyKind::kStorefront:
      break;
  }
  return "storefront";
}

}  // namespace

KnownKey::KnownKey(ApiKey k)
    : key(std::move(k)),
      actor(absl::StrCat("key:", key.id.ToString())),
      caller_kind(CallerKindOf(key.kind)),
      stores(absl::StrJoin(key.store_ids, ",")),
      rate(std::make_shared<RateBucket>(key.rate_per_second)) {}

std::size_t KeyCache::Hash::operator()(std::string_view hash) const {
  std::size_t value = 0;
  std::memcpy(&value, hash.data(), std::min(hash.size(), sizeof(value)));
  return value;
}

std::shared_ptr<const KnownKey> KeyCache::Find(std::string_view secret, Time now) const {
  if (!LooksLikeSecret(secret)) return nullptr;
  const std::shared_ptr<const Table> table = table_.load(std::memory_order_acquire);
  const auto found = table->by_hash.find(std::string_view(Sha256(secret)));
  if (found == table->by_hash.end()) return nullptr;
  const Entry& entry = found->second;
  if (entry.valid_until && *entry.valid_until <= now) return nullptr;
  return entry.key;
}

bool KeyCache::MayUseOrigin(std::string_view origin) const {
  const std::shared_ptr<const Table> table = table_.load(std::memory_order_acquire);
  return table->any_origin || table->origins.contains(std::string(origin));
}

void KeyCache::Replace(const std::vector<StoredKey>& keys) {
  const std::shared_ptr<const Table> old = table_.load(std::memory_order_acquire);
  auto table = std::make_shared<Table>();
  for (const StoredKey& stored : keys) {
    const ApiKey& key = stored.key;
    auto known = std::make_shared<KnownKey>(key);
    const auto before = old->by_id.find(key.id);
    if (before != old->by_id.end() && before->second->key.rate_per_second == key.rate_per_second) {
      known->rate = before->second->rate;
    }
    table->by_hash.emplace(stored.secret_hash, Entry{known, std::nullopt});
    if (!stored.old_secret_hash.empty()) {
      table->by_hash.emplace(stored.old_secret_hash, Entry{known, stored.old_secret_expire_time});
    }
    if (key.kind == KeyKind::kPublishable) {
      table->any_origin |= key.allowed_origins.empty();
      table->origins.insert(key.allowed_origins.begin(), key.allowed_origins.end());
    }
    table->by_id.emplace(key.id, std::move(known));
  }
  table_.store(std::move(table), std::memory_order_release);
}

}  // namespace esnaf::gateway
