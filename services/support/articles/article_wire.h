#pragma once

// Articles between messages, the store's JSON and domain.
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "esnaf/support/v1/articles.pb.h"
#include "services/support/articles/article.h"

namespace esnaf::support {

// INVALID_ARGUMENT naming each field below `article` that is wrong.
absl::StatusOr<ArticleBody> ArticleBodyFromProto(const v1::Article& message);
// Only what people write.
v1::Article ArticleBodyToProto(const std::string& id, const ArticleBody& body);
std::string ArticleBodyToJson(const std::string& id, const ArticleBody& body);
absl::StatusOr<ArticleBody> ArticleBodyFromJson(std::string_view json);

// As staff sees it.
v1::Article ArticleToProto(const Article& article);
// As the public sees one that is published.
v1::Article PublishedToProto(const Article& article);

}  // namespace esnaf::support
