#include "services/support/articles/article_wire.h"

#include "libs/api/convert.h"
#include "libs/api/stored_json.h"
#include "libs/base/macros.h"

namespace esnaf::support {
namespace {

std::optional<ArticleText> TextFromProto(bool given, const v1::ArticleText& text) {
  return given ? std::optional(ArticleText{text.title(), text.body()}) : std::nullopt;
}

void PutText(const std::optional<ArticleText>& text, v1::ArticleText* (v1::Article::*field)(), v1::Article& message) {
  if (!text) return;
  v1::ArticleText& told = *(message.*field)();
  told.set_title(text->title);
  told.set_body(text->body);
}

}  // namespace

absl::StatusOr<ArticleBody> ArticleBodyFromProto(const v1::Article& message) {
  ArticleBody body{.category = message.category(),
                   .turkish = TextFromProto(message.has_turkish(), message.turkish()),
                   .english = TextFromProto(message.has_english(), message.english())};
  FieldViolations violations;
  CheckArticle(message.id(), body, "article", violations);
  ESNAF_RETURN_IF_ERROR(violations.ToStatus());
  return body;
}

v1::Article ArticleBodyToProto(const std::string& id, const ArticleBody& body) {
  v1::Article message;
  message.set_id(id);
  message.set_category(body.category);
  PutText(body.turkish, &v1::Article::mutable_turkish, message);
  PutText(body.english, &v1::Article::mutable_english, message);
  return message;
}

std::string ArticleBodyToJson(const std::string& id, const ArticleBody& body) {
  return api::ToStoredJson(ArticleBodyToProto(id, body));
}
absl::StatusOr<ArticleBody> ArticleBodyFromJson(std::string_view json) {
  ESNAF_ASSIGN_OR_RETURN(const v1::Article message, api::FromStoredJson<v1::Article>(json));
  return ArticleBodyFromProto(message);
}

v1::Article ArticleToProto(const Article& article) {
  v1::Article message = ArticleBodyToProto(article.id, article.body);
  message.set_state(static_cast<v1::ArticleState>(article.state));
  message.set_version(article.version);
  message.set_published_version(article.state == ArticleState::kPublished ? article.published_version : 0);
  if (article.publish_time) *message.mutable_publish_time() = api::ToProto(*article.publish_time);
  message.set_helpful_count(article.counts.helpful);
  message.set_unhelpful_count(article.counts.unhelpful);
  message.set_reading_count(article.counts.readings);
  message.set_deflection_count(article.counts.deflections);
  message.set_etag(absl::StrCat(article.version, "-", static_cast<int>(article.state), "-", article.published_version));
  *message.mutable_create_time() = api::ToProto(article.create_time);
  *message.mutable_update_time() = api::ToProto(article.update_time);
  return message;
}

v1::Article PublishedToProto(const Article& article) {
  v1::Article message = ArticleBodyToProto(article.id, article.published.value_or(ArticleBody()));
  message.set_state(v1::ARTICLE_STATE_PUBLISHED);
  message.set_version(article.published_version);
  message.set_published_version(article.published_version);
  if (article.publish_time) *message.mutable_publish_time() = api::ToProto(*article.publish_time);
  return message;
}

}  // namespace esnaf::support
