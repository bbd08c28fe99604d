// The RPC behind a form's own page.
#include "libs/base/error.h"
#include "libs/base/macros.h"
#include "libs/base/text.h"
#include "libs/base/url.h"
#include "services/support/articles/article_store.h"
#include "services/support/forms/form_page.h"
#include "services/support/forms/form_service.h"

namespace esnaf::support {
namespace {

using runtime::Call;

constexpr int kMostSuggestions = 3;
constexpr std::size_t kMaxTypedBytes = 4000;

v1::ServeTicketFormPageResponse Answer(int http_status, std::string html) {
  v1::ServeTicketFormPageResponse response;
  response.set_http_status(http_status);
  response.set_html(std::move(html));
  return response;
}

// By name; of what comes twice the first. What is no clean UTF-8 is left out, as if it had not been filled in.
FormValues ValuesOf(const std::string& body) {
  FormValues values;
  for (auto& [name, value] : DecodeForm(body)) {
    if (IsCleanUtf8(name) && IsCleanUtf8(value)) values.emplace(std::move(name), std::move(value));
  }
  return values;
}

std::string TakeValue(FormValues& values, const char* name) {
  const auto found = values.find(name);
  if (found == values.end()) return "";
  std::string value = std::move(found->second);
  values.erase(found);
  return value;
}

std::string NewToken(Time now, Time open_time, const std::string& form_id, const std::string& secret) {
  return SignFormToken({Uuid::NewV7(now), open_time}, form_id, secret);
}

// What is no field of the form any more, or was added on the way, is nothing that people could correct.
void DropUnknown(const v1::TicketForm& form, FormValues& values) {
  std::erase_if(values, [&](const auto& value) {
    return std::none_of(form.fields().begin(), form.fields().end(),
                        [&](const v1::TicketFormField& field) { return KeyOf(field) == value.first; });
  });
}

// Why the same, with another token, can be sent; none where a token is not what is wrong.
FormNotice NoticeOf(const absl::Status& refusal, bool well_signed) {
  if (refusal.code() == absl::StatusCode::kInvalidArgument && !well_signed) return FormNotice::kExpired;
  const std::string reason = ErrorReason(refusal);
  if (reason == "FORM_EXPIRED") return FormNotice::kExpired;
  return reason == "FORM_SENT" ? FormNotice::kSentBefore : FormNotice::kNone;
}

}  // namespace

absl::StatusOr<v1::ServeTicketFormPageResponse> TicketFormService::ServeSent(
    Call& call, const OpenForm& open, const v1::ServeTicketFormPageRequest& request) {
  const PageLanguage language = ChooseLanguage(request.query(), request.accept_language());
  FormValues values = ValuesOf(request.body());
  v1::SubmitTicketFormRequest sent;
  sent.set_id(request.id());
  sent.set_token(TakeValue(values, kTokenInput));
  sent.set_website(TakeValue(values, kTrapInput));
  sent.set_client_address(request.client_address());
  DropUnknown(open.form, values);
  for (const auto& [key, value] : values) (*sent.mutable_fields())[key] = value;
  std::vector<FormMistake> mistakes;
  const absl::StatusOr<std::int64_t> number = Send(call, sent, mistakes);
  if (number.ok() && mistakes.empty()) return Answer(200, SentPage(open.form, *number, language));
  if (number.ok()) return Answer(400, FormPage(open.form, sent.token(), language, values, mistakes));
  const absl::StatusCode code = number.status().code();
  if (code == absl::StatusCode::kResourceExhausted && ErrorReason(number.status()) == "TOO_MANY_FORMS") {
    return Answer(429, FormProblemPage(FormProblem::kTooMany, language));
  }
  const bool well_signed = ReadFormToken(sent.token(), request.id(), open.secret).has_value();
  const FormNotice notice = NoticeOf(number.status(), well_signed);
  if (notice == FormNotice::kNone) return number.status();
  // The token is replaced, and nothing that was typed is lost. Who had the form open already is not too fast now.
  const Time open_time = well_signed ? call.now() - LimitsOf(open.form.guard()).least_fill_time : call.now();
  const std::string token = NewToken(call.now(), open_time, request.id(), open.secret);
  return Answer(400, FormPage(open.form, token, language, values, {}, notice));
}

absl::StatusOr<v1::ServeTicketFormPageResponse> TicketFormService::ServePart(
    Call& call, const OpenForm& open, const v1::ServeTicketFormPageRequest& request) {
  if (request.part() == "script") return Answer(200, std::string(FormScript()));
  FormValues values = ValuesOf(request.body());
  const std::optional<FormToken> token = ReadFormToken(TakeValue(values, kTokenInput), request.id(), open.secret);
  if (!token || !open.form.suggest_articles() || request.verb() != "POST") return Answer(400, "");
  if (request.part() == "read") {
    const std::string article = TakeValue(values, "article");
    const absl::StatusOr<bool> found =
        call.connection().Run({.autocommit = true, .deadline = call.info().deadline}, [&](postgres::Tx& tx) {
          return AddReading(tx, article, FormSession(token->ticket_id, open.secret), call.now());
        });
    ESNAF_RETURN_IF_ERROR(found.status());
    return Answer(*found ? 204 : 404, "");
  }
  const std::string typed = TakeValue(values, "text");
  const std::vector<std::string> patterns = SuggestionPatterns(Truncate(typed, kMaxTypedBytes));
  if (patterns.empty()) return Answer(200, "");
  ESNAF_ASSIGN_OR_RETURN(const std::vector<Article> articles, call.Read([&](postgres::Tx& tx) {
    return SuggestedArticles(tx, patterns, kMostSuggestions);
  }));
  return Answer(200, SuggestionList(articles, ChooseLanguage(request.query(), request.accept_language())));
}

absl::StatusOr<v1::ServeTicketFormPageResponse> TicketFormService::ServeTicketFormPage(
    Call& call, const v1::ServeTicketFormPageRequest& request) {
  const PageLanguage language = ChooseLanguage(request.query(), request.accept_language());
  const absl::StatusOr<OpenForm> open = FindOpen(call, request.id());
  if (open.status().code() == absl::StatusCode::kNotFound) {
    return Answer(404, FormProblemPage(FormProblem::kUnknownForm, language));
  }
  ESNAF_RETURN_IF_ERROR(open.status());
  if (!request.part().empty()) return ServePart(call, *open, request);
  if (request.verb() == "POST") return ServeSent(call, *open, request);
  return Answer(200, FormPage(open->form, NewToken(call.now(), call.now(), request.id(), open->secret), language));
}

}  // namespace esnaf::support
