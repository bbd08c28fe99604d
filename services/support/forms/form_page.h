#pragma once

// A form's own page: plain HTML in Turkish or English that works without a script, reads well aloud, and works by
// keyboard alone. Its script only suggests articles while somebody types.
#include <string>
#include <string_view>
#include <vector>

#include "services/support/articles/article.h"
#include "services/support/forms/form.h"
#include "services/support/surveys/survey_page.h"

namespace esnaf::support {

// What the page's form sends besides its fields, by the names of its inputs.
inline constexpr char kTokenInput[] = "token";
inline constexpr char kTrapInput[] = "website";  // not seen by people

// Why what was filled in has to be sent again.
enum class FormNotice { kNone, kExpired, kSentBefore };
// With what was filled in already, and what is wrong with it.
std::string FormPage(const v1::TicketForm& form, std::string_view token, PageLanguage language,
                     const FormValues& values = {}, const std::vector<FormMistake>& mistakes = {},
                     FormNotice notice = FormNotice::kNone);
std::string SentPage(const v1::TicketForm& form, std::int64_t ticket_number, PageLanguage language);

enum class FormProblem { kUnknownForm, kTooMany };
std::string FormProblemPage(FormProblem problem, PageLanguage language);

// What the script shows: the articles, folded; nothing where there are none.
std::string SuggestionList(const std::vector<Article>& articles, PageLanguage language);
// The script of every form's page.
std::string_view FormScript();

}  // namespace esnaf::support
