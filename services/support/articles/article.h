#pragma once

// What customers can read instead of asking, and how it is found.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/error.h"
#include "libs/base/time.h"

namespace esnaf::support {

struct ArticleText {
  std::string title;
  std::string body;  // Markdown
  bool operator==(const ArticleText&) const = default;
};

// What people write; each change is a version.
struct ArticleBody {
  std::string category;
  std::optional<ArticleText> turkish;
  std::optional<ArticleText> english;
  bool operator==(const ArticleBody&) const = default;
};

// The numbers are those of esnaf.support.v1, and stored.
enum class ArticleState { kDraft = 1, kPublished = 2, kWithdrawn = 3 };

// How an article does, as staff reads it.
struct ArticleCounts {
  std::int64_t helpful = 0;
  std::int64_t unhelpful = 0;
  std::int64_t readings = 0;
  std::int64_t deflections = 0;
};

struct Article {
  std::string id;  // as people chose it
  ArticleBody body;
  ArticleState state = ArticleState::kDraft;
  std::int64_t version = 1;
  std::optional<ArticleBody> published{};  // as it was when it was published last
  std::int64_t published_version = 0;
  std::optional<Time> publish_time{};
  Time create_time;
  Time update_time;
  ArticleCounts counts{};
};

// Adds what is wrong, by the names of the contract below `field`.
void CheckArticle(const std::string& id, const ArticleBody& body, const std::string& field,
                  FieldViolations& violations);

// Folded, of both languages: what a search looks at.
std::string TitlesOf(const ArticleBody& body);
std::string TextsOf(const ArticleBody& body);

// The words of a search as LIKE patterns over folded text. INVALID_ARGUMENT naming `query` where there are more than 8,
// or one is of one character.
absl::StatusOr<std::vector<std::string>> SearchPatterns(std::string_view query);

// The beginnings of a text's words as LIKE patterns over folded text in which words follow a space: the first five
// letters of each word of three or more, each once, at most the last 30 of them.
std::vector<std::string> SuggestionPatterns(std::string_view text);

}  // namespace esnaf::support
