#include "services/support/articles/article_store.h"

#include "libs/base/macros.h"
#include "services/support/articles/article_wire.h"

namespace esnaf::support {
namespace {

#define ESNAF_ARTICLE_BODY                                                                                   \
  "a.id, a.body, a.state, a.version, a.published_body, a.published_version, a.publish_time, a.create_time, " \
  "a.update_time, "
#define ESNAF_ARTICLE_COLUMNS                                                                               \
  ESNAF_ARTICLE_BODY                                                                                        \
  "(SELECT count(*) FROM article_vote v WHERE v.article_id = a.id AND v.helpful), "                         \
  "(SELECT count(*) FROM article_vote v WHERE v.article_id = a.id AND NOT v.helpful), "                     \
  "(SELECT count(*) FROM article_reading r WHERE r.article_id = a.id), "                                    \
  "(SELECT count(*) FROM article_reading r WHERE r.article_id = a.id AND r.read_time < $1 AND NOT EXISTS (" \
  "SELECT FROM ticket t WHERE t.custom_fields ? 'form_session' AND t.custom_fields ->> 'form_session' = "   \
  "r.session_id)), "                                                                                        \
  "a.published_category "
// Without the counts, which are not shown to everybody and take time.
#define ESNAF_SUGGESTED_COLUMNS ESNAF_ARTICLE_BODY "0::bigint, 0::bigint, 0::bigint, 0::bigint, a.published_category "

const postgres::Statement kInsertArticle("support", "insert_article", R"sql(
INSERT INTO article (id, category, state, body, version, draft_texts, create_time, update_time)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (id) DO NOTHING RETURNING 1
)sql");
const postgres::Statement kUpdateArticle("support", "update_article", R"sql(
UPDATE article SET category = $2, state = $3, body = $4, version = $5, draft_texts = $6, update_time = $7,
                   published_body = $8, published_category = $9, published_version = $10, published_titles = $11,
                   published_texts = $12, publish_time = $13
 WHERE id = $1
)sql");
const postgres::Statement kAddVersion("support", "add_article_version", R"sql(
INSERT INTO article_version (article_id, version, body, actor, create_time) VALUES ($1, $2, $3, $4, $5)
)sql");
const postgres::Statement kFindArticle("support", "find_article",
                                       "SELECT " ESNAF_ARTICLE_COLUMNS "FROM article a WHERE a.id = $2");
const postgres::Statement kLockArticle("support", "lock_article",
                                       "SELECT " ESNAF_ARTICLE_COLUMNS
                                       "FROM article a WHERE a.id = $2 FOR UPDATE OF a");

// Published articles are few, so each is looked at.
const postgres::Statement kSuggested("support", "suggested_articles", "SELECT " ESNAF_SUGGESTED_COLUMNS R"sql(
  FROM article a JOIN LATERAL (
    SELECT sum((a.published_titles LIKE p)::int * 2 + (a.published_texts LIKE p)::int) AS score
      FROM unnest($1::text[]) AS p) s ON true
 WHERE a.state = 2 AND s.score > 0
 ORDER BY s.score DESC, a.id LIMIT $2
)sql");

const postgres::Statement kAddReading("support", "add_article_reading", R"sql(
WITH read AS (
  INSERT INTO article_reading (article_id, session_id, read_time)
  SELECT id, $2, $3 FROM article WHERE id = $1 AND state = 2
  ON CONFLICT DO NOTHING)
SELECT 1 FROM article WHERE id = $1 AND state = 2
)sql");
const postgres::Statement kPutVote("support", "put_article_vote", R"sql(
INSERT INTO article_vote (article_id, viewer_id, helpful, vote_time)
SELECT id, $2, $3, $4 FROM article WHERE id = $1 AND state = 2
ON CONFLICT (article_id, viewer_id) DO UPDATE SET helpful = excluded.helpful, vote_time = excluded.vote_time
RETURNING 1
)sql");

absl::StatusOr<std::optional<Article>> OneArticle(const postgres::Statement& statement, postgres::Tx& tx,
                                                  const std::string& id, Time now) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(statement, now - kFormTime, id));
  if (rows.empty()) return std::nullopt;
  ESNAF_ASSIGN_OR_RETURN(Article article, ReadArticle(rows[0]));
  return std::optional(std::move(article));
}

}  // namespace

const char kArticleColumns[] = ESNAF_ARTICLE_COLUMNS;
const char kArticleVersionColumns[] = "v.version, v.body, v.actor, v.create_time";

absl::StatusOr<Article> ReadArticle(const postgres::Row& row) {
  Article article{.id = row.Get<std::string>(0),
                  .body = {},
                  .state = static_cast<ArticleState>(row.Get<int>(2)),
                  .version = row.Get<std::int64_t>(3),
                  .published_version = row.Get<std::int64_t>(5),
                  .publish_time = row.Get<std::optional<Time>>(6),
                  .create_time = row.Get<Time>(7),
                  .update_time = row.Get<Time>(8),
                  .counts = {row.Get<std::int64_t>(9), row.Get<std::int64_t>(10), row.Get<std::int64_t>(11),
                             row.Get<std::int64_t>(12)}};
  ESNAF_ASSIGN_OR_RETURN(article.body, ArticleBodyFromJson(row.Text(1)));
  if (!row.IsNull(4)) {
    ESNAF_ASSIGN_OR_RETURN(article.published, ArticleBodyFromJson(row.Text(4)));
  }
  return article;
}

absl::StatusOr<StoredArticleVersion> ReadArticleVersion(const postgres::Row& row) {
  StoredArticleVersion version{.version = row.Get<std::int64_t>(0),
                               .body = {},
                               .actor = row.Get<std::string>(2),
                               .create_time = row.Get<Time>(3)};
  ESNAF_ASSIGN_OR_RETURN(version.body, ArticleBodyFromJson(row.Text(1)));
  return version;
}

absl::StatusOr<bool> InsertArticle(postgres::Tx& tx, const Article& article, const std::string& actor) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows,
                         tx.Execute(kInsertArticle, article.id, article.body.category, static_cast<int>(article.state),
                                    ArticleBodyToJson(article.id, article.body), article.version, TextsOf(article.body),
                                    article.create_time, article.update_time));
  if (rows.empty()) return false;
  ESNAF_RETURN_IF_ERROR(AddArticleVersion(tx, article, actor));
  return true;
}

absl::Status UpdateArticle(postgres::Tx& tx, const Article& article) {
  std::optional<std::string> published;
  if (article.published) published = ArticleBodyToJson(article.id, *article.published);
  const ArticleBody body = article.published.value_or(ArticleBody());
  return tx
      .Execute(kUpdateArticle, article.id, article.body.category, static_cast<int>(article.state),
               ArticleBodyToJson(article.id, article.body), article.version, TextsOf(article.body), article.update_time,
               published, body.category, article.published_version, TitlesOf(body), TextsOf(body), article.publish_time)
      .status();
}

absl::Status AddArticleVersion(postgres::Tx& tx, const Article& article, const std::string& actor) {
  return tx
      .Execute(kAddVersion, article.id, article.version, ArticleBodyToJson(article.id, article.body), actor,
               article.update_time)
      .status();
}

absl::StatusOr<std::optional<Article>> FindArticle(postgres::Tx& tx, const std::string& id, Time now) {
  return OneArticle(kFindArticle, tx, id, now);
}
absl::StatusOr<std::optional<Article>> LockArticle(postgres::Tx& tx, const std::string& id, Time now) {
  return OneArticle(kLockArticle, tx, id, now);
}

absl::StatusOr<std::vector<Article>> SuggestedArticles(postgres::Tx& tx, const std::vector<std::string>& patterns,
                                                       int limit) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kSuggested, patterns, limit));
  std::vector<Article> articles;
  for (int i = 0; i < rows.size(); ++i) {
    ESNAF_ASSIGN_OR_RETURN(Article article, ReadArticle(rows[i]));
    articles.push_back(std::move(article));
  }
  return articles;
}

absl::StatusOr<bool> AddReading(postgres::Tx& tx, const std::string& id, const std::string& session_id, Time now) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kAddReading, id, session_id, now));
  return !rows.empty();
}

absl::StatusOr<bool> PutVote(postgres::Tx& tx, const std::string& id, const std::string& viewer_id, bool helpful,
                             Time now) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kPutVote, id, viewer_id, helpful, now));
  return !rows.empty();
}

}  // namespace esnaf::support
