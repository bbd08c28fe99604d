// Hooks at the gateway's door: what is posted reaches the connector's owner byte by byte, and nothing else does.
#include "services/gateway/hook_service.h"

#include "esnaf/api/v1/hooks.pb.h"
#include "esnaf/migrations/runtime.h"
#include "libs/testing/service.h"
#include "services/gateway/test_front.h"

namespace esnaf::gateway {
namespace {

using absl::StatusCode;
using testing::FakeService;
using testing::HttpAnswer;
using testing::HttpClient;
using testing::Reply;
using testing::TestFront;

constexpr char kPath[] = "/hooks/google_lead_form/web";

FrontOptions Options(int rate = 0) {
  FrontOptions options;
  options.hook_owners = {{"google_lead_form", Upstream::kContacts}, {"shopify", Upstream::kOrders}};
  options.hook_rate = rate;
  return options;
}

struct Door {
  explicit Door(FrontOptions options = Options())
      : front(RouteTable::BuildLinked().value(), std::move(options)), http(front.Http()) {
    front.service.SetHandler([](const std::string&) {
      api::v1::ReceiveHookResponse response;
      response.set_content_type("text/plain");
      response.set_body("1158201444");
      return Reply{.messages = {response.SerializeAsString()}};
    });
  }
  api::v1::ReceiveHookRequest Seen() {
    api::v1::ReceiveHookRequest request;
    REQUIRE_FALSE(front.service.requests().empty());
    REQUIRE(request.ParseFromString(front.service.requests().back()));
    return request;
  }
  TestFront front;
  HttpClient http;
};

TEST_CASE("a hook reaches its service byte by byte, without a key, and is answered what the service says") {
  Door door;
  std::string body;
  for (int i = 0; i < 1000; ++i) body += static_cast<char>(i);
  const HttpAnswer answer =
      door.http.Send("POST", kPath, {{"X-Hub-Signature-256", "sha256=\xff"}, {"X-Request-Id", "r1"}}, body);
  CHECK(answer.status == 200);
  CHECK(answer.Header("content-type") == "text/plain");
  CHECK(answer.Header("x-request-id") == "r1");
  CHECK(answer.body == "1158201444");
  CHECK(door.front.service.method() == "/esnaf.api.v1.HookService/ReceiveHook");
  const api::v1::ReceiveHookRequest seen = door.Seen();
  CHECK(seen.connector() == "google_lead_form");
  CHECK(seen.store_id() == "web");
  CHECK(seen.verb() == "POST");
  CHECK(seen.body() == body);
  const auto signature =
      std::find_if(seen.headers().begin(), seen.headers().end(),
                   [](const api::v1::HookHeader& header) { return header.name() == "x-hub-signature-256"; });
  REQUIRE(signature != seen.headers().end());
  CHECK(signature->value() == "sha256=\xff");
  CHECK(door.front.service.metadata().find("esnaf-actor")->second == "service:gateway");
}

TEST_CASE("a chunked body is the same body, and a query stays undecoded") {
  Door door;
  door.http.Raw(
      "POST /hooks/google_lead_form/web?hub.mode=a%20b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\n{\"a\r\n5\r\n\": 1}\r\n0\r\n\r\n");
  CHECK(door.http.Read().status == 200);
  CHECK(door.Seen().body() == "{\"a\": 1}");
  CHECK(door.Seen().query() == "hub.mode=a%20b");
  CHECK(door.http.Send("GET", std::string(kPath) + "?hub.challenge=1").status == 200);
  CHECK(door.Seen().verb() == "GET");
}

TEST_CASE("what is nobody's, too large or no hook's verb does not come in") {
  Door door;
  CHECK(door.http.Send("POST", "/hooks/nobody/web", {}, "{}").Reason() == "HOOK_CONNECTION_NOT_FOUND");
  for (const char* path : {"/hooks/nobody/web", "/hooks/google_lead_form", "/hooks/google_lead_form/",
                           "/hooks/google_lead_form/Web", "/hooks/google_lead_form/web/more", "/hooks/"}) {
    CAPTURE(path);
    CHECK(door.http.Send("POST", path, {}, "{}").status == 404);
  }
  const HttpAnswer large = door.http.Send("POST", kPath, {}, std::string(kMaxHookBytes + 1, 'x'));
  CHECK(large.status == 413);
  CHECK(large.Reason() == "HOOK_TOO_LARGE");
  const HttpAnswer verb = door.http.Send("DELETE", kPath);
  CHECK(verb.status == 405);
  CHECK(verb.Header("allow") == "GET, POST");
  CHECK(door.front.service.calls() == 0);
  CHECK(door.http.Send("POST", kPath, {}, std::string(kMaxHookBytes, 'x')).status == 200);
  const std::string metrics = door.front.metrics.Expose();
  for (const char* counted :
       {"{connector=\"\",status=\"404\"} 7", "{connector=\"google_lead_form\",status=\"405\"} 1",
        "{connector=\"google_lead_form\",status=\"413\"} 1", "{connector=\"google_lead_form\",status=\"200\"} 1"}) {
    CAPTURE(counted);
    CHECK(metrics.find(absl::StrCat("esnaf_gateway_hooks_total", counted)) != std::string::npos);
  }
}

TEST_CASE("a refusal of the service is the answer, and a service that is away asks to come again") {
  Door door;
  door.front.service.SetHandler([](const std::string&) {
    return Reply{.status = runtime::ToGrpc(MakeError(StatusCode::kUnauthenticated, "HOOK_NOT_VERIFIED", "no"))};
  });
  const HttpAnswer refused = door.http.Send("POST", kPath, {}, "{}");
  CHECK(refused.status == 401);
  CHECK(refused.Reason() == "HOOK_NOT_VERIFIED");
  door.front.service.Stop();
  const HttpAnswer away = door.http.Send("POST", kPath, {}, "{}");
  CHECK(away.status == 503);
  CHECK(away.Reason() == "UPSTREAM_UNAVAILABLE");
}

TEST_CASE("one address sends a hook only so fast; other hooks do not suffer from it") {
  Door door(Options(1));
  CHECK(door.http.Send("POST", kPath, {}, "{}").status == 200);
  bool refused = false;
  // Each takes far less than the second in which one is allowed.
  for (int i = 0; i < 20 && !refused; ++i) {
    const HttpAnswer answer = door.http.Send("POST", kPath, {}, "{}");
    refused = answer.status == 429 && answer.Reason() == "RATE_LIMIT_EXCEEDED" && answer.Header("retry-after") == "1";
  }
  CHECK(refused);
  CHECK(door.http.Send("POST", "/hooks/shopify/web", {}, "{}").status == 200);
}

TEST_CASE("behind a proxy that is trusted each sender has a rate of his own") {
  FrontOptions options = Options(1);
  ESNAF_REQUIRE_VALUE(options.trusted_proxies, TrustedProxies::Parse("127.0.0.0/8"));
  Door door(options);
  const auto send = [&](const std::string& sender) {
    return door.http.Send("POST", kPath, {{"X-Forwarded-For", sender}}, "{}").status;
  };
  CHECK(send("198.51.100.1") == 200);
  bool refused = false;
  for (int i = 0; i < 20 && !refused; ++i) refused = send("198.51.100.1") == 429;
  CHECK(refused);
  CHECK(send("198.51.100.2") == 200);
}

TEST_CASE("the list of owners is read, and what is none is named") {
  ESNAF_REQUIRE_VALUE(const HookOwners owners, ParseHookOwners("google_lead_form=contacts,shopify=orders"));
  CHECK(owners == HookOwners{{"google_lead_form", Upstream::kContacts}, {"shopify", Upstream::kOrders}});
  CHECK(ParseHookOwners("")->empty());
  for (const char* wrong : {"shopify", "shopify=", "=orders", "shopify=nobody", "Shopify=orders", "shopify=gateway"}) {
    CAPTURE(wrong);
    CHECK_STATUS_IS(ParseHookOwners(wrong).status(), StatusCode::kInvalidArgument, "");
  }
}

TEST_CASE("connections and deliveries are asked of the connector's owner") {
  FakeService contacts, orders, nobody;
  Upstreams upstreams{{contacts.address(), orders.address(), nobody.address(), nobody.address(), nobody.address()}};
  HookService service{Options().hook_owners, upstreams, std::chrono::milliseconds(10'000)};
  esnaf::testing::TestSchema schema{"hooks", {&migrations::runtime()}, {"runtime"}};
  esnaf::testing::TestServer server{schema, {service.Rpcs()}, {.name = "gateway"}};
  const auto call = [&](const std::string& connector) {
    api::v1::RetryHookDeliveryRequest request;
    request.set_connector(connector);
    request.set_id("d1");
    return server.channel()
        ->Call<api::v1::HookDelivery>("/esnaf.gateway.v1.HookService/RetryHookDelivery", request,
                                      {.metadata = {{"esnaf-caller-kind", "admin"}, {"esnaf-actor", "key:a"}}})
        .status();
  };
  REQUIRE_OK(call("shopify"));
  CHECK(orders.method() == "/esnaf.api.v1.HookService/RetryHookDelivery");
  CHECK(orders.metadata().find("esnaf-actor")->second == "key:a");
  CHECK(contacts.calls() == 0);
  CHECK(ErrorReason(call("nobody")) == "CONNECTOR_NOT_FOUND");
  ESNAF_REQUIRE_VALUE(const auto connectors,
                      server.channel()->Call<v1::ListHookConnectorsResponse>(
                          "/esnaf.gateway.v1.HookService/ListHookConnectors", v1::ListHookConnectorsRequest()));
  REQUIRE(connectors.connectors_size() == 2);
  CHECK(connectors.connectors(1).service() == "orders");
}

}  // namespace
}  // namespace esnaf::gateway
