// Goal: nobody is asked who should be left in peace, and an invitation has one answer.
#include "services/support/surveys/survey.h"

#include <rapidcheck.h>

#include "libs/testing/catch.h"

namespace esnaf::support {
namespace {

using namespace std::chrono_literals;
using absl::StatusCode;

const Time kNow = *ParseRfc3339("2026-11-23T07:00:00Z");

AskFacts Solved() { return {.ticket_state = TicketState::kSolved, .ticket_tags = {}}; }

SurveyInvitation Asked(SurveyKind kind = SurveyKind::kCsat) {
  return {.id = Uuid::NewV7(kNow), .kind = kind, .due_time = kNow, .ask_time = kNow, .expire_time = kNow + 24h};
}

TEST_CASE("each reason to leave somebody in peace is said") {
  const Survey survey{.id = "csat"};
  CHECK(SkipReasonFor(survey, Solved(), kNow).empty());
  CHECK(SkipReasonFor(survey, {}, kNow).empty());
  Survey off = survey;
  off.disabled = true;
  CHECK(SkipReasonFor(off, Solved(), kNow) == "DISABLED");
  AskFacts facts = Solved();
  facts.ticket_state = TicketState::kSpam;
  CHECK(SkipReasonFor(survey, facts, kNow) == "SPAM");
  facts.ticket_state = TicketState::kOpen;
  CHECK(SkipReasonFor(survey, facts, kNow) == "NOT_SOLVED");
  facts = Solved();
  facts.opened_since = true;
  CHECK(SkipReasonFor(survey, facts, kNow) == "NOT_SOLVED");
  facts = Solved();
  facts.ticket_tags = {"iade", kNoSurveyTag};
  CHECK(SkipReasonFor(survey, facts, kNow) == "SWITCHED_OFF");
  facts = Solved();
  facts.auto_closed = true;
  CHECK(SkipReasonFor(survey, facts, kNow) == "AUTO_CLOSED");
  Survey machines = survey;
  machines.ask_auto_closed = true;
  CHECK(SkipReasonFor(machines, facts, kNow).empty());
  facts = Solved();
  facts.asked_about_ticket = facts.asked_in_this_round = true;
  CHECK(SkipReasonFor(survey, facts, kNow) == "ALREADY_ASKED");
}

TEST_CASE("nobody is asked twice within the throttle, but who comes back about the same ticket is") {
  Survey survey{.id = "csat", .throttle = std::chrono::days(90)};
  AskFacts facts = Solved();
  facts.last_ask_time = kNow - std::chrono::days(90) + 1us;
  CHECK(SkipReasonFor(survey, facts, kNow) == "THROTTLED");
  facts.last_ask_time = kNow - std::chrono::days(90);
  CHECK(SkipReasonFor(survey, facts, kNow).empty());
  facts.last_ask_time = kNow;
  facts.asked_about_ticket = true;
  CHECK(SkipReasonFor(survey, facts, kNow).empty());
  survey.once_per_ticket = true;
  CHECK(SkipReasonFor(survey, facts, kNow) == "ALREADY_ASKED");
}

TEST_CASE("however often a person comes, the times of asking lie a throttle apart") {
  CHECK(rc::check([] {
    const Survey survey{.id = "nps", .throttle = std::chrono::days(*rc::gen::inRange(0, 40))};
    Time now = kNow;
    std::vector<Time> asked;
    for (int i = 0; i < 30; ++i) {
      now += std::chrono::hours(*rc::gen::inRange(0, 24 * 30));
      AskFacts facts = Solved();
      if (!asked.empty()) facts.last_ask_time = asked.back();
      if (SkipReasonFor(survey, facts, now).empty()) asked.push_back(now);
    }
    RC_ASSERT(!asked.empty());
    for (std::size_t i = 1; i < asked.size(); ++i) RC_ASSERT(asked[i] - asked[i - 1] >= survey.throttle);
  }));
}

TEST_CASE("a score is kept at once, may be changed, and is fixed once it is sent off") {
  SurveyInvitation invitation = Asked();
  CHECK(StateOf(invitation, kNow) == InvitationState::kAsked);
  CHECK(*ApplyAnswer(invitation, {.score = 2, .language = "tr"}, kNow + 1h));
  CHECK(StateOf(invitation, kNow + 1h) == InvitationState::kPartial);
  CHECK(StateOf(invitation, kNow + 24h) == InvitationState::kAnswered);
  CHECK_FALSE(*ApplyAnswer(invitation, {.score = 2, .language = "tr"}, kNow + 1h));
  CHECK(*ApplyAnswer(invitation, {.score = 5, .language = "tr"}, kNow + 2h));
  CHECK(*ApplyAnswer(invitation, {.comment = "Sağ olun", .finish = true, .language = "en"}, kNow + 3h));
  CHECK(invitation.score == 5);
  CHECK(invitation.answer_time == kNow + 1h);
  CHECK(invitation.finish_time == kNow + 3h);
  CHECK(invitation.version == 4);
  CHECK(ErrorReason(ApplyAnswer(invitation, {.score = 1}, kNow + 4h).status()) == "SURVEY_ANSWERED");
}

TEST_CASE("an answer that comes too late, without a score or off the scale is refused") {
  SurveyInvitation invitation = Asked(SurveyKind::kNps);
  CHECK(ErrorReason(ApplyAnswer(invitation, {.score = 1}, kNow + 24h).status()) == "SURVEY_EXPIRED");
  CHECK(StateOf(invitation, kNow + 24h) == InvitationState::kExpired);
  CHECK_STATUS_IS(ApplyAnswer(invitation, {.finish = true}, kNow).status(), StatusCode::kInvalidArgument, "score");
  CHECK_STATUS_IS(ApplyAnswer(invitation, {.score = 11}, kNow).status(), StatusCode::kInvalidArgument, "score");
  CHECK_STATUS_IS(
      ApplyAnswer(invitation, {.score = 0, .comment = std::string(kMaxCommentBytes + 1, 'x')}, kNow).status(),
      StatusCode::kInvalidArgument, "comment");
  CHECK_FALSE(invitation.score.has_value());
  CHECK(*ApplyAnswer(invitation, {.score = 0}, kNow));
  SurveyInvitation planned = Asked();
  planned.ask_time.reset();
  CHECK(StateOf(planned, kNow) == InvitationState::kScheduled);
  CHECK_FALSE(ApplyAnswer(planned, {.score = 1}, kNow).ok());
}

TEST_CASE("a survey's mistakes are named") {
  FieldViolations violations;
  CheckSurvey({.id = "No",
               .delay = 43'201min,
               .throttle = std::chrono::days(-1),
               .expire = std::chrono::days(0),
               .english = {.question = std::string(301, 'x')}},
              "survey", violations);
  CHECK(ErrorFields(violations.ToStatus()).size() == 5);
}

}  // namespace
}  // namespace esnaf::support
