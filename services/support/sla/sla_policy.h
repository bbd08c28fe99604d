#pragma once

// What a firm promises its customers: for which tickets, how soon, and by which clock.
#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "libs/base/error.h"
#include "libs/base/time.h"
#include "services/support/tickets/ticket_state.h"

namespace esnaf::support {

// The numbers are those of esnaf.support.v1, and stored.
enum class TicketPriority { kLow = 1, kNormal = 2, kHigh = 3, kUrgent = 4 };
// `URGENT`.
std::string_view PriorityName(TicketPriority priority);
enum class SlaMetric { kFirstResponse = 1, kNextResponse = 2, kResolution = 3 };

enum class NextResponseMode {
  kToAnswer = 1,        // from a customer's message that waits for an answer
  kBetweenUpdates = 2,  // from one message of the agents to the next, whoever spoke last
};

// How soon, in working time; none: nothing is promised.
struct SlaTargets {
  std::optional<std::chrono::minutes> first_response;
  std::optional<std::chrono::minutes> next_response;
  std::optional<std::chrono::minutes> resolution;
  std::optional<std::chrono::minutes> Of(SlaMetric metric) const;
  bool operator==(const SlaTargets&) const = default;
};

enum class SlaNews { kWarned = 1, kBreached = 2 };

// What is done by itself about a deadline that is still owed.
struct SlaEscalation {
  SlaNews trigger = SlaNews::kBreached;
  std::optional<SlaMetric> metric;  // none: any
  std::vector<std::string> notify;
  std::optional<std::string> team;
  std::optional<std::string> assignee;  // empty: nobody
  std::optional<TicketPriority> raise_priority_to;
  std::vector<std::string> webhook_ids{};
  bool operator==(const SlaEscalation&) const = default;
};

// What a ticket must be like. Each list that is not empty must hold the ticket's; of tags, one of the ticket's.
struct SlaCondition {
  std::vector<TicketPriority> priorities;
  std::vector<int> channels;  // of esnaf.contacts.v1.Channel
  std::vector<std::string> types;
  std::vector<std::string> teams;
  std::vector<std::string> store_ids;
  std::vector<std::string> tags;
  bool operator==(const SlaCondition&) const = default;
};

// What a condition looks at.
struct SlaSubject {
  TicketPriority priority = TicketPriority::kNormal;
  int channel = 0;
  std::string type;
  std::string team;
  std::string store_id;
  std::vector<std::string> tags;
};

struct SlaPolicy {
  std::string id;  // as people chose it
  std::string display_name;
  int position = 0;  // policies are asked in this order, then by id
  bool disabled = false;
  SlaCondition condition;
  std::string calendar_id;  // empty: day and night
  SlaTargets targets;
  // In place of `targets`, whole, for tickets of the priority.
  std::map<TicketPriority, SlaTargets> priority_targets;
  NextResponseMode next_response_mode = NextResponseMode::kToAnswer;
  // In which the clocks stand still, besides those in which nothing is to be done any more.
  std::set<TicketState> paused_states = {TicketState::kPendingCustomer, TicketState::kOnHold};
  // Whether a note that the customer can read counts as an answer. An internal one never does.
  bool public_note_answers = false;
  // After how much of the target, in percent, a warning is given; 0: none is.
  int warn_at_percent = 80;
  std::vector<SlaEscalation> escalations{};

  const SlaTargets& TargetsFor(TicketPriority priority) const;
  bool operator==(const SlaPolicy&) const = default;
};

inline constexpr std::chrono::minutes kMostTarget{std::chrono::days(366)};
inline constexpr std::size_t kMostEscalations = 20;
inline constexpr std::size_t kMostNotified = 20;
inline constexpr std::size_t kMostWebhooksOfEscalation = 5;
inline constexpr std::size_t kMaxAssigneeBytes = 200;

// Adds what is wrong with a policy, by the names of the contract below `field`.
void CheckPolicy(const SlaPolicy& policy, const std::string& field, FieldViolations& violations);

bool Matches(const SlaCondition& condition, const SlaSubject& subject);
// The first that is not disabled and whose condition matches, of policies in their order; null where none does.
const SlaPolicy* FirstMatching(const std::vector<SlaPolicy>& policies, const SlaSubject& subject);

// What all escalations of a policy that fit one piece of news come to: `notify` without repetitions, the highest
// priority, the last that assigns.
SlaEscalation EscalationFor(const SlaPolicy& policy, SlaMetric metric, SlaNews news);

}  // namespace esnaf::support
