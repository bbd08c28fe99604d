#include "services/support/articles/article.h"

#include "libs/base/store_id.h"
#include "libs/base/text.h"

namespace esnaf::support {
namespace {

constexpr std::size_t kMaxTitleBytes = 200;
constexpr std::size_t kMaxBodyBytes = 65'536;
constexpr std::size_t kMostWords = 8;
constexpr std::size_t kMostBeginnings = 30;
constexpr std::size_t kBeginning = 5;
constexpr std::size_t kShortestWord = 3;

void CheckText(const ArticleText& text, const std::string& field, FieldViolations& violations) {
  if (Trim(text.title).empty() || text.title.size() > kMaxTitleBytes || !IsCleanUtf8(text.title)) {
    violations.Add(field + ".title", absl::StrCat("is empty, or no clean UTF-8 of at most ", kMaxTitleBytes, " bytes"));
  }
  if (text.body.size() > kMaxBodyBytes || !IsCleanUtf8(text.body)) {
    violations.Add(field + ".body", absl::StrCat("is no clean UTF-8 of at most ", kMaxBodyBytes, " bytes"));
  }
}

// Words of folded text, without punctuation around them.
std::vector<std::string> WordsOf(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  for (const char c : FoldName(text) + " ") {
    const auto byte = static_cast<unsigned char>(c);
    const bool letter = byte >= 0x80 || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (letter) {
      word.push_back(c);
    } else if (!word.empty()) {
      words.push_back(std::move(word));
      word.clear();
    }
  }
  return words;
}

// Folded words, each after a space and with one at the end, so that beginnings can be looked for.
std::string Spaced(std::string_view text) {
  std::string spaced = " ";
  for (const std::string& word : WordsOf(text)) absl::StrAppend(&spaced, word, " ");
  return spaced;
}

template <typename Piece>
std::string OfBoth(const ArticleBody& body, Piece&& piece) {
  std::string all;
  for (const auto* text : {&body.turkish, &body.english}) {
    if (*text) absl::StrAppend(&all, all.empty() ? "" : " ", piece(**text));
  }
  return Spaced(all);
}

}  // namespace

void CheckArticle(const std::string& id, const ArticleBody& body, const std::string& field,
                  FieldViolations& violations) {
  if (!IsStoreId(id)) violations.Add(field + ".id", "is not of the form [a-z0-9][a-z0-9_-]{0,62}");
  if (!body.category.empty() && !IsStoreId(body.category)) {
    violations.Add(field + ".category", "is not of the form [a-z0-9][a-z0-9_-]{0,62}");
  }
  if (!body.turkish && !body.english) violations.Add(field + ".turkish", "is required where there is no English");
  if (body.turkish) CheckText(*body.turkish, field + ".turkish", violations);
  if (body.english) CheckText(*body.english, field + ".english", violations);
}

std::string TitlesOf(const ArticleBody& body) {
  return OfBoth(body, [](const ArticleText& text) { return text.title; });
}
std::string TextsOf(const ArticleBody& body) {
  return OfBoth(body, [](const ArticleText& text) { return absl::StrCat(text.title, " ", text.body); });
}

absl::StatusOr<std::vector<std::string>> SearchPatterns(std::string_view query) {
  if (!IsCleanUtf8(query)) return InvalidField("query", "is no clean UTF-8");
  std::vector<std::string> patterns;
  for (const std::string& word : WordsOf(query)) {
    if (word.size() < 2) return InvalidField("query", "holds a word of one character");
    patterns.push_back("%" + word + "%");
  }
  if (patterns.size() > kMostWords) {
    return InvalidField("query", absl::StrCat("holds more than ", kMostWords, " words"));
  }
  return patterns;
}

std::vector<std::string> SuggestionPatterns(std::string_view text) {
  std::vector<std::string> patterns;
  for (const std::string& word : WordsOf(text)) {
    if (word.size() < kShortestWord) continue;
    std::string pattern = absl::StrCat("% ", std::string(Truncate(word, kBeginning)), "%");
    std::erase(patterns, pattern);
    patterns.push_back(std::move(pattern));
  }
  if (patterns.size() > kMostBeginnings) {
    patterns.erase(patterns.begin(), patterns.end() - static_cast<std::ptrdiff_t>(kMostBeginnings));
  }
  return patterns;
}

}  // namespace esnaf::support
