#pragma once

// Conditions of automations: filters of the ticket list, held against one ticket and what happened with it, with the
// values that they saw.
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/api/filter.h"
#include "services/support/queue/queue_rank.h"
#include "services/support/tickets/ticket.h"

namespace esnaf::support {

// What is known of an event besides the ticket; each missing where the event has none.
struct EventFacts {
  std::optional<AuthorKind> author;
  std::string actor;
  std::optional<std::string> message_text;
  // As StateName and PriorityName say it.
  std::optional<std::string> previous_state;
  std::optional<std::string> previous_priority;
  std::optional<std::string> previous_assignee;
  std::optional<std::string> previous_team;
  std::optional<std::string> sla_metric;  // FIRST_RESPONSE, NEXT_RESPONSE, RESOLUTION
  std::optional<std::string> survey_id;
  std::optional<int> survey_score;
};

// What follows from a ticket's trail.
struct TrailTimes {
  std::optional<Time> state_time;  // when it came into its state
  std::optional<Time> touch_time;  // when something happened last that no automation did
};

// All that conditions look at.
struct AutomationFacts {
  Ticket ticket;
  Time now;
  EventFacts event;
  TrailTimes times;
  std::optional<Standing> standing;  // of the requester
};

// The value of a field; an enum's is what its table has for the name.
using FieldValue = std::variant<std::monostate, std::string, std::int64_t, double, bool, Time, std::vector<std::string>,
                                std::map<std::string, std::string>>;

// What conditions can name: the fields of tickets, and those of what is known besides. The SQL of the latter is of no
// use.
const api::FieldTable& ConditionFields();

struct ConditionOutcome {
  std::string condition;
  bool holds = false;
  std::map<std::string, std::string> values;  // of the fields that it names; without those that are missing
  bool any = false;                           // one of those of which one must hold
};

class Condition {
 public:
  // INVALID_ARGUMENT saying what is wrong. Texts and custom fields are not compared by order.
  static absl::StatusOr<Condition> Parse(const std::string& text);

  const std::string& text() const { return text_; }
  // By the rules of libs/api/filter.h, as the list of tickets would answer.
  ConditionOutcome Judge(const AutomationFacts& facts) const;

 private:
  Condition(std::string text, api::FilterNode node) : text_(std::move(text)), node_(std::move(node)) {}
  std::string text_;
  api::FilterNode node_;
};

}  // namespace esnaf::support
