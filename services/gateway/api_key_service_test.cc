// Keys from their creation to their end, in a real database, and what the cache of a gateway knows of them.
#include "services/gateway/api_key_service.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "esnaf/migrations/gateway.h"
#include "esnaf/migrations/runtime.h"
#include "libs/base/error.h"
#include "libs/testing/catch.h"
#include "libs/testing/service.h"
#include "services/gateway/api_key_store.h"
#include "services/gateway/audit_service.h"
#include "services/gateway/audit_store.h"

namespace esnaf::gateway {
namespace {

using absl::StatusCode;
using esnaf::testing::TestSchema;
using esnaf::testing::TestServer;

struct Keys {
  TestSchema schema{"gateway", {&migrations::runtime(), &migrations::gateway()}, {"runtime", "gateway"}};
  KeyCache cache;
  KeyRegistry registry{cache};
  ApiKeyService service{registry};
  AuditService audit;
  TestServer server{schema, {service.Rpcs(), audit.Rpcs()}, {.name = "gateway"}};

  template <typename Response, typename Request>
  absl::StatusOr<Response> Call(const std::string& method, const Request& request) {
    return server.channel()->Call<Response>("/esnaf.gateway.v1.ApiKeyService/" + method, request);
  }
  absl::StatusOr<v1::CreateApiKeyResponse> Create(v1::ApiKeyKind kind, const std::string& scope) {
    v1::CreateApiKeyRequest request;
    request.mutable_api_key()->set_display_name("a key");
    request.mutable_api_key()->set_kind(kind);
    if (!scope.empty()) request.mutable_api_key()->add_scopes(scope);
    return Call<v1::CreateApiKeyResponse>("CreateApiKey", request);
  }
  bool Known(const std::string& secret) { return cache.Find(secret, SystemClock().Now()) != nullptr; }
};

class TemporaryFolder {
 public:
  TemporaryFolder() {
    path_ = std::filesystem::temp_directory_path() / "esnaf-gateway-XXXXXX";
    REQUIRE(mkdtemp(path_.data()) != nullptr);
  }
  ~TemporaryFolder() {
    unlink(File().c_str());
    rmdir(path_.c_str());
  }
  std::string File() const { return path_ + "/admin.key"; }
  std::string Read() const {
    std::ifstream file(File());
    std::string line;
    std::getline(file, line);
    return line;
  }

 private:
  std::string path_;
};

TEST_CASE("a key can be used from its creation on, and its secret is nowhere but in the answer") {
  Keys keys;
  v1::CreateApiKeyRequest request;
  v1::ApiKey& asked = *request.mutable_api_key();
  asked.set_display_name("Mağaza");
  asked.set_kind(v1::API_KEY_KIND_STOREFRONT);
  asked.add_scopes("orders.*");
  asked.add_scopes("contacts.read");
  asked.add_store_ids("web");
  asked.set_rate_per_second(50);
  asked.mutable_expire_time()->set_seconds(4'000'000'000);
  asked.set_id("ignored");
  ESNAF_REQUIRE_VALUE(const v1::CreateApiKeyResponse created,
                      keys.Call<v1::CreateApiKeyResponse>("CreateApiKey", request));
  CHECK(LooksLikeSecret(created.secret()));
  CHECK(created.secret().starts_with(created.api_key().prefix()));
  const auto known = keys.cache.Find(created.secret(), SystemClock().Now());
  REQUIRE(known != nullptr);
  CHECK(known->actor == "key:" + created.api_key().id());
  CHECK(known->stores == "web");
  CHECK(known->key.rate_per_second == 50);
  v1::GetApiKeyRequest get;
  get.set_id(created.api_key().id());
  ESNAF_REQUIRE_VALUE(const v1::ApiKey found, keys.Call<v1::ApiKey>("GetApiKey", get));
  CHECK(found.SerializeAsString() == created.api_key().SerializeAsString());
  CHECK(found.display_name() == "Mağaza");
  CHECK(found.scopes_size() == 2);
  CHECK(found.expire_time().seconds() == 4'000'000'000);
  const auto dump = keys.schema.Sql("SELECT row_to_json(api_key)::text FROM api_key");
  CHECK(dump[0].Get<std::string>(0).find(created.secret()) == std::string::npos);
  CHECK(keys.schema.Sql("SELECT count(*) FROM idempotency")[0].Get<std::int64_t>(0) == 0);
}

TEST_CASE("a key that makes no sense is refused by field") {
  Keys keys;
  CHECK_STATUS_IS(keys.Create(v1::API_KEY_KIND_UNSPECIFIED, "orders.read").status(), StatusCode::kInvalidArgument,
                  "kind");
  CHECK_STATUS_IS(keys.Create(v1::API_KEY_KIND_STAFF, "").status(), StatusCode::kInvalidArgument, "scopes");
  CHECK_STATUS_IS(keys.Create(v1::API_KEY_KIND_STAFF, "everything").status(), StatusCode::kInvalidArgument,
                  "scopes[0]");
  v1::GetApiKeyRequest get;
  get.set_id("7");
  CHECK_STATUS_IS(keys.Call<v1::ApiKey>("GetApiKey", get).status(), StatusCode::kInvalidArgument, "id");
  get.set_id("0190b8a0-0000-7000-8000-000000000001");
  CHECK_STATUS_IS(keys.Call<v1::ApiKey>("GetApiKey", get).status(), StatusCode::kNotFound, "");
}

TEST_CASE("a revoked key is refused at once and stays in the list of those who ask for it") {
  Keys keys;
  ESNAF_REQUIRE_VALUE(const auto first, keys.Create(v1::API_KEY_KIND_STOREFRONT, "orders.read"));
  ESNAF_REQUIRE_VALUE(const auto second, keys.Create(v1::API_KEY_KIND_STOREFRONT, "orders.read"));
  v1::RevokeApiKeyRequest revoke;
  revoke.set_id(first.api_key().id());
  ESNAF_REQUIRE_VALUE(const v1::ApiKey revoked, keys.Call<v1::ApiKey>("RevokeApiKey", revoke));
  CHECK(revoked.has_revoke_time());
  CHECK_FALSE(keys.Known(first.secret()));
  CHECK(keys.Known(second.secret()));
  ESNAF_REQUIRE_VALUE(const v1::ApiKey again, keys.Call<v1::ApiKey>("RevokeApiKey", revoke));
  CHECK(again.revoke_time().SerializeAsString() == revoked.revoke_time().SerializeAsString());
  v1::ListApiKeysRequest list;
  list.set_page_size(1);
  ESNAF_REQUIRE_VALUE(const auto good, keys.Call<v1::ListApiKeysResponse>("ListApiKeys", list));
  REQUIRE(good.api_keys_size() == 1);
  CHECK(good.api_keys(0).id() == second.api_key().id());
  CHECK(good.next_page_token().empty());
  list.set_show_revoked(true);
  ESNAF_REQUIRE_VALUE(const auto page, keys.Call<v1::ListApiKeysResponse>("ListApiKeys", list));
  CHECK(page.api_keys(0).id() == second.api_key().id());
  list.set_page_token(page.next_page_token());
  ESNAF_REQUIRE_VALUE(const auto rest, keys.Call<v1::ListApiKeysResponse>("ListApiKeys", list));
  REQUIRE(rest.api_keys_size() == 1);
  CHECK(rest.api_keys(0).id() == first.api_key().id());
}

TEST_CASE("the last admin key cannot be revoked") {
  Keys keys;
  ESNAF_REQUIRE_VALUE(const auto first, keys.Create(v1::API_KEY_KIND_ADMIN, ""));
  v1::RevokeApiKeyRequest revoke;
  revoke.set_id(first.api_key().id());
  const auto refused = keys.Call<v1::ApiKey>("RevokeApiKey", revoke);
  CHECK(refused.status().code() == StatusCode::kFailedPrecondition);
  CHECK(ErrorReason(refused.status()) == "LAST_ADMIN_KEY");
  CHECK(keys.Known(first.secret()));
  ESNAF_REQUIRE_VALUE(const auto second, keys.Create(v1::API_KEY_KIND_ADMIN, ""));
  CHECK_OK(keys.Call<v1::ApiKey>("RevokeApiKey", revoke));
  revoke.set_id(second.api_key().id());
  CHECK(ErrorReason(keys.Call<v1::ApiKey>("RevokeApiKey", revoke).status()) == "LAST_ADMIN_KEY");
}

TEST_CASE("a rotated key has a new secret, and the old one for its grace") {
  Keys keys;
  ESNAF_REQUIRE_VALUE(const auto created, keys.Create(v1::API_KEY_KIND_STAFF, "*"));
  v1::RotateApiKeyRequest rotate;
  rotate.set_id(created.api_key().id());
  rotate.set_grace_seconds(3600);
  ESNAF_REQUIRE_VALUE(const auto graced, keys.Call<v1::CreateApiKeyResponse>("RotateApiKey", rotate));
  CHECK(graced.api_key().id() == created.api_key().id());
  CHECK(graced.secret() != created.secret());
  CHECK(keys.Known(created.secret()));
  CHECK(keys.Known(graced.secret()));
  CHECK(keys.cache.Find(created.secret(), SystemClock().Now() + std::chrono::hours(2)) == nullptr);
  rotate.set_grace_seconds(0);
  ESNAF_REQUIRE_VALUE(const auto last, keys.Call<v1::CreateApiKeyResponse>("RotateApiKey", rotate));
  CHECK_FALSE(keys.Known(created.secret()));
  CHECK_FALSE(keys.Known(graced.secret()));
  CHECK(keys.Known(last.secret()));
  rotate.set_grace_seconds(-1);
  CHECK_STATUS_IS(keys.Call<v1::CreateApiKeyResponse>("RotateApiKey", rotate).status(), StatusCode::kInvalidArgument,
                  "grace");
  v1::RevokeApiKeyRequest revoke;
  revoke.set_id(created.api_key().id());
  REQUIRE_OK(keys.Call<v1::ApiKey>("RevokeApiKey", revoke));
  rotate.set_grace_seconds(0);
  CHECK(ErrorReason(keys.Call<v1::CreateApiKeyResponse>("RotateApiKey", rotate).status()) == "API_KEY_REVOKED");
}

TEST_CASE("another replica learns of a change with its next reload") {
  Keys keys;
  KeyCache other_cache;
  KeyRegistry other(other_cache);
  ESNAF_REQUIRE_VALUE(const auto created, keys.Create(v1::API_KEY_KIND_STAFF, "*"));
  REQUIRE_OK(other.Reload(keys.schema.connection()));
  CHECK(other_cache.Find(created.secret(), SystemClock().Now()) != nullptr);
  v1::RevokeApiKeyRequest revoke;
  revoke.set_id(created.api_key().id());
  REQUIRE_OK(keys.Call<v1::ApiKey>("RevokeApiKey", revoke));
  REQUIRE_OK(other.Reload(keys.schema.connection()));
  CHECK(other_cache.Find(created.secret(), SystemClock().Now()) == nullptr);
}

TEST_CASE("the first start makes an admin key, later ones only where there is none") {
  Keys keys;
  TemporaryFolder folder;
  REQUIRE_OK(BootstrapAdminKey(keys.schema.connection(), folder.File(), SystemClock()));
  const std::string secret = folder.Read();
  REQUIRE(LooksLikeSecret(secret));
  struct stat info {};
  REQUIRE(stat(folder.File().c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
  REQUIRE_OK(keys.registry.Reload(keys.schema.connection()));
  const auto known = keys.cache.Find(secret, SystemClock().Now());
  REQUIRE(known != nullptr);
  CHECK(known->key.kind == KeyKind::kAdmin);
  // The file may be gone: as long as there is a key, no other one is made.
  REQUIRE_OK(BootstrapAdminKey(keys.schema.connection(), folder.File(), SystemClock()));
  CHECK(folder.Read() == secret);
  unlink(folder.File().c_str());
  REQUIRE_OK(BootstrapAdminKey(keys.schema.connection(), folder.File(), SystemClock()));
  CHECK(folder.Read().empty());
  keys.schema.Sql("UPDATE api_key SET expire_time = '2020-01-01'");
  REQUIRE_OK(BootstrapAdminKey(keys.schema.connection(), folder.File(), SystemClock()));
  CHECK(LooksLikeSecret(folder.Read()));
  CHECK(folder.Read() != secret);
}

TEST_CASE("without a place for the file there is no admin key") {
  Keys keys;
  CHECK_STATUS_IS(BootstrapAdminKey(keys.schema.connection(), "/nowhere/at/all/admin.key", SystemClock()),
                  StatusCode::kUnavailable, "admin.key");
  CHECK(keys.schema.Sql("SELECT count(*) FROM api_key")[0].Get<std::int64_t>(0) == 0);
}

TEST_CASE("the audit log is written in batches and listed newest first") {
  Keys keys;
  AuditBuffer buffer;
  const Time start = Time(std::chrono::seconds(1'800'000'000));
  for (int i = 0; i < 2500; ++i) {
    const Time now = start + std::chrono::milliseconds(i);
    CHECK(buffer.Add(
        {Uuid::NewV7(now), now, i % 2 == 0 ? "key:a" : "anonymous", "/a/b", "OK", std::to_string(i), "peer"}));
  }
  {
    AuditWriter writer(buffer, keys.schema.options());
    REQUIRE_OK(writer.Start());
    // The stop writes what is left.
    writer.Stop();
  }
  CHECK(buffer.Take().empty());
  const auto list = [&](const v1::ListAuditEntriesRequest& request) {
    return keys.server.channel()->Call<v1::ListAuditEntriesResponse>("/esnaf.gateway.v1.AuditService/ListAuditEntries",
                                                                     request);
  };
  v1::ListAuditEntriesRequest request;
  request.set_page_size(1000);
  request.set_actor("key:a");
  std::vector<std::string> ids;
  do {
    ESNAF_REQUIRE_VALUE(const auto page, list(request));
    for (const v1::AuditEntry& entry : page.entries()) ids.push_back(entry.request_id());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  REQUIRE(ids.size() == 1250);
  CHECK(ids.front() == "2498");
  CHECK(ids.back() == "0");
}

TEST_CASE("a record that is written again stays one") {
  Keys keys;
  const Time now = Time(std::chrono::seconds(1'800'000'000));
  const std::vector<AuditRecord> records = {{Uuid::NewV7(now), now, "key:a", "/a/b", "OK", "r", "peer"}};
  for (int i = 0; i < 2; ++i) {
    REQUIRE_OK(keys.schema.connection().Run({}, [&](postgres::Tx& tx) { return InsertAuditRecords(tx, records); }));
  }
  CHECK(keys.schema.Sql("SELECT count(*) FROM audit_entry")[0].Get<std::int64_t>(0) == 1);
}

}  // namespace
}  // namespace esnaf::gateway
