// What keys may do: the rules one by one, then all of them against each other.
#include "services/gateway/api_key.h"

#include "libs/base/error.h"
#include "libs/testing/catch.h"

namespace esnaf::gateway {
namespace {

using absl::StatusCode;
const Time kNow = Time(std::chrono::seconds(1'800'000'000));

ApiKey Key(KeyKind kind, std::vector<std::string> scopes = {}) {
  ApiKey key;
  key.display_name = "test";
  key.kind = kind;
  key.scopes = std::move(scopes);
  return key;
}

TEST_CASE("a scope covers itself and what its wildcards stand for") {
  CHECK(ScopeCovers("orders.write", "orders.write"));
  CHECK(ScopeCovers("orders.*", "orders.write"));
  CHECK(ScopeCovers("*.write", "orders.write"));
  CHECK(ScopeCovers("*", "orders.write"));
  CHECK(ScopeCovers("*.*", "orders.write"));
  CHECK_FALSE(ScopeCovers("orders.read", "orders.write"));
  CHECK_FALSE(ScopeCovers("orders.write", "orders.read"));
  CHECK_FALSE(ScopeCovers("order.*", "orders.write"));
  CHECK_FALSE(ScopeCovers("orders", "orders.write"));
  CHECK_FALSE(ScopeCovers("orders.*", "contacts.write"));
  CHECK_FALSE(ScopeCovers("", "orders.write"));
}

TEST_CASE("an expired key proves nothing, whatever its scopes") {
  ApiKey key = Key(KeyKind::kAdmin);
  key.expire_time = kNow;
  const absl::Status status = Authorize({Audience::kStorefront, "orders.read", true}, key, "", kNow);
  CHECK(status.code() == StatusCode::kUnauthenticated);
  CHECK(ErrorReason(status) == "API_KEY_EXPIRED");
  CHECK_OK(Authorize({Audience::kStorefront, "orders.read", true}, key, "", kNow - std::chrono::seconds(1)));
}

TEST_CASE("a publishable key is bound to its origins") {
  ApiKey key = Key(KeyKind::kPublishable, {"*"});
  const Access access{Audience::kStorefront, "orders.read", true};
  CHECK_OK(Authorize(access, key, "", kNow));
  CHECK_OK(Authorize(access, key, "https://any.example", kNow));
  key.allowed_origins = {"https://shop.example"};
  CHECK_OK(Authorize(access, key, "https://shop.example", kNow));
  for (const char* origin : {"", "http://shop.example", "https://shop.example.evil", "null"}) {
    const absl::Status status = Authorize(access, key, origin, kNow);
    CHECK(status.code() == StatusCode::kPermissionDenied);
    CHECK(ErrorReason(status) == "ORIGIN_NOT_ALLOWED");
  }
}

// Every kind of key, with and without the scope, at every kind of method. The expectation is a table, not the rules
// again.
TEST_CASE("who may call what") {
  struct Row {
    KeyKind kind;
    const char* storefront;  // the outcome with the scope at a method of this audience; empty: OK
    const char* staff;
    const char* admin;
    bool needs_scope;
  };
  const Row rows[] = {
      {KeyKind::kStorefront, "", "AUDIENCE_TOO_LOW", "AUDIENCE_TOO_LOW", true},
      {KeyKind::kStaff, "", "", "AUDIENCE_TOO_LOW", true},
      {KeyKind::kAdmin, "", "", "", false},
  };
  for (const Row& row : rows) {
    for (const Audience audience : {Audience::kStorefront, Audience::kStaff, Audience::kAdmin}) {
      const std::string expected = audience == Audience::kStorefront ? row.storefront
                                   : audience == Audience::kStaff    ? row.staff
                                                                     : row.admin;
      const Access access{audience, audience == Audience::kAdmin ? "" : "orders.write", false};
      INFO("kind " << static_cast<int>(row.kind) << ", audience " << static_cast<int>(audience));
      CHECK(ErrorReason(Authorize(access, Key(row.kind, {"orders.*"}), "", kNow)) == expected);
      const std::string without = expected.empty() && row.needs_scope ? "SCOPE_MISSING" : expected;
      CHECK(ErrorReason(Authorize(access, Key(row.kind, {"contacts.*"}), "", kNow)) == without);
      CHECK(ErrorReason(Authorize(access, Key(row.kind), "", kNow)) == without);
    }
  }
}

TEST_CASE("a publishable key calls only what is open to it, and needs the scope") {
  const ApiKey key = Key(KeyKind::kPublishable, {"orders.write"});
  CHECK_OK(Authorize({Audience::kStorefront, "orders.write", true}, key, "", kNow));
  CHECK(ErrorReason(Authorize({Audience::kStorefront, "orders.write", false}, key, "", kNow)) == "AUDIENCE_TOO_LOW");
  CHECK(ErrorReason(Authorize({Audience::kStorefront, "contacts.write", true}, key, "", kNow)) == "SCOPE_MISSING");
  CHECK(ErrorReason(Authorize({Audience::kAdmin, "", false}, key, "", kNow)) == "AUDIENCE_TOO_LOW");
}

TEST_CASE("a new key is checked field by field") {
  ApiKey good = Key(KeyKind::kStorefront, {"orders.write", "contacts.*", "*.read"});
  CHECK_OK(ValidateNewKey(good, kNow));
  good.store_ids = {"web", "7", "kadikoy-2"};
  CHECK_OK(ValidateNewKey(good, kNow));
  ApiKey bad = good;
  bad.display_name = " ";
  bad.scopes = {"orders.write", "Orders", "orders.", "a.b.c"};
  bad.store_ids = {"Kadıköy"};
  bad.allowed_origins = {"https://shop.example"};
  bad.rate_per_second = -1;
  bad.expire_time = kNow;
  const absl::Status status = ValidateNewKey(bad, kNow);
  CHECK(status.code() == StatusCode::kInvalidArgument);
  std::vector<std::string> fields;
  for (const auto& [field, description] : ErrorFields(status)) fields.push_back(field);
  CHECK(fields == std::vector<std::string>{"api_key.display_name", "api_key.scopes[1]", "api_key.scopes[2]",
                                           "api_key.scopes[3]", "api_key.store_ids[0]", "api_key.allowed_origins",
                                           "api_key.rate_per_second", "api_key.expire_time"});
  CHECK_STATUS_IS(ValidateNewKey(Key(KeyKind::kStaff), kNow), StatusCode::kInvalidArgument, "scopes");
  CHECK_OK(ValidateNewKey(Key(KeyKind::kAdmin), kNow));
  ApiKey publishable = Key(KeyKind::kPublishable, {"*"});
  publishable.allowed_origins = {"https://shop.example/path"};
  CHECK_STATUS_IS(ValidateNewKey(publishable, kNow), StatusCode::kInvalidArgument, "allowed_origins[0]");
}

TEST_CASE("secrets have one form") {
  const Secret secret = MakeSecret(std::string(32, '\xfe'));
  CHECK(LooksLikeSecret(secret.text));
  CHECK(secret.hash.size() == 32);
  CHECK(secret.text.starts_with(secret.prefix));
  CHECK(secret.prefix.size() == 10);
  CHECK(MakeSecret(std::string(32, 'a')).hash != secret.hash);
  for (std::string text :
       {std::string(), std::string("esk_"), secret.text + "a", secret.text.substr(1), "xsk_" + secret.text.substr(4)}) {
    CHECK_FALSE(LooksLikeSecret(text));
  }
}

}  // namespace
}  // namespace esnaf::gateway
