// What is everybody's to read reaches a key that sits in a browser, over both transports; what it writes is answered
// with nothing all the same.
#include "esnaf/migrations/runtime.h"
#include "esnaf/support/v1/articles.pb.h"
#include "libs/testing/service.h"
#include "services/gateway/test_front.h"

namespace esnaf::gateway {
namespace {

using testing::CallGrpc;
using testing::HttpClient;
using testing::Reply;
using testing::TestFront;

TEST_CASE("a publishable key reads a published article, and is told nothing of its vote") {
  TestFront front(RouteTable::BuildLinked().value());
  const std::string key = front.AddKey(KeyKind::kPublishable, {"articles.*"});
  front.service.SetHandler([](const std::string&) {
    support::v1::Article article;
    article.set_id("iade");
    return Reply{.messages = {article.SerializeAsString()}};
  });
  HttpClient http = front.Http();
  const auto read = http.Send("GET", "/v1/articles/iade", TestFront::Bearer(key));
  CHECK(read.status == 200);
  CHECK(read.body.find("\"id\":\"iade\"") != std::string::npos);
  CHECK(front.service.metadata().find("esnaf-caller-kind")->second == "publishable");
  const auto answer = CallGrpc(front.stub(), "/esnaf.support.v1.ArticleService/GetArticle", "", TestFront::Bearer(key));
  CHECK(answer.status.ok());
  support::v1::Article article;
  REQUIRE(article.ParseFromString(answer.response));
  CHECK(article.id() == "iade");
  const auto vote = http.Send("POST", "/v1/articles/iade:vote", TestFront::Bearer(key), "{}");
  CHECK(vote.status == 200);
  CHECK(vote.body == "{}");
  CHECK(http.Send("GET", "/v1/articles/iade/versions", TestFront::Bearer(key)).status == 403);
}

}  // namespace
}  // namespace esnaf::gateway
