// The RPCs that take answers in and reckon them.
#include "libs/api/convert.h"
#include "libs/base/error.h"
#include "libs/base/macros.h"
#include "services/support/surveys/survey_asker.h"
#include "services/support/surveys/survey_link.h"
#include "services/support/surveys/survey_page.h"
#include "services/support/surveys/survey_service.h"
#include "services/support/surveys/survey_wire.h"

namespace esnaf::support {
namespace {

using runtime::Call;

constexpr std::size_t kMostRows = 1000;

ScoreCounts CountsOf(SurveyKind kind, const ResultsGroup& group) {
  const ScoreScale scale = ScaleOf(kind);
  ScoreCounts counts(static_cast<std::size_t>(scale.most - scale.least + 1));
  for (const auto& [score, count] : group.scores) {
    if (scale.Holds(score)) counts[static_cast<std::size_t>(score - scale.least)] += count;
  }
  return counts;
}

absl::StatusOr<ResultsScope> ScopeOf(const Call& call, const v1::GetSurveyResultsRequest& request) {
  ResultsScope scope{.survey_id = request.survey_id(),
                     .time_zone = request.time_zone().empty() ? "Europe/Istanbul" : request.time_zone(),
                     .store_ids = call.caller().store_ids};
  if (!v1::SurveyGrouping_IsValid(request.group_by())) return InvalidField("group_by", "is no grouping");
  scope.group_by = static_cast<SurveyGrouping>(request.group_by());
  if (!TimeZone::Load(scope.time_zone).ok()) return InvalidField("time_zone", "is no IANA zone");
  if (request.has_start_time()) {
    ESNAF_ASSIGN_OR_RETURN(scope.start, api::FromProto(request.start_time(), "start_time"));
  }
  if (request.has_end_time()) {
    ESNAF_ASSIGN_OR_RETURN(scope.end, api::FromProto(request.end_time(), "end_time"));
  }
  return scope;
}

// The groups with the most answers, by key.
void KeepLargest(std::vector<v1::SurveyResultsRow>& rows) {
  if (rows.size() <= kMostRows) return;
  std::stable_sort(rows.begin(), rows.end(), [](const v1::SurveyResultsRow& a, const v1::SurveyResultsRow& b) {
    return a.answer_count() > b.answer_count();
  });
  rows.resize(kMostRows);
  std::sort(rows.begin(), rows.end(),
            [](const v1::SurveyResultsRow& a, const v1::SurveyResultsRow& b) { return a.key() < b.key(); });
}

v1::ServeSurveyPageResponse PageOf(int http_status, std::string html) {
  v1::ServeSurveyPageResponse response;
  response.set_http_status(http_status);
  response.set_html(std::move(html));
  return response;
}

// The page of what may have been answered just now.
v1::ServeSurveyPageResponse PageOf(const Survey& survey, const SurveyInvitation& invitation, const std::string& token,
                                   PageLanguage language, Time now) {
  const InvitationState state = StateOf(invitation, now);
  if (state == InvitationState::kAsked || state == InvitationState::kPartial) {
    return PageOf(200, QuestionPage(survey, invitation, token, language));
  }
  if (state == InvitationState::kAnswered) return PageOf(200, ThanksPage(survey, language));
  return PageOf(410, ProblemPage(PageProblem::kExpired, language));
}

// Who answers is nobody that the gateway knows.
Cause CauseOfAnswer(const Call& call) {
  return {{AuthorKind::kCustomer, "survey:link"}, call.info().trace_parent, call.now()};
}

}  // namespace

absl::StatusOr<v1::SurveyResults> SurveyService::GetSurveyResults(Call& call,
                                                                  const v1::GetSurveyResultsRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const ResultsScope scope, ScopeOf(call, request));
  return call.ReadSnapshot([&](postgres::Tx& tx) -> absl::StatusOr<v1::SurveyResults> {
    ESNAF_ASSIGN_OR_RETURN(const SurveyRecord survey, support::GetSurvey(tx, request.survey_id()));
    const SurveyKind kind = survey.body.kind;
    ESNAF_ASSIGN_OR_RETURN(const auto groups, SumResults(tx, scope));
    std::vector<v1::SurveyResultsRow> rows;
    for (const auto& [key, group] : groups) {
      rows.push_back(ResultsToProto(kind, key, group.asked, CountsOf(kind, group)));
    }
    // Groups may share people.
    ResultsScope ungrouped = scope;
    ungrouped.group_by = SurveyGrouping::kNone;
    ESNAF_ASSIGN_OR_RETURN(auto all, SumResults(tx, ungrouped));
    const ResultsGroup total = all[""];
    KeepLargest(rows);
    v1::SurveyResults response;
    response.set_kind(static_cast<v1::SurveyKind>(kind));
    *response.mutable_total() = ResultsToProto(kind, "", total.asked, CountsOf(kind, total));
    *response.mutable_rows() = {rows.begin(), rows.end()};
    return response;
  });
}

absl::StatusOr<v1::ServeSurveyPageResponse> SurveyService::ServeSurveyPage(Call& call,
                                                                           const v1::ServeSurveyPageRequest& request) {
  const PageLanguage language = ChooseLanguage(request.query(), request.accept_language());
  const bool records = request.verb() == "POST";
  using Answer = absl::StatusOr<v1::ServeSurveyPageResponse>;
  const auto serve = [&](postgres::Tx& tx) -> Answer {
    ESNAF_ASSIGN_OR_RETURN(const std::string secret, SurveySecret(tx));
    const std::optional<SurveyLink> link = ReadLink(request.token(), secret);
    if (!link) return PageOf(404, ProblemPage(PageProblem::kUnknownLink, language));
    ESNAF_ASSIGN_OR_RETURN(std::optional<SurveyInvitation> invitation,
                           records ? LockInvitation(tx, link->invitation_id) : FindInvitation(tx, link->invitation_id));
    if (!invitation) return PageOf(404, ProblemPage(PageProblem::kUnknownLink, language));
    ESNAF_ASSIGN_OR_RETURN(const SurveyRecord survey, support::GetSurvey(tx, invitation->survey_id));
    const InvitationState state = StateOf(*invitation, call.now());
    const bool takes_answers = state == InvitationState::kAsked || state == InvitationState::kPartial;
    if (records && takes_answers) {
      absl::StatusOr<AnswerPart> part = ReadForm(request.body());
      if (!part.ok()) return PageOf(400, ProblemPage(PageProblem::kBadForm, language));
      part->language = LanguageCode(language);
      const absl::StatusOr<bool> changed = ApplyAnswer(*invitation, *part, call.now());
      if (!changed.ok()) return PageOf(400, ProblemPage(PageProblem::kBadForm, language));
      if (*changed) {
        ESNAF_RETURN_IF_ERROR(UpdateInvitation(tx, *invitation));
        ESNAF_RETURN_IF_ERROR(TellAnswer(tx, CauseOfAnswer(call), *invitation));
      }
    }
    return PageOf(survey.body, *invitation, request.token(), language, call.now());
  };
  if (!records) return call.Read(serve);
  return call.Mutate<v1::ServeSurveyPageResponse>(request, Call::Writes::kTransaction, serve);
}

}  // namespace esnaf::support
