// Goal: the public reads what was published and nothing else, finds it while typing, and what it spares is counted.
#include "services/support/articles/article_service.h"

#include "services/support/support_under_test.h"

namespace esnaf::support {
namespace {

using namespace std::chrono_literals;
using absl::StatusCode;
using testing::kStaff;
using testing::kStorefront;

const runtime::ClientCallOptions kPublishable{
    .metadata = {{"esnaf-caller-kind", "publishable"}, {"esnaf-actor", "key:2"}}};

struct ArticlesUnderTest : testing::SupportUnderTest {
  template <typename Response, typename Request>
  absl::StatusOr<Response> Ask(const std::string& method, const Request& request,
                               const runtime::ClientCallOptions& options = kStaff) {
    return articles_server.channel()->Call<Response>("/esnaf.support.v1.ArticleService/" + method, request, options);
  }
  v1::Article Create(const std::string& id, const std::string& title, const std::string& body = "") {
    v1::CreateArticleRequest request;
    request.mutable_article()->set_id(id);
    request.mutable_article()->set_category("kargo");
    request.mutable_article()->mutable_turkish()->set_title(title);
    request.mutable_article()->mutable_turkish()->set_body(body);
    auto made = Ask<v1::Article>("CreateArticle", request);
    REQUIRE_OK(made);
    return *std::move(made);
  }
  v1::Article Publish(const std::string& id) {
    v1::PublishArticleRequest request;
    request.set_id(id);
    auto published = Ask<v1::Article>("PublishArticle", request);
    REQUIRE_OK(published);
    return *std::move(published);
  }
  absl::StatusOr<v1::Article> Read(const std::string& id, const runtime::ClientCallOptions& options = kPublishable) {
    v1::GetArticleRequest request;
    request.set_id(id);
    return Ask<v1::Article>("GetArticle", request, options);
  }
  std::string Found(const std::string& query, const runtime::ClientCallOptions& options = kPublishable) {
    v1::ListArticlesRequest request;
    request.set_query(query);
    auto page = Ask<v1::ListArticlesResponse>("ListArticles", request, options);
    REQUIRE_OK(page);
    std::string ids;
    for (const v1::Article& article : page->articles()) ids += article.id() + ";";
    return ids;
  }
  std::string Suggested(const std::string& text) {
    v1::SuggestArticlesRequest request;
    request.set_text(text);
    auto answer = Ask<v1::SuggestArticlesResponse>("SuggestArticles", request, kPublishable);
    REQUIRE_OK(answer);
    std::string ids;
    for (const v1::Article& article : answer->articles()) {
      ids += article.id() + ";";
      CHECK(article.turkish().body().empty());
    }
    return ids;
  }
  absl::Status RecordReading(const std::string& id, const std::string& session) {
    v1::RecordArticleReadingRequest request;
    request.set_id(id);
    request.set_session_id(session);
    return Ask<v1::RecordArticleReadingResponse>("RecordArticleReading", request, kPublishable).status();
  }
  absl::Status Vote(const std::string& id, const std::string& viewer, bool helpful) {
    v1::VoteArticleRequest request;
    request.set_id(id);
    request.set_viewer_id(viewer);
    request.set_helpful(helpful);
    return Ask<v1::VoteArticleResponse>("VoteArticle", request, kPublishable).status();
  }

  ArticleService articles;
  testing::TestServer articles_server{schema, {articles.Rpcs()}, {.name = "support", .clock = &clock}};
};

TEST_CASE("the public sees an article as it was published, and staff what it becomes") {
  ArticlesUnderTest test;
  test.Create("iade", "İade süreci", "Eski");
  CHECK(test.Read("iade").status().code() == StatusCode::kNotFound);
  CHECK(test.Found("iade").empty());
  CHECK(test.Found("iade", kStaff) == "iade;");
  test.Publish("iade");
  v1::UpdateArticleRequest update;
  update.mutable_article()->set_id("iade");
  update.mutable_article()->mutable_turkish()->set_title("İade nasıl yapılır");
  ESNAF_REQUIRE_VALUE(const auto changed, test.Ask<v1::Article>("UpdateArticle", update));
  CHECK(changed.version() == 2);
  CHECK(changed.published_version() == 1);
  CHECK(test.Read("iade")->turkish().title() == "İade süreci");
  CHECK(test.Read("iade", kStorefront)->turkish().title() == "İade süreci");
  CHECK(test.Read("iade", kStaff)->turkish().title() == "İade nasıl yapılır");
  CHECK(test.Publish("iade").published_version() == 2);
  CHECK(test.Read("iade")->turkish().title() == "İade nasıl yapılır");
  v1::ListArticleVersionsRequest versions;
  versions.set_article_id("iade");
  ESNAF_REQUIRE_VALUE(const auto page, test.Ask<v1::ListArticleVersionsResponse>("ListArticleVersions", versions));
  REQUIRE(page.versions_size() == 2);
  CHECK(page.versions(1).article().turkish().body() == "Eski");
  CHECK(page.versions(0).actor() == "user:ayse");
  v1::WithdrawArticleRequest withdraw;
  withdraw.set_id("iade");
  REQUIRE_OK(test.Ask<v1::Article>("WithdrawArticle", withdraw));
  CHECK(test.Read("iade").status().code() == StatusCode::kNotFound);
  CHECK(ErrorReason(test.Ask<v1::Article>("WithdrawArticle", withdraw).status()) == "ARTICLE_NOT_PUBLISHED");
}

TEST_CASE("articles are found with Turkish letters or without, and suggested while somebody types") {
  ArticlesUnderTest test;
  test.Create("iade", "İade süreci", "Ürünü kargoya verin.");
  test.Create("kargo", "Kargom nerede?", "Takip numarası ile bakın.");
  test.Create("taslak", "Kargo taslağı");
  test.Publish("iade");
  test.Publish("kargo");
  CHECK(test.Found("SUREC ürün") == "iade;");
  CHECK(test.Found("kargo") == "iade;kargo;");
  CHECK(test.Found("süreç takip").empty());
  // The title counts more, the suffix does not count, and what is not published is not suggested.
  CHECK(test.Suggested("Merhaba, kargolarım hâlâ gelmedi") == "kargo;iade;");
  CHECK(test.Suggested("ne").empty());
}

TEST_CASE("a reader who does not send the form is spared a ticket; votes count once a viewer") {
  ArticlesUnderTest test;
  test.Create("iade", "İade süreci");
  CHECK(test.RecordReading("iade", "session-1").code() == StatusCode::kNotFound);
  test.Publish("iade");
  CHECK_OK(test.RecordReading("iade", "session-1"));
  CHECK_OK(test.RecordReading("iade", "session-1"));
  CHECK_OK(test.RecordReading("iade", "session-2"));
  CHECK(test.Read("iade", kStaff)->reading_count() == 2);
  CHECK(test.Read("iade", kStaff)->deflection_count() == 0);
  v1::CreateTicketRequest form = test.Request("İade edemedim");
  (*form.mutable_ticket()->mutable_custom_fields())["form_session"] = "session-2";
  REQUIRE_OK(test.Call<v1::Ticket>("CreateTicket", form, kStorefront));
  test.clock.Advance(61min);
  CHECK(test.Read("iade", kStaff)->deflection_count() == 1);
  CHECK(test.Read("iade")->deflection_count() == 0);
  CHECK_OK(test.Vote("iade", "viewer-01", true));
  CHECK_OK(test.Vote("iade", "viewer-01", false));
  CHECK_OK(test.Vote("iade", "viewer-02", true));
  CHECK(test.Read("iade", kStaff)->helpful_count() == 1);
  CHECK(test.Read("iade", kStaff)->unhelpful_count() == 1);
  CHECK_STATUS_IS(test.Vote("iade", "v", true), StatusCode::kInvalidArgument, "viewer_id");
}

TEST_CASE("an article that somebody else has changed is not overwritten, and ids are taken once") {
  ArticlesUnderTest test;
  const v1::Article made = test.Create("iade", "İade");
  test.Publish("iade");
  v1::UpdateArticleRequest update;
  *update.mutable_article() = made;
  update.mutable_article()->set_category("siparis");
  CHECK(ErrorReason(test.Ask<v1::Article>("UpdateArticle", update).status()) == "ETAG_MISMATCH");
  v1::CreateArticleRequest again;
  *again.mutable_article() = made;
  CHECK(ErrorReason(test.Ask<v1::Article>("CreateArticle", again).status()) == "ARTICLE_ALREADY_EXISTS");
  v1::ListArticlesRequest list;
  list.set_filter("category = kargo AND state = PUBLISHED");
  CHECK(test.Ask<v1::ListArticlesResponse>("ListArticles", list)->articles_size() == 1);
}

}  // namespace
}  // namespace esnaf::support
