#pragma once

// What the desk does by itself: when, about which tickets, what, and what keeps it from running in circles.
#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "services/support/automations/condition.h"
#include "services/support/macros/macro_text.h"
#include "services/support/sla/business_hours.h"
#include "services/support/tickets/ticket_action.h"

namespace esnaf::support {

// The numbers are those of esnaf.support.v1, and stored.
enum class AutomationEvent {
  kCreated = 1,
  kCustomerMessage = 2,
  kAgentMessage = 3,
  kNote = 4,
  kStateChanged = 5,
  kAssigned = 6,
  kPriorityChanged = 7,
  kTagsChanged = 8,
  kUpdated = 9,
  kSlaWarned = 10,
  kSlaBreached = 11,
  kSurveyScored = 12,
  kSurveyAnswered = 13,
};
enum class AutomationClock { kCreated = 1, kUpdated = 2, kCustomerMessage = 3, kAgentMessage = 4, kState = 5 };
enum class AutomationOutcome { kFired = 1, kFailed = 2, kStopped = 3, kNotMet = 4 };

struct AutomationTimer {
  AutomationClock clock = AutomationClock::kCreated;
  std::chrono::hours after{1};
  std::string calendar_id;  // empty: day and night
};

// What is said in a ticket.
struct AutomationSaying {
  std::vector<MacroPart> text;
  MessageKind kind = MessageKind::kInternalNote;
  std::vector<std::string> mentions;
};

struct Automation {
  std::string id;
  std::int64_t version = 0;  // 0: a draft
  Time create_time;          // what was recorded before is not seen by it
  bool disabled = false;
  std::set<AutomationEvent> events;
  std::optional<AutomationTimer> timer;
  std::vector<Condition> all;
  std::vector<Condition> any;
  // The macro that is used first; its text and actions stand before the own ones once it was looked up.
  std::string macro_id;
  bool lacks_macro = false;  // there is none of the id
  std::vector<AutomationSaying> sayings;
  std::vector<TicketAction> actions;
  std::map<std::string, std::string> custom_fields;  // an empty value takes the field away
  std::string survey_id;
  std::vector<std::string> webhook_ids;
  bool last = false;
};

inline constexpr std::size_t kMostConditions = 20;
inline constexpr std::size_t kMostWebhooksOfAutomation = 5;
inline constexpr int kMostTimerHours = 8784;

// One event as automations see it.
struct AutomationHappening {
  std::set<AutomationEvent> events;
  EventFacts facts;
  // The automations whose doing led to it, in their order; empty where people did it.
  std::vector<std::string> chain;
};
// What an entry of the trail is; `text` is that of the message that it brought.
AutomationHappening HappeningOf(const TicketEvent& event, const std::optional<std::string>& text);

// Whose doing it is: `automation:<id>`, and what its events tell besides.
std::string AutomationActor(const std::string& id);
std::map<std::string, std::string> ChainDetails(const Automation& automation, const std::vector<std::string>& chain);

struct Judgement {
  bool holds = false;
  std::vector<ConditionOutcome> conditions;  // every one, also behind one that does not hold
};
Judgement Judge(const Automation& automation, const AutomationFacts& facts);

// What keeps an automation whose conditions hold from acting, as the contract's `reason`; empty where nothing does.
inline constexpr std::size_t kMostInChain = 5;
inline constexpr int kMostAnHour = 30;
std::string_view StopReason(const std::vector<std::string>& chain, const std::string& id, int runs_in_past_hour);

// Since when a timer's clock counts; none where it does not.
std::optional<Time> ClockStart(AutomationClock clock, const Ticket& ticket, const TrailTimes& times);
// The trail's times after an event, from those before it.
void FollowTrail(const TicketEvent& event, TrailTimes& times);
// Whether a ticket is left alone by timers: closed, merged or spam.
bool IsBeyondTimers(TicketState state);

}  // namespace esnaf::support
