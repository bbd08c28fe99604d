// Goal: articles are found by what people type, with Turkish letters or without, with suffixes or without.
#include "services/support/articles/article.h"

#include <rapidcheck.h>

#include "libs/testing/catch.h"

namespace esnaf::support {
namespace {

TEST_CASE("search words are folded as texts are") {
  const ArticleBody body{.turkish = ArticleText{"İade süreci", "Ürünü **kargoya** verin."},
                         .english = ArticleText{"Returns", "Ship it."}};
  CHECK(TitlesOf(body) == " iade sureci returns ");
  CHECK(TextsOf(body) == " iade sureci urunu kargoya verin returns ship it ");
  ESNAF_REQUIRE_VALUE(const auto patterns, SearchPatterns("IADE, ürün!"));
  CHECK(patterns == std::vector<std::string>{"%iade%", "%urun%"});
  CHECK_STATUS_IS(SearchPatterns("a iade").status(), absl::StatusCode::kInvalidArgument, "query");
  CHECK_FALSE(SearchPatterns("aa bb cc dd ee ff gg hh ii").ok());
  CHECK(SearchPatterns("")->empty());
}

TEST_CASE("suggestions look for the beginnings of words, each once") {
  CHECK(SuggestionPatterns("Kargom nerede? KARGO gelmedi, bu ne") ==
        std::vector<std::string>{"% nered%", "% kargo%", "% gelme%"});
  CHECK(SuggestionPatterns("ve bu").empty());
}

TEST_CASE("no text makes a pattern that matches everything, and there are never too many") {
  CHECK(rc::check([] {
    const auto text = *rc::gen::container<std::string>(rc::gen::inRange<char>(1, 127));
    const auto patterns = SuggestionPatterns(text);
    RC_ASSERT(patterns.size() <= 30);
    for (const std::string& pattern : patterns) {
      RC_ASSERT(pattern.size() >= 6);
      RC_ASSERT(pattern.substr(2, pattern.size() - 3).find_first_of("%_\\") == std::string::npos);
    }
  }));
}

TEST_CASE("an article's mistakes are named") {
  FieldViolations violations;
  CheckArticle("No", {.category = "Ö"}, "article", violations);
  CHECK(ErrorFields(violations.ToStatus()).size() == 3);
  FieldViolations more;
  CheckArticle("iade", {.turkish = ArticleText{" ", std::string(65'537, 'x')}}, "article", more);
  CHECK(ErrorFields(more.ToStatus()).size() == 2);
}

}  // namespace
}  // namespace esnaf::support
