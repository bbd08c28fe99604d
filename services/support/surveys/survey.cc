#include "services/support/surveys/survey.h"

#include <algorithm>

#include "libs/base/check.h"
#include "libs/base/store_id.h"
#include "libs/base/text.h"

namespace esnaf::support {
namespace {

constexpr std::size_t kMaxNameBytes = 200;
constexpr std::size_t kMaxTextBytes = 300;
constexpr std::chrono::minutes kMostDelay{43'200};
constexpr std::chrono::days kMostThrottle{3650};
constexpr std::chrono::days kMostExpire{365};

void CheckText(const std::string& text, std::size_t most, const std::string& field, FieldViolations& violations) {
  if (text.size() > most || !IsCleanUtf8(text)) {
    violations.Add(field, absl::StrCat("is no clean UTF-8 of at most ", most, " bytes"));
  }
}

bool IsOrigin(std::string_view url) {
  const std::size_t scheme = url.starts_with("https://") ? 8 : url.starts_with("http://") ? 7 : std::string::npos;
  if (scheme == std::string::npos || url.size() > kMaxTextBytes) return false;
  const std::string_view host = url.substr(scheme);
  const auto stands_in_a_host = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
           c == ':';
  };
  return !host.empty() && std::all_of(host.begin(), host.end(), stands_in_a_host);
}

bool IsDone(TicketState state) { return state == TicketState::kSolved || state == TicketState::kClosed; }

}  // namespace

ScoreScale ScaleOf(SurveyKind kind) {
  switch (kind) {
    case SurveyKind::kCsat:
      return {1, 5};
    case SurveyKind::kCes:
      return {1, 7};
    case SurveyKind::kNps:
      return {0, 10};
  }
  ESNAF_CHECK(false);
}

void CheckSurvey(const Survey& survey, const std::string& field, FieldViolations& violations) {
  if (!IsStoreId(survey.id)) violations.Add(field + ".id", "is not of the form [a-z0-9][a-z0-9_-]{0,62}");
  CheckText(survey.display_name, kMaxNameBytes, field + ".display_name", violations);
  const auto within = [&](auto value, auto least, auto most, const char* name) {
    if (value < least || value > most) {
      violations.Add(absl::StrCat(field, ".", name),
                     absl::StrCat("is not within ", least.count(), " to ", most.count()));
    }
  };
  within(survey.delay, std::chrono::minutes(0), kMostDelay, "delay_minutes");
  within(survey.throttle, std::chrono::days(0), kMostThrottle, "throttle_days");
  within(survey.expire, std::chrono::days(1), kMostExpire, "expire_days");
  if (survey.mail && !IsStoreId(survey.mail->mailbox_id)) {
    violations.Add(field + ".mail.mailbox_id", "is no id of a mailbox");
  }
  if (survey.mail && !IsOrigin(survey.mail->link_origin)) {
    violations.Add(field + ".mail.link_origin", "is no address without a path, for example https://destek.example.com");
  }
  for (const auto& [name, text] : {std::pair("turkish", &survey.turkish), std::pair("english", &survey.english)}) {
    CheckText(text->question, kMaxTextBytes, absl::StrCat(field, ".", name, ".question"), violations);
    CheckText(text->thanks, kMaxTextBytes, absl::StrCat(field, ".", name, ".thanks"), violations);
  }
}

InvitationState StateOf(const SurveyInvitation& invitation, Time now) {
  if (!invitation.skip_reason.empty()) return InvitationState::kSkipped;
  if (!invitation.ask_time) return InvitationState::kScheduled;
  if (invitation.finish_time) return InvitationState::kAnswered;
  const bool expired = invitation.expire_time && *invitation.expire_time <= now;
  if (invitation.score) return expired ? InvitationState::kAnswered : InvitationState::kPartial;
  return expired ? InvitationState::kExpired : InvitationState::kAsked;
}

std::string_view SkipReasonFor(const Survey& survey, const AskFacts& facts, Time now) {
  if (survey.disabled) return "DISABLED";
  if (facts.ticket_state) {
    if (*facts.ticket_state == TicketState::kSpam) return "SPAM";
    // What was solved anew since is asked about by the invitation of that solution.
    if (!IsDone(*facts.ticket_state) || facts.opened_since) return "NOT_SOLVED";
    const auto& tags = facts.ticket_tags;
    if (std::find(tags.begin(), tags.end(), kNoSurveyTag) != tags.end()) return "SWITCHED_OFF";
    if (facts.auto_closed && !survey.ask_auto_closed) return "AUTO_CLOSED";
    if (facts.asked_in_this_round || (facts.asked_about_ticket && survey.once_per_ticket)) return "ALREADY_ASKED";
  }
  // Who came back about the same thing is asked about it again, whenever that is.
  if (facts.asked_about_ticket) return "";
  if (facts.last_ask_time && now < *facts.last_ask_time + survey.throttle) return "THROTTLED";
  return "";
}

absl::StatusOr<bool> ApplyAnswer(SurveyInvitation& invitation, const AnswerPart& part, Time now) {
  if (invitation.finish_time) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "SURVEY_ANSWERED", "the answer was sent off before");
  }
  if (!invitation.ask_time || !invitation.expire_time || *invitation.expire_time <= now) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "SURVEY_EXPIRED", "the link has expired");
  }
  if (part.score && !ScaleOf(invitation.kind).Holds(*part.score)) return InvalidField("score", "is not of the scale");
  if (part.comment && (part.comment->size() > kMaxCommentBytes || !IsCleanUtf8(*part.comment))) {
    return InvalidField("comment", absl::StrCat("is no clean UTF-8 of at most ", kMaxCommentBytes, " bytes"));
  }
  if (!part.score && !invitation.score) return InvalidField("score", "is required");
  const SurveyInvitation before = invitation;
  if (part.score) invitation.score = part.score;
  if (part.comment) invitation.comment = *part.comment;
  if (!invitation.answer_time) invitation.answer_time = now;
  if (part.finish) invitation.finish_time = now;
  invitation.language = part.language;
  const bool changed = invitation.score != before.score || invitation.comment != before.comment || part.finish;
  if (changed) ++invitation.version;
  return changed;
}

}  // namespace esnaf::support
