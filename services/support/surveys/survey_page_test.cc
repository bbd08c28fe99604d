// Goal: the page can be used by everybody, says nothing that it was not told to say, and its form is read as it is
// sent.
#include "services/support/surveys/survey_page.h"

#include <rapidcheck.h>

#include "libs/testing/catch.h"

namespace esnaf::support {
namespace {

using testing::ContainsSubstring;

TEST_CASE("the language is what the address says, else what the reader prefers, else Turkish") {
  CHECK(ChooseLanguage("", "") == PageLanguage::kTurkish);
  CHECK(ChooseLanguage("", "de-DE,de;q=0.9,en;q=0.5") == PageLanguage::kEnglish);
  CHECK(ChooseLanguage("", "tr-TR,tr;q=0.9,en-US;q=0.8") == PageLanguage::kTurkish);
  CHECK(ChooseLanguage("", "EN-gb, TR") == PageLanguage::kEnglish);
  CHECK(ChooseLanguage("lang=tr", "en") == PageLanguage::kTurkish);
  CHECK(ChooseLanguage("lang=en", "tr") == PageLanguage::kEnglish);
  CHECK(ChooseLanguage("", "fren") == PageLanguage::kTurkish);
}

TEST_CASE("the question is a form with a button for each score, and takes no comment before a score") {
  const Survey survey{.id = "nps", .kind = SurveyKind::kNps};
  SurveyInvitation invitation{.kind = SurveyKind::kNps};
  const std::string page = QuestionPage(survey, invitation, "TOKEN", PageLanguage::kTurkish);
  CHECK_THAT(page, ContainsSubstring("<html lang=\"tr\">"));
  CHECK_THAT(page, ContainsSubstring("method=\"post\" action=\"/s/TOKEN?lang=tr\""));
  CHECK_THAT(page, ContainsSubstring("<legend>Bizi bir arkadaşınıza önerme olasılığınız nedir?</legend>"));
  for (int score = 0; score <= 10; ++score) {
    CHECK_THAT(page, ContainsSubstring(absl::StrCat("name=\"score\" value=\"", score, "\">", score, "</button>")));
  }
  CHECK_THAT(page, !ContainsSubstring("<script") && !ContainsSubstring("textarea id"));
  invitation.score = 7;
  invitation.comment = "<b>\"&'";
  const std::string partial = QuestionPage(survey, invitation, "TOKEN", PageLanguage::kEnglish);
  CHECK_THAT(partial, ContainsSubstring("value=\"7\" aria-pressed=\"true\""));
  CHECK_THAT(partial, ContainsSubstring("<label for=\"comment\">"));
  CHECK_THAT(partial, ContainsSubstring("&lt;b&gt;&quot;&amp;&#39;</textarea>"));
}

TEST_CASE("a firm's own words take the place of the house's, escaped") {
  const Survey survey{.id = "csat", .turkish = {.question = "Memnun <musunuz>?", .thanks = "Sağ olun & var olun"}};
  CHECK_THAT(QuestionPage(survey, {}, "T", PageLanguage::kTurkish), ContainsSubstring("Memnun &lt;musunuz&gt;?"));
  CHECK_THAT(ThanksPage(survey, PageLanguage::kTurkish), ContainsSubstring("Sağ olun &amp; var olun"));
  CHECK_THAT(ThanksPage(survey, PageLanguage::kEnglish), ContainsSubstring("Thank you"));
}

TEST_CASE("whatever a token holds, it does not break out of the page") {
  const std::string page = QuestionPage({}, {}, "\"><script>", PageLanguage::kTurkish);
  CHECK_THAT(page, !ContainsSubstring("<script"));
}

TEST_CASE("a form is read as browsers send it") {
  ESNAF_REQUIRE_VALUE(const AnswerPart part, ReadForm("score=4&comment=%C3%87ok+iyi%21&finish=1"));
  CHECK(part.score == 4);
  CHECK(part.comment == "Çok iyi!");
  CHECK(part.finish);
  ESNAF_REQUIRE_VALUE(const AnswerPart click, ReadForm("score=0"));
  CHECK(click.score == 0);
  CHECK_FALSE(click.comment.has_value());
  CHECK_FALSE(click.finish);
  CHECK_STATUS_IS(ReadForm("score=vier").status(), absl::StatusCode::kInvalidArgument, "score");
  CHECK(rc::check([] { (void)ReadForm(*rc::gen::arbitrary<std::string>()); }));
}

}  // namespace
}  // namespace esnaf::support
