#include "services/support/surveys/survey_page.h"

#include "absl/strings/numbers.h"
#include "libs/base/error.h"
#include "libs/base/html.h"
#include "libs/base/macros.h"
#include "libs/base/text.h"
#include "libs/base/url.h"

namespace esnaf::support {
namespace {

struct Words {
  const char* title;
  const char* least[3];  // by kind: what the ends of the scale mean
  const char* most[3];
  const char* question[3];
  const char* chosen;
  const char* comment;
  const char* send;
  const char* thanks;
  const char* unknown_link;
  const char* expired;
  const char* bad_form;
  const char* other_language;
};

const Words& WordsOf(PageLanguage language) {
  static const Words kTurkish{
      .title = "Görüşünüz",
      .least = {"hiç memnun değilim", "çok zordu", "hiç olası değil"},
      .most = {"çok memnunum", "çok kolaydı", "çok olası"},
      .question = {"Aldığınız destekten ne kadar memnunsunuz?", "Sorununuzu çözmek sizin için ne kadar kolaydı?",
                   "Bizi bir arkadaşınıza önerme olasılığınız nedir?"},
      .chosen = "Seçiminiz",
      .comment = "Eklemek istedikleriniz (isteğe bağlı)",
      .send = "Gönder",
      .thanks = "Teşekkür ederiz, yanıtınızı aldık.",
      .unknown_link = "Bu bağlantı geçerli değil.",
      .expired = "Bu bağlantının süresi dolmuş.",
      .bad_form = "Yanıtınız okunamadı. Lütfen geri dönüp yeniden deneyin.",
      .other_language = "English"};
  static const Words kEnglish{.title = "Your opinion",
                              .least = {"not satisfied at all", "very difficult", "not likely at all"},
                              .most = {"very satisfied", "very easy", "very likely"},
                              .question = {"How satisfied are you with the support that you received?",
                                           "How easy was it for you to get your problem solved?",
                                           "How likely are you to recommend us to a friend?"},
                              .chosen = "Your choice",
                              .comment = "Anything to add (optional)",
                              .send = "Send",
                              .thanks = "Thank you, we have your answer.",
                              .unknown_link = "This link is not valid.",
                              .expired = "This link has expired.",
                              .bad_form = "Your answer could not be read. Please go back and try again.",
                              .other_language = "Türkçe"};
  return language == PageLanguage::kTurkish ? kTurkish : kEnglish;
}

constexpr char kStyle[] =
    "body{font:1.1rem/1.5 system-ui,sans-serif;max-width:40rem;margin:2rem auto;padding:0 1rem;color:#1b1b1b;"
    "background:#fff}fieldset{border:0;padding:0;margin:0 0 1rem}legend{font-size:1.4rem;padding:0;margin-bottom:1rem}"
    "button{font:inherit;min-width:3rem;min-height:3rem;margin:0 .3rem .3rem 0;border:2px solid #1a4fa0;"
    "border-radius:.4rem;background:#fff;color:#1a4fa0;cursor:pointer}button[aria-pressed=true],button.send{"
    "background:#1a4fa0;color:#fff}button:focus,a:focus,textarea:focus{outline:3px solid #b35c00;outline-offset:2px}"
    ".ends{display:flex;justify-content:space-between;color:#444}textarea{font:inherit;width:100%;min-height:6rem;"
    "box-sizing:border-box}";

std::string Page(PageLanguage language, const std::string& content) {
  const std::string code(LanguageCode(language));
  return absl::StrCat("<!doctype html>\n<html lang=\"", code,
                      "\">\n<head>\n<meta charset=\"utf-8\">\n"
                      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                      "<meta name=\"robots\" content=\"noindex\">\n<title>",
                      WordsOf(language).title, "</title>\n<style>", kStyle, "</style>\n</head>\n<body>\n<main>\n",
                      content, "</main>\n</body>\n</html>\n");
}

std::string Message(const std::string& text, PageLanguage language) {
  return Page(language, absl::StrCat("<h1 role=\"status\">", EscapeHtml(text), "</h1>\n"));
}

std::string ScoreButtons(const SurveyInvitation& invitation) {
  const ScoreScale scale = ScaleOf(invitation.kind);
  std::string buttons;
  for (int score = scale.least; score <= scale.most; ++score) {
    const char* const pressed = invitation.score == score ? " aria-pressed=\"true\"" : "";
    absl::StrAppend(&buttons, "<button type=\"submit\" name=\"score\" value=\"", score, "\"", pressed, ">", score,
                    "</button>\n");
  }
  return buttons;
}

const SurveyText& TextOf(const Survey& survey, PageLanguage language) {
  return language == PageLanguage::kTurkish ? survey.turkish : survey.english;
}

std::size_t Position(SurveyKind kind) { return static_cast<std::size_t>(kind) - 1; }

}  // namespace

PageLanguage ChooseLanguage(std::string_view query, std::string_view accept_language) {
  if (query == "lang=en") return PageLanguage::kEnglish;
  if (query == "lang=tr") return PageLanguage::kTurkish;
  const std::string header = LowerCase(accept_language.substr(0, 200));
  const auto place = [&](const char* code) {
    std::size_t at = header.find(code);
    while (at != std::string::npos && at > 0 && header[at - 1] != ',' && header[at - 1] != ' ') {
      at = header.find(code, at + 1);
    }
    return at;
  };
  return place("en") < place("tr") ? PageLanguage::kEnglish : PageLanguage::kTurkish;
}

std::string_view LanguageCode(PageLanguage language) { return language == PageLanguage::kTurkish ? "tr" : "en"; }

std::string QuestionText(const Survey& survey, PageLanguage language) {
  const std::string& own = TextOf(survey, language).question;
  return own.empty() ? WordsOf(language).question[Position(survey.kind)] : own;
}

std::string QuestionPage(const Survey& survey, const SurveyInvitation& invitation, std::string_view token,
                         PageLanguage language) {
  const Words& words = WordsOf(language);
  const std::size_t kind = Position(survey.kind);
  const std::string path = absl::StrCat("/s/", EscapeHtml(token));
  std::string content = absl::StrCat(
      "<form method=\"post\" action=\"", path, "?lang=", std::string(LanguageCode(language)),
      "\">\n<fieldset>\n<legend>", EscapeHtml(QuestionText(survey, language)), "</legend>\n", ScoreButtons(invitation),
      "<p class=\"ends\"><span>", ScaleOf(survey.kind).least, ": ", words.least[kind], "</span><span>",
      ScaleOf(survey.kind).most, ": ", words.most[kind], "</span></p>\n</fieldset>\n");
  if (invitation.score) {
    absl::StrAppend(&content, "<p role=\"status\">", words.chosen, ": ", *invitation.score, "</p>\n",
                    "<p><label for=\"comment\">", words.comment,
                    "</label></p>\n<textarea id=\"comment\" name=\"comment\" maxlength=\"2000\">",
                    EscapeHtml(invitation.comment),
                    "</textarea>\n<p><button class=\"send\" type=\"submit\" name=\"finish\" value=\"1\">", words.send,
                    "</button></p>\n");
  }
  const char* const other = language == PageLanguage::kTurkish ? "en" : "tr";
  absl::StrAppend(&content, "</form>\n<p><a href=\"", path, "?lang=", other, "\" lang=\"", other, "\" hreflang=\"",
                  other, "\">", words.other_language, "</a></p>\n");
  return Page(language, content);
}

std::string ThanksPage(const Survey& survey, PageLanguage language) {
  const std::string& own = TextOf(survey, language).thanks;
  return Message(own.empty() ? WordsOf(language).thanks : own, language);
}

std::string ProblemPage(PageProblem problem, PageLanguage language) {
  const Words& words = WordsOf(language);
  switch (problem) {
    case PageProblem::kUnknownLink:
      return Message(words.unknown_link, language);
    case PageProblem::kExpired:
      return Message(words.expired, language);
    case PageProblem::kBadForm:
      return Message(words.bad_form, language);
  }
  return {};
}

absl::StatusOr<AnswerPart> ReadForm(std::string_view body) {
  AnswerPart part;
  for (const auto& [name, value] : DecodeForm(body)) {
    if (name == "score") {
      int score = 0;
      if (!absl::SimpleAtoi(value, &score)) return InvalidField("score", "is no number");
      part.score = score;
    } else if (name == "comment") {
      part.comment = std::string(Trim(value));
    } else if (name == "finish") {
      part.finish = value == "1";
    }
  }
  return part;
}

}  // namespace esnaf::support
