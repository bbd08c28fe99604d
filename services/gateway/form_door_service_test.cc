// Forms at the gateway's door: a page reaches support without a key, with the address of who sends, and within bounds.
#include "services/gateway/form_door.h"

#include "esnaf/migrations/runtime.h"
#include "esnaf/support/v1/forms.pb.h"
#include "libs/testing/service.h"
#include "services/gateway/test_front.h"

namespace esnaf::gateway {
namespace {

using testing::HttpAnswer;
using testing::HttpClient;
using testing::Reply;
using testing::TestFront;

constexpr char kPath[] = "/f/iletisim";

struct Door {
  explicit Door(FrontOptions options = {})
      : front(RouteTable::BuildLinked().value(), std::move(options)), http(front.Http()) {
    front.service.SetHandler([](const std::string&) {
      support::v1::ServeTicketFormPageResponse page;
      page.set_http_status(200);
      page.set_html("<p>form</p>");
      return Reply{.messages = {page.SerializeAsString()}};
    });
  }
  support::v1::ServeTicketFormPageRequest Seen() {
    support::v1::ServeTicketFormPageRequest request;
    REQUIRE_FALSE(front.service.requests().empty());
    REQUIRE(request.ParseFromString(front.service.requests().back()));
    return request;
  }
  TestFront front;
  HttpClient http;
};

TEST_CASE("a form reaches support with the address of who sends, and its page loads nothing from elsewhere") {
  Door door;
  const HttpAnswer answer =
      door.http.Send("POST", std::string(kPath) + "?lang=en", {{"Accept-Language", "tr"}}, "message=%C3%A7");
  CHECK(answer.status == 200);
  CHECK(answer.body == "<p>form</p>");
  CHECK(answer.Header("content-type") == "text/html; charset=utf-8");
  CHECK(answer.Header("cache-control") == "no-store");
  CHECK(answer.Header("content-security-policy").find("script-src 'self'; connect-src 'self'") != std::string::npos);
  CHECK(door.front.service.method() == "/esnaf.support.v1.TicketFormService/ServeTicketFormPage");
  const auto seen = door.Seen();
  CHECK(seen.id() == "iletisim");
  CHECK(seen.verb() == "POST");
  CHECK(seen.part().empty());
  CHECK(seen.query() == "lang=en");
  CHECK(seen.accept_language() == "tr");
  CHECK(seen.body() == "message=%C3%A7");
  CHECK(seen.client_address() == "127.0.0.1");
}

TEST_CASE("the script and what it asks for are parts of the page; what is only fetched sends nothing") {
  Door door;
  CHECK(door.http.Send("GET", std::string(kPath) + "/script").Header("content-type") ==
        "text/javascript; charset=utf-8");
  CHECK(door.Seen().part() == "script");
  door.http.Send("POST", std::string(kPath) + "/suggest", {}, "text=iade");
  CHECK(door.Seen().part() == "suggest");
  door.http.Send("GET", kPath, {}, "message=x");
  CHECK(door.Seen().verb() == "GET");
  CHECK(door.Seen().body().empty());
}

TEST_CASE("what is no form, too large or another verb does not come in, and support may be away") {
  Door door;
  for (const char* path : {"/f/", "/f/a/b", "/f/a/", "/f/%41", "/f/a.b"}) {
    CAPTURE(path);
    CHECK(door.http.Send("GET", path).status == 404);
  }
  CHECK(door.http.Send("GET", "/f/" + std::string(64, 'a')).status == 404);
  CHECK(door.http.Send("DELETE", kPath).Header("allow") == "GET, HEAD, POST");
  CHECK(door.http.Send("POST", kPath, {}, std::string(kMaxFormBytes + 1, 'x')).status == 413);
  CHECK(door.front.service.calls() == 0);
  door.front.service.Stop();
  CHECK(door.http.Send("GET", kPath).status == 503);
}

TEST_CASE("nobody sends at any speed") {
  FrontOptions options;
  options.form_rate = 1;
  Door door(options);
  CHECK(door.http.Send("GET", kPath).status == 200);
  bool refused = false;
  // Each takes far less than the second in which one is allowed.
  for (int i = 0; i < 50 && !refused; ++i) refused = door.http.Send("GET", kPath).status == 429;
  CHECK(refused);
}

}  // namespace
}  // namespace esnaf::gateway
