// The HTTP door, through a raw client: transcoding, errors, streams of events, origins, and clients that misbehave.
#include "libs/base/crypto.h"
#include "libs/base/error.h"
#include "services/gateway/test_contract.h"
#include "services/gateway/test_front.h"

namespace esnaf::gateway {
namespace {

using nlohmann::json;
using testing::HttpAnswer;
using testing::HttpClient;
using testing::Metadata;
using testing::Reply;
using testing::TestContract;
using testing::TestFront;

std::string Probe(const std::string& id) { return std::string("\x0a") + static_cast<char>(id.size()) + id; }

struct Suite {
  explicit Suite(FrontOptions options = {})
      : front(*contract.Routes(), std::move(options)),
        admin(front.AddKey(KeyKind::kAdmin, {})),
        headers(TestFront::Bearer(admin)) {}
  TestContract contract;
  TestFront front;
  std::string admin;
  Metadata headers;
};

TEST_CASE("a call over HTTP becomes the same call as over gRPC") {
  Suite suite;
  suite.front.service.SetHandler([](const std::string&) { return Reply{.messages = {Probe("7")}}; });
  HttpClient http = suite.front.Http();
  Metadata headers = suite.headers;
  headers.insert({{"Esnaf-After", "orders:e1.7"},
                  {"Idempotency-Key", "k1"},
                  {"X-Request-Id", "r1"},
                  {"esnaf-actor", "service:evil"}});
  const HttpAnswer answer = http.Send("POST", "/v1/probes/7:do", headers, R"({"reason":"because"})");
  CHECK(answer.status == 200);
  CHECK(answer.Json()["id"] == "7");
  CHECK(answer.Header("content-type") == "application/json");
  CHECK(answer.Header("x-request-id") == "r1");
  CHECK(answer.Header("esnaf-position") == "orders:e1.42");
  CHECK(suite.front.service.method() == "/esnaf.orders.v1.ProbeService/Do");
  CHECK(suite.front.service.requests() == std::vector<std::string>{Probe("7") + "\x12\x07"
                                                                                "because"});
  const Metadata seen = suite.front.service.metadata();
  CHECK(seen.find("esnaf-after")->second == "orders:e1.7");
  CHECK(seen.find("idempotency-key")->second == "k1");
  CHECK(seen.find("esnaf-caller-kind")->second == "admin");
  CHECK(seen.count("esnaf-actor") == 1);
  CHECK(seen.find("esnaf-actor")->second.starts_with("key:"));
}

TEST_CASE("a connection serves one request after another, also when they come at once") {
  Suite suite;
  HttpClient http = suite.front.Http();
  for (int i = 0; i < 50; ++i) CHECK(http.Send("GET", "/v1/probes/7", suite.headers).status == 200);
  std::string burst;
  for (int i = 0; i < 10; ++i)
    burst += "GET /v1/probes/7 HTTP/1.1\r\nHost: x\r\nX-API-Key: " + suite.admin + "\r\n\r\n";
  http.Raw(burst);
  for (int i = 0; i < 10; ++i) CHECK(http.Read().status == 200);
  http.Raw("GET /v1/probes/7 HTTP/1.0\r\nX-API-Key: " + suite.admin + "\r\n\r\n");
  CHECK(http.Read().status == 200);
  CHECK(http.Ended());
}

TEST_CASE("errors are google.rpc.Status in JSON") {
  Suite suite;
  const absl::Status error = MakeError(absl::StatusCode::kAborted, "ETAG_MISMATCH", "it has changed", {{"etag", "2"}});
  suite.front.service.SetHandler([&](const std::string&) { return Reply{.status = runtime::ToGrpc(error)}; });
  HttpClient http = suite.front.Http();
  const HttpAnswer aborted = http.Send("GET", "/v1/probes/7", suite.headers);
  CHECK(aborted.status == 409);
  CHECK(aborted.Json()["error"]["status"] == "ABORTED");
  CHECK(aborted.Json()["error"]["code"] == 409);
  CHECK(aborted.Json()["error"]["message"] == "it has changed");
  CHECK(aborted.Reason() == "ETAG_MISMATCH");
  const HttpAnswer unknown_field = http.Send("POST", "/v1/probes/7:do", suite.headers, R"({"nobody":1})");
  CHECK(unknown_field.status == 400);
  CHECK(unknown_field.body.find("\"field\":\"nobody\"") != std::string::npos);
  const HttpAnswer unknown_parameter = http.Send("GET", "/v1/probes/7?nobody=1", suite.headers);
  CHECK(unknown_parameter.status == 400);
  CHECK(unknown_parameter.body.find("\"field\":\"nobody\"") != std::string::npos);
  CHECK(http.Send("GET", "/v1/nothing", suite.headers).status == 404);
  const HttpAnswer wrong_verb = http.Send("POST", "/v1/probes/7", suite.headers, "{}");
  CHECK(wrong_verb.status == 405);
  CHECK(wrong_verb.Header("allow") == "GET, PATCH");
  const HttpAnswer no_key = http.Send("GET", "/v1/probes/7");
  CHECK(no_key.status == 401);
  CHECK(no_key.Reason() == "API_KEY_MISSING");
  CHECK(no_key.Header("www-authenticate") == "Bearer");
}

TEST_CASE("a key's rate is told in Retry-After") {
  Suite suite;
  const std::string key =
      suite.front.AddKey(KeyKind::kStorefront, {"*"}, [](StoredKey& stored) { stored.key.rate_per_second = 1; });
  HttpClient http = suite.front.Http();
  HttpAnswer last;
  for (int i = 0; i < 20 && last.status != 429; ++i) last = http.Send("GET", "/v1/probes/7", TestFront::Bearer(key));
  CHECK(last.status == 429);
  CHECK(last.Reason() == "RATE_LIMIT_EXCEEDED");
  CHECK(last.Header("retry-after") == "1");
}

TEST_CASE("a server stream becomes events") {
  Suite suite;
  suite.front.service.SetHandler([](const std::string&) {
    return Reply{.messages = {Probe("1"), Probe("2"), Probe("3")}};
  });
  HttpClient http = suite.front.Http();
  const HttpAnswer events = http.Send("GET", "/v1/probes:watch?id=7", suite.headers);
  CHECK(events.status == 200);
  CHECK(events.Header("content-type") == "text/event-stream");
  std::vector<std::string> ids;
  std::istringstream lines(events.body);
  std::string line;
  std::string last_event;
  while (std::getline(lines, line)) {
    if (line.starts_with("event: ")) last_event = line.substr(7);
    if (line.starts_with("data: ") && last_event.empty()) ids.push_back(json::parse(line.substr(6))["id"]);
  }
  CHECK(ids == std::vector<std::string>{"1", "2", "3"});
  CHECK(last_event == "end");
  // The connection goes on.
  CHECK(http.Send("GET", "/healthz").status == 200);
}

TEST_CASE("a stream that fails says so: with a status before its first event, with an event after it") {
  Suite suite;
  const grpc::Status failed = runtime::ToGrpc(MakeError(absl::StatusCode::kOutOfRange, "PRUNED", "too old"));
  HttpClient http = suite.front.Http();
  suite.front.service.SetHandler([&](const std::string&) { return Reply{.status = failed}; });
  const HttpAnswer early = http.Send("GET", "/v1/probes:watch?id=7", suite.headers);
  CHECK(early.status == 400);
  CHECK(early.Reason() == "PRUNED");
  suite.front.service.SetHandler([&](const std::string&) { return Reply{.messages = {Probe("1")}, .status = failed}; });
  const HttpAnswer late = http.Send("GET", "/v1/probes:watch?id=7", suite.headers);
  CHECK(late.status == 200);
  CHECK(late.body.find("event: error\ndata: {\"error\":") != std::string::npos);
  CHECK(late.body.find("PRUNED") != std::string::npos);
}

TEST_CASE("server-sent events end when their key does") {
  Suite suite({.stream_recheck = std::chrono::milliseconds(10)});
  suite.front.service.SetHandler([](const std::string&) { return Reply{.hang = true}; });
  HttpClient http = suite.front.Http();
  http.Raw("GET /v1/probes:watch?id=7 HTTP/1.1\r\nHost: x\r\nX-API-Key: " + suite.admin + "\r\n\r\n");
  while (suite.front.service.calls() == 0) std::this_thread::yield();
  suite.front.RevokeKeys();
  const HttpAnswer answer = http.Read();
  CHECK(answer.status == 401);
  CHECK(answer.Reason() == "API_KEY_INVALID");
  CHECK(suite.front.service.WaitForCancel());
}

TEST_CASE("a client that goes away cancels its call") {
  Suite suite;
  suite.front.service.SetHandler([](const std::string&) { return Reply{.hang = true}; });
  HttpClient http = suite.front.Http();
  http.Raw("GET /v1/probes/7 HTTP/1.1\r\nHost: x\r\nX-API-Key: " + suite.admin + "\r\n\r\n");
  while (suite.front.service.calls() == 0) std::this_thread::yield();
  http.Close();
  CHECK(suite.front.service.WaitForCancel());
}

TEST_CASE("publishable keys work from their origins, which browsers learn before and after") {
  Suite suite;
  const std::string key = suite.front.AddKey(KeyKind::kPublishable, {"orders.*"}, [](StoredKey& stored) {
    stored.key.allowed_origins = {"https://shop.example"};
  });
  suite.front.service.SetHandler([](const std::string&) { return Reply{.messages = {Probe("somebody's")}}; });
  HttpClient http = suite.front.Http();
  const HttpAnswer preflight = http.Send(
      "OPTIONS", "/v1/probes/7", {{"Origin", "https://shop.example"}, {"Access-Control-Request-Method", "PATCH"}});
  CHECK(preflight.status == 204);
  CHECK(preflight.Header("access-control-allow-origin") == "https://shop.example");
  CHECK(preflight.Header("access-control-allow-headers").find("Authorization") != std::string::npos);
  const HttpAnswer stranger = http.Send("OPTIONS", "/v1/probes/7", {{"Origin", "https://evil.example"}});
  CHECK(stranger.status == 204);
  CHECK(stranger.Header("access-control-allow-origin").empty());
  const auto change = [&](const std::string& secret, const std::string& origin) {
    return http.Send("PATCH", "/v1/probes/7", TestFront::Bearer(secret, {{"Origin", origin}}), "{}");
  };
  const HttpAnswer good = change(key, "https://shop.example");
  CHECK(good.status == 200);
  CHECK(good.Header("access-control-allow-origin") == "https://shop.example");
  // Whatever the service answers, nothing can be read with such a key.
  CHECK(good.body == "{}");
  const HttpAnswer wrong = change(key, "https://evil.example");
  CHECK(wrong.status == 403);
  CHECK(wrong.Reason() == "ORIGIN_NOT_ALLOWED");
  CHECK(wrong.Header("access-control-allow-origin").empty());
  // A secret key says nothing to browsers.
  const HttpAnswer secret = change(suite.admin, "https://shop.example");
  CHECK(secret.Header("access-control-allow-origin").empty());
  CHECK(secret.body.find("somebody's") != std::string::npos);
  const HttpAnswer read =
      http.Send("GET", "/v1/probes/7", TestFront::Bearer(key, {{"Origin", "https://shop.example"}}));
  CHECK(read.status == 403);
  CHECK(read.Reason() == "AUDIENCE_TOO_LOW");
}

TEST_CASE("what is too large or no HTTP is refused, and the server goes on") {
  Suite suite({.max_message_bytes = 64 * 1024});
  {
    HttpClient http = suite.front.Http();
    CHECK(http.Send("POST", "/v1/probes/7:do", suite.headers, std::string(65 * 1024, ' ')).status == 413);
    CHECK(http.Ended());
  }
  {
    HttpClient http = suite.front.Http();
    http.Raw("GET /v1/probes/7 HTTP/1.1\r\nX-Long: " + std::string(20'000, 'x') + "\r\n\r\n");
    CHECK(http.Read().status == 431);
  }
  for (const char* garbage :
       {"\r\n\r\n\r\n\x01\x02\x03 nonsense\r\n\r\n", "GET\r\n\r\n", "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"}) {
    HttpClient http = suite.front.Http();
    http.Raw(garbage);
    CHECK(http.Read().status == 400);
    CHECK(http.Ended());
  }
  HttpClient http = suite.front.Http();
  CHECK(http.Send("POST", "/v1/probes/7:do", suite.headers, "{}" + std::string(60 * 1024, ' ')).status == 200);
}

TEST_CASE("only so many connections are open") {
  Suite suite({.most_http_connections = 2});
  HttpClient first = suite.front.Http();
  HttpClient second = suite.front.Http();
  CHECK(first.Send("GET", "/healthz").status == 200);
  CHECK(second.Send("GET", "/healthz").status == 200);
  HttpClient third = suite.front.Http();
  CHECK(third.Ended());
  CHECK(first.Send("GET", "/healthz").status == 200);
}

TEST_CASE("the gateway's own pages are there without a key") {
  Suite suite;
  HttpClient http = suite.front.Http();
  const HttpAnswer health = http.Send("GET", "/healthz");
  CHECK(health.status == 200);
  for (const char* service : {"contacts", "orders", "segmentation", "attribution", "support", "gateway"})
    CHECK(health.Json()["services"].contains(service));
  const HttpAnswer metrics = http.Send("GET", "/metrics");
  CHECK(metrics.status == 200);
  CHECK(metrics.body.find("esnaf_gateway_") != std::string::npos);
  const HttpAnswer docs = http.Send("GET", "/docs");
  CHECK(docs.status == 200);
  CHECK(docs.Header("content-type") == "text/html; charset=utf-8");
  // Nothing comes from elsewhere.
  CHECK(docs.body.find("://") == std::string::npos);
  const HttpAnswer openapi = http.Send("GET", "/openapi.json");
  CHECK(openapi.status == 200);
  CHECK(openapi.Json()["paths"].contains("/v1/probes/{probe.id}"));
  CHECK(http.Send("GET", "/").Header("location") == "/docs");
}

TEST_CASE("health names the consumers that stand still, and does not say why without a key") {
  Suite suite;
  HttpClient http = suite.front.Http();
  CHECK(http.Send("GET", "/healthz").Json()["stoppedConsumers"].empty());
  api::v1::ListConsumersResponse consumers;
  consumers.add_consumers()->set_source("contacts");
  api::v1::Consumer& stopped = *consumers.add_consumers();
  stopped.set_source("orders");
  stopped.mutable_stop()->mutable_stop_time()->set_seconds(1'700'000'000);
  stopped.mutable_stop()->set_event_id("e1");
  stopped.mutable_stop()->set_message("INVALID_ARGUMENT: it cannot be read");
  suite.front.service.SetConsumers(consumers);
  nlohmann::json health;
  do {
    health = http.Send("GET", "/healthz").Json();
  } while (health["stoppedConsumers"].size() < 3);
  CHECK(health["status"] == "degraded");
  CHECK(health["services"]["contacts"] == "serving");
  const nlohmann::json& first = health["stoppedConsumers"][0];
  CHECK(first["service"] == "contacts");
  CHECK(first["source"] == "orders");
  CHECK(first["since"] == "2023-11-14T22:13:20Z");
  CHECK(first["eventId"] == "e1");
  CHECK(first.size() == 4);
  CHECK(health.dump().find("it cannot be read") == std::string::npos);
  suite.front.service.SetConsumers({});
  do {
    health = http.Send("GET", "/healthz").Json();
  } while (!health["stoppedConsumers"].empty());
  CHECK(health["status"] == "ok");
}

TEST_CASE("the gateway stops while calls hang, and ends them") {
  Suite suite({.drain = std::chrono::milliseconds(50)});
  suite.front.service.SetHandler([](const std::string&) { return Reply{.hang = true}; });
  HttpClient http = suite.front.Http();
  http.Raw("GET /v1/probes/7 HTTP/1.1\r\nHost: x\r\nX-API-Key: " + suite.admin + "\r\n\r\n");
  while (suite.front.service.calls() == 0) std::this_thread::yield();
  suite.front.front().Stop();
  CHECK(suite.front.service.WaitForCancel());
  CHECK(http.Read().status == 499);
}

}  // namespace
}  // namespace esnaf::gateway
