// Goal: the letter has the question and the link in both languages, and nothing of what firms write runs in a mail
// reader.
#include "services/support/surveys/survey_mail.h"

#include "libs/testing/catch.h"

namespace esnaf::support {
namespace {

TEST_CASE("a letter asks in Turkish and in English, as text and as HTML") {
  Survey survey{.id = "csat", .expire = std::chrono::days(7)};
  survey.english.question = "Was it <b>good</b>?";
  survey.mail = SurveyMail{"destek", "https://destek.example.com"};
  const SurveyLetter letter = WriteSurveyLetter(survey, "/s/abc");
  CHECK(letter.text ==
        "Merhaba,\n\nAldığınız destekten ne kadar memnunsunuz?\n\n"
        "Yanıtlamak için: https://destek.example.com/s/abc?lang=tr\nBağlantı 7 gün geçerlidir.\n"
        "\n-----\n\nHello,\n\nWas it <b>good</b>?\n\nTo answer: https://destek.example.com/s/abc?lang=en\n"
        "The link is good for 7 days.\n");
  CHECK(letter.html.find("<p>Was it &lt;b&gt;good&lt;/b&gt;?</p>") != std::string::npos);
  CHECK(letter.html.find("<a href=\"https://destek.example.com/s/abc?lang=tr\">") != std::string::npos);
  CHECK(letter.html.find("<script") == std::string::npos);
}

TEST_CASE("a survey by mail names a mailbox and an address without a path") {
  const auto mistakes = [](const std::string& mailbox, const std::string& origin) {
    Survey survey{.id = "csat"};
    survey.mail = SurveyMail{mailbox, origin};
    FieldViolations violations;
    CheckSurvey(survey, "survey", violations);
    return violations.ToStatus();
  };
  CHECK_OK(mistakes("destek", "https://destek.example.com"));
  CHECK_OK(mistakes("destek", "http://localhost:7080"));
  CHECK_STATUS_IS(mistakes("", "https://a.b"), absl::StatusCode::kInvalidArgument, "mail.mailbox_id");
  for (const char* origin : {"", "https://", "destek.example.com", "https://a.b/", "https://a.b?x", "javascript://a"}) {
    CHECK_STATUS_IS(mistakes("destek", origin), absl::StatusCode::kInvalidArgument, "mail.link_origin");
  }
}

}  // namespace
}  // namespace esnaf::support
