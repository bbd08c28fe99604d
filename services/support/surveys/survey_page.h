#pragma once

// The page behind a survey's link: plain HTML in Turkish or English that needs no script, reads well aloud, and works
// by keyboard alone.
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "services/support/surveys/survey.h"

namespace esnaf::support {

enum class PageLanguage { kTurkish, kEnglish };
// `lang=tr` or `lang=en` of the query counts; otherwise the first of both that the header names, Turkish where none.
PageLanguage ChooseLanguage(std::string_view query, std::string_view accept_language);
std::string_view LanguageCode(PageLanguage language);

// The question; where a score is given already, it is shown as chosen, with a place for a comment.
std::string QuestionPage(const Survey& survey, const SurveyInvitation& invitation, std::string_view token,
                         PageLanguage language);
std::string ThanksPage(const Survey& survey, PageLanguage language);

// What is asked, by the survey's words or the house's.
std::string QuestionText(const Survey& survey, PageLanguage language);

enum class PageProblem { kUnknownLink, kExpired, kBadForm };
std::string ProblemPage(PageProblem problem, PageLanguage language);

// Reads what the page's form sends. INVALID_ARGUMENT where it is none of ours.
absl::StatusOr<AnswerPart> ReadForm(std::string_view body);

}  // namespace esnaf::support
