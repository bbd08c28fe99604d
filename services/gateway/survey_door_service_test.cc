// Survey links at the gateway's door: a form reaches support without a key, a GET brings no answer along, and the page
// is kept by nobody.
#include "esnaf/migrations/runtime.h"
#include "esnaf/support/v1/surveys.pb.h"
#include "libs/testing/service.h"
#include "services/gateway/survey_door.h"
#include "services/gateway/test_front.h"

namespace esnaf::gateway {
namespace {

using testing::HttpAnswer;
using testing::HttpClient;
using testing::Reply;
using testing::TestFront;

constexpr char kPath[] = "/s/AZ-az_09";

struct Door {
  explicit Door(FrontOptions options = {})
      : front(RouteTable::BuildLinked().value(), std::move(options)), http(front.Http()) {
    front.service.SetHandler([](const std::string&) {
      support::v1::ServeSurveyPageResponse page;
      page.set_http_status(410);
      page.set_html("<p>süresi doldu</p>");
      return Reply{.messages = {page.SerializeAsString()}};
    });
  }
  support::v1::ServeSurveyPageRequest Seen() {
    support::v1::ServeSurveyPageRequest request;
    REQUIRE_FALSE(front.service.requests().empty());
    REQUIRE(request.ParseFromString(front.service.requests().back()));
    return request;
  }
  TestFront front;
  HttpClient http;
};

TEST_CASE("a form reaches support as it is, without a key, and the page that comes back is kept by nobody") {
  Door door;
  const HttpAnswer answer =
      door.http.Send("POST", std::string(kPath) + "?lang=en", {{"Accept-Language", "tr"}}, "score=4&comment=%C3%A7");
  CHECK(answer.status == 410);
  CHECK(answer.body == "<p>süresi doldu</p>");
  CHECK(answer.Header("content-type") == "text/html; charset=utf-8");
  CHECK(answer.Header("cache-control") == "no-store");
  CHECK(answer.Header("referrer-policy") == "no-referrer");
  CHECK(answer.Header("content-security-policy").find("default-src 'none'") != std::string::npos);
  CHECK(door.front.service.method() == "/esnaf.support.v1.SurveyService/ServeSurveyPage");
  const auto seen = door.Seen();
  CHECK(seen.token() == "AZ-az_09");
  CHECK(seen.verb() == "POST");
  CHECK(seen.query() == "lang=en");
  CHECK(seen.accept_language() == "tr");
  CHECK(seen.body() == "score=4&comment=%C3%A7");
}

TEST_CASE("what is only fetched brings no answer along") {
  Door door;
  CHECK(door.http.Send("GET", std::string(kPath) + "?score=1", {}, "score=1").status == 410);
  CHECK(door.Seen().verb() == "GET");
  CHECK(door.Seen().body().empty());
}

TEST_CASE("what is no link, too large or another verb does not come in, and support may be away") {
  Door door;
  for (const char* path : {"/s/", "/s/a/b", "/s/%41", "/s/a.b"}) {
    CAPTURE(path);
    CHECK(door.http.Send("GET", path).status == 404);
  }
  CHECK(door.http.Send("GET", "/s/" + std::string(101, 'a')).status == 404);
  CHECK(door.http.Send("DELETE", kPath).Header("allow") == "GET, HEAD, POST");
  CHECK(door.http.Send("POST", kPath, {}, std::string(kMaxSurveyFormBytes + 1, 'x')).status == 413);
  CHECK(door.front.service.calls() == 0);
  door.front.service.Stop();
  CHECK(door.http.Send("GET", kPath).status == 503);
}

TEST_CASE("nobody guesses links at any speed") {
  FrontOptions options;
  options.survey_rate = 1;
  Door door(options);
  CHECK(door.http.Send("GET", kPath).status == 410);
  bool refused = false;
  // Each takes far less than the second in which one is allowed.
  for (int i = 0; i < 50 && !refused; ++i) refused = door.http.Send("GET", kPath).status == 429;
  CHECK(refused);
}

}  // namespace
}  // namespace esnaf::gateway
