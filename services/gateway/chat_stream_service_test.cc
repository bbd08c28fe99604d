// A visitor's chat through the door: a page that can set no headers reads the stream by a key in its address, takes it
// up again by the last event's id, and no service sees the key.
#include "esnaf/migrations/runtime.h"
#include "esnaf/support/v1/chats.pb.h"
#include "libs/testing/service.h"
#include "services/gateway/chat_openings.h"
#include "services/gateway/event_ids.h"
#include "services/gateway/test_front.h"

namespace esnaf::gateway {
namespace {

using testing::CallGrpc;
using testing::HttpAnswer;
using testing::HttpClient;
using testing::Metadata;
using testing::Reply;
using testing::TestFront;

struct Door {
  Door() : front(RouteTable::BuildLinked().value()), http(front.Http()) {
    key = front.AddKey(KeyKind::kPublishable, {"chats.write"},
                       [](StoredKey& stored) { stored.key.allowed_origins = {"https://shop.example"}; });
    front.service.SetHandler([](const std::string&) {
      support::v1::ChatUpdate event, signal;
      event.set_sequence(7);
      event.mutable_event()->set_text("Merhaba");
      signal.mutable_signal()->set_typing(true);
      return Reply{.messages = {event.SerializeAsString(), signal.SerializeAsString()}};
    });
  }
  HttpAnswer Watch(const std::string& query, Metadata headers = {}) {
    headers.emplace("Origin", "https://shop.example");
    return http.Send("GET", "/v1/chats/c1:watch?" + query, headers);
  }
  support::v1::WatchChatRequest Seen() {
    support::v1::WatchChatRequest request;
    REQUIRE_FALSE(front.service.requests().empty());
    REQUIRE(request.ParseFromString(front.service.requests().back()));
    return request;
  }
  TestFront front;
  HttpClient http;
  std::string key;
};

TEST_CASE("a page reads its chat by a key in the address, each event with its number as id") {
  Door door;
  const HttpAnswer answer = door.Watch("token=t1&afterSequence=3&key=" + door.key);
  CHECK(answer.status == 200);
  CHECK(answer.Header("content-type") == "text/event-stream");
  CHECK(answer.Header("access-control-allow-origin") == "https://shop.example");
  CHECK(answer.body.starts_with("retry: 1000\nid: 7\ndata: {"));
  CHECK(answer.body.find("Merhaba") != std::string::npos);
  // What is kept nowhere has no id: nobody takes a stream up behind it.
  CHECK(answer.body.find("\n\ndata: {") != std::string::npos);
  CHECK(answer.body.ends_with("event: end\ndata: {}\n\n"));
  const auto seen = door.Seen();
  CHECK(seen.id() == "c1");
  CHECK(seen.token() == "t1");
  CHECK(seen.after_sequence() == 3);
  CHECK(seen.key().empty());
  CHECK(door.front.service.metadata().find("esnaf-caller-kind")->second == "publishable");
}

TEST_CASE("a browser that comes back goes on behind the last event that it has") {
  Door door;
  CHECK(door.Watch("token=t1&afterSequence=3&key=" + door.key, {{"Last-Event-ID", "42"}}).status == 200);
  CHECK(door.Seen().after_sequence() == 42);
  for (const char* id : {"2", "", "x", "-1", "42x", "99999999999999999999"}) {
    CAPTURE(id);
    CHECK(door.Watch("token=t1&afterSequence=3&key=" + door.key, {{"Last-Event-ID", id}}).status == 200);
    CHECK(door.Seen().after_sequence() == 3);
  }
}

TEST_CASE("a stream is for whom its key is for") {
  Door door;
  CHECK(door.Watch("token=t1").status == 401);
  const HttpAnswer foreign =
      door.http.Send("GET", "/v1/chats/c1:watch?key=" + door.key, {{"Origin", "https://evil.example"}});
  CHECK(foreign.Reason() == "ORIGIN_NOT_ALLOWED");
  const std::string other = door.front.AddKey(KeyKind::kPublishable, {"touchpoints.write"});
  CHECK(door.Watch("key=" + other).Reason() == "SCOPE_MISSING");
  // A secret in an address is read by everybody.
  const std::string secret = door.front.AddKey(KeyKind::kStorefront, {"chats.write"});
  CHECK(door.Watch("key=" + secret).status == 401);
  CHECK(door.http.Send("GET", "/v1/chats/c1:watch", TestFront::Bearer(secret)).status == 200);
  // The firm's inbox is no page's.
  CHECK(door.http.Send("GET", "/v1/chats:watch", TestFront::Bearer(door.key, {{"Origin", "https://shop.example"}}))
            .status == 403);
  CHECK(door.front.service.calls() == 1);
}

TEST_CASE("the gateway's own page reads by a key that is limited to the gateway's origin") {
  Door door;
  const auto own = [](const char* origin) {
    return [origin](StoredKey& stored) { stored.key.allowed_origins = {origin}; };
  };
  const std::string key = door.front.AddKey(KeyKind::kPublishable, {"chats.write"}, own("https://localhost"));
  const auto status = [&](const std::string& secret, const Metadata& headers) {
    return door.http.Send("GET", "/v1/chats/c1:watch?token=t1&key=" + secret, headers).status;
  };
  // A browser sends no origin then.
  CHECK(status(key, {{"Sec-Fetch-Site", "same-origin"}}) == 200);
  CHECK(status(key, {{"Sec-Fetch-Site", "cross-site"}}) == 403);
  CHECK(status(key, {}) == 403);
  CHECK(status(key, {{"Sec-Fetch-Site", "same-origin"}, {"Origin", "https://evil.example"}}) == 403);
  const std::string port = door.front.AddKey(KeyKind::kPublishable, {"chats.write"}, own("https://localhost:8443"));
  CHECK(status(port, {{"Sec-Fetch-Site", "same-origin"}}) == 403);
  CHECK(status(door.key, {{"Sec-Fetch-Site", "same-origin"}}) == 403);
}

TEST_CASE("a visitor is told of the chat that he opens, and of nothing that he writes") {
  Door door;
  door.front.service.SetHandler([](const std::string& method) {
    support::v1::Chat chat;
    chat.set_id("c1");
    chat.set_token("t1");
    support::v1::ChatEvent event;
    event.set_text("Merhaba");
    return Reply{.messages = {method.ends_with("CreateChat") ? chat.SerializeAsString() : event.SerializeAsString()}};
  });
  const auto headers = TestFront::Bearer(door.key, {{"Origin", "https://shop.example"}});
  CHECK(door.http.Send("POST", "/v1/chats", headers, R"({"storeId": "tr", "text": "a"})").Json()["token"] == "t1");
  CHECK(door.http.Send("POST", "/v1/chats/c1:send", headers, R"({"token": "t1", "text": "a"})").body == "{}");
  CHECK(door.http.Send("GET", "/v1/chats/c1", headers).status == 403);
}

TEST_CASE("one address opens so many chats by a key that all can see, by whichever way") {
  Door door;
  door.front.service.SetHandler([](const std::string&) { return Reply{.messages = {""}}; });
  const auto open = [&](const std::string& secret) {
    const auto headers = TestFront::Bearer(secret, {{"Origin", "https://shop.example"}});
    return door.http.Send("POST", "/v1/chats", headers, R"({"storeId": "tr", "text": "a"})");
  };
  for (int i = 0; i < ChatOpenings::kMost; ++i) CHECK(open(door.key).status == 200);
  const HttpAnswer refused = open(door.key);
  CHECK(refused.status == 429);
  CHECK(refused.Reason() == "CHATS_OF_ADDRESS");
  const auto by_grpc = CallGrpc(door.front.stub(), "/esnaf.support.v1.ChatService/CreateChat", "",
                                TestFront::Bearer(door.key, {{"origin", "https://shop.example"}}));
  CHECK(by_grpc.status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED);
  // What goes on in a chat is bounded by the chat; and a shop's own server opens them for all of its customers.
  const auto headers = TestFront::Bearer(door.key, {{"Origin", "https://shop.example"}});
  CHECK(door.http.Send("POST", "/v1/chats/c1:send", headers, R"({"token": "t1", "text": "a"})").status == 200);
  CHECK(open(door.front.AddKey(KeyKind::kStorefront, {"chats.write"})).status == 200);
}

TEST_CASE("the chat's page has nothing but its script, and its policy lets nothing else in") {
  Door door;
  const HttpAnswer page = door.http.Send("GET", "/chat/tr?key=esk_x", {{"Accept-Language", "en-GB"}});
  CHECK(page.status == 200);
  CHECK(page.body.find("<html lang=\"en\">") != std::string::npos);
  CHECK(page.body.find("data-store=\"tr\"") != std::string::npos);
  CHECK(page.body.find("esk_x") == std::string::npos);
  CHECK(page.Header("content-security-policy").find("default-src 'none'; script-src 'self'") == 0);
  CHECK(door.http.Send("GET", "/chat/%22%3E", {}).status == 404);
  CHECK(door.http.Send("GET", "/chat/", {}).status == 404);
  const HttpAnswer script = door.http.Send("GET", "/esnaf-chat.js");
  CHECK(script.Header("content-type") == "text/javascript; charset=utf-8");
  CHECK(door.http.Send("GET", "/esnaf-chat.js", {{"If-None-Match", script.Header("etag")}}).status == 304);
}

TEST_CASE("messages without numbers are streamed as they are") {
  support::v1::Chat chat;
  CHECK(EventIdLine(chat).empty());
  ResumeBehind("7", chat);
  CHECK(chat.ByteSizeLong() == 0);
  support::v1::ChatUpdate update;
  CHECK(EventIdLine(update).empty());
  update.set_sequence(7);
  CHECK(EventIdLine(update) == "id: 7\n");
}

}  // namespace
}  // namespace esnaf::gateway
