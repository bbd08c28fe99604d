#pragma once

// What customers are asked, when they are, and when they are left in peace.
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/error.h"
#include "libs/base/time.h"
#include "libs/base/uuid.h"
#include "services/support/sla/sla_policy.h"
#include "services/support/tickets/ticket_state.h"

namespace esnaf::support {

// The numbers are those of esnaf.support.v1, and stored.
enum class SurveyKind { kCsat = 1, kCes = 2, kNps = 3 };
enum class SurveyTrigger { kManual = 1, kTicketSolved = 2 };

struct ScoreScale {
  int least = 1;
  int most = 5;
  bool Holds(int score) const { return score >= least && score <= most; }
};
ScoreScale ScaleOf(SurveyKind kind);

// In one language; what is empty is said in the house's words.
struct SurveyText {
  std::string question;
  std::string thanks;
  bool operator==(const SurveyText&) const = default;
};

// How links are sent by e-mail.
struct SurveyMail {
  std::string mailbox_id;   // which sends them, where the ticket came by no other
  std::string link_origin;  // where customers reach the gateway: `https://destek.example.com`
  bool operator==(const SurveyMail&) const = default;
};

struct Survey {
  std::string id;  // as people chose it
  std::string display_name;
  SurveyKind kind = SurveyKind::kCsat;
  SurveyTrigger trigger = SurveyTrigger::kManual;
  bool disabled = false;
  SlaCondition condition;
  std::chrono::minutes delay{0};
  std::chrono::days throttle{90};
  std::chrono::days expire{14};
  bool ask_auto_closed = false;
  bool once_per_ticket = false;
  SurveyText turkish;
  SurveyText english;
  std::optional<SurveyMail> mail{};  // none: whoever reads events sends the links
  bool operator==(const Survey&) const = default;
};

// Adds what is wrong, by the names of the contract below `field`.
void CheckSurvey(const Survey& survey, const std::string& field, FieldViolations& violations);

// A ticket with this tag is never asked about.
inline constexpr char kNoSurveyTag[] = "no_survey";
inline constexpr std::size_t kMaxCommentBytes = 4000;

// One question to one person.
struct SurveyInvitation {
  Uuid id;
  std::string survey_id;
  SurveyKind kind = SurveyKind::kCsat;  // the survey's
  std::optional<Uuid> ticket_id;
  int round = 0;  // how often the ticket had been opened again when it was solved
  bool auto_closed = false;
  std::optional<Uuid> contact_id;
  std::string store_id;
  std::string agent;
  std::string team;
  std::string seller_id;
  std::string product_id;
  std::string skip_reason;  // empty: it is or will be asked
  Time due_time;
  std::optional<Time> ask_time;
  std::optional<Time> expire_time;
  std::optional<int> score;
  std::string comment;
  std::string language;
  std::optional<Time> answer_time;
  std::optional<Time> finish_time;
  std::int64_t version = 1;
  Time create_time;
};

enum class InvitationState { kScheduled = 1, kAsked = 2, kPartial = 3, kAnswered = 4, kExpired = 5, kSkipped = 6 };
InvitationState StateOf(const SurveyInvitation& invitation, Time now);

// What is known of a person and a ticket when it comes to asking.
struct AskFacts {
  std::optional<TicketState> ticket_state;  // none: it is about no ticket
  std::vector<std::string> ticket_tags;
  bool opened_since = false;            // opened again after the solution that is asked about
  bool auto_closed = false;             // solved by a machine, or without an answer of an agent
  bool asked_about_ticket = false;      // by the same survey, in an earlier round or by hand
  bool asked_in_this_round = false;     // by the same survey, since the ticket was solved last
  std::optional<Time> last_ask_time{};  // of the person, about something else than this ticket, by any survey
};

// Why nobody is to be asked: the contract's `skip_reason`; empty where the person may be asked.
std::string_view SkipReasonFor(const Survey& survey, const AskFacts& facts, Time now);

// Records an answer or a part of one. FAILED_PRECONDITION with the reason `SURVEY_EXPIRED` or `SURVEY_ANSWERED` where
// the link is good for no more, INVALID_ARGUMENT where the score is not of the scale, the comment is too long or no
// clean UTF-8, or where it is sent off without a score. False where it changes nothing.
struct AnswerPart {
  std::optional<int> score;
  std::optional<std::string> comment;
  bool finish = false;
  std::string language;
};
absl::StatusOr<bool> ApplyAnswer(SurveyInvitation& invitation, const AnswerPart& part, Time now);

}  // namespace esnaf::support
