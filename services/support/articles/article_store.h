#pragma once

// Articles as they are stored.
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/postgres/connection.h"
#include "services/support/articles/article.h"

namespace esnaf::support {

// False where the id is taken; otherwise its first version is kept too.
absl::StatusOr<bool> InsertArticle(postgres::Tx& tx, const Article& article, const std::string& actor);
// Writes a locked article.
absl::Status UpdateArticle(postgres::Tx& tx, const Article& article);
absl::Status AddArticleVersion(postgres::Tx& tx, const Article& article, const std::string& actor);

// Of `article a`; at parameter $1 the time before which a form that was not sent counts as not sent.
extern const char kArticleColumns[];
inline constexpr int kArticleColumnCount = 14;
absl::StatusOr<Article> ReadArticle(const postgres::Row& row);

absl::StatusOr<std::optional<Article>> FindArticle(postgres::Tx& tx, const std::string& id, Time now);
absl::StatusOr<std::optional<Article>> LockArticle(postgres::Tx& tx, const std::string& id, Time now);

struct StoredArticleVersion {
  std::int64_t version = 1;
  ArticleBody body;
  std::string actor;
  Time create_time;
};
extern const char kArticleVersionColumns[];
inline constexpr int kArticleVersionColumnCount = 4;
absl::StatusOr<StoredArticleVersion> ReadArticleVersion(const postgres::Row& row);

// The published articles that hold the most of the patterns, the best first.
absl::StatusOr<std::vector<Article>> SuggestedArticles(postgres::Tx& tx, const std::vector<std::string>& patterns,
                                                       int limit);

// Both answer false where no such article is published.
absl::StatusOr<bool> AddReading(postgres::Tx& tx, const std::string& id, const std::string& session_id, Time now);
absl::StatusOr<bool> PutVote(postgres::Tx& tx, const std::string& id, const std::string& viewer_id, bool helpful,
                             Time now);

// How long somebody may take to send a form after reading an article.
inline constexpr std::chrono::hours kFormTime{1};

}  // namespace esnaf::support
