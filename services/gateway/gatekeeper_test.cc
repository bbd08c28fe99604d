// Admission: who is known, how often, and how many at once.
#include "services/gateway/gatekeeper.h"

#include "libs/base/error.h"
#include "libs/testing/catch.h"

namespace esnaf::gateway {
namespace {

using absl::StatusCode;
const Time kStart = Time(std::chrono::seconds(1'800'000'000));

StoredKey Stored(int number, int rate, const Secret& secret) {
  StoredKey stored;
  stored.key.id = Uuid::FromName("key", std::to_string(number));
  stored.key.kind = KeyKind::kStorefront;
  stored.key.scopes = {"orders.*"};
  stored.key.rate_per_second = rate;
  stored.secret_hash = secret.hash;
  return stored;
}

Route OrdersRoute() {
  Route route;
  route.method = "/esnaf.orders.v1.OrderService/GetOrder";
  route.access = {Audience::kStorefront, "orders.read", false};
  return route;
}

struct Gate {
  ManualClock clock{kStart};
  KeyCache keys;
  Gatekeeper gatekeeper{keys, clock, 2};
  Route route = OrdersRoute();
  Secret secret = MakeSecret(std::string(32, 'a'));

  std::string ReasonOf(const Credentials& credentials) {
    return ErrorReason(gatekeeper.Admit(route, credentials).status);
  }
};

TEST_CASE("a key is taken from either header, and the authorization counts more") {
  Gate gate;
  gate.keys.Replace({Stored(1, 0, gate.secret)});
  const std::string bearer = "Bearer " + gate.secret.text;
  const std::string lower = "bearer  " + gate.secret.text;
  CHECK(gate.ReasonOf({.authorization = bearer}).empty());
  CHECK(gate.ReasonOf({.authorization = lower}).empty());
  CHECK(gate.ReasonOf({.api_key = gate.secret.text}).empty());
  CHECK(gate.ReasonOf({}) == "API_KEY_MISSING");
  CHECK(gate.ReasonOf({.authorization = gate.secret.text}) == "API_KEY_INVALID");
  CHECK(gate.ReasonOf({.authorization = "Basic abc", .api_key = gate.secret.text}) == "API_KEY_INVALID");
  CHECK(gate.ReasonOf({.api_key = "esk_nonsense"}) == "API_KEY_INVALID");
  CHECK(gate.ReasonOf({.api_key = MakeSecret(std::string(32, 'b')).text}) == "API_KEY_INVALID");
}

TEST_CASE("a revoked key is unknown from the next table on, and a rotated one after its grace") {
  Gate gate;
  const Secret fresh = MakeSecret(std::string(32, 'b'));
  StoredKey rotated = Stored(1, 0, fresh);
  rotated.old_secret_hash = gate.secret.hash;
  rotated.old_secret_expire_time = kStart + std::chrono::seconds(60);
  gate.keys.Replace({rotated});
  CHECK(gate.ReasonOf({.api_key = gate.secret.text}).empty());
  CHECK(gate.ReasonOf({.api_key = fresh.text}).empty());
  gate.clock.Advance(std::chrono::seconds(60));
  CHECK(gate.ReasonOf({.api_key = gate.secret.text}) == "API_KEY_INVALID");
  CHECK(gate.ReasonOf({.api_key = fresh.text}).empty());
  gate.keys.Replace({});
  CHECK(gate.ReasonOf({.api_key = fresh.text}) == "API_KEY_INVALID");
}

TEST_CASE("only so many calls are under way at once") {
  Gate gate;
  gate.keys.Replace({Stored(1, 0, gate.secret)});
  const Credentials credentials{.api_key = gate.secret.text};
  Admission first = gate.gatekeeper.Admit(gate.route, credentials);
  {
    const Admission second = gate.gatekeeper.Admit(gate.route, credentials);
    CHECK_OK(second.status);
    const Admission third = gate.gatekeeper.Admit(gate.route, credentials);
    CHECK(third.status.code() == StatusCode::kResourceExhausted);
    CHECK(ErrorReason(third.status) == "GATEWAY_OVERLOADED");
    CHECK(RetryDelay(third.status).has_value());
    CHECK(gate.gatekeeper.in_flight() == 2);
  }
  CHECK(gate.gatekeeper.in_flight() == 1);
  first = Admission();
  CHECK(gate.gatekeeper.in_flight() == 0);
}

TEST_CASE("a key has so many calls a second, also across reloads") {
  Gate gate;
  gate.keys.Replace({Stored(1, 3, gate.secret)});
  int admitted = 0;
  absl::Status last;
  for (int i = 0; i < 50; ++i) {
    // Far more calls than fit into the time that the loop can take.
    if (i % 10 == 0) gate.keys.Replace({Stored(1, 3, gate.secret)});
    last = gate.gatekeeper.Admit(gate.route, {.api_key = gate.secret.text}).status;
    admitted += last.ok();
  }
  CHECK(admitted >= 3);
  CHECK(admitted < 50);
  CHECK(ErrorReason(last) == "RATE_LIMIT_EXCEEDED");
}

TEST_CASE("a bucket lets through its rate and says how long to wait") {
  RateBucket bucket(10);
  RateBucket::Clock::time_point now{std::chrono::hours(1)};
  for (int i = 0; i < 10; ++i) CHECK(!bucket.Take(now));
  const auto wait = bucket.Take(now);
  REQUIRE(wait.has_value());
  CHECK(*wait == std::chrono::milliseconds(100));
  now += *wait;
  CHECK(!bucket.Take(now));
  CHECK(bucket.Take(now).has_value());
  now += std::chrono::hours(1);
  int burst = 0;
  while (!bucket.Take(now)) ++burst;
  CHECK(burst == 10);
  RateBucket unlimited(0);
  for (int i = 0; i < 1000; ++i) CHECK(!unlimited.Take(now));
}

TEST_CASE("publishable keys tell which origins a preflight may come from") {
  KeyCache keys;
  StoredKey key = Stored(1, 0, MakeSecret(std::string(32, 'a')));
  keys.Replace({key});
  CHECK_FALSE(keys.MayUseOrigin("https://shop.example"));
  key.key.kind = KeyKind::kPublishable;
  key.key.allowed_origins = {"https://shop.example"};
  keys.Replace({key});
  CHECK(keys.MayUseOrigin("https://shop.example"));
  CHECK_FALSE(keys.MayUseOrigin("https://other.example"));
  key.key.allowed_origins.clear();
  keys.Replace({key});
  CHECK(keys.MayUseOrigin("https://other.example"));
}

}  // namespace
}  // namespace esnaf::gateway
