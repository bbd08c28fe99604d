#include "services/orders/store.h"

#include "libs/base/country_code.h"
#include "libs/base/store_id.h"
#include "libs/base/text.h"

namespace esnaf::orders {
namespace {

const postgres::Statement kInsertStore("orders", "insert_store", R"sql(
INSERT INTO store (id, display_name, currency, time_zone, country_code, create_time, update_time)
VALUES ($1, $2, $3, $4, $5, $6, $6)
ON CONFLICT (id) DO NOTHING
RETURNING id)sql");

const postgres::Statement kFindStore("orders", "find_store", R"sql(
SELECT id, display_name, currency, time_zone, country_code, create_time, update_time FROM store WHERE id = $1)sql");

const postgres::Statement kFindStoreForUpdate("orders", "find_store_for_update", R"sql(
SELECT id, display_name, currency, time_zone, country_code, create_time, update_time FROM store WHERE id = $1
FOR UPDATE)sql");

const postgres::Statement kListStores("orders", "list_stores", R"sql(
SELECT id, display_name, currency, time_zone, country_code, create_time, update_time FROM store ORDER BY id)sql");

const postgres::Statement kUpdateStore("orders", "update_store", R"sql(
UPDATE store SET display_name = $2, time_zone = $3, country_code = $4, update_time = $5 WHERE id = $1)sql");

absl::StatusOr<Shop> ReadShop(const postgres::Row& row) {
  Shop shop;
  shop.id = row.Get<std::string>(0);
  shop.display_name = row.Get<std::string>(1);
  ESNAF_ASSIGN_OR_RETURN(shop.currency, Currency::Parse(row.Text(2)));
  shop.time_zone = row.Get<std::string>(3);
  shop.country_code = row.Get<std::string>(4);
  shop.create_time = row.Get<Time>(5);
  shop.update_time = row.Get<Time>(6);
  return shop;
}

absl::StatusOr<std::optional<Shop>> ReadOptionalShop(absl::StatusOr<postgres::Result> rows) {
  if (!rows.ok()) return rows.status();
  if (rows->empty()) return std::optional<Shop>();
  ESNAF_ASSIGN_OR_RETURN(Shop shop, ReadShop((*rows)[0]));
  return std::optional<Shop>(std::move(shop));
}

}  // namespace

bool Shop::SameAs(const Shop& other) const {
  return id == other.id && display_name == other.display_name && currency == other.currency &&
         time_zone == other.time_zone && country_code == other.country_code;
}

absl::Status CompleteAndValidate(Shop& shop) {
  if (shop.time_zone.empty()) shop.time_zone = "Europe/Istanbul";
  if (shop.country_code.empty()) shop.country_code = "TR";
  FieldViolations violations;
  if (!IsStoreId(shop.id)) violations.Add("store.id", "must match [a-z0-9][a-z0-9_-]{0,62}");
  if (shop.display_name.size() > 200 || !IsCleanUtf8(shop.display_name)) {
    violations.Add("store.display_name", "is no clean text of at most 200 bytes");
  }
  if (shop.currency.empty()) violations.Add("store.currency_code", "must be an ISO 4217 code");
  if (!TimeZone::Load(shop.time_zone).ok()) violations.Add("store.time_zone", "is no IANA zone");
  if (!IsCountryCode(shop.country_code)) violations.Add("store.country_code", "must be an ISO 3166-1 alpha-2 code");
  return violations.ToStatus();
}

absl::Status CheckScope(const runtime::Caller& caller, std::string_view store_id) {
  if (caller.MaySee(store_id)) return absl::OkStatus();
  return MakeError(absl::StatusCode::kPermissionDenied, "STORE_NOT_IN_SCOPE", "the key is limited to other stores",
                   {{"store_id", std::string(store_id)}});
}

absl::StatusOr<bool> ShopStore::Insert(postgres::Tx& tx, const Shop& shop) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows,
                         tx.Execute(kInsertStore, shop.id, shop.display_name, shop.currency.code(), shop.time_zone,
                                    shop.country_code, shop.create_time));
  return !rows.empty();
}

absl::StatusOr<std::optional<Shop>> ShopStore::Find(postgres::Tx& tx, std::string_view id) {
  return ReadOptionalShop(tx.Execute(kFindStore, id));
}

absl::StatusOr<std::optional<Shop>> ShopStore::FindForUpdate(postgres::Tx& tx, std::string_view id) {
  return ReadOptionalShop(tx.Execute(kFindStoreForUpdate, id));
}

absl::StatusOr<std::vector<Shop>> ShopStore::List(postgres::Tx& tx) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kListStores));
  std::vector<Shop> shops;
  for (int i = 0; i < rows.size(); ++i) {
    ESNAF_ASSIGN_OR_RETURN(Shop shop, ReadShop(rows[i]));
    shops.push_back(std::move(shop));
  }
  return shops;
}

absl::Status ShopStore::Update(postgres::Tx& tx, const Shop& shop) {
  return tx.Execute(kUpdateStore, shop.id, shop.display_name, shop.time_zone, shop.country_code, shop.update_time)
      .status();
}

absl::StatusOr<Shop> ShopCache::Get(runtime::Call& call, std::string_view id) {
  const Time now = clock_.Now();
  {
    std::lock_guard lock(mutex_);
    auto found = entries_.find(id);
    if (found != entries_.end() && now < found->second.expire_time) return found->second.shop;
  }
  ESNAF_ASSIGN_OR_RETURN(std::optional<Shop> shop,
                         call.Read([&](postgres::Tx& tx) { return ShopStore::Find(tx, id); }));
  if (!shop) return NotFound("store", id);
  std::lock_guard lock(mutex_);
  entries_[shop->id] = {*shop, now + ttl_};
  return *std::move(shop);
}

}  // namespace esnaf::orders
