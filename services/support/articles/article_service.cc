#include "services/support/articles/article_service.h"

#include "libs/api/convert.h"
#include "libs/api/list_query.h"
#include "libs/api/update_mask.h"
#include "libs/base/error.h"
#include "libs/base/macros.h"
#include "libs/base/text.h"
#include "services/support/articles/article_store.h"
#include "services/support/articles/article_wire.h"
#include "services/support/records.h"

namespace esnaf::support {
namespace {

using runtime::Call;
using runtime::Caller;

constexpr int kMostSuggestions = 5;
constexpr std::size_t kMaxTypedBytes = 4000;
constexpr std::size_t kMinTokenBytes = 8;
constexpr std::size_t kMaxTokenBytes = 100;

// Whoever is not of the firm sees what is published, as it was published.
bool IsPublic(const Call& call) {
  return call.caller().kind == Caller::Kind::kPublishable || call.caller().kind == Caller::Kind::kStorefront;
}

absl::Status NoArticle(const std::string& id) { return NotFound("article", id); }

constexpr std::string_view kArticles = "articles";

absl::Status CheckToken(const std::string& token, const std::string& field) {
  if (token.size() >= kMinTokenBytes && token.size() <= kMaxTokenBytes && IsCleanUtf8(token)) return absl::OkStatus();
  return InvalidField(field, absl::StrCat("is not of ", kMinTokenBytes, " to ", kMaxTokenBytes, " bytes"));
}

api::FieldTable FieldsWith(const std::string& category) {
  using Type = api::FieldType;
  return {.fields = {{.name = "id", .sql = "a.id"},
                     {.name = "category", .sql = category},
                     {.name = "state",
                      .sql = "a.state",
                      .type = Type::kEnum,
                      .enum_values = {{"DRAFT", "1"}, {"PUBLISHED", "2"}, {"WITHDRAWN", "3"}}},
                     {.name = "create_time", .sql = "a.create_time", .type = Type::kTime},
                     {.name = "update_time", .sql = "a.update_time", .type = Type::kTime}},
          .id_sql = "a.id"};
}
const api::FieldTable& StaffFields() {
  static const api::FieldTable kFields = FieldsWith("a.category");
  return kFields;
}
const api::FieldTable& PublicFields() {
  static const api::FieldTable kFields = FieldsWith("a.published_category");
  return kFields;
}
const api::FieldTable& VersionFields() {
  static const api::FieldTable kFields{
      .fields = {{.name = "version", .sql = "v.version", .type = api::FieldType::kInteger}}, .id_sql = "v.version"};
  return kFields;
}

}  // namespace

runtime::RpcService ArticleService::Rpcs() {
  runtime::RpcService rpcs("esnaf.support.v1.ArticleService");
  rpcs.Unary("CreateArticle", this, &ArticleService::CreateArticle)
      .Unary("GetArticle", this, &ArticleService::GetArticle)
      .Unary("ListArticles", this, &ArticleService::ListArticles)
      .Unary("UpdateArticle", this, &ArticleService::UpdateArticle)
      .Unary("PublishArticle", this, &ArticleService::PublishArticle)
      .Unary("WithdrawArticle", this, &ArticleService::WithdrawArticle)
      .Unary("ListArticleVersions", this, &ArticleService::ListArticleVersions)
      .Unary("SuggestArticles", this, &ArticleService::SuggestArticles)
      .Unary("RecordArticleReading", this, &ArticleService::RecordArticleReading)
      .Unary("VoteArticle", this, &ArticleService::VoteArticle);
  return rpcs;
}

absl::StatusOr<v1::Article> ArticleService::CreateArticle(Call& call, const v1::CreateArticleRequest& request) {
  ESNAF_RETURN_IF_ERROR(CheckAllStores(call, kArticles));
  Article article{.id = request.article().id(), .body = {}, .create_time = call.now(), .update_time = call.now()};
  ESNAF_ASSIGN_OR_RETURN(article.body, ArticleBodyFromProto(request.article()));
  using Answer = absl::StatusOr<v1::Article>;
  return call.Mutate<v1::Article>(request, Call::Writes::kTransaction, [&](postgres::Tx& tx) -> Answer {
    ESNAF_ASSIGN_OR_RETURN(const bool inserted, InsertArticle(tx, article, call.caller().actor));
    if (!inserted) {
      return MakeError(absl::StatusCode::kAlreadyExists, "ARTICLE_ALREADY_EXISTS", "there is one with this id",
                       {{"id", article.id}});
    }
    return ArticleToProto(article);
  });
}

absl::StatusOr<v1::Article> ArticleService::GetArticle(Call& call, const v1::GetArticleRequest& request) {
  return call.Read([&](postgres::Tx& tx) -> absl::StatusOr<v1::Article> {
    ESNAF_ASSIGN_OR_RETURN(const std::optional<Article> article, FindArticle(tx, request.id(), call.now()));
    if (!article) return NoArticle(request.id());
    if (!IsPublic(call)) return ArticleToProto(*article);
    if (article->state != ArticleState::kPublished) return NoArticle(request.id());
    return PublishedToProto(*article);
  });
}

absl::StatusOr<v1::ListArticlesResponse> ArticleService::ListArticles(Call& call,
                                                                      const v1::ListArticlesRequest& request) {
  const bool is_public = IsPublic(call);
  ESNAF_ASSIGN_OR_RETURN(
      const api::ListQuery query,
      api::ListQuery::Parse(request, is_public ? PublicFields() : StaffFields(), {.default_order = "id"}));
  ESNAF_ASSIGN_OR_RETURN(const std::vector<std::string> patterns, SearchPatterns(request.query()));
  const std::string texts = is_public ? "a.published_texts" : "a.draft_texts";
  const std::string condition = absl::StrCat(is_public ? "a.state = 2 AND " : "", texts, " LIKE ALL ($2::text[])");
  const api::SqlQuery sql = query.Select(kArticleColumns, "article a", condition, {call.now() - kFormTime, patterns});
  return call.Read([&](postgres::Tx& tx) -> absl::StatusOr<v1::ListArticlesResponse> {
    ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.ExecuteDynamic(sql.sql, sql.params));
    v1::ListArticlesResponse response;
    for (int i = 0; i < query.PageRows(rows); ++i) {
      ESNAF_ASSIGN_OR_RETURN(const Article article, ReadArticle(rows[i]));
      *response.add_articles() = is_public ? PublishedToProto(article) : ArticleToProto(article);
    }
    response.set_next_page_token(query.NextPageToken(rows, kArticleColumnCount));
    return response;
  });
}

template <typename Request>
absl::StatusOr<v1::Article> ArticleService::ChangeArticle(Call& call, const Request& request, const std::string& id,
                                                          const std::string& etag, const Change& change) {
  ESNAF_RETURN_IF_ERROR(CheckAllStores(call, kArticles));
  using Answer = absl::StatusOr<v1::Article>;
  return call.Mutate<v1::Article>(request, Call::Writes::kTransaction, [&](postgres::Tx& tx) -> Answer {
    ESNAF_ASSIGN_OR_RETURN(std::optional<Article> article, LockArticle(tx, id, call.now()));
    if (!article) return NoArticle(id);
    if (!etag.empty() && etag != ArticleToProto(*article).etag()) {
      return MakeError(absl::StatusCode::kAborted, "ETAG_MISMATCH", "the article has changed since it was read",
                       {{"id", id}});
    }
    ESNAF_RETURN_IF_ERROR(change(tx, *article));
    return ArticleToProto(*article);
  });
}

absl::StatusOr<v1::Article> ArticleService::UpdateArticle(Call& call, const v1::UpdateArticleRequest& request) {
  const v1::Article& given = request.article();
  return ChangeArticle(call, request, given.id(), given.etag(),
                       [&](postgres::Tx& tx, Article& article) -> absl::Status {
                         v1::Article merged = ArticleBodyToProto(article.id, article.body);
                         const auto mask = api::ExpandMask(request.update_mask(), given);
                         ESNAF_RETURN_IF_ERROR(api::MergeByMask(mask, given, "article", merged));
                         merged.set_id(article.id);
                         ESNAF_ASSIGN_OR_RETURN(ArticleBody body, ArticleBodyFromProto(merged));
                         if (body == article.body) return absl::OkStatus();
                         article.body = std::move(body);
                         ++article.version;
                         article.update_time = call.now();
                         ESNAF_RETURN_IF_ERROR(support::UpdateArticle(tx, article));
                         return AddArticleVersion(tx, article, call.caller().actor);
                       });
}

absl::StatusOr<v1::Article> ArticleService::PublishArticle(Call& call, const v1::PublishArticleRequest& request) {
  return ChangeArticle(call, request, request.id(), request.etag(), [&](postgres::Tx& tx, Article& article) {
    article.state = ArticleState::kPublished;
    article.published = article.body;
    article.published_version = article.version;
    article.publish_time = call.now();
    article.update_time = call.now();
    return support::UpdateArticle(tx, article);
  });
}

absl::StatusOr<v1::Article> ArticleService::WithdrawArticle(Call& call, const v1::WithdrawArticleRequest& request) {
  return ChangeArticle(call, request, request.id(), request.etag(),
                       [&](postgres::Tx& tx, Article& article) -> absl::Status {
                         if (article.state != ArticleState::kPublished) {
                           return MakeError(absl::StatusCode::kFailedPrecondition, "ARTICLE_NOT_PUBLISHED",
                                            "it is not published", {{"id", article.id}});
                         }
                         article.state = ArticleState::kWithdrawn;
                         article.update_time = call.now();
                         return support::UpdateArticle(tx, article);
                       });
}

absl::StatusOr<v1::ListArticleVersionsResponse> ArticleService::ListArticleVersions(
    Call& call, const v1::ListArticleVersionsRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const api::ListQuery query,
                         api::ListQuery::Parse(request, VersionFields(), {.default_order = "version desc"}));
  const api::SqlQuery sql =
      query.Select(kArticleVersionColumns, "article_version v", "v.article_id = $1", {request.article_id()});
  return call.Read([&](postgres::Tx& tx) -> absl::StatusOr<v1::ListArticleVersionsResponse> {
    ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.ExecuteDynamic(sql.sql, sql.params));
    if (rows.empty() && request.page_token().empty()) return NoArticle(request.article_id());
    v1::ListArticleVersionsResponse response;
    for (int i = 0; i < query.PageRows(rows); ++i) {
      ESNAF_ASSIGN_OR_RETURN(const StoredArticleVersion version, ReadArticleVersion(rows[i]));
      v1::ArticleVersion& told = *response.add_versions();
      told.set_version(version.version);
      *told.mutable_article() = ArticleBodyToProto(request.article_id(), version.body);
      told.set_actor(version.actor);
      *told.mutable_create_time() = api::ToProto(version.create_time);
    }
    response.set_next_page_token(query.NextPageToken(rows, kArticleVersionColumnCount));
    return response;
  });
}

absl::StatusOr<v1::SuggestArticlesResponse> ArticleService::SuggestArticles(Call& call,
                                                                            const v1::SuggestArticlesRequest& request) {
  if (request.text().size() > kMaxTypedBytes || !IsCleanUtf8(request.text())) {
    return InvalidField("text", absl::StrCat("is no clean UTF-8 of at most ", kMaxTypedBytes, " bytes"));
  }
  const std::vector<std::string> patterns = SuggestionPatterns(request.text());
  v1::SuggestArticlesResponse response;
  if (patterns.empty()) return response;
  return call.Read([&](postgres::Tx& tx) -> absl::StatusOr<v1::SuggestArticlesResponse> {
    ESNAF_ASSIGN_OR_RETURN(const std::vector<Article> articles, SuggestedArticles(tx, patterns, kMostSuggestions));
    for (const Article& article : articles) {
      v1::Article& told = *response.add_articles();
      told = PublishedToProto(article);
      if (told.has_turkish()) told.mutable_turkish()->clear_body();
      if (told.has_english()) told.mutable_english()->clear_body();
    }
    return response;
  });
}

absl::StatusOr<v1::RecordArticleReadingResponse> ArticleService::RecordArticleReading(
    Call& call, const v1::RecordArticleReadingRequest& request) {
  ESNAF_RETURN_IF_ERROR(CheckToken(request.session_id(), "session_id"));
  using Answer = absl::StatusOr<v1::RecordArticleReadingResponse>;
  return call.Mutate<v1::RecordArticleReadingResponse>(
      request, Call::Writes::kSingleStatement, [&](postgres::Tx& tx) -> Answer {
        ESNAF_ASSIGN_OR_RETURN(const bool found, AddReading(tx, request.id(), request.session_id(), call.now()));
        if (!found) return NoArticle(request.id());
        return v1::RecordArticleReadingResponse();
      });
}

absl::StatusOr<v1::VoteArticleResponse> ArticleService::VoteArticle(Call& call, const v1::VoteArticleRequest& request) {
  ESNAF_RETURN_IF_ERROR(CheckToken(request.viewer_id(), "viewer_id"));
  using Answer = absl::StatusOr<v1::VoteArticleResponse>;
  return call.Mutate<v1::VoteArticleResponse>(request, Call::Writes::kSingleStatement, [&](postgres::Tx& tx) -> Answer {
    ESNAF_ASSIGN_OR_RETURN(const bool found,
                           PutVote(tx, request.id(), request.viewer_id(), request.helpful(), call.now()));
    if (!found) return NoArticle(request.id());
    return v1::VoteArticleResponse();
  });
}

}  // namespace esnaf::support
