// What a page of the shop needs of the gateway: the script, and calls that bring their key in the request.
#include "esnaf/attribution/v1/touchpoints.pb.h"
#include "services/gateway/browser_script.h"
#include "services/gateway/test_front.h"

namespace esnaf::gateway {
namespace {

using testing::HttpAnswer;
using testing::HttpClient;
using testing::Metadata;
using testing::TestFront;

constexpr char kBeacon[] = "/v1/touchpoints:beacon";

struct Page {
  Page() : front(RouteTable::BuildLinked().value()), http(front.Http()) {
    key = front.AddKey(KeyKind::kPublishable, {"touchpoints.write"},
                       [](StoredKey& stored) { stored.key.allowed_origins = {"https://shop.example"}; });
    secret = front.AddKey(KeyKind::kStorefront, {"*"});
  }
  HttpAnswer Send(const std::string& path, const std::string& body, Metadata headers = {}) {
    headers.insert({"Origin", "https://shop.example"});
    headers.insert({"Content-Type", "text/plain;charset=UTF-8"});
    headers.insert({"User-Agent", "Mozilla/5.0"});
    return http.Send("POST", path, headers, body);
  }
  attribution::v1::BeaconTouchpointsRequest Seen() {
    attribution::v1::BeaconTouchpointsRequest request;
    REQUIRE_FALSE(front.service.requests().empty());
    REQUIRE(request.ParseFromString(front.service.requests().back()));
    return request;
  }

  TestFront front;
  HttpClient http;
  std::string key;
  std::string secret;
};

TEST_CASE("a beacon brings its key in the body or behind the address, and is answered by nothing") {
  Page page;
  const std::string touch = R"("touchpoints":[{"storeId":"web","eventId":"e1"}])";
  const HttpAnswer answer = page.Send(kBeacon, "{\"key\":\"" + page.key + "\"," + touch + "}");
  CHECK(answer.status == 204);
  CHECK(answer.body.empty());
  CHECK(answer.Header("access-control-allow-origin") == "https://shop.example");
  CHECK(page.front.service.method() == "/esnaf.attribution.v1.TouchpointService/BeaconTouchpoints");
  CHECK(page.front.service.metadata().find("esnaf-caller-kind")->second == "publishable");
  CHECK(page.Seen().key().empty());
  CHECK(page.Seen().user_agent() == "Mozilla/5.0");
  CHECK(page.Seen().touchpoints(0).event_id() == "e1");
  CHECK(page.Send(std::string(kBeacon) + "?key=" + page.key, "{" + touch + "}").status == 204);
  CHECK(page.Send(kBeacon, "{" + touch + "}", {{"X-API-Key", page.key}}).status == 204);
  // An answer may not be read by whoever holds a secret key either.
  CHECK(page.Send(kBeacon, "{" + touch + "}", TestFront::Bearer(page.secret)).status == 204);
}

TEST_CASE("a beacon is let in by the rules of every call, and not by a secret that lies open") {
  Page page;
  CHECK(page.Send(kBeacon, "{}").Reason() == "API_KEY_MISSING");
  CHECK(page.Send(kBeacon, R"({"key":"esk_garbage"})").Reason() == "API_KEY_INVALID");
  CHECK(page.Send(kBeacon, "{\"key\":\"" + page.secret + "\"}").Reason() == "API_KEY_INVALID");
  const std::string other = page.front.AddKey(KeyKind::kPublishable, {"carts.write"});
  CHECK(page.Send(kBeacon, "{\"key\":\"" + other + "\"}").Reason() == "SCOPE_MISSING");
  CHECK(page.http.Send("POST", kBeacon, {{"Origin", "https://evil.example"}}, "{\"key\":\"" + page.key + "\"}")
            .Reason() == "ORIGIN_NOT_ALLOWED");
  const HttpAnswer unknown = page.Send(kBeacon, "{\"key\":\"" + page.key + "\",\"nobody\":1}");
  CHECK(unknown.status == 400);
  CHECK(unknown.body.find("nobody") != std::string::npos);
  CHECK(page.Send(std::string(kBeacon) + "?user_agent=x", "{}").status == 400);
  CHECK(page.front.service.calls() == 0);
}

TEST_CASE("a pixel is a touch told by an address") {
  Page page;
  const std::string key = page.front.AddKey(KeyKind::kPublishable, {"touchpoints.write"});
  const HttpAnswer answer =
      page.http.Send("GET", "/v1/touchpoints:pixel?key=" + key + "&touchpoint.storeId=web&touchpoint.utm.source=bulten",
                     {{"User-Agent", "Mail/1.0"}});
  CHECK(answer.status == 204);
  attribution::v1::PixelTouchpointRequest seen;
  REQUIRE(seen.ParseFromString(page.front.service.requests().back()));
  CHECK(seen.key().empty());
  CHECK(seen.user_agent() == "Mail/1.0");
  CHECK(seen.touchpoint().utm().source() == "bulten");
}

TEST_CASE("the script is served to every page, and not again where the page has it") {
  Page page;
  const HttpAnswer first = page.http.Send("GET", "/esnaf.js", {});
  CHECK(first.status == 200);
  CHECK(first.Header("content-type") == "text/javascript; charset=utf-8");
  CHECK(first.Header("access-control-allow-origin") == "*");
  CHECK(first.Header("cross-origin-resource-policy") == "cross-origin");
  CHECK(first.body == BrowserScript());
  CHECK(first.body.find("sendBeacon") != std::string::npos);
  const HttpAnswer again = page.http.Send("GET", "/esnaf.js", {{"If-None-Match", first.Header("etag")}});
  CHECK(again.status == 304);
  CHECK(again.body.empty());
}

}  // namespace
}  // namespace esnaf::gateway
